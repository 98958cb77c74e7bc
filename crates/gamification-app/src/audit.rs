//! Auditing what is stored: everything derived is compared with what it is derived from, and can be computed anew.
//!
//! [`Invariant`] is the table of what must hold. Communities are looked at in groups, members in chunks, each at one moment
//! and in bounded memory; awards may go on meanwhile.
//!
//! # To add an invariant
//! - `invariant.rs`: its variant, its name, and whether it is about something derived.
//! - `ports/verification.rs`: what is to be seen of it, as a method of [`Snapshot`](crate::ports::Snapshot) or, where it is
//!   of a single member, a field of [`StoredMember`](crate::ports::StoredMember); `gamification-pg`, `verification`, has
//!   the statement.
//! - Where it is judged: `communities.rs` for what is compared over a group of communities, with a sentence for people in
//!   `findings.rs`; `members.rs` for what is compared member by member.
//! - `repair.rs`, where it is about something derived.
//! - `tests/suites/verify.rs`: a statement that breaks it, what is reported, and that a repair ends it or leaves it.
//! - `tests/src/audit.rs`: the same in SQL of its own, which holds after every test that writes.

mod communities;
mod findings;
mod invariant;
mod members;
mod repair;

use gamification_domain::CommunityId;

use self::{
    communities::{CommunityCursor, verify_communities},
    members::Members,
};
pub use self::{
    findings::{AuditEvent, AuditProgress, Finding},
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
