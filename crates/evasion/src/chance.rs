//! A small reproducible source of choices.

/// `SplitMix64`: the same choices for the same seed, on every machine.
#[derive(Clone, Debug)]
pub struct Chance(pub u64);

impl Chance {
    /// A number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let bound = u64::try_from(bound.max(1)).expect("a length fits");
        usize::try_from((z ^ (z >> 31)) % bound).expect("below a length")
    }

    /// One of the items, of which there is at least one.
    pub fn of<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    /// One of the characters, of which there is at least one.
    pub fn letter(&mut self, of: &str) -> char {
        let chosen = self.below(of.chars().count());
        of.chars().nth(chosen).expect("below the number of characters")
    }
}
