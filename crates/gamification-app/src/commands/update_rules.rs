//! An admin says what members earn points by.

use gamification_domain::{CommunityRules, MemberKey, RuleMistakes, RulesDraft, SourceRule};

use crate::{
    Clock,
    access::{self, AccessDenied},
    contention::{self, CommandError},
    ports::{CommunityRulesRepository, ConfigurationRepository, DirectoryRepository, Store, StoreError},
    transaction::{self, Ending, within_deadline},
};

/// The change of rules that an admin asks for.
#[derive(Clone, Debug)]
pub struct RulesUpdate {
    /// One rule for each source, and whether admins are on boards.
    pub draft: RulesDraft,
    /// The versions that the admin may have looked at, when the change shall only apply to one of them.
    pub expected_versions: Option<Vec<u32>>,
}

/// Why rules were not updated, in the order it is checked; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum UpdateRulesError {
    /// The community is not known, or the caller is no admin of it.
    #[error(transparent)]
    AccessDenied(#[from] AccessDenied),
    /// The rules are no valid ones.
    #[error(transparent)]
    Invalid(#[from] RuleMistakes),
    /// The rules were changed since the caller read them.
    #[error("The rules were changed since you read them")]
    Stale,
    /// The database failed; the rules are as they were, unless the commit itself failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl CommandError for UpdateRulesError {
    fn store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            Self::AccessDenied(_) | Self::Invalid(_) | Self::Stale => None,
        }
    }
}

/// Replaces the rules of a community. They count for facts that are recorded after the commit; each award is judged by one
/// version, which its entry in the ledger names.
///
/// # Errors
/// [`UpdateRulesError`], the first that applies.
pub async fn update_rules(
    store: &impl Store,
    clock: &impl Clock,
    caller: MemberKey,
    update: &RulesUpdate,
) -> Result<(), UpdateRulesError> {
    let changed = contention::retry(|| within_deadline(store_rules(store, clock, caller, update))).await?;
    if let Some(rules) = changed {
        log(caller, &rules);
    }
    Ok(())
}

/// Gives the rules where they changed.
#[expect(clippy::disallowed_methods, reason = "a command begins its transaction")]
async fn store_rules(
    store: &impl Store,
    clock: &impl Clock,
    caller: MemberKey,
    update: &RulesUpdate,
) -> Result<Option<CommunityRules>, UpdateRulesError> {
    let mut tx = store.begin().await?;
    let stored = write_rules(&mut tx, clock, caller, update).await;
    transaction::end(tx, stored).await
}

async fn write_rules(
    tx: &mut (impl DirectoryRepository + ConfigurationRepository + CommunityRulesRepository),
    clock: &impl Clock,
    (community_id, user_id): MemberKey,
    update: &RulesUpdate,
) -> Result<Ending<Option<CommunityRules>>, UpdateRulesError> {
    access::admin(tx.membership((community_id, user_id)).await?)?;
    // Boards follow changes of members, who are locked before rules are: so it is looked before what will change.
    let excluded_before = tx.excludes_admins(community_id).await?;
    let touched = match update.draft.exclude_admins.filter(|exclude| *exclude != excluded_before) {
        Some(_) => Some(tx.touch_admins(community_id).await?),
        None => None,
    };
    let mut rules = tx.lock_configuration(community_id).await?.ok_or(AccessDenied::CommunityNotFound)?.rules;
    // Who was erased before the lock is no admin any more, and must not be noted as who made a version.
    access::admin(tx.membership((community_id, user_id)).await?)?;
    let is_touched = match &touched {
        Some(touched) => tx.admins(community_id).await?.is_subset(touched),
        None => true,
    };
    if rules.excludes_admins() != excluded_before || !is_touched {
        return Err(StoreError::Contention("rules or admins have changed meanwhile".into()).into());
    }
    // After the lock: no award before it was recorded later.
    let now = clock.now();
    let version = rules.version();
    let has_changed = rules.update(&update.draft, now)?;
    if update.expected_versions.as_ref().is_some_and(|expected| !expected.contains(&version)) {
        return Err(UpdateRulesError::Stale);
    }
    if !has_changed {
        return Ok(Ending::Rollback(None));
    }
    tx.save_community_rules(&rules, user_id, now).await?;
    Ok(Ending::Commit(Some(rules)))
}

fn log((community_id, admin_id): MemberKey, rules: &CommunityRules) {
    let text: Vec<String> = rules.rules().map(described).collect();
    tracing::info!(
        %community_id, %admin_id, version = rules.version(), rules = text.join("; "),
        exclude_admins = rules.excludes_admins(), "rules updated"
    );
}

fn described(rule: SourceRule) -> String {
    let SourceRule { source, points, daily_cap, per_pair_daily_cap } = rule;
    let daily = daily_cap.map(|cap| format!(", {cap} a day")).unwrap_or_default();
    let per_pair = per_pair_daily_cap.map(|cap| format!(", {cap} a day and liker")).unwrap_or_default();
    format!("{source} {points}{daily}{per_pair}")
}
