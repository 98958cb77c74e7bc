//! NATS JetStream: the platform's events come in by a durable pull consumer, and events go out as one more channel of the
//! outbox.
//!
//! - [`NatsSource`] is a [`Source`](gamification_app::jobs::Source) for `consume_events` of `gamification-app`, which
//!   decides what becomes of each message: a message is acknowledged after its fact is committed, one that can never be
//!   recorded is published under the dead-letter subject and then terminated.
//! - [`NatsPublisher`] is a [`Destination`](gamification_app::jobs::Destination) for the relay: an event is delivered once
//!   JetStream has acknowledged it.
//! - [`check`] tells what of an operator's streams and consumer would lose events or hold them up, and [`watch`] tells a
//!   running server's operators. [`run`] is that and a source's consumption, for a server to start and stop.
//! - `NatsOptions` is what configures them on a command line or in the environment (feature `options`, for `clap`).
//!
//! Streams and consumers are the operator's; nothing here creates or changes one. Subjects route, and the body of a message
//! decides: where several cells share a broker, each reads a stream or a filter of its own.
//!
//! This crate knows no database and no other channel.

mod checking;
mod connection;
mod message;
#[cfg(feature = "options")]
mod options;
mod publisher;
mod running;
mod source;
mod subject;
mod watching;

pub use checking::check;
pub use connection::{Authentication, ConnectionSettings, InvalidSettings, Nats, Tls};
#[cfg(feature = "options")]
pub use options::{InvalidOptions, NatsOptions};
pub use publisher::NatsPublisher;
pub use running::{NatsParts, run};
pub use source::{ConsumerSettings, NatsSource};
pub use subject::{InvalidSubject, Subject};
pub use watching::watch;
