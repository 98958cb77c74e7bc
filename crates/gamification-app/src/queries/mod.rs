//! Queries: what only reads.

mod get_member_level;

pub use get_member_level::{GetMemberLevelError, MemberLevel, get_member_level};
