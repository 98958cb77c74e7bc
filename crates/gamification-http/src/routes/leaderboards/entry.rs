//! A member on a board, as every answer shows them.

use gamification_app::queries::RankedMember;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A member on a leaderboard.
#[derive(Serialize, ToSchema)]
#[schema(as = LeaderboardEntry, example = json!({
    "rank": 1, "user_id": "0192f0c1-5c1e-7f4e-8f4b-000000000ada", "display_name": "Ada",
    "avatar_url": "https://avatars.example/ada.png", "level": 3, "points": 45
}))]
pub(in crate::routes) struct EntryView {
    /// Their rank among the members of the board: unique and consecutive, from 1
    #[schema(minimum = 1)]
    rank: u64,
    /// The member, by their id on the platform
    user_id: Uuid,
    /// The name that the platform told of them; `Member` where it told none
    display_name: String,
    /// The address of their picture; `null` where the platform told none
    #[schema(required)]
    avatar_url: Option<String>,
    /// The level they have reached, 1 to 9: a level once reached stays
    #[schema(minimum = 1, maximum = 9)]
    level: u8,
    /// Their points in the board's window of time; never shown below 0
    #[schema(minimum = 0)]
    points: i64,
}

impl From<RankedMember> for EntryView {
    fn from(member: RankedMember) -> Self {
        let RankedMember { rank, user_id, display_name, avatar_url, level, points } = member;
        Self { rank, user_id: user_id.as_uuid(), display_name, avatar_url, level: level.get(), points }
    }
}
