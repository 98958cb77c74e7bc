//! Ids in addresses, and parameters behind them.

use std::{
    future::{Ready, ready},
    ops::RangeInclusive,
    str::FromStr,
};

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::Method};
use gamification_domain::{CommunityId, CourseId, Leaderboard, UserId};

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

/// `/api/communities/{community_id}/leaderboards/{leaderboard}`
pub(crate) struct LeaderboardPath {
    pub(crate) community_id: CommunityId,
    pub(crate) leaderboard: Leaderboard,
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
    ($($path:ident { $($id:ident: $expected:literal),+ }),+) => {$(
        impl FromRequest for $path {
            type Error = Problem;
            type Future = Ready<Result<Self, Problem>>;

            fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
                let path = || {
                    let path = Self { $($id: part(request, stringify!($id), $expected)?),+ };
                    check_parameters(request)?;
                    Ok(path)
                };
                ready(path())
            }
        }
    )+};
}

extract!(
    CommunityPath { community_id: "a UUID" },
    MemberPath { community_id: "a UUID", user_id: "a UUID" },
    CoursePath { community_id: "a UUID", course_id: "a UUID" },
    LeaderboardPath { community_id: "a UUID", leaderboard: "seven_day, thirty_day or all_time" }
);

fn part<T: FromStr>(request: &HttpRequest, name: &'static str, expected: &str) -> Result<T, Problem> {
    let text = request.match_info().get(name).unwrap_or_default();
    text.parse().map_err(|_| Problem::bad_request(format!("{name} must be {expected}")))
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

/// A parameter's value as a number within bounds.
pub(crate) fn number(
    request: &HttpRequest,
    name: &str,
    bounds: RangeInclusive<usize>,
) -> Result<Option<usize>, Problem> {
    let Some(text) = parameter(request, name) else {
        return Ok(None);
    };
    let number = text.parse().ok().filter(|number| bounds.contains(number));
    let (lowest, highest) = bounds.into_inner();
    number
        .map(Some)
        .ok_or_else(|| Problem::bad_request(format!("{name} must be a number from {lowest} to {highest}")))
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
