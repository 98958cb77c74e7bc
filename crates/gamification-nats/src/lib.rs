//! NATS JetStream: the platform's events come in by a durable pull consumer, and events go out as one more channel of the
//! outbox.
//!
//! - [`NatsSource`] is a [`Source`](gamification_app::jobs::Source) for `consume_events` of `gamification-app`, which
//!   decides what becomes of each message: a message is acknowledged after its fact is committed, one that can never be
//!   recorded is published under the dead-letter subject and then terminated.
//! - [`NatsPublisher`] is a [`Destination`](gamification_app::jobs::Destination) for the relay: an event is delivered once
//!   JetStream has acknowledged it.
//! - [`check`] tells what of an operator's streams and consumer would lose events or hold them up.
//!
//! Streams and consumers are the operator's; nothing here creates or changes one. Subjects route, and the body of a message
//! decides: a cell of several consumes its communities by a filter on `<prefix>.<community_id>.>`.
//!
//! This crate knows no database, no configuration and no other channel.

mod checking;
mod connection;
mod message;
mod publisher;
mod source;
mod subject;

pub use checking::check;
pub use connection::{Authentication, ConnectionSettings, InvalidSettings, Nats, Tls};
pub use publisher::NatsPublisher;
pub use source::{ConsumerSettings, NatsSource, watch_backlog};
pub use subject::{InvalidSubject, Subject};
