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
//! [`audit`] compares what is derived with what it is derived from, and puts it right.
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
//! # To add a channel
//! Events leave through a relay for each channel, which takes care of order, retries, giving up and gauges; nothing of it,
//! and no table, has to change. What a channel is made of:
//! 1. A crate for it, `gamification-<channel>`, with a type that implements [`jobs::Destination`]: bring one event there,
//!    and say whether it was taken. `gamification-events` writes the JSON; `gamification-webhook` is an example. The
//!    workspace's manifest, the server's, and the table of layers in the tests name it.
//! 2. `gamification-server/src/channels.rs`: its variant of `Receiver`. From here on the compiler names the places.
//! 3. `gamification-server/src/cli.rs` and `config.rs`: its options, what makes them usable, and the channel's name.
//! 4. The table of variables in the README.

mod access;
pub mod audit;
mod chain;
mod clock;
pub mod commands;
mod contention;
mod event_bus;
mod event_outcome;
mod fact_queue;
mod incoming_event;
pub mod jobs;
mod ledger;
mod observation;
pub mod ports;
pub mod queries;
mod transaction;

pub use access::AccessDenied;
pub use chain::Chain;
pub use clock::{Clock, IdGenerator, System};
pub use event_bus::{EventBus, EventEnvelope, HandlerFailed};
pub use event_outcome::{EventCounts, EventOutcome, EventStatus};
pub use fact_queue::{FactQueue, RecordError, Recorded};
pub use incoming_event::{EventContent, EventMistake, IncomingEvent};
pub use observation::{HISTOGRAMS, describe_metrics};
