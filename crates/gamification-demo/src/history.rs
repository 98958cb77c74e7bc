//! Who is in the community, and what they did.

use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// How many members it has, the admin among them.
pub const MEMBERS: usize = 200;

/// The community's name, as the platform would tell it.
pub const NAME: &str = "Night School for Makers";

/// The courses, and the level that each asks for.
pub const COURSES: [(&str, Option<u8>); 4] = [
    ("Welcome aboard", None),
    ("Build in the open", Some(3)),
    ("Lead a workshop", Some(4)),
    ("The inner circle", Some(9)),
];

const FIRST_NAMES: [&str; 20] = [
    "Ada", "Grace", "Alan", "Barbara", "Edsger", "Hedy", "Ken", "Margaret", "Niklaus", "Radia", "Tim",
    "Frances", "Dennis", "Joan", "Linus", "Annie", "Guido", "Karen", "Donald", "Mary",
];
const LAST_NAMES: &str = "Okafor Silva Nakamura Kowalski Haddad Lindqvist Moreau Castillo Iyer O’Brien";

/// How long before the demo runs for the first time it began: long enough that leaderboards differ.
pub(crate) const AGE: Duration = Duration::days(40);

/// When the admin writes the first post that earns anything, after the beginning.
pub(crate) const FIRST_POST: Duration = Duration::DAY;

/// What it is called everywhere: made of constants, so that a second run finds everything done.
#[must_use]
pub fn community_id() -> Uuid {
    id("community", 0)
}

/// A member; the first is the admin.
#[must_use]
pub fn member_id(number: usize) -> Uuid {
    id("member", number)
}

/// The id of a course, by its number among the names in `COURSES`, from 0.
#[must_use]
pub fn course_id(number: usize) -> Uuid {
    id("course", number)
}

fn id(kind: &str, number: usize) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("urn:gamification:demo:{kind}:{number}").as_bytes())
}

fn name(number: usize) -> String {
    let first = FIRST_NAMES.get(number % FIRST_NAMES.len()).copied().unwrap_or_default();
    // Nobody has another's name, and neighbours no common last name.
    let last = LAST_NAMES.split(' ').cycle().nth(number + number / FIRST_NAMES.len()).unwrap_or_default();
    format!("{first} {last}")
}

/// Everything that happened since the beginning, in order, as the platform's events.
#[must_use]
pub fn history(start: OffsetDateTime) -> Vec<Value> {
    let mut history = History { events: Vec::new(), random: 2026, moments: 40, start, now: start };
    history.founding();
    for member in 0..MEMBERS {
        history.joins(member);
    }
    for member in 0..MEMBERS {
        history.takes_part(member);
    }
    history.events.sort_by_key(|(time, _)| *time);
    history.events.into_iter().map(|(_, event)| event).collect()
}

struct History {
    events: Vec<(OffsetDateTime, Value)>,
    /// The state of the generator that decides what happens.
    random: u64,
    /// The state of the generator that decides when, so that one may change without the other.
    moments: u64,
    start: OffsetDateTime,
    now: OffsetDateTime,
}

impl History {
    fn founding(&mut self) {
        self.tell("CommunityCreated", json!({"name": NAME}));
        for (number, (title, _)) in COURSES.iter().enumerate() {
            self.tell("CourseCreated", json!({"course_id": course_id(number), "title": title}));
        }
    }

    fn joins(&mut self, member: usize) {
        let role = match member {
            0 => "ADMIN",
            1 | 2 => "MODERATOR",
            _ => "MEMBER",
        };
        let avatar_url = format!("https://avatars.example/{member}.png");
        let (id, name) = (member_id(member), name(member));
        let data = json!({"user_id": id, "role": role, "display_name": name, "avatar_url": avatar_url});
        self.tell("MemberJoined", data);
    }

    /// A few are there every day, most now and then, and some only look.
    fn takes_part(&mut self, member: usize) {
        let zeal = 160 / (member + 3);
        for number in 0..zeal {
            self.some_time(member + number == 0);
            let post = id("post", member * 1_000 + number);
            self.tell("PostCreated", json!({"post_id": post, "author_id": member_id(member)}));
            for _ in 0..self.below(6) {
                self.likes("PostLiked", post, member);
            }
            if self.below(12) == 0 {
                self.likes("PostUnliked", post, member);
            }
        }
        for number in 0..self.below(2 + zeal / 2) {
            self.some_time(false);
            let comment = id("comment", member * 1_000 + number);
            self.tell("CommentAdded", json!({"comment_id": comment, "author_id": member_id(member)}));
        }
        for number in 0..self.below(4 + zeal / 8) {
            self.some_time(false);
            let (course, lesson) = (course_id(number % COURSES.len()), id("lesson", number));
            let data = json!({"course_id": course, "lesson_id": lesson, "user_id": member_id(member)});
            self.tell("LessonCompleted", data);
        }
    }

    /// A member who did not write the post likes it, or takes a like back.
    fn likes(&mut self, kind: &str, post: Uuid, author: usize) {
        let liker = (author + 1 + self.below(MEMBERS - 1)) % MEMBERS;
        let (liker, author) = (member_id(liker), member_id(author));
        self.tell(kind, json!({"post_id": post, "user_id": liker, "author_id": author}));
    }

    fn tell(&mut self, kind: &str, mut data: Value) {
        if let Some(data) = data.as_object_mut() {
            data.insert("community_id".to_owned(), json!(community_id()));
        }
        self.now += Duration::minutes(1);
        let time = self.now.format(&time::format_description::well_known::Rfc3339).unwrap_or_default();
        let event = json!({
            "specversion": "1.0", "id": id("event", self.events.len()), "source": "/demo", "type": kind, "time": time,
            "data": data
        });
        self.events.push((self.now, event));
    }

    /// What comes now happens at some moment after the first post, or is that.
    fn some_time(&mut self, is_first_post: bool) {
        let minutes = (AGE - FIRST_POST).whole_minutes() - 60;
        let later = below(&mut self.moments, usize::try_from(minutes).unwrap_or(1));
        let later = if is_first_post { 0 } else { i64::try_from(later).unwrap_or_default() };
        self.now = self.start + FIRST_POST - Duration::MINUTE + Duration::minutes(later);
    }

    fn below(&mut self, end: usize) -> usize {
        below(&mut self.random, end)
    }
}

/// A number below `end`, the same in every run (a linear congruential generator).
fn below(random: &mut u64, end: usize) -> usize {
    *random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    let end = u64::try_from(end).unwrap_or(1).max(1);
    usize::try_from((*random >> 33) % end).unwrap_or_default()
}
