//! Why a query gives nothing.

use crate::{access::AccessDenied, ports::StoreError};

/// Why there is nothing to show, in the order it is checked. What each query can't miss, it never names.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The community is not known, or the caller lacks the membership or role that the query asks for.
    #[error(transparent)]
    AccessDenied(#[from] AccessDenied),
    /// The community never had the user who was asked for.
    #[error("Member not found")]
    MemberNotFound,
    /// The community does not list the course.
    #[error("Course not found")]
    CourseNotFound,
    /// The part of a history that was asked for begins behind no entry of it.
    #[error("cursor is of another history")]
    PositionNotFound,
    /// The database failed; the same read may succeed later.
    #[error(transparent)]
    Store(#[from] StoreError),
}
