//! The black-box suites, in one program: it is linked once, and all of its tests share one throw-away PostgreSQL.
//!
//! `cargo test --workspace` runs everything. `cargo test --package gamification-tests --test suites outbox::` runs one
//! suite, once the server has been built. Crate `gamification_tests` says what is where and how to add to it.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that can't go on should panic"
)]

mod adjustments;
mod api;
mod architecture;
mod campaigns;
mod channel_migration;
mod channels;
mod citus;
mod commands;
mod connections;
mod embedding;
mod extremes;
mod fresh_reads;
mod group_commit;
mod history;
mod hostile;
mod http;
mod import;
mod inner_limits;
mod leaderboards;
mod levels;
mod lifecycle;
mod limits;
mod lock_order;
mod migrations;
mod nats;
mod observability;
mod outbox;
mod partitions;
mod planner_statistics;
mod privacy;
mod readme;
mod record_facts;
mod reference_model;
mod replica;
mod rules;
mod streams;
mod thresholds;
mod tokens;
mod turns;
mod upgrade;
mod verify;
