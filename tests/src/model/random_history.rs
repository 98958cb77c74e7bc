//! Random histories of a community: short, with few members or more than a board shows, and full of what is told twice,
//! late, or at the edge of a board's window.

use std::ops::Range;

use serde_json::{Value, json};
use time::{Duration, OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339};
use uuid::Uuid;

use super::{Adjustment, Model, Window, names};
use crate::Random;

/// Seconds after a window's old edge: as near as it gets, for boards at a moment that is told.
pub const EXACT_EDGES: &[i64] = &[-1, 0, 1];
/// Seconds after a window's old edge: far enough from it for boards at a moment that is not known exactly.
pub const WIDE_EDGES: &[i64] = &[-1_800, 1_800];

/// How many members most histories have, how many the others, and how many events; the others one for each member more.
const MEMBERS: Range<usize> = 2..9;
const CROWD: Range<usize> = 11..31;
const EVENTS: Range<usize> = 10..41;
/// How many posts, comments and lessons there are.
const CONTENTS: usize = 4;
const LESSONS: usize = 8;
/// Producers' numberings, in no order.
const SEQUENCES: [&str; 5] = ["9", "010", "1", "b", "a"];
const ROLES: [&str; 3] = ["MEMBER", "MODERATOR", "ADMIN"];
/// How far back a history goes.
const HOURS: usize = 60 * 24;
/// What requests to adjust points come with; few, so that they come again.
const KEYS: [&str; 2] = ["a key", "Another/key=="];
const ADJUSTED: [i64; 3] = [7, -4, -60];
const REASONS: [&str; 2] = ["Organised the meetup", "R&D <3"];

/// What a history is made of.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Nothing happened later; in whole seconds.
    pub now: OffsetDateTime,
    /// Where things happen that are near to a window's old edge: [`EXACT_EDGES`] or [`WIDE_EDGES`].
    pub edges: &'static [i64],
    /// Whether `MemberProfileChanged` is among its events.
    pub profile_changes: bool,
    /// Whether `PointsAdjusted` is among its events. Totals follow from the order of events then.
    pub adjustments: bool,
    /// Whether some events have no time, or one in the future.
    pub bad_clocks: bool,
    /// Whether things happen where days begin and end.
    pub midnights: bool,
}

/// What happened in a community, in the order in which it is told.
#[derive(Clone, Debug)]
pub struct History {
    /// All of it happened there.
    pub community_id: Uuid,
    /// Those to whom it happened; not all of them joined.
    pub users: Vec<Uuid>,
    /// As the platform sends them. Every second history is told in the order in which it happened.
    pub events: Vec<Value>,
    /// What it is made of.
    pub plan: Plan,
}

/// A request to adjust points.
#[derive(Clone, Debug)]
pub struct Request {
    /// Its idempotency key.
    pub key: &'static str,
    /// What is asked for.
    pub adjustment: Adjustment,
}

impl History {
    /// One of very many.
    #[must_use]
    pub fn at_random(random: &mut Random, plan: Plan) -> Self {
        let id = |random: &mut Random| Uuid::from_u64_pair(random.number(), random.number());
        let community_id = id(random);
        let (members, more) = if random.below(8) == 0 {
            let members = between(random, CROWD);
            (members, members)
        } else {
            (between(random, MEMBERS), 0)
        };
        let users: Vec<Uuid> = (0..members).map(|_| id(random)).collect();
        let events = between(random, EVENTS) + more;
        let is_in_order = random.below(2) == 0;
        let mut teller = Teller { random, plan, community_id, users: &users, told: Vec::new() };
        teller.tell("CommunityCreated", json!({"name": "Makers"}));
        for user_id in &users {
            if teller.one_in(8) {
                continue;
            }
            teller.join(*user_id);
        }
        while teller.told.len() < events {
            teller.tell_anything();
        }
        let mut told = teller.told;
        if is_in_order {
            told.sort_by_key(|(moment, _)| *moment);
        }
        let events = told.into_iter().map(|(_, event)| event).collect();
        Self { community_id, users, events, plan }
    }

    /// A request to adjust the points of one of its users: by a service, or by any of them, admin or not. Keys come again,
    /// with the same adjustment and with others.
    #[must_use]
    pub fn request(&self, random: &mut Random) -> Request {
        let adjustment = Adjustment {
            user_id: *random.pick(&self.users),
            points: *random.pick(&ADJUSTED),
            reason: (*random.pick(&REASONS)).to_owned(),
            admin_id: if random.below(2) == 0 { None } else { Some(*random.pick(&self.users)) },
        };
        Request { key: random.pick::<&str>(&KEYS), adjustment }
    }

    /// What the model makes of it, when all of it is received at a moment.
    #[must_use]
    pub fn fold(&self, received_at: OffsetDateTime) -> Model {
        let mut model = Model::new(self.community_id);
        self.events.iter().for_each(|event| model.apply(event, received_at));
        model
    }
}

fn between(random: &mut Random, range: Range<usize>) -> usize {
    range.start + random.below(range.len())
}

struct Teller<'a> {
    random: &'a mut Random,
    plan: Plan,
    community_id: Uuid,
    users: &'a [Uuid],
    /// Each event with the moment that puts it in order.
    told: Vec<(OffsetDateTime, Value)>,
}

impl Teller<'_> {
    fn one_in(&mut self, number: usize) -> bool {
        self.random.below(number) == 0
    }

    /// Some do more than others, so that they get somewhere.
    fn user(&mut self) -> Uuid {
        let among = 1 + self.random.below(self.users.len());
        self.users[self.random.below(among)]
    }

    fn tell_anything(&mut self) {
        match self.random.below(20) {
            0 | 1 => self.create("PostCreated", "post_id", 2),
            2 | 3 => self.create("CommentAdded", "comment_id", 3),
            4..=7 => self.like(),
            8 | 9 => self.take_like_back(),
            10..=12 => self.complete_lesson(),
            13 => {
                let user_id = self.user();
                self.join(user_id);
            }
            14 => {
                let data = json!({"user_id": self.user()});
                self.tell("MemberLeft", data);
            }
            15 => {
                let data = json!({"user_id": self.user(), "role": self.random.pick(&ROLES)});
                self.tell("MemberRoleChanged", data);
            }
            16 | 17 if self.plan.profile_changes => {
                let mut data = json!({"user_id": self.user()});
                self.add_profile(&mut data);
                self.tell("MemberProfileChanged", data);
            }
            18 if self.plan.adjustments => self.adjust(),
            _ => self.tell_again(),
        }
    }

    fn create(&mut self, event_type: &str, field: &str, kind: u128) {
        let number = self.random.below(CONTENTS);
        self.tell(event_type, json!({field: numbered(kind, number), "author_id": self.author(number)}));
    }

    /// Each content has one author.
    fn author(&self, content: usize) -> Uuid {
        self.users[content % self.users.len()]
    }

    fn like(&mut self) {
        let number = self.random.below(CONTENTS);
        // The platform may be mistaken about whom a like honours, until it corrects that.
        let author = if self.one_in(6) { self.user() } else { self.author(number) };
        let (event_type, field, kind) =
            *self.random.pick(&[("PostLiked", "post_id", 2), ("CommentLiked", "comment_id", 3)]);
        let data = json!({field: numbered(kind, number), "user_id": self.user(), "author_id": author});
        self.tell(event_type, data);
    }

    /// A like that was told before, mostly; at another moment, or at the same, where the event id decides.
    fn take_like_back(&mut self) {
        let likes: Vec<Value> = self.earlier(|event_type| event_type.ends_with("Liked"));
        if likes.is_empty() {
            return self.like();
        }
        let like = self.random.pick(&likes).clone();
        let event_type = like["type"].as_str().expect("a type").replace("Liked", "Unliked");
        self.tell(&event_type, like["data"].clone());
        if self.one_in(4) {
            let (_, unlike) = self.told.last_mut().expect("it was just told");
            unlike["time"] = like["time"].clone();
        }
    }

    fn complete_lesson(&mut self) {
        let lesson = self.random.below(LESSONS);
        let data =
            json!({"course_id": numbered(4, 0), "lesson_id": numbered(5, lesson), "user_id": self.user()});
        self.tell("LessonCompleted", data);
    }

    fn adjust(&mut self) {
        let points = i64::try_from(1 + self.random.below(40)).expect("it is small");
        let points = if self.one_in(2) { points } else { -points };
        let id = numbered(6, self.told.len());
        let (user_id, admin_id) = (self.user(), self.user());
        let data = json!({
            "user_id": user_id, "adjustment_id": id, "points": points, "reason": "For the record",
            "admin_id": admin_id,
        });
        self.tell("PointsAdjusted", data);
    }

    fn join(&mut self, user_id: Uuid) {
        let mut data = json!({"user_id": user_id});
        if self.one_in(3) {
            data["role"] = (*self.random.pick(&ROLES)).into();
        }
        self.add_profile(&mut data);
        self.tell("MemberJoined", data);
    }

    fn add_profile(&mut self, data: &mut Value) {
        match self.random.below(8) {
            0 => {}
            1 => data["display_name"] = "".into(),
            _ => {
                let same_names = *self.random.pick(&names::IN_ORDER);
                data["display_name"] = (*self.random.pick(same_names)).into();
            }
        }
        if self.one_in(2) {
            data["avatar_url"] = format!("https://example.com/{}.png", self.random.below(3)).into();
        }
        if self.one_in(3) {
            data["listed"] = self.one_in(4).into();
        }
    }

    /// What was told before, under the same id or a new one.
    fn tell_again(&mut self) {
        let place = self.random.below(self.told.len());
        let (mut moment, mut event) = self.told[place].clone();
        if self.one_in(2) {
            event["id"] = self.event_id();
        }
        if self.one_in(2) {
            moment = self.moment();
        }
        self.told.push((moment, event));
    }

    fn earlier(&self, is_meant: impl Fn(&str) -> bool) -> Vec<Value> {
        let events = self.told.iter().map(|(_, event)| event);
        events.filter(|event| event["type"].as_str().is_some_and(&is_meant)).cloned().collect()
    }

    fn tell(&mut self, event_type: &str, mut data: Value) {
        data["community_id"] = self.community_id.to_string().into();
        let moment = self.moment();
        let mut event = json!({
            "specversion": "1.0", "id": self.event_id(), "source": "/community", "type": event_type, "data": data,
        });
        if let Some(time) = self.time(moment) {
            event["time"] = time.into();
        }
        if self.one_in(8) {
            event["sequence"] = (*self.random.pick(&SEQUENCES)).into();
        }
        self.told.push((moment, event));
    }

    fn event_id(&mut self) -> Value {
        format!("{:016x}", self.random.number()).into()
    }

    /// When something happened: at a window's edge often, or now.
    fn moment(&mut self) -> OffsetDateTime {
        let now = self.plan.now;
        let number = |random: &mut Random, below| i64::try_from(random.below(below)).expect("it is small");
        let seconds = |random: &mut Random, below| Duration::seconds(number(random, below));
        // A quarter of an hour or more from each full one: windows are of full hours, so no edge is near by chance.
        let once = |random: &mut Random| {
            now - Duration::hours(number(random, HOURS)) - Duration::minutes(15) - seconds(random, 30 * 60)
        };
        match self.random.below(8) {
            0..=2 => {
                let windows: Vec<Duration> = Window::ALL.into_iter().filter_map(Window::length).collect();
                now - *self.random.pick(&windows) + Duration::seconds(*self.random.pick(self.plan.edges))
            }
            3 if self.plan.midnights => {
                // No edge of a window is near.
                let midnight =
                    now.replace_time(time::Time::MIDNIGHT) - Duration::days(2 + number(self.random, 3));
                midnight + *self.random.pick(&[Duration::MICROSECOND * -1, Duration::ZERO, Duration::SECOND])
            }
            3 => now - seconds(self.random, 2),
            // Finer than the database keeps.
            4 => once(self.random) - Duration::nanoseconds(1_500),
            _ => once(self.random),
        }
    }

    /// How the platform writes it down.
    fn time(&mut self, moment: OffsetDateTime) -> Option<String> {
        let mut time = moment;
        if self.plan.bad_clocks && self.one_in(10) {
            if self.one_in(2) {
                return None;
            }
            let days = i64::try_from(1 + self.random.below(3)).expect("it is small");
            time = self.plan.now + Duration::days(days);
        }
        if self.one_in(6) {
            time = time.to_offset(UtcOffset::from_hms(5, 30, 0).expect("an offset"));
        }
        Some(time.format(&Rfc3339).expect("it can be written down"))
    }
}

/// An id of a kind.
fn numbered(kind: u128, number: usize) -> Uuid {
    Uuid::from_u128((kind << 64) + number as u128)
}
