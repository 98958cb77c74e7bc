//! Who may do what: checked by every command and query in the same order.

use std::sync::Arc;

use gamification_domain::{LevelConfiguration, MemberStanding, Role};

use crate::ports::{BesideOwn, CommunityView, Membership};

/// Why a caller is turned away, in the order it is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccessDenied {
    /// No event named this community.
    #[error("Community not found")]
    CommunityNotFound,
    /// The caller is not a member of the community, or not any more.
    #[error("Only members of the community may do this")]
    NotAMember,
    /// The caller is a member without the role `ADMIN`.
    #[error("Only admins of the community may do this")]
    NotAnAdmin,
}

/// Lets members in: gives the community's levels, and what was asked for.
///
/// # Errors
/// [`AccessDenied`], the first that applies.
pub(crate) fn member<T>(
    view: Option<CommunityView<T>>,
) -> Result<(Arc<LevelConfiguration>, T), AccessDenied> {
    let CommunityView { membership, levels, asked } = view.ok_or(AccessDenied::CommunityNotFound)?;
    match membership {
        Membership::Member(_) => Ok((levels, asked)),
        Membership::NotAMember => Err(AccessDenied::NotAMember),
    }
}

/// The same, and the member's own standing.
///
/// # Errors
/// [`AccessDenied`], the first that applies.
pub(crate) fn member_beside_own<T>(
    view: Option<CommunityView<BesideOwn<T>>>,
) -> Result<(MemberStanding, Arc<LevelConfiguration>, T), AccessDenied> {
    let (levels, BesideOwn { own, asked }) = member(view)?;
    // Every member has points, from the moment they join.
    let own = own.ok_or(AccessDenied::NotAMember)?;
    Ok((own, levels, asked))
}

/// Lets admins in: gives what was asked for.
///
/// # Errors
/// [`AccessDenied`], the first that applies.
pub(crate) fn admin_view<T>(view: Option<CommunityView<T>>) -> Result<T, AccessDenied> {
    admin(view.as_ref().map(|view| view.membership))?;
    view.map(|view| view.asked).ok_or(AccessDenied::CommunityNotFound)
}

/// Lets admins in; `membership` is `None` when the community is not known.
///
/// # Errors
/// [`AccessDenied`], the first that applies.
pub(crate) const fn admin(membership: Option<Membership>) -> Result<(), AccessDenied> {
    match membership {
        None => Err(AccessDenied::CommunityNotFound),
        Some(Membership::NotAMember) => Err(AccessDenied::NotAMember),
        Some(Membership::Member(Role::Admin)) => Ok(()),
        Some(Membership::Member(Role::Member | Role::Moderator)) => Err(AccessDenied::NotAnAdmin),
    }
}
