//! Sorting more entries than memory holds.
//!
//! Duplicates, holes and pairs of a log of any size are found by sorting one small entry for each row: what fits is
//! sorted in memory and written away as a run, and all runs are merged at the end.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::io::{self, BufReader, Read};

use super::source::LogError;

/// Where sorted runs are kept meanwhile.
pub trait Runs {
    /// Keeps a run.
    fn keep(&mut self, run: &[u8]) -> io::Result<()>;
    /// Gives all runs back, each from its beginning, in the order in which they were kept.
    fn give_back(&mut self) -> io::Result<Vec<Box<dyn Read>>>;
}

/// Runs in memory, for tests and small logs.
#[derive(Debug, Default)]
pub struct InMemory(Vec<Vec<u8>>);

impl Runs for InMemory {
    fn keep(&mut self, run: &[u8]) -> io::Result<()> {
        self.0.push(run.to_vec());
        Ok(())
    }

    fn give_back(&mut self) -> io::Result<Vec<Box<dyn Read>>> {
        Ok(std::mem::take(&mut self.0).into_iter().map(|run| Box::new(io::Cursor::new(run)) as Box<dyn Read>).collect())
    }
}

/// What an entry is sorted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(super) enum Purpose {
    /// Identifiers that come twice.
    Id = 0,
    /// Numbers of the sequence.
    Sequence = 1,
    /// Reports and their decisions.
    Case = 2,
    /// Decisions and their reversals.
    Reversal = 3,
    /// Readings and their grounds.
    Basis = 4,
}

impl Purpose {
    fn of(number: u64) -> Option<Self> {
        [Self::Id, Self::Sequence, Self::Case, Self::Reversal, Self::Basis].into_iter().find(|purpose| *purpose as u64 == number)
    }
}

/// One entry, in 32 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) purpose: Purpose,
    pub(super) key: u128,
    pub(super) value: i64,
    pub(super) line: u64,
    pub(super) tag: u16,
}

/// Purpose, line and tag in one word: 4, 44 and 16 bits.
const LINE_BITS: u32 = 44;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Packed {
    key: [u64; 2],
    value: i64,
    rest: u64,
}

impl Packed {
    fn of(entry: Entry) -> Self {
        let line = entry.line & ((1 << LINE_BITS) - 1);
        let rest = (entry.purpose as u64) << 60 | line << 16 | u64::from(entry.tag);
        let bytes = entry.key.to_be_bytes();
        let half = |at: usize| u64::from_be_bytes(bytes[at..at + 8].try_into().expect("half of sixteen bytes is eight"));
        Self { key: [half(0), half(8)], value: entry.value, rest }
    }

    fn entry(self) -> Option<Entry> {
        let key = u128::from(self.key[0]) << 64 | u128::from(self.key[1]);
        let line = (self.rest >> 16) & ((1 << LINE_BITS) - 1);
        let tag = u16::try_from(self.rest & 0xFFFF).ok()?;
        Some(Entry { purpose: Purpose::of(self.rest >> 60)?, key, value: self.value, line, tag })
    }

    fn to_bytes(self) -> [u8; 32] {
        let mut bytes = [0; 32];
        for (place, part) in bytes.chunks_exact_mut(8).zip([self.key[0], self.key[1], self.value.cast_unsigned(), self.rest]) {
            place.copy_from_slice(&part.to_le_bytes());
        }
        bytes
    }

    fn from_bytes(bytes: [u8; 32]) -> Self {
        let part = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("a quarter of 32 bytes is eight"));
        Self { key: [part(0), part(8)], value: part(16).cast_signed(), rest: part(24) }
    }

    fn order(self) -> (u64, [u64; 2], i64, u64) {
        (self.rest >> 60, self.key, self.value, self.rest)
    }
}

impl PartialOrd for Packed {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Packed {
    fn cmp(&self, other: &Self) -> Ordering {
        self.order().cmp(&other.order())
    }
}

/// Takes entries and gives them back in order: by purpose, key, value and line.
pub(super) struct Sorter<'r> {
    buffer: Vec<Packed>,
    most: usize,
    runs: &'r mut dyn Runs,
    written: usize,
}

impl<'r> Sorter<'r> {
    /// A sorter that holds at most so many entries in memory.
    pub(super) fn new(most: usize, runs: &'r mut dyn Runs) -> Self {
        Self { buffer: Vec::new(), most, runs, written: 0 }
    }

    pub(super) fn push(&mut self, entry: Entry) -> Result<(), LogError> {
        if self.buffer.len() >= self.most {
            self.write()?;
        }
        self.buffer.push(Packed::of(entry));
        Ok(())
    }

    fn write(&mut self) -> Result<(), LogError> {
        self.buffer.sort_unstable();
        let bytes: Vec<u8> = self.buffer.iter().flat_map(|entry| entry.to_bytes()).collect();
        self.runs.keep(&bytes)?;
        self.buffer.clear();
        self.written += 1;
        Ok(())
    }

    /// Gives every entry in order.
    pub(super) fn finish(mut self, mut each: impl FnMut(Entry)) -> Result<(), LogError> {
        if self.written == 0 {
            self.buffer.sort_unstable();
            for entry in self.buffer {
                each(entry.entry().ok_or(LogError::Damaged)?);
            }
            return Ok(());
        }
        self.write()?;
        drop(self.buffer);
        let mut readers: Vec<_> = self.runs.give_back()?.into_iter().map(|run| BufReader::with_capacity(1 << 16, run)).collect();
        if readers.len() != self.written {
            return Err(LogError::Damaged);
        }
        let mut heap = BinaryHeap::new();
        for (index, reader) in readers.iter_mut().enumerate() {
            heap.extend(next(reader)?.map(|entry| Reverse((entry, index))));
        }
        while let Some(Reverse((entry, index))) = heap.pop() {
            each(entry.entry().ok_or(LogError::Damaged)?);
            heap.extend(next(&mut readers[index])?.map(|entry| Reverse((entry, index))));
        }
        Ok(())
    }
}

fn next(reader: &mut impl Read) -> Result<Option<Packed>, LogError> {
    let mut bytes = [0; 32];
    let mut have = 0;
    while have < bytes.len() {
        match reader.read(&mut bytes[have..])? {
            0 if have == 0 => return Ok(None),
            0 => return Err(LogError::Damaged),
            more => have += more,
        }
    }
    Ok(Some(Packed::from_bytes(bytes)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entry() -> impl Strategy<Value = Entry> {
        (0_u64..5, 0_u128..40, -3_i64..3, 1_u64..1_000, any::<u16>()).prop_map(|(purpose, key, value, line, tag)| Entry {
            purpose: Purpose::of(purpose).unwrap(),
            key: key << 60,
            value,
            line,
            tag,
        })
    }

    proptest! {
        #[test]
        fn entries_come_back_in_order_however_little_memory_there_is(entries in proptest::collection::vec(entry(), 0..200), most in 1_usize..60) {
            let mut runs = InMemory::default();
            let mut sorter = Sorter::new(most, &mut runs);
            for entry in &entries {
                sorter.push(*entry).unwrap();
            }
            let mut sorted = Vec::new();
            sorter.finish(|entry| sorted.push(entry)).unwrap();
            let mut expected = entries;
            expected.sort_by_key(|entry| (entry.purpose, entry.key, entry.value, entry.line, entry.tag));
            prop_assert_eq!(sorted, expected);
        }
    }

    #[test]
    fn a_run_that_was_cut_is_noticed() {
        struct Cut(InMemory);
        impl Runs for Cut {
            fn keep(&mut self, run: &[u8]) -> io::Result<()> {
                self.0.keep(&run[..run.len() - 1])
            }
            fn give_back(&mut self) -> io::Result<Vec<Box<dyn Read>>> {
                self.0.give_back()
            }
        }
        let mut runs = Cut(InMemory::default());
        let mut sorter = Sorter::new(1, &mut runs);
        for line in 1..4 {
            sorter.push(Entry { purpose: Purpose::Id, key: 1, value: 0, line, tag: 0 }).unwrap();
        }
        assert!(matches!(sorter.finish(|_| ()), Err(LogError::Damaged)));
    }
}
