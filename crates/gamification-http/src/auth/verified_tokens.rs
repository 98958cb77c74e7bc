//! Tokens that were verified before: checking a signature takes longer than the read that it lets through.

use std::{
    num::NonZeroUsize,
    sync::{Mutex, MutexGuard, PoisonError},
};

use lru::LruCache;
use sha2::{Digest, Sha256};

use super::{Caller, LEEWAY};

/// How many tokens are remembered, the last used ones: a megabyte or two.
const CAPACITY: NonZeroUsize = NonZeroUsize::new(10_000).expect("it is not 0");

/// What a token is known by, its SHA-256: memory holds no credentials, and no more of a long token than of a short one.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Fingerprint([u8; 32]);

impl Fingerprint {
    pub(super) fn of(token: &str) -> Self {
        Self(Sha256::digest(token).into())
    }
}

/// The tokens that were verified with the keys of one generation.
pub(super) struct VerifiedTokens(Mutex<State>);

struct State {
    generation: u64,
    tokens: LruCache<Fingerprint, Caller>,
}

impl Default for VerifiedTokens {
    fn default() -> Self {
        Self(Mutex::new(State { generation: 0, tokens: LruCache::new(CAPACITY) }))
    }
}

impl VerifiedTokens {
    /// The bearer of a token that was verified with the keys of `generation` and is valid at `now`, in seconds since 1970.
    pub(super) fn caller(&self, fingerprint: Fingerprint, generation: u64, now: u64) -> Option<Caller> {
        let mut state = self.state();
        if state.generation != generation {
            return None;
        }
        let caller = *state.tokens.get(&fingerprint)?;
        // The same as when it is verified: valid through the last second. All else that is checked stays true once it is.
        (now <= caller.expires_at.saturating_add(LEEWAY)).then_some(caller)
    }

    /// Remembers the bearer of a token that was verified with the keys of `generation`; what older keys verified is forgotten.
    pub(super) fn insert(&self, fingerprint: Fingerprint, generation: u64, caller: Caller) {
        let mut state = self.state();
        if state.generation < generation {
            state.tokens.clear();
            state.generation = generation;
        }
        // A slow one must not bring back what was verified with keys that have been replaced since.
        if state.generation == generation {
            state.tokens.put(fingerprint, caller);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXPIRES_AT: u64 = 1_800_000_000;

    fn remembered(number: u32) -> (Fingerprint, Caller) {
        let caller = Caller {
            user_id: None,
            may_send_events: number.is_multiple_of(2),
            may_read: false,
            may_adjust: false,
            expires_at: EXPIRES_AT,
        };
        let mut fingerprint = [0; 32];
        fingerprint[..4].copy_from_slice(&number.to_le_bytes());
        (Fingerprint(fingerprint), caller)
    }

    #[test]
    fn a_token_is_known_through_the_last_second_of_its_validity() {
        let tokens = VerifiedTokens::default();
        let (fingerprint, caller) = remembered(1);
        tokens.insert(fingerprint, 0, caller);
        assert_eq!(tokens.caller(fingerprint, 0, EXPIRES_AT + LEEWAY), Some(caller));
        assert_eq!(tokens.caller(fingerprint, 0, EXPIRES_AT + LEEWAY + 1), None);
        assert_eq!(tokens.caller(Fingerprint::of("another"), 0, EXPIRES_AT), None);
    }

    #[test]
    fn what_older_keys_verified_is_not_known_any_more() {
        let tokens = VerifiedTokens::default();
        let (old, new) = (remembered(1), remembered(2));
        tokens.insert(old.0, 0, old.1);
        assert_eq!(
            tokens.caller(old.0, 1, EXPIRES_AT),
            None,
            "other keys, asked about before they verified any"
        );
        tokens.insert(new.0, 1, new.1);
        tokens.insert(old.0, 0, old.1);
        assert_eq!(
            tokens.caller(old.0, 1, EXPIRES_AT),
            None,
            "remembered late, by one that still had the old keys"
        );
        assert_eq!(tokens.caller(old.0, 0, EXPIRES_AT), None);
        assert_eq!(tokens.caller(new.0, 1, EXPIRES_AT), Some(new.1));
    }

    #[test]
    fn a_million_tokens_take_no_more_room_than_the_last_ten_thousand() {
        let tokens = VerifiedTokens::default();
        for number in 0..1_000_000 {
            let (fingerprint, caller) = remembered(number);
            tokens.insert(fingerprint, 0, caller);
        }
        assert_eq!(tokens.state().tokens.len(), CAPACITY.get());
        let is_known = |number| tokens.caller(remembered(number).0, 0, EXPIRES_AT).is_some();
        assert!(is_known(999_999) && is_known(990_000) && !is_known(989_999));
    }
}
