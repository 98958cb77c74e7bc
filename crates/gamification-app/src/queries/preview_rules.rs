//! An admin looks at what other rules would have done.

use gamification_domain::{MemberKey, RuleMistakes, RulesDraft, SourceRule};
use time::{Duration, OffsetDateTime};

use crate::{
    AccessDenied, Clock, Reader, access,
    ports::{CapsLookedAt, OverCaps, Queries, StoreError},
};

/// How far back it is looked: what the board of thirty days shows.
pub const PREVIEWED: Duration = Duration::days(30);

/// How many members are looked at, those who earned the most: caps are about them, and an answer is there in a second.
pub const PREVIEWED_MEMBERS: u32 = 20_000;

/// What the caps of rules would have kept back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RulesPreview {
    /// The moment from which on awards were looked at.
    pub since: OffsetDateTime,
    /// How many members were looked at: all who earned anything, or [`PREVIEWED_MEMBERS`] of them.
    pub members: u64,
    /// For each rule, what was earned by its source, and what of it is beyond its caps.
    pub rules: Vec<(SourceRule, OverCaps)>,
}

/// Why there is no preview, in the order it is checked.
#[derive(Debug, thiserror::Error)]
pub enum PreviewRulesError {
    /// The community is not known, or the caller is no admin of it.
    #[error(transparent)]
    AccessDenied(#[from] AccessDenied),
    /// The rules are no valid ones.
    #[error(transparent)]
    Invalid(#[from] RuleMistakes),
    /// The database failed; a preview has changed nothing.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Tells what the caps of a list of rules would have taken of what was earned in the last 30 days, by what the awards were
/// worth then; changes nothing.
///
/// # Errors
/// [`PreviewRulesError`], the first that applies.
pub async fn preview_rules(
    queries: &impl Queries,
    clock: &impl Clock,
    (community_id, user_id): MemberKey,
    draft: &RulesDraft,
) -> Result<RulesPreview, PreviewRulesError> {
    let now = clock.now();
    let mut rules = access::admin_view(queries.community_rules(community_id, Reader::User(user_id)).await?)?;
    rules.update(draft, now)?;
    let since = now - PREVIEWED;
    let rules: Vec<SourceRule> = rules.rules().collect();
    let CapsLookedAt { members, sources } =
        queries.over_caps(community_id, &rules, since, PREVIEWED_MEMBERS).await?;
    let of = |rule: SourceRule| {
        let nothing = OverCaps { source: rule.source, earned: 0, over: 0, members: 0 };
        (rule, sources.iter().find(|found| found.source == rule.source).copied().unwrap_or(nothing))
    };
    Ok(RulesPreview { since, members, rules: rules.into_iter().map(of).collect() })
}
