//! Who may do what: checked by every command and query in the same order.

use gamification_domain::{LevelConfiguration, MemberPoints, Role};

use crate::ports::{CommunityView, Membership};

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

/// Lets members in: gives their own points, the community's levels, and what was asked for.
///
/// # Errors
/// [`AccessDenied`], the first that applies.
pub(crate) fn member<T>(
    view: Option<CommunityView<T>>,
) -> Result<(MemberPoints, LevelConfiguration, T), AccessDenied> {
    let CommunityView { membership, own, levels, asked } = view.ok_or(AccessDenied::CommunityNotFound)?;
    match (membership, own) {
        (Membership::Member(_), Some(own)) => Ok((own, levels, asked)),
        // Every member has points, from the moment they join.
        (Membership::Member(_), None) | (Membership::NotAMember, _) => Err(AccessDenied::NotAMember),
    }
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
