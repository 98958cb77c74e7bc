//! `GET /openapi.json` and `GET /docs`: what the API is, and a page to read and try it, all out of the binary.

use actix_web::{HttpResponse, http::header::LOCATION, web::Data};
use gamification_app::ports::Store;
use utoipa::OpenApi;
use utoipa_swagger_ui::{Config, SwaggerUi};

use super::{Document, OPERATIONS};
use crate::state::Operations;

/// This document
#[utoipa::path(
    get, path = "/openapi.json", tag = "operation",
    responses((status = 200, description = "OpenAPI 3.1", content_type = "application/json", body = serde_json::Value))
)]
pub(super) async fn openapi<S: Store>(operations: Option<Data<Operations<S>>>) -> HttpResponse {
    let mut document = Document::openapi();
    // It tells of what is at this address.
    if operations.is_none() {
        document.paths.paths.retain(|path, _| !OPERATIONS.contains(&path.as_str()));
    }
    HttpResponse::Ok().json(document)
}

/// A page to read and try the API
#[utoipa::path(
    get, path = "/docs", tag = "operation",
    responses((status = 308, description = "The page is at `/docs/`"))
)]
pub(super) async fn docs() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header((LOCATION, "/docs/")).finish()
}

/// The page and what it loads; nothing comes from anywhere else.
pub(super) fn pages() -> SwaggerUi {
    SwaggerUi::new("/docs/{_:.*}").config(Config::from("/openapi.json").validator_url("none"))
}
