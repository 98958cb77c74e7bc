//! The ports of `gamification-app` on PostgreSQL, with Diesel.
//!
//! # To embed the service
//! [`Gamification`] is all of it in a program of your own, in ten lines: facts of `gamification-domain` go in, levels are
//! read, and what follows is heard of by type, each as an [`EventEnvelope`]. `cargo run --example embed` shows it; the parts
//! below stay there for who needs them.
//!
//! # The parts
//! [`PgStore`] holds the connections and begins transactions; [`PgTx`] is one, and implements every write port, one module
//! each in `repositories/`; [`PgStore`] itself implements the reads. Rows are private to this crate and are turned
//! into domain types where they are read, by hand, field by field.
//!
//! All writes are set-based: a method takes a whole set and costs a fixed number of statements, whatever its size. In a
//! transaction, a statement that gives nothing leaves with the next one that does (`transaction.rs`); lookups that wait at
//! the same moment are one statement (`lookups.rs`), which is sent a community's levels only where they are others than
//! those that are known (`known_levels.rs`).
//!
//! Every statement is prepared once for each connection, and planned once, by keys: what a session is told sees to it,
//! and a test looks at the plans of hot statements on empty and on full tables. There are two kinds: Diesel's own
//! queries for single rows, and `statements!` for the rest, with named parameters whose SQL types are those of the columns
//! in `schema.rs`. Beside them are a few texts without parameters, mostly what a session is told; a test lists the modules
//! that send some. Tests in `against_postgres` hold all of it, and the written-down schema, against a migrated database.
//!
//! What points are worth, what may be awarded, and which total makes which level is decided in the domain: the thresholds
//! are sent to the one statement that compares totals with them (`LevelUpMembers`, which levels a chunk of members up
//! and, like the domain, never down). What SQL decides by itself is who is seen: a member is whom the directory has as
//! present, badges are for those whom a community ever had, only listed courses have gates, and a window of a leaderboard
//! never counts as less than 0 points (`GREATEST` in its index). Where the rows would be too many to be read, SQL also
//! computes by what the domain sends it: the payload of a level-up (`LevelUpMembers`; the suite `levels` reads it as an
//! event), and a preview's sum of what caps would have kept back (`SelectOverCaps`; the suite `rules` compares it with
//! awards under these caps). The totals in a member's history are sums over the entries that are read. Audits compute sums,
//! counts and chains of events in SQL on purpose, sharing nothing with what they audit.
//!
//! Every key begins with the community, but for what belongs to one installation of PostgreSQL as a whole: how far boards
//! have come (`leaderboard_progress`, by numbers of transactions) and the index by which entries leave a window.
//!
//! Which users were erased is known by keyed hashes (`erasure_keys.rs`): a transaction learns the keys from the rows of the
//! level configurations that it locks, and where there is none, it asks for nobody.
//!
//! The tables may be distributed by community (`distribution.rs`) over the machines of a Citus cluster. Statements have parts for it
//! (`[[…]]`), which name the communities of every table once more, so that each goes to one shard; plain PostgreSQL is sent the
//! text without them.
//!
//! It knows nothing of HTTP.
//!
//! # To add a repository
//! Declare the port in `gamification-app`; add `repositories/<port>.rs` with its records, its statements and
//! `impl ThePort for PgTx`. Each conversion between a record and a domain type destructures; a value that can't be
//! understood is an error made by `misread!`, which names table, column and key. Locks are taken by key (`ORDER BY`), in
//! the order that `gamification_app::ports` names.
//!
//! # To add a statement
//! Where Diesel prepares it once (a `SELECT`, a `DELETE`, an `INSERT` of one row), write it as Diesel's query and send it
//! with `execute`, `load` or `first`. Otherwise declare it in the `statements!` of its module, with a `record!` for the
//! rows it gives and for the sets it is sent, and send it with `run`, `rows`, `read` or `row`. A module that has its first
//! statements is listed in `against_postgres/statements.rs`; a test names it otherwise, and another each column of a set
//! that is sent and never read.
//!
//! # To change the schema
//! Add a migration, one statement or one `DO` block each way (a test asks for it: databases that hand its text on take no
//! more), then `RENEW_SCHEMA=1 cargo test -p gamification-pg`: it rewrites `schema.rs` and `schema.txt`, whose
//! difference is reviewed with the migration. Statements that do not fit any more do not compile, or turn a test red.

#[cfg(test)]
mod against_postgres;
pub mod connection;
mod deliveries;
mod distribution;
mod embedding;
mod erasure_keys;
mod error;
mod event_feed;
mod json;
mod known_levels;
mod lookups;
mod member_names;
mod metrics;
mod migrations;
mod outbox_upkeep;
mod queries;
mod replica;
mod repositories;
mod schema;
mod sending;
mod statement;
mod statistics;
mod stored_event;
mod stored_lww_state;
mod transaction;
mod verification;

pub use deliveries::{PgDeliveries, PgRelayLease};
pub use embedding::{ConnectError, Gamification, GamificationBuilder};
pub use event_feed::{PgEventFeed, PgEventFeeds};
pub use metrics::describe_metrics;
pub use migrations::{MigrationError, distribute, migrate, revert_last_migration};
pub use replica::PgReplica;
pub use transaction::{PgStore, PgTx};
pub use verification::PgSnapshot;

/// What subscriptions of [`Gamification`] are called with.
pub use gamification_app::EventEnvelope;
