//! The name by which a member is found is the one that they are shown by, folded.

use gamification_domain::{MemberKey, SearchName};

use super::{Finding, Invariant, members::name_of};
use crate::{
    commands::name_members,
    ports::{MemberNames, StoreError, StoredMember},
};

/// A member who is found by another name than theirs. Who has none yet is given one by a job.
pub(super) fn finding(row: &StoredMember) -> Option<Finding> {
    let due = SearchName::of(name_of(row).as_ref());
    let is_right = row.search_name.as_deref().is_none_or(|name| name == due.as_str());
    let (found, expected) = ("another name".to_owned(), "the one that is shown, folded".to_owned());
    (!is_right).then(|| Finding::of_member(Invariant::SearchName, row.member, found, expected))
}

/// Makes the names of members anew. Who gets another name meanwhile keeps that.
pub(super) async fn rename_members(
    store: &impl MemberNames,
    misnamed: &[MemberKey],
) -> Result<(), StoreError> {
    if !misnamed.is_empty() {
        store.unname_members(misnamed).await?;
        name_members(store).await?;
    }
    Ok(())
}
