//! `GET /livez` and `GET /readyz`: is the process alive, and can it take work?

use std::time::Duration;

use actix_web::{HttpResponse, web::Data};
use gamification_app::{
    Environment,
    ports::{Queries, Store},
};
use serde_json::json;

use crate::{problem::Problem, state::Api};

/// How long the database may take to answer before it counts as away.
const DATABASE_DEADLINE: Duration = Duration::from_secs(2);

pub(super) async fn live() -> HttpResponse {
    HttpResponse::Ok().json(json!({"status": "ok"}))
}

/// Ready: the database answers, its schema is ours or newer, and the server is not about to stop.
pub(super) async fn ready<S: Store + Queries, E: Environment>(
    api: Data<Api<S, E>>,
) -> Result<HttpResponse, Problem> {
    let ready = !api.draining.has_begun()
        && matches!(
            tokio::time::timeout(DATABASE_DEADLINE, api.store.schema_is_current()).await,
            Ok(Ok(true))
        );
    if ready { Ok(HttpResponse::Ok().json(json!({"status": "ok"}))) } else { Err(Problem::unavailable()) }
}
