//! The REST API of `gamification-app`, on Actix.
//!
//! JSON shapes live here, each beside its route: requests are turned into domain types by hand, views are built from
//! them field by field. What the platform's events look like is known to `gamification-events`; the route under
//! `routes/events/` has their headers, the limit of their size, and the answer.
//! Every answer of status 400 and above is an `application/problem+json` document (`problem.rs`).
//!
//! This crate decides nothing and knows no SQL. Handlers are generic over the ports, so that only the server names a
//! database. They check in this order: token, path, community, membership, role, body, course.
//!
//! # To add an endpoint
//! - `routes/<what>/<verb or noun>.rs`: its view and its `handle`, whose `#[utoipa::path]` declares address, method,
//!   parameters and answers, once; the route, the 405s, the parameters that are let through, the metrics and the
//!   document all follow from it. Where a command has an error of its own, one `From<TheCommandError> for Problem`.
//! - `routes/<what>/mod.rs`: the module.
//! - `routes/mod.rs`: a line in the table of endpoints.
//! - `npm run schema` in `gamification-web`: the client's types, which CI compares with the document. The README's table of
//!   what is where, which a reader looks for it in.
//! - What it calls: a command or a query of `gamification-app`; see the lists there.
//! - Its tests, which run on an app or a server in `tests/suites/`; `api.rs` there asks for each operation who may
//!   call it, and fails until it is told.

mod app;
mod auth;
mod body;
mod compression;
mod conditional;
mod cors;
mod cursor;
mod deadline;
mod head_limits;
mod openapi;
mod path;
mod problem;
mod request_id;
mod request_metrics;
mod request_span;
mod routes;
mod state;

pub use app::{AppParts, app, serve};
pub use auth::{
    ADJUST_SCOPE, EVENTS_SCOPE, InvalidKeyFile, InvalidSecret, READ_SCOPE, TokenClaims, TokenIssuer,
    TokenVerifier,
};
pub use cors::{InvalidOrigin, Origin};
pub use request_metrics::{REQUEST_DURATION, describe_metrics};
pub use request_span::JoinTrace;
pub use routes::stream_message;
pub use state::{Api, Draining, Metrics, Operations};

/// The OpenAPI document, as `/openapi.json` answers it, for people.
///
/// # Errors
/// Never, but for a mistake of ours.
pub fn openapi_json() -> Result<String, serde_json::Error> {
    routes::document(true).to_pretty_json()
}
