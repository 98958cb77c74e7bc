//! Whose access to courses is asked for.

use actix_web::HttpRequest;
use gamification_app::{Reader, queries::Learner};
use gamification_domain::UserId;

use crate::{auth::READ_SCOPE, path, problem::Problem};

/// The user themselves, or whom a service names in `user_id`. A user may name themselves only.
pub(super) fn learner(request: &HttpRequest, reader: Reader) -> Result<Learner, Problem> {
    let named = path::parameter(request, "user_id").map(|text| text.parse::<UserId>()).transpose();
    let named = named.map_err(|_| Problem::bad_request("user_id must be a UUID"))?;
    match (reader, named) {
        (Reader::Service, Some(user_id)) => Ok(Learner::Of(user_id)),
        (Reader::Service, None) => Err(Problem::bad_request("user_id is missing: a service is no learner")),
        (Reader::User(user_id), None) => Ok(Learner::Own(user_id)),
        (Reader::User(user_id), Some(named)) if named == user_id => Ok(Learner::Own(user_id)),
        (Reader::User(_), Some(_)) => Err(Problem::missing_scope(READ_SCOPE)),
    }
}
