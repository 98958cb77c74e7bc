//! `GET /api/communities/{community_id}`: a community, and oneself in it.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use gamification_app::{
    Clock, IdGenerator,
    ports::{CommunityProfile, Queries, Store},
    queries::{Community, get_community},
};
use gamification_domain::{DirectoryText, Profile, Role, UserId, shown_name};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    auth::ReadBy,
    conditional,
    deadline::within_deadline,
    openapi::{CommunityParameter, IfNoneMatch, NotModified, ReadProblems, role},
    path::CommunityPath,
    problem::Problem,
    state::Api,
};

/// A community as a member sees it, or a service.
#[derive(Serialize, ToSchema)]
#[schema(as = Community, example = json!({
    "community_id": "0192f0c1-5c1e-7f4e-8f4b-000000000c00", "name": "Rustaceans", "members": 42, "me": {
        "user_id": "0192f0c1-5c1e-7f4e-8f4b-000000000ada", "role": "MEMBER", "display_name": "Ada",
        "avatar_url": "https://avatars.example/ada.png"
    }
}))]
pub(in crate::routes) struct CommunityView {
    /// The community, by its id on the platform
    community_id: Uuid,
    /// The name that the platform told of it; `null` where it told none
    #[schema(required)]
    name: Option<String>,
    /// The number of present members
    #[schema(minimum = 0)]
    members: u64,
    /// The caller; `null` for services
    #[schema(required)]
    me: Option<OwnMembershipView>,
}

/// The caller in a community.
#[derive(Serialize, ToSchema)]
#[schema(as = OwnMembership)]
struct OwnMembershipView {
    /// The caller, by their id on the platform
    user_id: Uuid,
    #[schema(schema_with = role)]
    role: &'static str,
    /// The name that the platform told of them; `Member` where it told none
    display_name: String,
    /// The address of their picture; `null` where the platform told none
    #[schema(required)]
    avatar_url: Option<String>,
}

impl From<(UserId, Role, Profile)> for OwnMembershipView {
    fn from((user_id, role, profile): (UserId, Role, Profile)) -> Self {
        let Profile { display_name, avatar_url, is_listed: _ } = profile;
        Self {
            user_id: user_id.as_uuid(),
            role: role.as_str(),
            display_name: shown_name(display_name.as_ref()).to_owned(),
            avatar_url: avatar_url.as_ref().map(text),
        }
    }
}

fn text(text: &DirectoryText) -> String {
    text.as_str().to_owned()
}

/// A community, and the caller in it
#[utoipa::path(
    get, path = "/api/communities/{community_id}", tag = "communities", operation_id = "community",
    params(CommunityParameter, IfNoneMatch),
    responses(
        (status = 200, description = "The community", body = CommunityView,
         headers(("ETag" = String, description = "Serves `If-None-Match`"))),
        NotModified, ReadProblems
    ),
    security(("bearer" = []))
)]
pub(in crate::routes) async fn handle<S: Store + Queries, E: Clock + IdGenerator>(
    ReadBy(reader): ReadBy,
    path: CommunityPath,
    api: Data<Api<S, E>>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let CommunityPath { community_id } = path;
    let community = within_deadline(get_community(&api.store, community_id, reader)).await?;
    let Community { profile: CommunityProfile { name, members, own: _ }, reader } = community;
    let view = CommunityView {
        community_id: community_id.as_uuid(),
        name: name.as_ref().map(text),
        members,
        me: reader.map(Into::into),
    };
    conditional::answer(&request, None, &view)
}
