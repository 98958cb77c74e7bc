//! What the suites share: a throw-away PostgreSQL, the real server, builders of events, and an independent audit.
//!
//! No test reaches PostgreSQL any other way, so none can pass for want of one: where it can't be started, the test
//! fails and says what to install.
//!
//! # What is where
//! - `src/`: the support. [`TestDatabase`] is a database for one test, in the one [`Cluster`] of the program; it is
//!   audited when the test ends. [`TestServer`] and [`Launch`] run the real program, also where an app in this
//!   process would do: starting it costs a tenth of what making its database does. [`ApiScene`] is a community on it,
//!   [`event`] builds what the platform sends. [`Receiver`] and [`Collector`] are the other ends of the webhook and of
//!   traces. [`until`] and [`block_until`] are the only ways to wait. [`model`] knows what the service should say.
//! - `suites/`: the suites, a module each of one program, `suites/main.rs`. What needs crates rather than the program
//!   (`record_facts`, `group_commit`, `connections`) is beside them, for the sake of that one PostgreSQL.
//! - `suites/campaigns/`: what breaks things on purpose, at length.
//! - `features/` and `suites/features/`: behaviour in Gherkin and its steps; a program of its own, as Cucumber has its
//!   own runner.
//! - `benches/speed/`: `cargo bench`, on a cluster that is durable.
//!
//! # On Citus
//! Where `GAMIFICATION_CITUS_PG_CONFIG` names the `pg_config` of a PostgreSQL that has Citus, the cluster is a coordinator and two
//! workers, and every database is distributed, so that all suites run there: `cargo test --workspace --test suites`. What can't
//! be so there says that it is skipped. `suites/citus.rs` has what only several machines can get wrong.
//!
//! # To add a suite
//! 1. `suites/<subject>.rs`: tests that are named as sentences, each with a [`TestDatabase`] of its own.
//! 2. Its line in `suites/main.rs`.
//!
//! The tests run side by side in one process, so none may change the process: no environment variables, no current
//! folder, no signals. A server's environment is set by [`Launch::env`].
//!
//! # To add a scenario
//! Write it into a file of `features/`, with the steps that are there; `suites/features/main.rs` says where steps are.
//!
//! # To add a campaign
//! 1. A test with [`Campaign::new`], which prints its seed, a small and a large number of rounds, and all its randomness
//!    from [`Campaign::random`].
//! 2. At its end [`LevelWatch::end`], where members earn, and [`assert_verify_finds_nothing`], where there is a database.
//!    The audit comes with it.
//! 3. Its line in this table; the suite `architecture` compares the sizes.
//!
//! `GAMIFICATION_CAMPAIGNS=large` makes campaigns large; `GAMIFICATION_CAMPAIGN_SEED` repeats the one whose failure
//! printed it: `cargo test --workspace --test suites --test command_line -- <name>`; that of the decoders is
//! `cargo test --package gamification-events`.
//!
//! | | campaign | where | small / large |
//! |---|---|---|---|
//! | R1 | the server is killed under load | `campaigns/kills.rs` | 20 / 500 kills |
//! | R2 | a history in any order, repeated, at once | `campaigns/any_order.rs` | 500 / 10,000 histories; every order of 20 / 200 short ones |
//! | R3 | awards against changes of thresholds; admins with one `ETag` | `thresholds.rs` | 3 / 200; 5 / 1,000 |
//! | R4 | overlapping batches of 16 clients | `campaigns/kills.rs` | 6 / 300 batches |
//! | R5 | the database crashes, loses sessions, stalls, while people watch | `campaigns/database_trouble.rs` | 1 / 40 of each |
//! | R6 | too much is offered, while people watch | `campaigns/overload.rs` | 1 / 20 |
//! | R7 | slow clients; requests that are two | `campaigns/slow_clients.rs` | 1 / 40; 60 / 10,000 |
//! | R8 | malformed bodies; anything at all, read as events; requests from the API's document | `campaigns/malformed.rs`; `decoders.rs` of `gamification-events`; `.ci/fuzz-api` | 400 / 40,000; 256 / 20,000 of each kind; 50 / 2,000 of each kind |
//! | R9 | hostile texts | `hostile.rs` | 100 / 20,000 names, reasons, keys, cursors; 1 / 200 batches |
//! | R10 | tokens that are not right | `tokens.rs` | 300 / 50,000 |
//! | R11 | roles that change | `api.rs` | 30 / 5,000 |
//! | R12 | thresholds and totals at the ends of their ranges | `extremes.rs` | 60 / 10,000 of each |
//! | R13 | servers that start at once on an empty database; migrations back and again on filled tables | `lifecycle.rs`; `migrations.rs` | 2 / 100; 2 / 60 |
//! | R14 | a rolling restart | `campaigns/kills.rs` | 4 / 100 restarts |
//! | R15 | relays that are killed, receivers that fail | `outbox.rs` | 6 / 200 |
//! | | random histories against the reference model, their windows to the second, and the model against itself | `reference_model.rs`; `src/model/tests.rs` | 500 / 20,000; 60 / 3,000; 300 / 30,000 histories |
//! | | reads on two servers after changes on either | `fresh_reads.rs` | 60 / 5,000 |
//! | | adjustments beside awards, through two servers | `adjustments.rs` | 30 / 1,000 rounds |
//! | | erasures beside awards, likes and imports; beside deliveries that fail | `privacy/races.rs`; `privacy/sweeps.rs` | 5 / 300; 3 / 200 |
//! | | repairs beside erasures | `privacy/races.rs` | 8 / 200 |
//! | | rules that change beside awards on two servers; previews of caps against awards under them | `rules.rs` | 60 / 2,000; 5 / 200 |
//! | | boards beside the events that move them | `leaderboards.rs` | 20 / 2,000 rounds of two servers |
//! | | a database as the first version left it; one that it has filled itself | `upgrade.rs`; `.ci/try-upgrade` | 1,000 / 10,000 members; 10,000 |
//! | | killed between commit and acknowledgement; the broker killed; poison; seconds without a database; seconds after a crash of it; thousands behind | `nats/campaigns.rs` | 4 / 200; 2 / 20; 1 / 20; 3 / 20; 3 / 20; 3 / 1,000 |
//! | | facts of several partitions | `partitions.rs` | 2 / 200 |
//! | | streams that are open | `streams.rs` | 400 / 1,000 |
//! | R16 | a mixed load with every fault | `campaigns/soak.rs`; `.ci/soak` | for `GAMIFICATION_SOAK_SECONDS`: 10, 60 in CI, 3,600 |

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
pub mod broker;
mod campaign;
mod citus;
mod cluster;
mod collector;
mod database;
pub mod event;
mod level_watch;
mod levels;
pub mod model;
mod receiver;
mod scrape;
mod server;
mod sessions;
mod streaming;
mod until;
mod verify;

pub use api::{ApiScene, Operation, operations};
pub use audit::audit;
pub use campaign::{Campaign, Random};
pub use citus::{skipped_on_citus, without_citus};
pub use cluster::Cluster;
pub use collector::{CollectedSpan, Collector};
pub use database::TestDatabase;
pub use level_watch::LevelWatch;
pub use levels::default_levels;
pub use receiver::{Delivery, Reaction, Receiver, WEBHOOK_SECRET, assert_everything_was_told};
pub use scrape::{Labels, Scrape};
pub use server::{
    Answer, Launch, Memory, SECRET, TestServer, adjusting_service_token, binary, in_an_hour,
    reading_service_token, service_token, signed, user_token,
};
pub use sessions::{StoppedSessions, sessions, signal_sessions};
pub use streaming::{Streamed, Streaming};
pub use until::{PATIENCE, block_until, until};
pub use verify::assert_verify_finds_nothing;
