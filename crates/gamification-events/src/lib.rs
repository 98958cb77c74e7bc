//! CloudEvents 1.0 of the points and levels service, in and out: the wire format that all channels share.
//!
//! **In**, a message becomes [`IncomingEvent`](gamification_app::IncomingEvent)s: [`read_structured`], [`read_batched`] and
//! [`read_binary`] take the bytes and what stands beside them, in one of the [`ContentMode`]s. An event is a fact to
//! record, of a type that means nothing here, or invalid with a sentence and a place for its sender; a message that holds
//! no events at all is a [`MalformedMessage`]. What becomes of events is decided by
//! `gamification_app::commands::ingest_events`, for every channel alike.
//! **Out**, [`outgoing_event`] writes what the outbox holds.
//!
//! This crate never does I/O, and knows no web framework, no broker and no database: headers, acknowledgements and sizes
//! of bodies are the channel's. It decides nothing: what a fact leads to is the domain's.
//!
//! # What is refused
//! Anything is read to a verdict; nothing panics. A name that stands twice among an event's attributes or in its `data`
//! makes the event invalid, since parsers differ in which of the values they would take; elsewhere, where nothing is
//! read, it does no harm. JSON that is nested more than 127 levels deep, numbers too large for a double, and texts with
//! half of a surrogate pair are not JSON to us.
//!
//! # To add an event type
//! 1. `gamification-domain/src/event_type.rs`: the type, with its name; and, where it tells a new kind of fact,
//!    `fact.rs`: the variant of `FactKind`. From here on the compiler names the places.
//! 2. `facts.rs`: its line in the table, and what its `data` have. `envelope/tests.rs`: its required fields.
//! 3. The table in the README, and the description of `CloudEvent` in `gamification-http`.
//!
//! # To add an outgoing event
//! `gamification-domain/src/events.rs`: the variant of `DomainEvent`; `outgoing_event.rs`: its data.

mod content_mode;
mod envelope;
mod facts;
mod fields;
mod json;
mod message;
mod mistake;
mod outgoing_event;

pub use content_mode::{ContentMode, EVENT_BATCH, EVENT_DATA, STRUCTURED_EVENT};
pub use message::{MAX_BATCH_EVENTS, MalformedMessage, read_batched, read_binary, read_structured};
pub use mistake::rejection_mistake;
pub use outgoing_event::outgoing_event;
