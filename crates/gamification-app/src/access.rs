//! Who may do what: checked by every command and query in the same order.

use gamification_domain::{Role, UserId};

use crate::ports::{CommunityView, Membership};

/// Why access is denied, in the order it is checked.
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

/// The caller of a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// A user, who must be a member.
    User(UserId),
    /// A service of the platform, which may read every community without being a member.
    Service,
}

impl Reader {
    /// The user, by their id on the platform; none where a service reads.
    #[must_use]
    pub const fn user_id(self) -> Option<UserId> {
        match self {
            Self::User(user_id) => Some(user_id),
            Self::Service => None,
        }
    }

    /// Whether what is a member's own is shown, their way to the next level for instance: to themselves, and to services.
    pub(crate) fn sees_own_of(self, member: UserId) -> bool {
        match self {
            Self::User(user_id) => user_id == member,
            Self::Service => true,
        }
    }
}

/// Lets members and services in: gives what they see.
///
/// # Errors
/// [`AccessDenied`], the first that applies.
pub(crate) fn reader<T>(
    reader: Reader,
    view: Option<CommunityView<T>>,
) -> Result<CommunityView<T>, AccessDenied> {
    let view = view.ok_or(AccessDenied::CommunityNotFound)?;
    match (reader, view.membership) {
        (Reader::Service, _) | (Reader::User(_), Membership::Member(_)) => Ok(view),
        (Reader::User(_), Membership::NotAMember) => Err(AccessDenied::NotAMember),
    }
}

/// Lets services and admins see what is a member's own, and the member themselves: gives what they see.
///
/// # Errors
/// [`AccessDenied`], the first that applies.
pub(crate) fn own_or_admin<T>(
    reader: Reader,
    member: UserId,
    view: Option<CommunityView<T>>,
) -> Result<CommunityView<T>, AccessDenied> {
    let view = self::reader(reader, view)?;
    if !reader.sees_own_of(member) {
        admin(Some(view.membership))?;
    }
    Ok(view)
}

/// Lets services and admins in: gives what they see.
///
/// # Errors
/// [`AccessDenied`], the first that applies.
pub(crate) fn admin_or_service<T>(
    reader: Reader,
    view: Option<CommunityView<T>>,
) -> Result<CommunityView<T>, AccessDenied> {
    let view = self::reader(reader, view)?;
    if reader != Reader::Service {
        admin(Some(view.membership))?;
    }
    Ok(view)
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
