//! Who may do what: checked by every command and query in the same order.

use gamification_domain::{MemberPoints, Role};

use crate::ports::{CommunityView, Standing};

/// Why a caller is turned away, in the order it is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
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

/// Lets members in, with their own points.
pub(crate) fn member<T>(view: Option<CommunityView<T>>) -> Result<(MemberPoints, CommunityView<T>), Denied> {
    let mut view = view.ok_or(Denied::CommunityNotFound)?;
    match (view.role, view.own.take()) {
        (Some(_), Some(own)) => Ok((own, view)),
        _ => Err(Denied::NotAMember),
    }
}

/// Lets admins in.
///
/// # Errors
/// [`Denied`], the first that applies.
pub(crate) fn admin(standing: Standing) -> Result<(), Denied> {
    match standing {
        Standing::CommunityUnknown => Err(Denied::CommunityNotFound),
        Standing::Stranger => Err(Denied::NotAMember),
        Standing::Member(Role::Admin) => Ok(()),
        Standing::Member(Role::Member | Role::Moderator) => Err(Denied::NotAnAdmin),
    }
}
