//! The table of routes.

mod events;
mod health;
mod members;

use actix_web::{
    HttpRequest, HttpResponse, Resource, Route,
    web::{self, Data, ServiceConfig},
};
use gamification_app::{
    Environment,
    ports::{Queries, Store},
};

use crate::{problem::Problem, state::Api};

/// Adds every route to an Actix app.
pub fn configure<S: Store + Queries, E: Environment>(config: &mut ServiceConfig, api: &Data<Api<S, E>>) {
    config.app_data(api.clone()).default_service(web::to(not_found));
    let get = web::get;
    let post = web::post;
    for resource in [
        at(
            "/api/communities/{community_id}/members/{user_id}/level",
            "GET",
            get().to(members::level::<S, E>),
        ),
        at("/api/events", "POST", post().to(events::record::<S, E>)),
        at("/livez", "GET", get().to(health::live)),
        at("/readyz", "GET", get().to(health::ready::<S, E>)),
    ] {
        config.service(resource);
    }
}

/// One address, its methods as `Allow` names them, and the handler.
fn at(path: &'static str, allowed: &'static str, route: Route) -> Resource {
    let refuse = move || async move { Err::<HttpResponse, Problem>(Problem::method_not_allowed(allowed)) };
    web::resource(path).route(route).default_service(web::to(refuse))
}

async fn not_found(_: HttpRequest) -> Result<HttpResponse, Problem> {
    Err(Problem::not_found("There is nothing at this address"))
}
