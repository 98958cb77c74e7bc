//! Auditing what is stored: everything derived is compared with what it is derived from, and can be computed anew.
//!
//! [`Invariant`] is the table of what must hold. Communities are looked at in groups, members in chunks, each at one moment
//! and in bounded memory; awards may go on meanwhile.
//!
//! # To add an invariant
//! - `invariant.rs`: its variant, its name, and whether it is about something derived.
//! - Where the database compares it: a file of its name in `gamification-pg`, `verification/`, with its statement and the
//!   sentence for people; the compiler asks for it there. Where it is compared member by member: a field of
//!   [`StoredMember`](crate::ports::StoredMember), and a file of its name here, which `members.rs` calls.
//! - Its repair, where it is about something derived: in a file of its name here, called by `repair.rs`.
//! - `tests/suites/verify/breakages.rs`: a statement that breaks it, what is reported, and that a repair ends it or leaves it;
//!   a test there asks for each invariant.
//! - `tests/src/audit.rs`: the same in SQL of its own, which holds after every test that writes.

mod communities;
mod finding;
mod invariant;
mod leaderboard;
mod level_configuration;
mod level_count;
mod member_repair;
mod members;
mod repair;
mod search_name;
mod tally;

use gamification_domain::CommunityId;

use self::{
    communities::{CommunityCursor, verify_communities},
    members::Members,
};
pub use self::{
    finding::{AuditEvent, AuditProgress, Finding},
    invariant::Invariant,
    repair::repair,
};
use crate::ports::{StoreError, Verification};

/// Why an audit did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// Nothing is stored of the community.
    #[error("nothing is stored of the community {0}")]
    CommunityUnknown(CommunityId),
    /// The database failed, so nothing is known of what was not read yet.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Looks at everything, or at one community, and tells what it sees.
///
/// Whatever is compared is of one moment, so awards may go on meanwhile. Memory is bounded: communities and members are
/// looked at in chunks, each at a moment of its own.
///
/// # Errors
/// [`VerifyError`]; what was found until then was emitted.
pub async fn verify(
    verification: &impl Verification,
    community_id: Option<CommunityId>,
    emit: &mut (impl FnMut(AuditEvent) + Send),
) -> Result<(), VerifyError> {
    let mut cursor = CommunityCursor::begin(verification, community_id, emit).await?;
    while let Some(communities) = cursor.next(verification).await? {
        verify_communities(verification, &communities, emit).await?;
        let mut members = Members::of(communities.range);
        while let Some(chunk) = members.next(verification).await? {
            for finding in chunk.findings() {
                emit(AuditEvent::Finding(finding));
            }
            for (community_id, members) in chunk.awaiting_level_up() {
                emit(AuditEvent::AwaitingLevelUp(community_id, members));
            }
            emit(AuditEvent::Progress(chunk.progress()));
        }
        emit(AuditEvent::Progress(AuditProgress {
            communities: communities.count(),
            ..AuditProgress::default()
        }));
    }
    Ok(())
}
