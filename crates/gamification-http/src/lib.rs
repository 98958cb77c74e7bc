//! The REST API of `gamification-app`, on Actix.
//!
//! JSON shapes live here, each beside its route: requests are turned into domain types by hand, views are built from
//! them field by field. What the platform's events look like is known to `gamification-events`; the route under
//! `routes/events/` has their headers, the limit of their size, and the answer.
//! Every answer of status 400 and above is an `application/problem+json` document ([`problem`]).
//!
//! This crate decides nothing and knows no SQL. Handlers are generic over the ports, so that only the server names a
//! database. They check in this order: token, path, community, membership, role, body, course.
//!
//! # To add an endpoint
//! Make a file under `routes/` named as the address reads, with its view, its handler and its tests; put it into the
//! table in [`routes`]. Errors go through one `From<TheCommandError> for Problem` beside the handler.

mod auth;
mod body;
mod deadline;
mod openapi;
mod path;
pub mod problem;
mod request_metrics;
pub mod routes;
mod state;

pub use auth::{InvalidKeyFile, InvalidSecret, TokenClaims, TokenIssuer, TokenVerifier};
pub use request_metrics::{REQUEST_DURATION, describe_metrics, measure_requests};
pub use state::{Api, Draining, Metrics, Operations};

/// The OpenAPI document, as `/openapi.json` answers it, for people.
///
/// # Errors
/// Never, but for a mistake of ours.
pub fn openapi_json() -> Result<String, serde_json::Error> {
    routes::document(true).to_pretty_json()
}
