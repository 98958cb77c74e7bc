//! An endpoint is declared once, by the `#[utoipa::path]` on its handler: its address, methods and parameters are read
//! from there.

use std::future::ready;

use actix_web::{
    FromRequest, Handler, HttpResponse, Resource, Responder, Route, guard,
    http::Method,
    web::{self, ServiceConfig},
};
use utoipa::openapi::{
    RefOr,
    path::{HttpMethod, Operation, ParameterIn},
};

use crate::{path::Parameters, problem::Problem};

/// What an endpoint's `#[utoipa::path]` says.
pub(crate) struct Declaration {
    pub(crate) address: String,
    pub(crate) methods: Vec<Method>,
    pub(crate) operation: Operation,
}

impl Declaration {
    /// Reads it from the type that `#[utoipa::path]` generates beside a handler.
    pub(super) fn of<P: utoipa::Path>() -> Self {
        let methods = P::methods().iter().map(method).collect();
        Self { address: P::path(), methods, operation: P::operation() }
    }

    fn query_parameters(&self) -> Vec<String> {
        let parameters = self.operation.parameters.iter().flatten().filter_map(|parameter| match parameter {
            RefOr::T(parameter) if parameter.parameter_in == ParameterIn::Query => {
                Some(parameter.name.clone())
            }
            RefOr::T(_) | RefOr::Ref(_) => None,
        });
        parameters.collect()
    }
}

const fn method(method: &HttpMethod) -> Method {
    match method {
        HttpMethod::Get => Method::GET,
        HttpMethod::Post => Method::POST,
        HttpMethod::Put => Method::PUT,
        HttpMethod::Delete => Method::DELETE,
        HttpMethod::Options => Method::OPTIONS,
        HttpMethod::Head => Method::HEAD,
        HttpMethod::Patch => Method::PATCH,
        HttpMethod::Trace => Method::TRACE,
    }
}

/// The methods of an endpoint: where there is `GET` there is `HEAD`, and the server leaves the body of its answer out.
fn with_head(declared: &[Method]) -> Vec<Method> {
    let head = declared.contains(&Method::GET).then_some(Method::HEAD);
    declared.iter().cloned().chain(head).collect()
}

/// A declaration with its handler.
pub(super) struct Endpoint {
    declaration: Declaration,
    route: Route,
}

impl Endpoint {
    pub(super) fn new<P, F, Args>(handler: F) -> Self
    where
        P: utoipa::Path,
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        let declaration = Declaration::of::<P>();
        let methods = with_head(&declaration.methods);
        let is_ours = guard::fn_guard(move |context| methods.contains(&context.head().method));
        Self { declaration, route: web::route().guard(is_ours).to(handler) }
    }
}

/// Adds endpoints to an Actix app: one resource for each address, which refuses the methods that no endpoint declares.
pub(super) fn add(config: &mut ServiceConfig, endpoints: Vec<Endpoint>) {
    let mut addresses: Vec<(String, Vec<Endpoint>)> = Vec::new();
    for endpoint in endpoints {
        let address = &endpoint.declaration.address;
        match addresses.iter_mut().find(|(known, _)| known == address) {
            Some((_, endpoints)) => endpoints.push(endpoint),
            None => addresses.push((address.clone(), vec![endpoint])),
        }
    }
    for (address, endpoints) in addresses {
        config.service(resource(&address, endpoints));
    }
}

fn resource(address: &str, endpoints: Vec<Endpoint>) -> Resource {
    let mut resource = web::resource(address);
    let mut parameters = Parameters::default();
    let mut allowed: Vec<Method> = Vec::new();
    for Endpoint { declaration, route } in endpoints {
        let names = declaration.query_parameters();
        for method in with_head(&declaration.methods) {
            parameters.allow(method.clone(), names.clone());
            allowed.push(method);
        }
        resource = resource.route(route);
    }
    let allowed = allowed.iter().map(Method::as_str).collect::<Vec<_>>().join(", ");
    let refuse = move || ready(Err::<HttpResponse, Problem>(Problem::method_not_allowed(&allowed)));
    resource.app_data(parameters).default_service(web::to(refuse))
}
