//! The table of routes.

mod courses;
mod documents;
mod events;
mod health;
mod levels;
mod members;
mod metrics;
mod settings;

use std::future::ready;

use actix_web::{
    FromRequest, Handler, HttpResponse, Resource, Responder,
    web::{self, Data, ServiceConfig},
};
use gamification_app::{
    Clock, IdGenerator,
    ports::{Queries, Store},
};
use utoipa::OpenApi;

use crate::{
    openapi::Bearer,
    path::Parameters,
    problem::Problem,
    state::{Api, Operations},
};

/// Adds the routes of the parts that are given to an Actix app: those that users and the platform call, those that
/// operators look at, or both.
pub fn configure<S: Store + Queries, E: Clock + IdGenerator>(
    config: &mut ServiceConfig,
    api: Option<&Data<Api<S, E>>>,
    operations: Option<&Data<Operations<S>>>,
) {
    config.default_service(web::to(not_found));
    if let Some(operations) = operations {
        config.app_data(operations.clone());
        for address in operations_table::<S>() {
            config.service(address.build());
        }
    }
    if let Some(api) = api {
        config.app_data(api.clone());
        for address in api_table::<S, E>() {
            config.service(address.build());
        }
        config.service(documents::pages());
    }
}

fn api_table<S: Store + Queries, E: Clock + IdGenerator>() -> Vec<Address> {
    vec![
        at("/api/communities/{community_id}/members/levels", &["user_ids"])
            .get(members::badges::badges::<S, E>),
        at("/api/communities/{community_id}/members/{user_id}/level", &[]).get(members::level::level::<S, E>),
        at("/api/communities/{community_id}/levels", &[])
            .get(levels::get::get::<S, E>)
            .put(levels::update::update::<S, E>),
        at("/api/communities/{community_id}/courses/access", &["course_ids"])
            .get(courses::accesses::accesses::<S, E>),
        at("/api/communities/{community_id}/courses/{course_id}/access", &["enforce"])
            .get(courses::access::access::<S, E>),
        at("/api/communities/{community_id}/courses/{course_id}/level-requirement", &[])
            .get(courses::level_requirement::level_requirement::<S, E>)
            .put(courses::level_requirement::set_level_requirement::<S, E>),
        at("/api/events", &[]).post(events::record::record::<S, E>),
        at("/openapi.json", &[]).get(documents::openapi::<S>),
        at("/docs", &[]).get(documents::docs),
    ]
}

fn operations_table<S: Store + Queries>() -> Vec<Address> {
    vec![
        at("/livez", &[]).get(health::live),
        at("/readyz", &[]).get(health::ready::<S>),
        at("/metrics", &[]).get(metrics::metrics::<S>),
    ]
}

/// The addresses of operators.
const OPERATIONS: [&str; 3] = ["/livez", "/readyz", "/metrics"];

/// Every address with its methods, for comparing the table with the [`Document`].
#[must_use]
pub fn addresses<S: Store + Queries, E: Clock + IdGenerator>() -> Vec<(&'static str, Vec<&'static str>)> {
    let tables = api_table::<S, E>().into_iter().chain(operations_table::<S>());
    tables.map(|address| (address.path, address.methods)).collect()
}

/// What the API is, for programs; the paths are those of the table above, and a test compares them.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Points & levels",
        description = "Members of online communities earn points, points make levels, levels open courses.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    paths(
        members::badges::badges,
        members::level::level,
        levels::get::get,
        levels::update::update,
        courses::accesses::accesses,
        courses::access::access,
        courses::level_requirement::level_requirement,
        courses::level_requirement::set_level_requirement,
        events::record::record,
        health::live,
        health::ready,
        metrics::metrics,
        documents::openapi,
        documents::docs,
    ),
    tags(
        (name = "levels", description = "What members see, and admins set"),
        (name = "courses", description = "Which courses are open to whom"),
        (name = "events", description = "What the platform tells"),
        (name = "operation", description = "What operators look at")
    ),
    modifiers(&Bearer)
)]
pub struct Document;

/// One address, the parameters it takes, and its methods.
struct Address {
    path: &'static str,
    resource: Resource,
    methods: Vec<&'static str>,
}

fn at(path: &'static str, parameters: &'static [&'static str]) -> Address {
    Address { path, resource: web::resource(path).app_data(Parameters(parameters)), methods: Vec::new() }
}

macro_rules! methods {
    ($($method:ident $name:literal),+) => {$(
        fn $method<F, Args>(mut self, handler: F) -> Self
        where
            F: Handler<Args>,
            Args: FromRequest + 'static,
            F::Output: Responder + 'static,
        {
            self.methods.push($name);
            self.resource = self.resource.route(web::$method().to(handler));
            self
        }
    )+};
}

impl Address {
    methods!(get "GET", put "PUT", post "POST");

    fn build(self) -> Resource {
        let allowed = self.methods.join(", ");
        let refuse = move || ready(Err::<HttpResponse, Problem>(Problem::method_not_allowed(&allowed)));
        self.resource.default_service(web::to(refuse))
    }
}

async fn not_found() -> Result<HttpResponse, Problem> {
    Err(Problem::not_found("There is nothing at this address"))
}
