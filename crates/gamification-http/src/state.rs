//! What every handler shares.

use actix_web::web::Bytes;
use gamification_app::{EventStreams, FactQueue};
use tokio_util::sync::CancellationToken;

use crate::auth::TokenVerifier;

/// The parts a server hands to the routes: the database, time and ids, and whose tokens it trusts.
#[derive(Clone)]
pub struct Api<S, E> {
    /// Where reads come from, and settings go.
    pub store: S,
    /// The queue that facts are recorded through.
    pub facts: FactQueue,
    /// The clock and the generator of ids.
    pub system: E,
    /// Verifies bearer tokens by the keys that are trusted.
    pub verifier: TokenVerifier,
    /// What happens in communities, for pages that are open; [`stream_message`](crate::stream_message) writes it.
    pub streams: EventStreams<Bytes>,
    /// Whether the server is about to stop.
    pub draining: Draining,
}

/// The parts a server hands to the routes for operators.
pub struct Operations<S> {
    /// The database that must be there.
    pub store: S,
    /// Whether the server is about to stop.
    pub draining: Draining,
    /// Writes down what is counted and measured, in the text format of Prometheus.
    pub metrics: Metrics,
}

/// Renders all metrics in Prometheus' text format.
pub type Metrics = Box<dyn Fn() -> String + Send + Sync>;

/// Tells load balancers, through `/readyz`, to send no more work here, and ends streams. Clones share one state.
#[derive(Clone, Debug, Default)]
pub struct Draining(CancellationToken);

impl Draining {
    /// Shutting down begins: readiness is off from now on.
    pub fn begin(&self) {
        self.0.cancel();
    }

    /// Whether shutting down has begun.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Waits until shutting down begins.
    pub(crate) async fn begun(&self) {
        self.0.cancelled().await;
    }
}
