//! A channel in, for histories: newline-delimited events, one event of `POST /api/events` a line, from a file or standard
//! input.
//!
//! [`Source::open`] opens it, [`import`] takes it through the same queue that live events go through, several chunks at
//! once. It may run beside live traffic, and again: what is known already changes nothing. A line that can't be recorded
//! is told with its number, and does not stop the rest. A lesson whose course is not known yet is tried once more when all
//! lines are through.
//!
//! This crate prints nothing and draws nothing: it tells what happens as [`ImportEvent`]s, and how far it came when it
//! has to end early ([`Unfinished`]). It knows no web and no database.

mod import;
mod lines;
mod source;
mod summary;

pub use import::{ImportEvent, Stopped, Unfinished, import};
pub use source::{Source, UnreadableSource};
pub use summary::summary;
