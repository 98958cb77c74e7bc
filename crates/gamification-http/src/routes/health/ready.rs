//! `GET /readyz`: can the server take work?

use std::time::Duration;

use actix_web::{HttpResponse, web::Data};
use gamification_app::ports::Queries;

use super::HealthView;
use crate::{openapi::ReadyProblems, problem::Problem, state::Operations};

/// How long the database may take to answer before it counts as away.
const DATABASE_DEADLINE: Duration = Duration::from_secs(2);

/// The server can take work
///
/// The database answers, its schema is ours or newer, and the server is not about to stop.
#[utoipa::path(
    get, path = "/readyz", tag = "operation", operation_id = "ready",
    responses((status = 200, description = "Yes", body = HealthView), ReadyProblems)
)]
pub(in crate::routes) async fn handle<S: Queries>(
    operations: Data<Operations<S>>,
) -> Result<HttpResponse, Problem> {
    let is_ready = !operations.draining.has_begun()
        && matches!(
            tokio::time::timeout(DATABASE_DEADLINE, operations.store.schema_is_current()).await,
            Ok(Ok(true))
        );
    if is_ready { Ok(HttpResponse::Ok().json(HealthView::OK)) } else { Err(Problem::unavailable()) }
}
