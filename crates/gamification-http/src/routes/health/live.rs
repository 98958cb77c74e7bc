//! `GET /livez`: is the process alive?

use actix_web::HttpResponse;

use super::HealthView;

/// Liveness: whether the process answers at all
#[utoipa::path(
    get, path = "/livez", tag = "operation", operation_id = "live",
    responses((status = 200, description = "Yes", body = HealthView))
)]
pub(in crate::routes) async fn handle() -> HttpResponse {
    HttpResponse::Ok().json(HealthView::OK)
}
