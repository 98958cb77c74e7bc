//! What an audit tells while it goes through everything.

use std::fmt;

use gamification_domain::{CommunityId, MemberKey};

use super::Invariant;

/// Something that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What does not hold.
    pub invariant: Invariant,
    /// The community whose data are wrong.
    pub community_id: CommunityId,
    /// Of whom or what: `member 0192…`, `level 3`; `None` where it is the community itself.
    pub subject: Option<String>,
    /// What is stored, as text for an operator.
    pub found: String,
    /// What should be stored, as text for an operator.
    pub expected: String,
}

impl Finding {
    /// Of a member.
    #[must_use]
    pub fn of_member(
        invariant: Invariant,
        (community_id, user_id): MemberKey,
        found: String,
        expected: String,
    ) -> Self {
        Self { invariant, community_id, subject: Some(format!("member {user_id}")), found, expected }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { invariant, community_id, subject, found, expected } = self;
        write!(f, "{invariant}: community {community_id}")?;
        if let Some(subject) = subject {
            write!(f, ", {subject}")?;
        }
        write!(f, ": found {found}, expected {expected}")
    }
}

/// What is seen while everything is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuditEvent {
    /// So many members are to be looked at, more or less: others may join meanwhile.
    MemberCount(u64),
    /// So much was looked at since the last time.
    Progress(AuditProgress),
    /// An invariant does not hold.
    Finding(Finding),
    /// So many more are off in the same way.
    Omitted(Invariant, u64),
    /// So many members are below the level that their points reach, and are being leveled up after a change of thresholds.
    AwaitingLevelUp(CommunityId, u64),
    /// Something was off, and was repaired.
    Repaired(Finding),
}

/// How much was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AuditProgress {
    /// Communities, known or not.
    pub communities: u64,
    /// Members who have a record of points.
    pub members: u64,
    /// Lines of the ledger.
    pub transactions: u64,
}
