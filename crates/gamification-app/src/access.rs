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
    let CommunityView { role, own, levels, asked } = view.ok_or(AccessDenied::CommunityNotFound)?;
    // Every member has points, from the moment they join.
    let (_, own) = role.zip(own).ok_or(AccessDenied::NotAMember)?;
    Ok((own, levels, asked))
}

/// Lets admins in: gives what was asked for.
///
/// # Errors
/// [`AccessDenied`], the first that applies.
pub(crate) fn admin_view<T>(view: Option<CommunityView<T>>) -> Result<T, AccessDenied> {
    let CommunityView { role, own: _, levels: _, asked } = view.ok_or(AccessDenied::CommunityNotFound)?;
    admin(role.map_or(Membership::NotAMember, Membership::Member))?;
    Ok(asked)
}

/// Lets admins in.
///
/// # Errors
/// [`AccessDenied`], the first that applies.
pub(crate) const fn admin(membership: Membership) -> Result<(), AccessDenied> {
    match membership {
        Membership::CommunityUnknown => Err(AccessDenied::CommunityNotFound),
        Membership::NotAMember => Err(AccessDenied::NotAMember),
        Membership::Member(Role::Admin) => Ok(()),
        Membership::Member(Role::Member | Role::Moderator) => Err(AccessDenied::NotAnAdmin),
    }
}
