//! Random words for the draw: a generator that is a pure function of its seed (wyrand, Wang Yi 2019).
//!
//! A draw is no secret: whoever asks sees it. What counts is that shares come out as compiled, and that a test can
//! repeat them.

/// The state of one worker's generator.
#[derive(Debug, Clone)]
pub struct Random {
    state: u64,
}

impl Random {
    /// Starts from a seed.
    pub fn new(seed: u64) -> Random {
        Random { state: seed }
    }

    /// The next 64 random bits.
    pub fn word(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0xa076_1d64_78bd_642f);
        let product = u128::from(self.state) * u128::from(self.state ^ 0xe703_7ed1_a0b4_28db);
        (product >> 64) as u64 ^ product as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_words_and_bits_are_balanced() {
        let words = |seed| {
            let mut random = Random::new(seed);
            (0..10_000).map(|_| random.word()).collect::<Vec<_>>()
        };
        assert_eq!(words(7), words(7));
        assert_ne!(words(7), words(8));
        let ones: u32 = words(7).iter().map(|word| word.count_ones()).sum();
        // 640,000 fair bits: 320,000 ± 5 standard deviations of 400.
        assert!((318_000..=322_000).contains(&ones), "{ones}");
    }
}
