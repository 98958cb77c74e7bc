//! `GET /docs`: a page to read and try the API.

use actix_web::{HttpResponse, http::header::LOCATION};
use utoipa_swagger_ui::{Config, SwaggerUi};

/// A page to read and try the API
#[utoipa::path(
    get, path = "/docs", tag = "operation", operation_id = "docs",
    responses((status = 308, description = "The page is at `/docs/`"))
)]
pub(in crate::routes) async fn handle() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header((LOCATION, "/docs/")).finish()
}

/// The page and what it loads; nothing comes from anywhere else.
pub(in crate::routes) fn pages() -> SwaggerUi {
    SwaggerUi::new("/docs/{_:.*}").config(Config::from("/openapi.json").validator_url("none"))
}
