//! Events within one process: a published event reaches every subscriber of its type.

use std::{
    any::{Any, TypeId},
    collections::HashMap,
    fmt,
    future::Future,
    sync::Arc,
};

use futures_util::{FutureExt, future::BoxFuture};
use gamification_domain::DomainEvent;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    Chain,
    jobs::{DeliveryError, Destination},
    ports::{BoxedError, PendingEvent},
};

/// Hands events to the handlers that are registered for their type.
///
/// Handlers are registered before the bus is shared, so that no event can be published too early.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// use gamification_app::EventBus;
///
/// struct DoorOpened { by: &'static str }
///
/// let mut bus = EventBus::default();
/// bus.subscribe("greet", |event: std::sync::Arc<DoorOpened>| async move {
///     println!("hello, {}", event.by);
///     Ok(())
/// });
/// assert_eq!(bus.publish(DoorOpened { by: "Ada" }).await?, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Default)]
pub struct EventBus {
    handlers: HashMap<TypeId, Vec<Handler>>,
}

struct Handler {
    name: &'static str,
    handle: Box<dyn Fn(AnyEvent) -> BoxFuture<'static, Result<(), BoxedError>> + Send + Sync>,
}

type AnyEvent = Arc<dyn Any + Send + Sync>;

/// A handler could not do its work. Others were called all the same.
#[derive(Debug, thiserror::Error)]
#[error("the handler {handler:?} failed")]
pub struct HandlerFailed {
    /// The name of the handler, of the first one where several failed.
    pub handler: &'static str,
    /// What kept the subscriber from handling it.
    pub source: BoxedError,
}

/// An event of ours, as subscribers get it: `EventEnvelope<PointsAwarded>`, `EventEnvelope<PointsDeducted>` or `EventEnvelope<MemberLeveledUp>`.
#[derive(Clone, Debug)]
pub struct EventEnvelope<T> {
    /// The same whenever it is delivered again.
    pub id: Uuid,
    /// Rises from event to event of a member.
    pub sequence: i64,
    /// When the transaction that caused it recorded it, in UTC.
    pub at: OffsetDateTime,
    /// The event, of the type that was subscribed to.
    pub event: T,
}

impl EventBus {
    /// Registers a handler for events of one type; `name` is for the log.
    pub fn subscribe<T, F, R>(&mut self, name: &'static str, handler: F)
    where
        T: Send + Sync + 'static,
        F: Fn(Arc<T>) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), BoxedError>> + Send + 'static,
    {
        let handle = move |event: AnyEvent| match event.downcast::<T>() {
            Ok(event) => handler(event).boxed(),
            // Handlers are looked up by type, so this is never another one.
            Err(_) => std::future::ready(Ok(())).boxed(),
        };
        self.handlers.entry(TypeId::of::<T>()).or_default().push(Handler { name, handle: Box::new(handle) });
    }

    /// Whether no handler is registered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.handlers.is_empty()
    }

    /// Calls the handlers for the type of an event, one after another, and gives how many there are.
    ///
    /// # Errors
    /// [`HandlerFailed`] when one failed; publishing again calls all of them again.
    pub async fn publish<T: Send + Sync + 'static>(&self, event: T) -> Result<usize, HandlerFailed> {
        let event: AnyEvent = Arc::new(event);
        let handlers = self.handlers.get(&TypeId::of::<T>()).map_or(&[][..], Vec::as_slice);
        let mut outcome = Ok(handlers.len());
        for Handler { name, handle } in handlers {
            if let Err(source) = handle(Arc::clone(&event)).await {
                let event_type = std::any::type_name::<T>();
                tracing::error!(event_type, handler = name, error = %Chain(&*source), "event handler error");
                outcome = outcome.and(Err(HandlerFailed { handler: name, source }));
            }
        }
        outcome
    }
}

/// The relay's events go to the subscribers of this process.
impl Destination for Arc<EventBus> {
    async fn deliver(&self, pending: &PendingEvent) -> Result<(), DeliveryError> {
        let PendingEvent { id, sequence, event, created_at, failure: _ } = pending.clone();
        let published = match event {
            DomainEvent::PointsAwarded(event) => {
                self.publish(EventEnvelope { id, sequence, at: created_at, event }).await
            }
            DomainEvent::PointsDeducted(event) => {
                self.publish(EventEnvelope { id, sequence, at: created_at, event }).await
            }
            DomainEvent::MemberLeveledUp(event) => {
                self.publish(EventEnvelope { id, sequence, at: created_at, event }).await
            }
        };
        published.map(drop).map_err(|error| DeliveryError(Chain(&error).to_string()))
    }
}

impl fmt::Debug for EventBus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.handlers.values().flatten().map(|handler| handler.name);
        f.debug_list().entries(names).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    fn run<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
    }

    #[test]
    fn an_event_reaches_those_who_asked_for_its_type_in_order_and_nobody_else() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let mut bus = EventBus::default();
        for name in ["one", "two"] {
            let seen = Arc::clone(&seen);
            bus.subscribe(name, move |event: Arc<u32>| {
                seen.lock().unwrap().push((name, *event));
                async { Ok(()) }
            });
        }
        bus.subscribe("texts", |_: Arc<String>| async { Err("not for me".into()) });
        assert_eq!(run(bus.publish(7_u32)).unwrap(), 2);
        assert_eq!(*seen.lock().unwrap(), [("one", 7), ("two", 7)]);
        assert_eq!(run(bus.publish(7_u64)).unwrap(), 0, "nobody asked");
    }

    #[test]
    fn a_handler_that_fails_is_named_and_does_not_keep_the_others_from_the_event() {
        let seen = Arc::new(Mutex::new(0));
        let mut bus = EventBus::default();
        bus.subscribe("broken", |_: Arc<u32>| async { Err("out of paper".into()) });
        let count = Arc::clone(&seen);
        bus.subscribe("counting", move |_: Arc<u32>| {
            *count.lock().unwrap() += 1;
            async { Ok(()) }
        });
        let failed = run(bus.publish(7_u32)).unwrap_err();
        assert_eq!(Chain(&failed).to_string(), "the handler \"broken\" failed: out of paper");
        assert_eq!(*seen.lock().unwrap(), 1);
    }
}
