//! `GET /livez` and `GET /readyz`: is the process alive, and can it take work?

use std::time::Duration;

use actix_web::{HttpResponse, web::Data};
use gamification_app::ports::Queries;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{openapi::ReadyProblems, problem::Problem, state::Operations};

/// A word for whoever looks by eye.
#[derive(Serialize, ToSchema)]
#[schema(as = Health)]
pub(super) struct HealthView {
    status: &'static str,
}

/// How long the database may take to answer before it counts as away.
const DATABASE_DEADLINE: Duration = Duration::from_secs(2);

/// The process lives
#[utoipa::path(get, path = "/livez", tag = "operation", responses((status = 200, description = "Yes", body = HealthView)))]
pub(super) async fn live() -> HttpResponse {
    HttpResponse::Ok().json(HealthView { status: "ok" })
}

/// The server can take work
///
/// The database answers, its schema is ours or newer, and the server is not about to stop.
#[utoipa::path(
    get, path = "/readyz", tag = "operation",
    responses((status = 200, description = "Yes", body = HealthView), ReadyProblems)
)]
pub(super) async fn ready<S: Queries>(operations: Data<Operations<S>>) -> Result<HttpResponse, Problem> {
    let ready = !operations.draining.has_begun()
        && matches!(
            tokio::time::timeout(DATABASE_DEADLINE, operations.store.schema_is_current()).await,
            Ok(Ok(true))
        );
    if ready { Ok(HttpResponse::Ok().json(HealthView { status: "ok" })) } else { Err(Problem::unavailable()) }
}
