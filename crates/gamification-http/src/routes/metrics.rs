//! `GET /metrics`: what is counted and measured, for Prometheus.

use actix_web::{HttpResponse, web::Data};
use gamification_app::ports::Store;

use crate::state::Operations;

/// The text format of Prometheus.
const CONTENT_TYPE: &str = "text/plain; version=0.0.4";

/// What is counted and measured
///
/// In the text format of Prometheus.
#[utoipa::path(
    get, path = "/metrics", tag = "operation", operation_id = "metrics",
    responses((status = 200, description = "All metrics", content_type = "text/plain", body = String))
)]
pub(super) async fn handle<S: Store>(operations: Data<Operations<S>>) -> HttpResponse {
    HttpResponse::Ok().content_type(CONTENT_TYPE).body((operations.metrics)())
}
