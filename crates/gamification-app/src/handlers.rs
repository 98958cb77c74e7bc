//! What this service does with events of other modules in the same process.

use std::sync::Arc;

use gamification_domain::{FactRecord, Verdict};

use crate::{EventBus, FactQueue, ports::BoxedError};

/// Registers the handlers: a [`FactRecord`] that is published, be it of the Community or of the Classroom module, is
/// recorded. The publisher gets its answer once that is durable.
pub fn register_handlers(bus: &mut EventBus, facts: &FactQueue) {
    let facts = facts.clone();
    bus.subscribe("record a fact", move |record| record_fact(facts.clone(), record));
}

async fn record_fact(facts: FactQueue, record: Arc<FactRecord>) -> Result<(), BoxedError> {
    for recorded in facts.record(vec![FactRecord::clone(&record)]).await {
        if let Verdict::Rejected(rejection) = recorded? {
            // Publishing it again would not help.
            tracing::warn!(event_type = record.fact.event_type().as_str(), %rejection, "a published fact was rejected");
        }
    }
    Ok(())
}
