//! `GET /api/communities/{community_id}/members`: the members of a community, by name.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use gamification_app::{
    Clock, IdGenerator,
    ports::{ListedMember, MemberPlace, MemberRange, PageSize, Queries, Store},
    queries::{Members, list_members},
};
use gamification_domain::{
    DirectoryText, LevelNumber, MemberStanding, Profile, SearchName, UserId, shown_name,
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    auth::ReadBy,
    conditional, cursor,
    deadline::within_deadline,
    openapi::{CommunityParameter, IfNoneMatch, NotModified, ReadProblems, role},
    path::{CommunityPath, number, parameter},
    problem::Problem,
    state::Api,
};

/// Part of the list of members, by name.
#[derive(Serialize, ToSchema)]
#[schema(as = Members)]
pub(in crate::routes) struct MembersView {
    /// The members, by name
    #[schema(max_items = 100)]
    members: Vec<MemberView>,
    /// What `cursor` must be for the next part; `null` at the end
    #[schema(required)]
    next_cursor: Option<String>,
}

/// A present member, as the list of members shows them.
#[derive(Serialize, ToSchema)]
#[schema(as = Member, example = json!({
    "user_id": "0192f0c1-5c1e-7f4e-8f4b-000000000ada", "display_name": "Ada",
    "avatar_url": "https://avatars.example/ada.png", "role": "MEMBER", "level": 3, "total_points": 45
}))]
struct MemberView {
    /// The member, by their id on the platform
    user_id: Uuid,
    /// The name that the platform told of them; `Member` where it told none
    display_name: String,
    /// The address of their picture; `null` where the platform told none
    #[schema(required)]
    avatar_url: Option<String>,
    #[schema(schema_with = role)]
    role: &'static str,
    /// The level they have reached, 1 to 9: a level once reached stays
    #[schema(minimum = 1, maximum = 9)]
    level: u8,
    /// The sum of their ledger, 0 or more
    #[schema(minimum = 0)]
    total_points: i32,
}

impl From<(ListedMember, LevelNumber)> for MemberView {
    fn from((member, level): (ListedMember, LevelNumber)) -> Self {
        let ListedMember { place: _, profile, role, standing } = member;
        let Profile { display_name, avatar_url, is_listed: _ } = profile;
        let MemberStanding { user_id, total_points, current_level: _ } = standing;
        Self {
            user_id: user_id.as_uuid(),
            display_name: shown_name(display_name.as_ref()).to_owned(),
            avatar_url: avatar_url.map(|url| url.as_str().to_owned()),
            role: role.as_str(),
            level: level.get(),
            total_points: total_points.get(),
        }
    }
}

/// The longest text that names are looked for by, in characters.
const LONGEST_QUERY: usize = SearchName::MAX_LENGTH;

/// The members of a community, by name
///
/// All present members, whether on leaderboards or not. With `query`, those whose names begin with it, whatever the
/// case.
#[utoipa::path(
    get, path = "/api/communities/{community_id}/members", tag = "communities", operation_id = "members",
    params(
        CommunityParameter,
        ("query" = Option<String>, Query, description = "How their names begin", max_length = 100),
        ("limit" = Option<u32>, Query, description = "How many members the answer has at most; 20 unless said", minimum = 1, maximum = 100),
        ("cursor" = Option<String>, Query, description = "The `next_cursor` of the part before"),
        IfNoneMatch
    ),
    responses(
        (status = 200, description = "Members, by name", body = MembersView,
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
    let range = range(&request)?;
    let list = list_members(&api.store, path.community_id, reader, &range);
    let Members { members, next } = within_deadline(list).await?;
    let view = MembersView {
        members: members.into_iter().map(Into::into).collect(),
        next_cursor: next.map(|place| cursor::write(&written(&place))),
    };
    conditional::answer(&request, None, &view)
}

fn range(request: &HttpRequest) -> Result<MemberRange, Problem> {
    let begins_with = parameter(request, "query").filter(|query| !query.is_empty()).map(|query| {
        let is_short = query.chars().count() <= LONGEST_QUERY;
        let text = DirectoryText::parse(&query).ok().filter(|_| is_short);
        text.map(|text| SearchName::of(Some(&text))).ok_or_else(|| {
            Problem::bad_request(format!("query must be at most {LONGEST_QUERY} characters without NUL"))
        })
    });
    let size = number(request, "limit", 1..=100)?.and_then(PageSize::new).unwrap_or_default();
    Ok(MemberRange { begins_with: begins_with.transpose()?, after: cursor::read(request, understood)?, size })
}

/// A place in bytes: user, name.
fn written(MemberPlace { search_name, user_id }: &MemberPlace) -> Vec<u8> {
    [user_id.as_uuid().as_bytes().as_slice(), search_name.as_str().as_bytes()].concat()
}

/// The place that bytes encode; `None` when they can't be ours.
fn understood(bytes: &[u8]) -> Option<MemberPlace> {
    let (user_id, search_name) = bytes.split_first_chunk()?;
    let search_name = str::from_utf8(search_name).ok().filter(|name| !name.contains('\0'))?;
    (search_name.chars().count() <= SearchName::MAX_LENGTH).then(|| MemberPlace {
        search_name: SearchName::restore(search_name),
        user_id: UserId::new(Uuid::from_bytes(*user_id)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_understood_as_it_was_written_and_nothing_else_is() {
        let place = |name: &str| MemberPlace {
            search_name: SearchName::restore(name),
            user_id: UserId::new(Uuid::from_u128(7)),
        };
        for name in ["", "ada", "ädä 🚀"] {
            assert_eq!(understood(&written(&place(name))), Some(place(name)));
        }
        assert_eq!(understood(&[0; 15]), None, "too short");
        let user = [7; 16];
        for name in ["x".repeat(101).as_bytes(), b"\xff".as_slice(), b"a\0b"] {
            assert_eq!(understood(&[user.as_slice(), name].concat()), None, "{name:?}");
        }
    }
}
