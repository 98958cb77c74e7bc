//! Keyed hashes of erased users' ids: who has the database and an id can tell whether it was erased, and no more.

use std::collections::HashMap;

use gamification_domain::MemberKey;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use uuid::Uuid;

/// The keys of communities where users were erased, as far as a transaction has locked their level configurations.
#[derive(Debug, Default)]
pub(crate) struct ErasureKeys(HashMap<Uuid, Vec<u8>>);

impl ErasureKeys {
    /// Takes note of what the row of a community has.
    pub(crate) fn learn(&mut self, community_id: Uuid, key: Option<Vec<u8>>) {
        if let Some(key) = key {
            self.0.insert(community_id, key);
        }
    }

    /// Whether a community has erased users.
    pub(crate) fn has(&self, community_id: Uuid) -> bool {
        self.0.contains_key(&community_id)
    }

    /// The hash of a user's id; `None` where nobody was erased.
    pub(crate) fn hash(&self, (community_id, user_id): MemberKey) -> Option<Vec<u8>> {
        // HMAC takes keys of any length.
        let mut hash = Hmac::<Sha256>::new_from_slice(self.0.get(&community_id.as_uuid())?).ok()?;
        hash.update(user_id.as_uuid().as_bytes());
        Some(hash.finalize().into_bytes().to_vec())
    }
}

#[cfg(test)]
mod tests {
    use gamification_domain::{CommunityId, UserId};

    use super::*;

    fn member(community: u128, user: u128) -> MemberKey {
        (CommunityId::new(Uuid::from_u128(community)), UserId::new(Uuid::from_u128(user)))
    }

    #[test]
    fn a_hash_is_of_one_user_of_one_community_and_there_is_none_without_a_key() {
        let mut keys = ErasureKeys::default();
        keys.learn(Uuid::from_u128(1), Some(vec![1; 32]));
        keys.learn(Uuid::from_u128(2), Some(vec![2; 32]));
        keys.learn(Uuid::from_u128(3), None);
        assert_eq!(keys.hash(member(1, 7)), keys.hash(member(1, 7)));
        assert_eq!(keys.hash(member(1, 7)).map(|hash| hash.len()), Some(32));
        assert_ne!(keys.hash(member(1, 7)), keys.hash(member(1, 8)));
        assert_ne!(keys.hash(member(1, 7)), keys.hash(member(2, 7)));
        assert_eq!((keys.hash(member(3, 7)), keys.has(Uuid::from_u128(3))), (None, false));
    }
}
