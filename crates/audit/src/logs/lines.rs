//! Reading a file line by line in bounded memory.

use std::io::{self, Read};

use super::window::{Filled, Window};

/// What a reader comes to next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextLine {
    /// A line, which [`LineReader::text`] shows, and its number from 1.
    Line(u64),
    /// A line longer than the bound, which was left out.
    TooLong(u64),
    /// The end of the file.
    End,
}

/// Reads lines one at a time.
#[derive(Debug)]
pub struct LineReader<R> {
    window: Window<R>,
    line: u64,
    /// Bytes of the line read last, with and without its end.
    last: (usize, usize),
    blank_lines: u64,
}

impl<R: Read> LineReader<R> {
    /// A reader of lines of at most `line_bytes_max` bytes.
    pub fn new(input: R, line_bytes_max: usize) -> Self {
        Self { window: Window::new(input, line_bytes_max), line: 0, last: (0, 0), blank_lines: 0 }
    }

    /// Bytes read so far.
    pub fn bytes(&self) -> u64 {
        self.window.consumed()
    }

    /// Lines with nothing but white space on them.
    pub fn blank_lines(&self) -> u64 {
        self.blank_lines
    }

    /// The line read last, without its end.
    pub fn text(&self) -> &[u8] {
        let text = &self.window.used(self.last.0)[..self.last.1];
        text.strip_suffix(b"\r").unwrap_or(text)
    }

    /// Goes to the next line that is not blank.
    pub fn read_next(&mut self) -> io::Result<NextLine> {
        loop {
            let unread = self.window.unread();
            let found = memchr::memchr(b'\n', unread);
            let (text, used) = match found {
                Some(at) => (at, at + 1),
                None if self.window.finished() && unread.is_empty() => return Ok(NextLine::End),
                None if self.window.finished() => (unread.len(), unread.len()),
                None => {
                    if self.window.fill()? == Filled::Full {
                        return self.leave_out();
                    }
                    continue;
                }
            };
            self.line += 1;
            let blank = unread[..text].iter().all(u8::is_ascii_whitespace);
            self.window.consume(used);
            if blank {
                self.blank_lines += 1;
                continue;
            }
            self.last = (used, text);
            return Ok(NextLine::Line(self.line));
        }
    }

    fn leave_out(&mut self) -> io::Result<NextLine> {
        self.line += 1;
        self.last = (0, 0);
        loop {
            let unread = self.window.unread();
            if let Some(at) = memchr::memchr(b'\n', unread) {
                self.window.consume(at + 1);
                break;
            }
            let all = unread.len();
            self.window.consume(all);
            if self.window.fill()? == Filled::End {
                break;
            }
        }
        Ok(NextLine::TooLong(self.line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_with_their_numbers_and_long_ones_are_named() {
        let text = b"one\r\n\n  \nfour-is-too-long\nfive";
        let mut reader = LineReader::new(&text[..], 8);
        assert_eq!((reader.read_next().unwrap(), reader.text()), (NextLine::Line(1), &b"one"[..]));
        assert_eq!(reader.read_next().unwrap(), NextLine::TooLong(4));
        assert_eq!((reader.read_next().unwrap(), reader.text()), (NextLine::Line(5), &b"five"[..]));
        assert_eq!(reader.read_next().unwrap(), NextLine::End);
        assert_eq!((reader.blank_lines(), reader.bytes()), (2, text.len() as u64));
    }
}
