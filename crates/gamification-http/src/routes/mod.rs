//! The table of endpoints.

mod communities;
mod courses;
mod documents;
mod endpoint;
mod events;
mod health;
mod leaderboards;
mod levels;
mod members;
mod metrics;
mod rules;
mod settings;
mod versions;

use actix_web::{
    HttpResponse,
    web::{self, Data, ServiceConfig},
};
use gamification_app::{
    Clock, IdGenerator,
    ports::{Queries, Store},
};
use utoipa::OpenApi;

use crate::{
    openapi::{Bearer, one_rule_of_each_source},
    problem::Problem,
    state::{Api, Operations},
};
pub use communities::stream::stream_message;
pub(crate) use endpoint::Declaration;
use endpoint::Endpoint;

/// Makes of each list of modules: the paths of the OpenAPI document, the declarations, and the endpoints with their
/// handlers. A module has one handler, `handle`, whose `#[utoipa::path]` declares the endpoint.
macro_rules! endpoints {
    ($(
        $(#[$doc:meta])*
        $paths:ident, $declared:ident, $endpoints:ident[$($generics:tt)+]:
            $($($module:ident)::+ $(<$($part:ident),+>)?),+;
    )+) => {$(
        #[derive(OpenApi)]
        #[openapi(paths($($($module)::+::handle),+))]
        struct $paths;

        fn $declared() -> Vec<Declaration> {
            vec![$(Declaration::of::<$($module)::+::__path_handle>()),+]
        }

        $(#[$doc])*
        fn $endpoints<$($generics)+>() -> Vec<Endpoint> {
            vec![$(
                Endpoint::new::<$($module)::+::__path_handle, _, _>($($module)::+::handle $(::<$($part),+>)?)
            ),+]
        }
    )+};
}

endpoints! {
    /// What users and the platform call.
    ApiPaths, api_declarations, api_endpoints[S: Store + Queries, E: Clock + IdGenerator]:
        communities::get<S, E>,
        communities::stream<S, E>,
        members::list<S, E>,
        members::badges<S, E>,
        members::level<S, E>,
        members::history<S, E>,
        members::export<S, E>,
        members::adjust<S, E>,
        levels::get<S, E>,
        levels::update<S, E>,
        levels::preview<S, E>,
        levels::history<S, E>,
        rules::get<S, E>,
        rules::update<S, E>,
        rules::preview<S, E>,
        rules::history<S, E>,
        leaderboards::overview<S, E>,
        leaderboards::widget<S, E>,
        leaderboards::board<S, E>,
        courses::accesses<S, E>,
        courses::access<S, E>,
        courses::level_requirement<S, E>,
        courses::set_level_requirement<S, E>,
        events::record<S, E>,
        documents::openapi<S>,
        documents::docs;

    /// The endpoints for operators: health and metrics.
    OperationsPaths, operations_declarations, operations_endpoints[S: Store + Queries]:
        health::live,
        health::ready<S>,
        metrics<S>;
}

/// Adds the endpoints of the parts that are given to an Actix app: those that users and the platform call, those that
/// operators look at, or both.
pub(crate) fn configure<S: Store + Queries, E: Clock + IdGenerator>(
    config: &mut ServiceConfig,
    api: Option<&Data<Api<S, E>>>,
    operations: Option<&Data<Operations<S>>>,
) {
    config.default_service(web::to(not_found));
    if let Some(operations) = operations {
        config.app_data(operations.clone());
        endpoint::add(config, operations_endpoints::<S>());
    }
    if let Some(api) = api {
        config.app_data(api.clone()).app_data(api.verifier.clone());
        endpoint::add(config, api_endpoints::<S, E>());
        config.service(documents::docs::pages());
    }
}

async fn not_found() -> Result<HttpResponse, Problem> {
    Err(Problem::not_found("There is nothing at this address"))
}

/// All endpoints: those of the API and those for operators.
pub(crate) fn declarations() -> Vec<Declaration> {
    let mut declarations = api_declarations();
    declarations.extend(operations_declarations());
    declarations
}

/// What the API is, for programs.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Points & levels",
        description = "Members of online communities earn points, points make levels, levels open courses.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    tags(
        (name = "communities", description = "What a community is, and who is in it"),
        (name = "levels", description = "What members see, and admins set"),
        (name = "rules", description = "What members earn points by"),
        (name = "leaderboards", description = "Who has earned the most, over which time"),
        (name = "courses", description = "Which courses are open to whom"),
        (name = "events", description = "What the platform tells"),
        (name = "operation", description = "What operators look at")
    ),
    modifiers(&Bearer)
)]
struct Description;

/// The OpenAPI document of what is at one address: the API, and the endpoints of operators where they are there too.
pub(crate) fn document(has_operations: bool) -> utoipa::openapi::OpenApi {
    let mut document = Description::openapi().merge_from(ApiPaths::openapi());
    one_rule_of_each_source(&mut document);
    if has_operations { document.merge_from(OperationsPaths::openapi()) } else { document }
}

#[cfg(test)]
mod tests {
    use gamification_domain::PointSource;
    use serde_json::{Value, json};

    use super::*;

    fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
        match value {
            Value::Object(fields) => {
                found.extend(fields.get("$ref").and_then(Value::as_str));
                fields.values().for_each(|value| references(value, found));
            }
            Value::Array(values) => values.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }

    /// How many items every list called `rules` is said to have.
    fn numbers_of_rules(schema: &Value, numbers: &mut Vec<(Value, Value)>) {
        match schema {
            Value::Object(fields) => {
                if let Some(rules) =
                    schema.pointer("/properties/rules").filter(|rules| rules["type"] == "array")
                {
                    numbers.push((rules["minItems"].clone(), rules["maxItems"].clone()));
                }
                fields.values().for_each(|field| numbers_of_rules(field, numbers));
            }
            Value::Array(items) => items.iter().for_each(|item| numbers_of_rules(item, numbers)),
            _ => {}
        }
    }

    #[test]
    fn rules_are_those_of_all_sources_that_points_are_earned_by() {
        let document = serde_json::to_value(document(true)).unwrap();
        let mut numbers = Vec::new();
        numbers_of_rules(&document, &mut numbers);
        assert!(numbers.len() >= 4, "{numbers:?}");
        let sources = json!(PointSource::earned().count());
        assert!(numbers.iter().all(|number| *number == (sources.clone(), sources.clone())), "{numbers:?}");
    }

    #[test]
    fn whatever_the_document_refers_to_is_in_it() {
        let document = serde_json::to_value(document(true)).unwrap();
        let mut found = Vec::new();
        references(&document, &mut found);
        assert!(found.len() > 50, "{found:?}");
        for reference in found {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some(), "{reference}");
        }
    }
}
