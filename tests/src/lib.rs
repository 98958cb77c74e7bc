//! What the suites share: a throw-away PostgreSQL, the real server, builders of events, and an independent audit.
//!
//! No test reaches PostgreSQL any other way, so none can pass for want of one: where it can't be started, the test
//! fails and says what to install.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "a test that can't go on should panic"
)]

mod api;
mod audit;
mod campaign;
mod cluster;
mod collector;
mod database;
pub mod event;
mod level_watch;
mod levels;
mod receiver;
mod scrape;
mod server;
mod until;
mod verify;

pub use api::{ApiScene, Operation, operations};
pub use audit::audit;
pub use campaign::{Campaign, Random};
pub use cluster::Cluster;
pub use collector::{CollectedSpan, Collector};
pub use database::TestDatabase;
pub use level_watch::LevelWatch;
pub use levels::DEFAULT_LEVELS;
pub use receiver::{Delivery, Reaction, Receiver, WEBHOOK_SECRET, assert_everything_was_told};
pub use scrape::{Labels, Scrape};
pub use server::{
    Answer, Launch, Memory, SECRET, TestServer, binary, in_an_hour, service_token, signed, user_token,
};
pub use until::{PATIENCE, block_until, until};
pub use verify::assert_verify_finds_nothing;
