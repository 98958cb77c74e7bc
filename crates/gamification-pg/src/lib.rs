//! The ports of `gamification-app` on PostgreSQL, with Diesel.
//!
//! [`PgStore`] holds the pool and begins transactions; [`PgTx`] is one, and implements every write port, one module
//! each in `repositories/`; [`PgStore`] itself implements the reads. Rows are private to this crate and are turned
//! into domain types where they are read, by hand, field by field.
//!
//! All SQL is set-based: a method takes whole sets and costs one or two statements, whatever their size. Each
//! statement is a type made by the `statement!` macro, so that it is prepared once per connection.
//!
//! This crate decides nothing: no rule of points or levels is in its SQL. It knows nothing of HTTP.
//!
//! # To add a repository
//! Declare the port in `gamification-app`; add `repositories/<port>.rs` with its statements, its rows and
//! `impl ThePort for PgTx`. Locks are taken by key (`ORDER BY`), in the order that `gamification_app::ports` names.

pub mod connection;
mod deliveries;
mod embedding;
mod error;
mod migrations;
mod queries;
mod repositories;
mod statement;
mod statistics;
mod stored_event;
mod stored_lww_state;
mod transaction;
mod verification;

pub use deliveries::{PgDeliveries, PgRelayLease};
pub use embedding::{ConnectError, Gamification, GamificationBuilder};
pub use migrations::{MigrationError, migrate, revert_last_migration};
pub use statistics::PoolUsage;
pub use transaction::{PgStore, PgTx};
pub use verification::PgSnapshot;
