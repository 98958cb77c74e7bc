//! A believable community, the same every time: who is in it, and what they did in its first forty days, as the events of
//! a platform. For demonstrations: it knows neither the database nor the web, and anything that takes CloudEvents can be
//! filled with its [`history`]. [`fill`] does so with this service, over its ports, and [`transcript`] is what to look at
//! then.
//!
//! ```
//! use time::OffsetDateTime;
//!
//! let history = gamification_demo::history(OffsetDateTime::UNIX_EPOCH);
//! assert_eq!(history[0]["type"], "CommunityCreated");
//! assert_eq!(history, gamification_demo::history(OffsetDateTime::UNIX_EPOCH), "whenever it is asked for");
//! ```

mod filling;
mod history;
mod transcript;

pub use filling::{FillError, Filled, fill};
pub use history::{COURSES, MEMBERS, NAME, community_id, course_id, history, member_id};
pub use transcript::{SHOWN_MEMBER, transcript};
