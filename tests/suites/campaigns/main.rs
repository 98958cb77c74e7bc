//! Safety campaigns: the real server under fire, against an independent audit.
//!
//! Each prints its seed, and goes on far longer when `GAMIFICATION_CAMPAIGNS=large` is set.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that can't go on should panic"
)]

mod any_order;
mod client;
mod database_trouble;
mod kills;
mod overload;
