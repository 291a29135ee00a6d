//! Random bytes: the system's, or, while a virtual cluster runs on this thread, those of its seed.

/// Fills `bytes`.
///
/// # Errors
/// The system's random source has failed.
pub(crate) fn fill(bytes: &mut [u8]) -> Result<(), getrandom::Error> {
    #[cfg(feature = "testing")]
    if seeded::fill(bytes) {
        return Ok(());
    }
    getrandom::fill(bytes)
}

#[cfg(feature = "testing")]
pub(crate) mod seeded {
    use std::cell::RefCell;

    thread_local! {
        static SOURCE: RefCell<Option<Chance>> = const { RefCell::new(None) };
    }

    /// From now on and until the guard is dropped, this thread's random bytes are those of the seed.
    pub(crate) fn begin(seed: u64) -> Guard {
        SOURCE.set(Some(Chance::new(seed)));
        Guard
    }

    pub(crate) struct Guard;

    impl Drop for Guard {
        fn drop(&mut self) {
            SOURCE.set(None);
        }
    }

    pub(super) fn fill(bytes: &mut [u8]) -> bool {
        SOURCE.with_borrow_mut(|source| {
            let Some(source) = source else {
                return false;
            };
            for chunk in bytes.chunks_mut(8) {
                chunk.copy_from_slice(&source.next().to_le_bytes()[..chunk.len()]);
            }
            true
        })
    }

    /// Numbers that a seed decides (SplitMix64). Whoever decides by itself has one of its own, so that
    /// what it draws does not depend on who else draws.
    #[derive(Debug, Clone)]
    pub(crate) struct Chance(u64);

    impl Chance {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

        pub(crate) fn new(seed: u64) -> Self {
            Self(seed)
        }

        /// Another one, for what bears these numbers.
        pub(crate) fn of(seed: u64, names: &[u64]) -> Self {
            names.iter().fold(Self(seed), |chance, name| {
                Self(chance.clone().next() ^ name.wrapping_mul(Self::STEP))
            })
        }

        pub(crate) fn next(&mut self) -> u64 {
            self.0 = self.0.wrapping_add(Self::STEP);
            let mut mixed = self.0;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            mixed ^ (mixed >> 31)
        }

        /// A number below `bound`; zero if that is zero.
        pub(crate) fn below(&mut self, bound: u64) -> u64 {
            // The upper half of the product (Lemire): without a division, and even enough for tests.
            let product = u128::from(self.next()) * u128::from(bound);
            u64::try_from(product >> 64).unwrap_or_default()
        }

        /// Whether something happens that happens with this probability.
        pub(crate) fn happens(&mut self, probability: f64) -> bool {
            #[expect(clippy::cast_precision_loss, reason = "53 bits")]
            let drawn = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
            drawn < probability
        }
    }
}
