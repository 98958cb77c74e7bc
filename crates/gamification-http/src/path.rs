//! Ids in addresses.

use std::{
    future::{Ready, ready},
    str::FromStr,
};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use gamification_domain::{CommunityId, UserId};

use crate::problem::Problem;

/// `/api/communities/{community_id}/members/{user_id}/…`
pub(crate) struct MemberPath {
    pub(crate) community_id: CommunityId,
    pub(crate) user_id: UserId,
}

impl FromRequest for MemberPath {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let path =
            || Ok(Self { community_id: id(request, "community_id")?, user_id: id(request, "user_id")? });
        ready(path())
    }
}

fn id<T: FromStr>(request: &HttpRequest, name: &'static str) -> Result<T, Problem> {
    let text = request.match_info().get(name).unwrap_or_default();
    text.parse().map_err(|_| Problem::bad_request(format!("{name} must be a UUID")))
}
