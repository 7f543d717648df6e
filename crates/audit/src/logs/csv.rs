//! Reading CSV strictly and in bounded memory.
//!
//! A lenient reader takes a broken quote for text, and one that never closes for a field as long as the rest of the
//! file; an audit has to name the line. What is broken is told, and reading goes on with the line after the one on
//! which the broken record began.

use std::borrow::Cow;
use std::io::{self, Read};

use super::window::{Filled, Window};

/// How a file writes its fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dialect {
    /// The byte between two fields.
    pub delimiter: u8,
    /// Whether a backslash before a quote makes it a part of the text, as PHP's writer leaves it.
    pub backslash: bool,
}

impl Default for Dialect {
    fn default() -> Self {
        Self { delimiter: b',', backslash: false }
    }
}

/// What is wrong with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// A quote inside a field that does not begin with one.
    #[error("column {0}: a quote inside a field that does not begin with one")]
    QuoteInside(usize),
    /// Text between a closing quote and the end of its field.
    #[error("column {0}: text after the closing quote")]
    TextAfterQuote(usize),
    /// A quote that nothing closes, in this file or within the bound of a record.
    #[error("column {0}: a quote that never closes")]
    NeverCloses(usize),
    /// A record longer than the bound.
    #[error("longer than {0} bytes")]
    TooLong(usize),
}

/// Where a field lies in the bytes of its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    start: u32,
    end: u32,
    /// Whether quotes inside are written twice.
    doubled: bool,
}

/// What a reader comes to next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// A record, which [`CsvReader::record`] shows.
    Record,
    /// Something that is no record, and the line on which it begins.
    Broken(u64, Broken),
    /// The end of the file.
    End,
}

/// The fields of one record.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// The line on which it begins, from 1.
    pub line: u64,
    /// All of its bytes, its end of line too.
    pub bytes: &'a [u8],
    fields: &'a [Span],
}

impl<'a> Record<'a> {
    /// The number of fields.
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether there is no field, which no record of a file has.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// A field without its quotes; nothing where the record has no such field.
    #[inline]
    pub fn field(&self, index: usize) -> Cow<'a, [u8]> {
        let Some(span) = self.fields.get(index) else { return Cow::Borrowed(&[]) };
        let bytes = &self.bytes[span.start as usize..span.end as usize];
        if span.doubled { Cow::Owned(single_quotes(bytes)) } else { Cow::Borrowed(bytes) }
    }
}

fn single_quotes(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(at) = memchr::memchr(b'"', rest) {
        text.extend_from_slice(&rest[..=at]);
        let doubled = rest.get(at + 1) == Some(&b'"');
        rest = &rest[at + 1 + usize::from(doubled)..];
    }
    text.extend_from_slice(rest);
    text
}

/// Reads records one at a time.
#[derive(Debug)]
pub struct CsvReader<R> {
    window: Window<R>,
    dialect: Dialect,
    special: [bool; 256],
    fields: Vec<Span>,
    line: u64,
    /// Line and bytes of the record read last.
    last: (u64, usize),
    blank_lines: u64,
    backslashed: u64,
    record_bytes_max: usize,
}

/// What the unread bytes begin with.
enum Parsed {
    /// A record of so many bytes and ends of line.
    Record {
        bytes: usize,
        lines: u64,
        backslashed: u64,
    },
    /// The beginning of a record, and the column of a quote that is open.
    Part(Option<usize>),
    Broken(Broken),
}

impl<R: Read> CsvReader<R> {
    /// A reader of records of at most `record_bytes_max` bytes.
    pub fn new(input: R, dialect: Dialect, record_bytes_max: usize) -> Self {
        let mut special = [false; 256];
        for byte in [dialect.delimiter, b'\n', b'"'] {
            special[usize::from(byte)] = true;
        }
        let window = Window::new(input, record_bytes_max);
        Self { window, dialect, special, fields: Vec::new(), line: 1, last: (0, 0), blank_lines: 0, backslashed: 0, record_bytes_max }
    }

    /// Bytes read so far.
    pub fn bytes(&self) -> u64 {
        self.window.consumed()
    }

    /// Lines with nothing on them, which are no records.
    pub fn blank_lines(&self) -> u64 {
        self.blank_lines
    }

    /// Quotes that a backslash made a part of the text.
    pub fn backslashed(&self) -> u64 {
        self.backslashed
    }

    /// The first bytes of the file, without using them.
    pub fn peek(&mut self) -> io::Result<&[u8]> {
        while self.window.unread().len() < 4 && self.window.fill()? == Filled::More {}
        Ok(self.window.unread())
    }

    /// Leaves out so many bytes.
    pub fn skip(&mut self, bytes: usize) {
        self.window.consume(bytes);
    }

    /// The record read last.
    pub fn record(&self) -> Record<'_> {
        Record { line: self.last.0, bytes: self.window.used(self.last.1), fields: &self.fields }
    }

    /// Goes to the next record, or says what is wrong with it.
    pub fn read_next(&mut self) -> io::Result<Next> {
        loop {
            self.skip_blank_lines()?;
            if self.window.unread().is_empty() && self.window.finished() {
                return Ok(Next::End);
            }
            let at_end = self.window.finished();
            match parse(self.window.unread(), at_end, self.dialect, &self.special, &mut self.fields) {
                Parsed::Record { bytes, lines, backslashed } => {
                    self.last = (self.line, bytes);
                    self.line += lines;
                    self.backslashed += backslashed;
                    self.window.consume(bytes);
                    return Ok(Next::Record);
                }
                Parsed::Broken(broken) => return self.give_up(broken),
                Parsed::Part(quote) => {
                    if self.window.fill()? == Filled::Full {
                        return self.give_up(quote.map_or(Broken::TooLong(self.record_bytes_max), Broken::NeverCloses));
                    }
                }
            }
        }
    }

    fn skip_blank_lines(&mut self) -> io::Result<()> {
        loop {
            let length = match self.window.unread() {
                [b'\n', ..] => 1,
                [b'\r', b'\n', ..] => 2,
                [] | [b'\r'] if !self.window.finished() => {
                    self.window.fill()?;
                    continue;
                }
                _ => return Ok(()),
            };
            self.window.consume(length);
            self.line += 1;
            self.blank_lines += 1;
        }
    }

    /// Goes on with the line after the one on which the broken record begins.
    fn give_up(&mut self, broken: Broken) -> io::Result<Next> {
        let line = self.line;
        self.fields.clear();
        self.last = (line, 0);
        loop {
            let unread = self.window.unread();
            if let Some(at) = memchr::memchr(b'\n', unread) {
                self.window.consume(at + 1);
                self.line += 1;
                break;
            }
            let all = unread.len();
            self.window.consume(all);
            if self.window.fill()? == Filled::End {
                break;
            }
        }
        Ok(Next::Broken(line, broken))
    }
}

/// Finds the fields of the record that the bytes begin with.
fn parse(bytes: &[u8], at_end: bool, dialect: Dialect, special: &[bool; 256], fields: &mut Vec<Span>) -> Parsed {
    fields.clear();
    let (mut at, mut lines, mut backslashed) = (0, 1, 0);
    loop {
        let column = fields.len() + 1;
        let end = if bytes.get(at) == Some(&b'"') {
            match quoted(bytes, at + 1, at_end, dialect) {
                Quoted::Closed { end, doubled, backslashed: more } => {
                    lines += memchr::memchr_iter(b'\n', &bytes[at + 1..end]).count() as u64;
                    backslashed += more;
                    fields.push(span(at + 1, end, doubled));
                    end + 1
                }
                Quoted::TextAfter => return Parsed::Broken(Broken::TextAfterQuote(column)),
                Quoted::Open if at_end => return Parsed::Broken(Broken::NeverCloses(column)),
                Quoted::Open => return Parsed::Part(Some(column)),
            }
        } else {
            let end = match bytes[at..].iter().position(|byte| special[usize::from(*byte)]) {
                None if at_end => bytes.len(),
                None => return Parsed::Part(None),
                Some(length) if bytes[at + length] == b'"' => return Parsed::Broken(Broken::QuoteInside(column)),
                Some(length) => at + length,
            };
            let text = bytes[at..end].strip_suffix(b"\r").filter(|_| bytes.get(end) != Some(&dialect.delimiter));
            fields.push(span(at, at + text.map_or(end - at, <[u8]>::len), false));
            end
        };
        match bytes.get(end) {
            Some(byte) if *byte == dialect.delimiter => at = end + 1,
            Some(b'\r') => return Parsed::Record { bytes: (end + 2).min(bytes.len()), lines, backslashed },
            Some(_) => return Parsed::Record { bytes: end + 1, lines, backslashed },
            None => return Parsed::Record { bytes: end, lines, backslashed },
        }
    }
}

fn span(start: usize, end: usize, doubled: bool) -> Span {
    let narrow = |at: usize| u32::try_from(at).expect("a record is shorter than its bound, which is far below 4 GiB");
    Span { start: narrow(start), end: narrow(end), doubled }
}

/// What a quoted field turns out to be.
enum Quoted {
    /// Its text ends here, before the closing quote.
    Closed {
        end: usize,
        doubled: bool,
        backslashed: u64,
    },
    TextAfter,
    /// The bytes do not show its end.
    Open,
}

/// Finds the quote that closes a field whose text begins at `start`.
fn quoted(bytes: &[u8], start: usize, at_end: bool, dialect: Dialect) -> Quoted {
    let (mut at, mut doubled, mut backslashed) = (start, false, 0);
    while let Some(found) = memchr::memchr(b'"', &bytes[at..]) {
        let quote = at + found;
        match bytes.get(quote + 1..).unwrap_or_default() {
            [b'"', ..] => {
                doubled = true;
                at = quote + 2;
            }
            [b'\n', ..] | [b'\r', b'\n', ..] => return Quoted::Closed { end: quote, doubled, backslashed },
            [byte, ..] if *byte == dialect.delimiter => return Quoted::Closed { end: quote, doubled, backslashed },
            [] | [b'\r'] if at_end => return Quoted::Closed { end: quote, doubled, backslashed },
            [] | [b'\r'] => return Quoted::Open,
            _ if dialect.backslash && quote > start && bytes[quote - 1] == b'\\' => {
                backslashed += 1;
                at = quote + 1;
            }
            _ => return Quoted::TextAfter,
        }
    }
    Quoted::Open
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BYTES_MAX: usize = 64;

    /// Each record as `line: field|field`, what is broken as `line! why`.
    fn read_as(text: &[u8], dialect: Dialect) -> Vec<String> {
        let mut reader = CsvReader::new(text, dialect, BYTES_MAX);
        let mut seen = Vec::new();
        loop {
            match reader.read_next().unwrap() {
                Next::End => return seen,
                Next::Broken(line, why) => seen.push(format!("{line}! {why}")),
                Next::Record => {
                    let record = reader.record();
                    let fields: Vec<_> =
                        (0..record.len()).map(|index| String::from_utf8_lossy(&record.field(index)).into_owned()).collect();
                    seen.push(format!("{}: {}", record.line, fields.join("|")));
                }
            }
        }
    }

    fn read(text: &str) -> Vec<String> {
        read_as(text.as_bytes(), Dialect::default())
    }

    #[test]
    fn fields_quotes_and_lines() {
        assert_eq!(read("a,b\n1,\"x, \"\"y\"\"\nz\"\r\n\n,\n"), ["1: a|b", "2: 1|x, \"y\"\nz", "5: |"]);
        assert_eq!(read("a,b"), ["1: a|b"], "the last line may end without a newline");
        assert_eq!(read("\"a\""), ["1: a"]);
        assert_eq!(read("a,\"\"\r\n"), ["1: a|"]);
        assert!(read("").is_empty() && read("\n\r\n").is_empty());
    }

    #[test]
    fn a_broken_quote_is_told_with_its_line_and_the_next_line_is_read() {
        assert_eq!(read("a\nx\"y,1\nb\n"), ["1: a", "2! column 1: a quote inside a field that does not begin with one", "3: b"]);
        assert_eq!(read("a\n1,\"x\"y\nb\n"), ["1: a", "2! column 2: text after the closing quote", "3: b"]);
        assert_eq!(read("a\n1,\"x\nb\nc\n"), ["1: a", "2! column 2: a quote that never closes", "3: b", "4: c"]);
        let far = format!("1,\"x\n{}", "more,text\n".repeat(20));
        assert_eq!(read(&far)[..2], ["1! column 2: a quote that never closes", "2: more|text"]);
        let long = format!("{}\nb\n", "x".repeat(200));
        assert_eq!(read(&long), ["1! longer than 64 bytes", "2: b"]);
    }

    #[test]
    fn php_leaves_a_quote_after_a_backslash_single() {
        let text = b"1,\"he said \\\"no\\\"!\",x\n2,\"ends with \\\",y\n";
        let php = Dialect { backslash: true, ..Dialect::default() };
        assert_eq!(read_as(text, php), ["1: 1|he said \\\"no\\\"!|x", "2: 2|ends with \\|y"]);
        assert_eq!(read_as(text, Dialect::default())[0], "1! column 2: text after the closing quote");
    }

    /// A reader that gives a few bytes at a time.
    struct Drip<'a>(&'a [u8], usize);

    impl Read for Drip<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let size = self.1.min(buffer.len()).min(self.0.len());
            buffer[..size].copy_from_slice(&self.0[..size]);
            self.0 = &self.0[size..];
            Ok(size)
        }
    }

    proptest! {
        #[test]
        fn what_the_csv_crate_writes_is_read_as_it_was(
            rows in proptest::collection::vec(proptest::collection::vec("[ab,\"\r\n é]{0,6}", 3), 1..20),
            crlf: bool, drip in 1_usize..9,
        ) {
            let terminator = if crlf { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') };
            let mut writer = csv::WriterBuilder::new().terminator(terminator).from_writer(Vec::new());
            for row in &rows {
                writer.write_record(row).unwrap();
            }
            let bytes = writer.into_inner().unwrap();
            let mut peer = csv::ReaderBuilder::new().has_headers(false).from_reader(&bytes[..]);
            let mut reader = CsvReader::new(Drip(&bytes, drip), Dialect::default(), 4096);
            for (row, theirs) in rows.iter().zip(peer.byte_records()) {
                let theirs = theirs.unwrap();
                prop_assert_eq!(reader.read_next().unwrap(), Next::Record);
                let record = reader.record();
                let fields: Vec<_> = (0..record.len()).map(|index| record.field(index).into_owned()).collect();
                prop_assert_eq!(&fields, &row.iter().map(|field| field.as_bytes().to_vec()).collect::<Vec<_>>());
                prop_assert_eq!(&fields, &theirs.iter().map(<[u8]>::to_vec).collect::<Vec<_>>());
            }
            prop_assert_eq!(reader.read_next().unwrap(), Next::End);
            prop_assert_eq!(reader.bytes(), bytes.len() as u64);
        }

        #[test]
        fn any_bytes_are_read_to_their_end_and_every_line_is_a_record_or_named(bytes: Vec<u8>, drip in 1_usize..9) {
            let mut reader = CsvReader::new(Drip(&bytes, drip), Dialect { delimiter: b',', backslash: true }, BYTES_MAX);
            let mut last = 0;
            loop {
                let line = match reader.read_next().unwrap() {
                    Next::End => break,
                    Next::Broken(line, _) => line,
                    Next::Record => reader.record().line,
                };
                prop_assert!(line > last, "lines go up");
                last = line;
            }
            prop_assert_eq!(reader.bytes(), bytes.len() as u64);
        }
    }
}
