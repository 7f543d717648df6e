//! Names that occur in a log, by number, and keys of identifiers.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hasher};

/// The number of all names beyond the bound.
const OTHERS: &[u8] = b"(others)";

/// Numbers names in the order in which they come, up to a bound; what comes after shares one number.
#[derive(Clone, Debug)]
pub(super) struct Names {
    numbers: HashMap<Vec<u8>, u16>,
    by_number: Vec<Vec<u8>>,
    last: u16,
    most: usize,
}

impl Names {
    pub(super) fn new(most: usize) -> Self {
        Self { numbers: HashMap::new(), by_number: vec![OTHERS.to_vec()], last: 0, most: most.min(usize::from(u16::MAX) - 1) }
    }

    /// The number of a name; 0 for all that came after the bound was reached.
    pub(super) fn number(&mut self, name: &[u8]) -> u16 {
        if self.by_number[usize::from(self.last)] == name {
            return self.last;
        }
        if let Some(number) = self.numbers.get(name) {
            self.last = *number;
            return *number;
        }
        if self.by_number.len() > self.most {
            return 0;
        }
        let number = u16::try_from(self.by_number.len()).expect("there are fewer names than the bound");
        self.numbers.insert(name.to_vec(), number);
        self.by_number.push(name.to_vec());
        self.last = number;
        number
    }

    pub(super) fn name(&self, number: usize) -> &[u8] {
        self.by_number.get(number).map_or(OTHERS, Vec::as_slice)
    }

    /// The number of a name that came.
    pub(super) fn find(&self, name: &[u8]) -> Option<usize> {
        self.numbers.get(name).map(|number| usize::from(*number))
    }
}

/// A number for each name.
#[derive(Clone, Debug, Default)]
pub(super) struct Counts(Vec<u64>);

impl Counts {
    pub(super) fn add(&mut self, number: u16) {
        let at = usize::from(number);
        if at >= self.0.len() {
            self.0.resize(at + 1, 0);
        }
        self.0[at] += 1;
    }

    pub(super) fn get(&self, number: usize) -> u64 {
        self.0.get(number).copied().unwrap_or(0)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, u64)> + '_ {
        self.0.iter().copied().enumerate().filter(|(_, count)| *count > 0)
    }

    pub(super) fn sum(&self) -> u64 {
        self.0.iter().sum()
    }
}

/// A key of an identifier: exact for UUIDs and for up to 15 bytes, else 128 bits of a hash.
pub(super) fn key(identifier: &[u8]) -> u128 {
    if let Some(uuid) = uuid(identifier) {
        return uuid;
    }
    if identifier.len() <= 15 {
        let mut bytes = [0; 16];
        bytes[..identifier.len()].copy_from_slice(identifier);
        bytes[15] = u8::try_from(identifier.len()).unwrap_or(u8::MAX);
        return u128::from_be_bytes(bytes);
    }
    u128::from(hash(0, identifier)) << 64 | u128::from(hash(1, identifier))
}

/// A hash that is the same on every run.
pub(super) fn hash(seed: u64, bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write_u64(seed);
    hasher.write(bytes);
    hasher.finish()
}

/// The value of every byte as a hexadecimal digit; 16 for what is none.
const DIGITS: [u8; 256] = {
    let mut digits = [16; 256];
    let mut digit = 0;
    while digit < 16 {
        digits[b"0123456789abcdef"[digit] as usize] = b"\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f"[digit];
        digits[b"0123456789ABCDEF"[digit] as usize] = b"\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f"[digit];
        digit += 1;
    }
    digits
};

fn uuid(text: &[u8]) -> Option<u128> {
    if text.len() != 36 {
        return None;
    }
    let (mut value, mut bad) = (0_u128, 0_u8);
    for (at, byte) in text.iter().enumerate() {
        if matches!(at, 8 | 13 | 18 | 23) {
            bad |= u8::from(*byte != b'-') << 4;
        } else {
            let digit = DIGITS[usize::from(*byte)];
            bad |= digit & 16;
            value = value << 4 | u128::from(digit & 15);
        }
    }
    (bad == 0).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_beyond_the_bound_share_a_number() {
        let mut names = Names::new(2);
        assert_eq!([&b"a"[..], b"b", b"a", b"c", b"d", b"b"].map(|name| names.number(name)), [1, 2, 1, 0, 0, 2]);
        assert_eq!((names.name(2), names.name(0), names.find(b"a"), names.find(b"c")), (&b"b"[..], OTHERS, Some(1), None));
    }

    #[test]
    fn keys_tell_identifiers_apart() {
        let uuid = key(b"00000000-0000-4000-8000-00000000002a");
        assert_eq!(uuid, 0x0000_0000_0000_4000_8000_0000_0000_002a);
        assert_eq!(uuid, key(b"00000000-0000-4000-8000-00000000002A"), "letters of a UUID have no case");
        let long = key(b"00000000-0000-4000-8000-00000000002g");
        let keys = [uuid, long, key(b""), key(b"a"), key(b"a\0"), key(b"0123456789abcdefg"), key(b"0123456789abcdefh")];
        assert!(keys.iter().enumerate().all(|(at, key)| !keys[..at].contains(key)), "{keys:x?}");
    }
}
