//! CloudEvents 1.0 of the points and levels service, in and out: the wire format that all channels share.
//!
//! **In**, a message becomes [`IncomingEvent`](gamification_app::IncomingEvent)s: [`read_structured`], [`read_batched`] and
//! [`read_binary`] take the bytes and the headers beside them, in one of the [`ContentMode`]s. An event is a fact to
//! record, of a type that means nothing here, or invalid with a sentence and a place for its sender; a message that holds
//! no events at all is a [`MalformedMessage`]. What becomes of them is decided for every channel alike by
//! [`ingest_events`](gamification_app::commands::ingest_events).
//! **Out**, [`outgoing_event`] writes what the outbox holds.
//!
//! This crate never does I/O, and knows no web framework, no broker and no database: headers, acknowledgements and the
//! sizes of bodies are the channel's. It decides nothing: what a fact leads to is the domain's.
//!
//! # What is refused
//! Anything is read to a verdict; nothing panics. A name that occurs twice among an event's attributes or in its `data`
//! makes the event invalid, since parsers differ in which of the values they take; elsewhere, where nothing is read, it
//! does no harm. JSON that is nested more than 127 levels deep, numbers too large for a double, and texts with half of a
//! surrogate pair are not JSON to us.
//!
//! # To add an event type
//! 1. `gamification-domain/src/event_type.rs`: the type, under its name; and `fact.rs`, where it tells a new kind of fact.
//!    From here on the compiler names the places.
//! 2. `facts.rs`: its line in the table, and what its `data` have; `envelope/tests.rs`: which of them it must have.
//! 3. The table in the README, which a test asks for.
//!
//! # To add an outgoing event
//! `gamification-domain/src/events.rs`: the variant of `DomainEvent`; `outgoing_event.rs`: its `data`. The compiler names
//! the other places.
//!
//! # To add a channel in
//! Give it a crate of its own, `gamification-<channel>`, beside `gamification-http`, which reads messages with the
//! functions above. A broker's implements [`Source`](gamification_app::jobs::Source), as `gamification-nats` does: fetch
//! messages, and settle each as it is told; [`consume_events`](gamification_app::jobs::consume_events) does the rest. One that
//! must answer hands events to `ingest_events`, as `gamification-http` does, and a file's reader to
//! [`ingest_events_patiently`](gamification_app::commands::ingest_events_patiently), as `gamification-import` does. It
//! counts nothing and decides nothing. Beside the crate:
//! 1. The manifest of `gamification-server` names it (and that of the workspace a library that it is the first to use).
//! 2. `gamification-server/src/channels.rs`: its variables, which its crate defines and checks, as those of
//!    `gamification-nats` are in `options.rs`, its place in `Incoming`, and its start there, with a clone of the queue
//!    that all channels share; `Consumption` ends it before the queue is waited for.
//! 3. The README: its line among the layers, and the table of variables; tests ask for both.
//!
//! The suite `architecture` holds its crate to what adapters may depend on. That it is started and ended is for its own
//! tests to show.

mod content_mode;
mod envelope;
mod facts;
mod fields;
mod json;
mod message;
mod mistake;
mod outgoing_event;

pub use content_mode::{ContentMode, EVENT_BATCH, EVENT_DATA, STRUCTURED_EVENT, decode_attribute};
pub use message::{MAX_BATCH_EVENTS, MalformedMessage, read_batched, read_binary, read_structured};
pub use mistake::rejection_mistake;
pub use outgoing_event::outgoing_event;
