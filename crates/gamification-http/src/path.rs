//! Ids in addresses, and parameters behind them.

use std::{
    future::{Ready, ready},
    str::FromStr,
};

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::Method};
use gamification_domain::{CommunityId, CourseId, UserId};

use crate::problem::Problem;

/// `/api/communities/{community_id}/…`
pub(crate) struct CommunityPath {
    pub(crate) community_id: CommunityId,
}

/// `/api/communities/{community_id}/members/{user_id}/…`
pub(crate) struct MemberPath {
    pub(crate) community_id: CommunityId,
    pub(crate) user_id: UserId,
}

/// `/api/communities/{community_id}/courses/{course_id}/…`
pub(crate) struct CoursePath {
    pub(crate) community_id: CommunityId,
    pub(crate) course_id: CourseId,
}

/// The query parameters that an address takes, by method.
#[derive(Default)]
pub(crate) struct Parameters(Vec<(Method, Vec<String>)>);

impl Parameters {
    /// Lets requests of a method have the parameters that are named, and no other.
    pub(crate) fn allow(&mut self, method: Method, names: Vec<String>) {
        self.0.push((method, names));
    }

    fn of(&self, method: &Method) -> &[String] {
        let declared = self.0.iter().find(|(declared, _)| declared == method);
        declared.map_or(&[], |(_, names)| names)
    }
}

macro_rules! extract {
    ($($path:ident { $($id:ident),+ }),+) => {$(
        impl FromRequest for $path {
            type Error = Problem;
            type Future = Ready<Result<Self, Problem>>;

            fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
                let path = || {
                    let path = Self { $($id: id(request, stringify!($id))?),+ };
                    check_parameters(request)?;
                    Ok(path)
                };
                ready(path())
            }
        }
    )+};
}

extract!(
    CommunityPath { community_id },
    MemberPath { community_id, user_id },
    CoursePath { community_id, course_id }
);

fn id<T: FromStr>(request: &HttpRequest, name: &'static str) -> Result<T, Problem> {
    let text = request.match_info().get(name).unwrap_or_default();
    text.parse().map_err(|_| Problem::bad_request(format!("{name} must be a UUID")))
}

/// Refuses parameters that the address does not take, and those that are there twice.
pub(crate) fn check_parameters(request: &HttpRequest) -> Result<(), Problem> {
    let allowed = request.app_data::<Parameters>().map_or(&[][..], |all| all.of(request.method()));
    let mut seen = Vec::new();
    for (name, _) in form_urlencoded::parse(request.query_string().as_bytes()) {
        if !allowed.iter().any(|allowed| *allowed == name) {
            return Err(Problem::bad_request(format!("The parameter {name:?} is not known here")));
        }
        if seen.contains(&name) {
            return Err(Problem::bad_request(format!("The parameter {name:?} is there twice")));
        }
        seen.push(name);
    }
    Ok(())
}

/// The decoded value of a parameter of the query.
pub(crate) fn parameter(request: &HttpRequest, name: &str) -> Option<String> {
    let mut parameters = form_urlencoded::parse(request.query_string().as_bytes());
    parameters.find(|(found, _)| found == name).map(|(_, value)| value.into_owned())
}

/// The most ids of one list.
const MAX_IDS: usize = 200;

/// A parameter's value as a list of ids.
pub(crate) fn ids<T: FromStr>(request: &HttpRequest, name: &str) -> Result<Option<Vec<T>>, Problem> {
    let Some(list) = parameter(request, name) else {
        return Ok(None);
    };
    if list.split(',').count() > MAX_IDS {
        return Err(Problem::bad_request(format!("{name} may name {MAX_IDS} ids at most")));
    }
    let ids: Result<Vec<T>, T::Err> = list.split(',').map(str::parse).collect();
    ids.map(Some).map_err(|_| {
        Problem::bad_request(format!("{name} must be a list of UUIDs, with commas between them"))
    })
}
