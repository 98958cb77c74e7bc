//! The table of routes.

mod courses;
mod events;
mod health;
mod levels;
mod members;
mod settings;

use std::future::ready;

use actix_web::{
    FromRequest, Handler, HttpResponse, Resource, Responder,
    web::{self, Data, ServiceConfig},
};
use gamification_app::{
    Environment,
    ports::{Queries, Store},
};

use crate::{path::Parameters, problem::Problem, state::Api};

/// Adds every route to an Actix app.
pub fn configure<S: Store + Queries, E: Environment>(config: &mut ServiceConfig, api: &Data<Api<S, E>>) {
    config.app_data(api.clone()).default_service(web::to(not_found));
    for resource in [
        at("/api/communities/{community_id}/members/levels", &["user_ids"]).get(members::badges::<S, E>),
        at("/api/communities/{community_id}/members/{user_id}/level", &[]).get(members::level::<S, E>),
        at("/api/communities/{community_id}/levels", &[])
            .get(levels::get::<S, E>)
            .put(levels::update::<S, E>),
        at("/api/communities/{community_id}/courses/access", &["course_ids"]).get(courses::accesses::<S, E>),
        at("/api/communities/{community_id}/courses/{course_id}/access", &["enforce"])
            .get(courses::access::<S, E>),
        at("/api/communities/{community_id}/courses/{course_id}/level-requirement", &[])
            .get(courses::level_requirement::<S, E>)
            .put(courses::set_level_requirement::<S, E>),
        at("/api/events", &[]).post(events::record::<S, E>),
        at("/livez", &[]).get(health::live),
        at("/readyz", &[]).get(health::ready::<S, E>),
    ] {
        config.service(resource.build());
    }
}

/// One address, the parameters it takes, and its methods.
struct Address {
    resource: Resource,
    methods: Vec<&'static str>,
}

fn at(path: &'static str, parameters: &'static [&'static str]) -> Address {
    Address { resource: web::resource(path).app_data(Parameters(parameters)), methods: Vec::new() }
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
