//! What the service does: commands that change, queries that read, and the ports they need.
//!
//! A command owns its transaction: it begins one on the [`Store`](ports::Store), calls the write ports that the
//! transaction implements, lets the domain decide, and commits. A query reads through
//! [`Queries`](ports::Queries), without a transaction. Time and ids come in through [`Clock`] and [`IdGenerator`].
//!
//! The platform's events come in through [`commands::ingest_events`], which every channel shares.
//!
//! What operators shall see is counted and logged here, once it is committed: [`describe_metrics`] names it all.
//!
//! [`jobs`] run beside requests: they deliver what the outbox holds, delete what is old, and refresh gauges.
//!
//! Leaderboards are a projection beside the transactions that award points: [`commands::project_leaderboards`] says how.
//!
//! Users are erased by a fact of their own kind: what is found by user at once, the rest by
//! [`commands::sweep_erasures`].
//!
//! [`EventStreams`] hand what was committed to pages that are open, whatever process committed it.
//!
//! [`audit`] compares what is derived with what it is derived from, and repairs it.
//!
//! This crate knows no SQL, no HTTP and no framework; it never does I/O but through its ports, and no network call is
//! made while a transaction is open.
//!
//! # To add a command
//! - `commands/<what_it_does>.rs`, named as the sentence says it (`set_course_level_requirement`): its input, its error,
//!   and the function, which takes `&impl Store` and gives steps that share the transaction
//!   `&mut impl ThePortsTheyNeed`. It ends the transaction through `transaction::end`, and is tried again through
//!   `contention::retry`, for which its error implements `CommandError`.
//! - `commands/mod.rs`: the module, and what it exports. The suite `architecture` lists the files where a transaction begins.
//! - Where it writes something new: a trait in `ports/`, named in [`ports`] as a supertrait of
//!   [`UnitOfWork`](ports::UnitOfWork), and its implementation in `gamification-pg`, `repositories/`.
//! - Where it is called over HTTP: an endpoint; see the list in `gamification-http`.
//!
//! Where it changes points, it lets the domain decide, collects `LedgerChanges`, hands them to `ledger::post`, and calls
//! `committed` on what that gives; the compiler says when it is forgotten. What an entry keeps of its cause is a variant of
//! `EntryCause` in the domain, a migration, and the record in `gamification-pg`, `repositories/ledger.rs`.
//!
//! # To add a query
//! - `ports/queries/<subject>.rs`: what it reads, a method of the subject's trait; in `gamification-pg` the file of the
//!   same name in `queries/` answers it, or `queries.rs`.
//! - `queries/<get_what>.rs`, which lets the caller in by `access`; `queries/mod.rs`: the module, and what it exports.
//! - An endpoint; see the list in `gamification-http`.
//!
//! # To add a leaderboard
//! With another window: its line in `leaderboard.rs` of the domain and its start in `WindowStarts`; here its sum in
//! `ports/leaderboards.rs`, and what `audit/leaderboard.rs` says of it; in `gamification-pg` a migration for its column and
//! index, and the statements that name boards one by one: `repositories/leaderboards/statements.rs`,
//! `repositories/erasure_sweeps.rs`, `queries/leaderboards.rs`, and in `verification` those of members and leaderboards; in
//! `gamification-http` its place in `routes/leaderboards/overview.rs` and `path.rs`; in `gamification-web` its name in
//! `locales`, its panel, and `npm run schema`. The compiler names all but the statements and the panel; the audit, the
//! tests' own model of boards and the suite `leaderboards` compare those with the ledger.
//!
//! # To add a channel
//! Events leave through a relay for each channel, which takes care of order, retries, giving up and gauges; nothing of it,
//! and no table, has to change. What a channel is made of:
//! 1. A crate for it, `gamification-<channel>`, with a type that implements [`jobs::Destination`]: bring one event there,
//!    and say whether it was accepted. `gamification-events` writes the JSON; `gamification-webhook` is an example.
//! 2. The manifest of `gamification-server` names it (and that of the workspace a library that it is the first to use).
//! 3. `gamification-server/src/channels.rs`: its options, its variant of `Receiver` with its name, and what makes of the
//!    options the variant. Whichever is there first, the compiler and a test there ask for the others.
//! 4. The README: its line among the layers, and the table of variables; tests ask for both.
//!
//! The suite `architecture` holds its crate to what adapters may depend on.

mod access;
pub mod audit;
mod chain;
mod clock;
pub mod commands;
mod contention;
mod event_bus;
mod event_outcome;
mod event_streams;
mod fact_queue;
mod incoming_event;
pub mod jobs;
mod ledger;
mod observation;
pub mod ports;
pub mod queries;
mod transaction;

pub use access::{AccessDenied, Reader};
pub use chain::Chain;
pub use clock::{Clock, IdGenerator, System};
pub use event_bus::{EventBus, EventEnvelope, HandlerFailed};
pub use event_outcome::{EventCounts, EventOutcome, EventStatus};
pub use event_streams::{EventStream, EventStreams, Streamed, TooManyStreams};
pub use fact_queue::{FactQueue, RecordError, Recorded};
pub use incoming_event::{EventContent, EventMistake, EventMistakeKind, IncomingEvent};
pub use observation::{HISTOGRAMS, describe_metrics, observe_backlog};
