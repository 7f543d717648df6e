//! The bytes of a file, seen through a window of bounded size.

use std::io::{self, Read};

/// What came of asking for more bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Filled {
    /// There are more bytes now.
    More,
    /// The file ends with what is unread.
    End,
    /// The window holds no more: what is unread is as long as it.
    Full,
}

/// Bytes of a window as long as rows are short: it stays in the cache of a processor.
const SMALL: usize = 64 * 1024;

/// A reader and the bytes of it that were read and not yet used.
#[derive(Debug)]
pub(super) struct Window<R> {
    input: R,
    buffer: Vec<u8>,
    most: usize,
    start: usize,
    end: usize,
    finished: bool,
    consumed: u64,
}

impl<R: Read> Window<R> {
    /// A window of at most so many bytes; it is as small as the rows of the file allow.
    pub(super) fn new(input: R, most: usize) -> Self {
        Self { input, buffer: vec![0; most.min(SMALL)], most, start: 0, end: 0, finished: false, consumed: 0 }
    }

    pub(super) fn unread(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Whether the file ends with what is unread.
    pub(super) fn finished(&self) -> bool {
        self.finished
    }

    /// Bytes of the file that were used.
    pub(super) fn consumed(&self) -> u64 {
        self.consumed
    }

    /// The bytes used last, which stay in the window until more are asked for.
    pub(super) fn used(&self, bytes: usize) -> &[u8] {
        &self.buffer[self.start - bytes..self.start]
    }

    pub(super) fn consume(&mut self, bytes: usize) {
        assert!(bytes <= self.end - self.start, "nobody uses what was not read");
        self.start += bytes;
        self.consumed += bytes as u64;
    }

    /// Reads more behind what is unread.
    pub(super) fn fill(&mut self) -> io::Result<Filled> {
        if self.finished {
            return Ok(Filled::End);
        }
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.end == self.buffer.len() {
            if self.end == self.most {
                return Ok(Filled::Full);
            }
            self.buffer.resize((self.end * 2).min(self.most), 0);
        }
        loop {
            match self.input.read(&mut self.buffer[self.end..]) {
                Ok(0) => {
                    self.finished = true;
                    return Ok(Filled::End);
                }
                Ok(more) => {
                    self.end += more;
                    return Ok(Filled::More);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_gives_every_byte_once_and_says_when_it_is_full() {
        let mut window = Window::new(&b"abcdefgh"[..], 4);
        assert_eq!(window.fill().unwrap(), Filled::More);
        assert_eq!(window.unread(), b"abcd");
        assert_eq!(window.fill().unwrap(), Filled::Full);
        window.consume(3);
        assert_eq!(window.used(3), b"abc");
        assert_eq!(window.fill().unwrap(), Filled::More);
        assert_eq!(window.unread(), b"defg");
        window.consume(4);
        assert_eq!(window.fill().unwrap(), Filled::More);
        assert_eq!(window.fill().unwrap(), Filled::End);
        assert_eq!((window.unread(), window.consumed()), (&b"h"[..], 7));
    }
}
