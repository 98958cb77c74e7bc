//! Requests to look around with.

use std::net::SocketAddr;

use crate::{COURSES, community_id, course_id, member_id};

/// The member who looks around: at a middle level.
pub const SHOWN_MEMBER: usize = 30;

/// The course that is still closed to them.
const LOCKED: usize = 2;

/// What to paste into a terminal, and what it shows: requests to the service at an address, with the tokens of the admin
/// and of [`SHOWN_MEMBER`].
#[must_use]
pub fn transcript(listen: SocketAddr, admin: &str, member: &str) -> String {
    let community = community_id();
    let badges: Vec<String> = [0, 5, 30, 90, 150, 199].map(|number| member_id(number).to_string()).to_vec();
    let badges = badges.join(",");
    format!(
        r#"paste:

API=http://{listen}/api/communities/{community}
ADMIN={admin}
MEMBER={member}

# badges, as a feed asks for them
curl -sS "$API/members/levels?user_ids={badges}" -H "Authorization: Bearer $MEMBER"; echo

# the level grid, with the share of the members at each level
curl -sS $API/levels -H "Authorization: Bearer $MEMBER"; echo

# a member's own record, and which courses are open to them
curl -sS $API/members/{me}/level -H "Authorization: Bearer $MEMBER"; echo
curl -sS $API/courses/access -H "Authorization: Bearer $MEMBER"; echo

# a gateway asks for the course "{course}"
curl -sS "$API/courses/{locked}/access?enforce=true" -H "Authorization: Bearer $MEMBER"; echo

# leaderboards of 7 days, of 30 days and of all time, and the surroundings of a member on one of them
curl -sS $API/leaderboards -H "Authorization: Bearer $MEMBER"; echo
curl -sS "$API/leaderboards/thirty_day?around={me}&radius=2" -H "Authorization: Bearer $MEMBER"; echo

# the admin adds points by hand; the same key again adds nothing more
curl -sS $API/members/{me}/points/adjustments -H "Authorization: Bearer $ADMIN" -H "Idempotency-Key: meetup-1" -H "Content-Type: application/json" -d '{{"points":5,"reason":"Organised the meetup"}}'; echo

# how the member came to their points, the newest first
curl -sS "$API/members/{me}/points?limit=3" -H "Authorization: Bearer $MEMBER"; echo

# the admin makes levels easier to reach; members level up, and the course opens
curl -sS -X PUT $API/levels -H "Authorization: Bearer $ADMIN" -H "Content-Type: application/json" -d '{easier}'; echo
curl -sS "$API/courses/{locked}/access?enforce=true" -H "Authorization: Bearer $MEMBER"; echo
"#,
        me = member_id(SHOWN_MEMBER),
        course = COURSES[LOCKED].0,
        locked = course_id(LOCKED),
        easier = EASIER_LEVELS,
    )
}

/// Half of what the defaults ask for, and a new name.
const EASIER_LEVELS: &str = r#"{"levels":[{"level":1,"name":"Newcomer","threshold":0},{"level":2,"name":"Practitioner","threshold":5},{"level":3,"name":"Builder","threshold":10},{"level":4,"name":"Leader","threshold":30},{"level":5,"name":"Mentor","threshold":50},{"level":6,"name":"Empire Builder","threshold":75},{"level":7,"name":"Ruler","threshold":105},{"level":8,"name":"Legend","threshold":140},{"level":9,"name":"Icon","threshold":180}]}"#;
