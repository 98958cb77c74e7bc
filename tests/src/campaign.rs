//! Campaigns: the same test in a small size for every run, and in a large one for a long night.

use uuid::Uuid;

/// Set to `large` for the long ones.
const SIZE: &str = "GAMIFICATION_CAMPAIGNS";
/// Set to the number that a failing campaign printed, to run it again.
const SEED: &str = "GAMIFICATION_CAMPAIGN_SEED";

/// How long a campaign goes on, and what its randomness begins with.
#[derive(Clone, Copy, Debug)]
pub struct Campaign {
    rounds: u32,
    seed: u64,
}

impl Campaign {
    /// Prints its seed, which shows when the test fails.
    #[must_use]
    pub fn new(name: &str, small: u32, large: u32) -> Self {
        let rounds = if std::env::var(SIZE).is_ok_and(|size| size == "large") { large } else { small };
        let seed = seed();
        println!("{name}: {rounds} rounds; {SEED}={seed}");
        Self { rounds, seed }
    }

    /// How many rounds it has.
    #[must_use]
    pub const fn rounds(&self) -> u32 {
        self.rounds
    }

    /// What its randomness begins with.
    #[must_use]
    pub const fn seed(&self) -> u64 {
        self.seed
    }

    /// The randomness of one part of it.
    #[must_use]
    pub fn random(&self, part: u64) -> Random {
        Random(self.seed ^ part.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }
}

/// The seed that is given, or a new one.
fn seed() -> u64 {
    match std::env::var(SEED) {
        Ok(seed) => seed.parse().unwrap_or_else(|_| panic!("{SEED} must be a number, not {seed:?}")),
        Err(_) => Uuid::new_v4().as_u64_pair().0,
    }
}

/// Numbers that look random and can be had again (SplitMix64).
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// For a test of one round. Prints its seed, as a campaign does.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let seed = seed();
        println!("{name}: {SEED}={seed}");
        Self(seed)
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.number() % end as u64).expect("smaller than a usize")
    }

    /// One of several.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    /// Puts things into an order.
    pub fn shuffle<T>(&mut self, things: &mut [T]) {
        for end in (1..things.len()).rev() {
            things.swap(end, self.below(end + 1));
        }
    }
}
