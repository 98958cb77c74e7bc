//! The real thing, on throw-away folders: it needs PostgreSQL's server programs, as root or as another user.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that can't go on should panic"
)]

mod folder;
mod lifecycle;
mod programs;
mod supervision;
