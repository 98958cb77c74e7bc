//! `GET /openapi.json`: what the API is, for programs.

use actix_web::{HttpResponse, web::Data};
use gamification_app::ports::Store;

use crate::{routes::document, state::Operations};

/// The OpenAPI document of this API
#[utoipa::path(
    get, path = "/openapi.json", tag = "operation", operation_id = "openapi",
    responses((status = 200, description = "OpenAPI 3.1", content_type = "application/json", body = serde_json::Value))
)]
pub(in crate::routes) async fn handle<S: Store>(operations: Option<Data<Operations<S>>>) -> HttpResponse {
    // It tells of what is at this address.
    HttpResponse::Ok().json(document(operations.is_some()))
}
