//! A reference model: what the service should say, by the product's rules written down once more.
//!
//! It is a plain fold over the platform's events of one community, in the order in which they are applied. It shares
//! nothing with the crates under test, has no database and no hurry: it keeps every change that it was told, and looks
//! for the newest whenever it needs one.
//!
//! Nobody is excluded from boards by their role. What does not fit in a member's total is left out, as the service rejects
//! it.

mod board;
mod changes;
mod member;
mod names;
mod random_history;
mod rules;
#[cfg(test)]
mod tests;
mod told;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

pub use self::{
    board::{Board, Standing, Window},
    member::{Entry, HistoryLine, Member, Profile},
    random_history::{EXACT_EDGES, History, Plan, Request, WIDE_EDGES},
    rules::{Rules, WORTHS, rules_body},
};
use self::{changes::Changes, told::Told};

/// The points that reach each level where admins have changed nothing, level 1 first.
pub const DEFAULT_THRESHOLDS: [i64; 9] = [0, 10, 30, 60, 100, 150, 210, 280, 360];

/// The source of what an admin gives or takes.
const ADJUSTMENT: &str = "manual_adjustment";

/// The largest total that a member can have: that of PostgreSQL's INTEGER.
const LARGEST_TOTAL: i64 = 2_147_483_647;

/// What an admin or a service gives to a member, or takes from them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adjustment {
    /// Whose points change.
    pub user_id: Uuid,
    /// How many are given; fewer than 0 are taken, as far as there are any.
    pub points: i64,
    /// Why.
    pub reason: String,
    /// The admin who says so; `None` where a service does.
    pub admin_id: Option<Uuid>,
}

/// A post, comment, lesson or adjustment by its source and id, and the member where it counts once for each.
type OnceKey = (&'static str, Uuid, Option<Uuid>);
/// The source, the post or comment, and the user who likes it.
type LikeKey = (&'static str, Uuid, Uuid);

/// A community after what was applied so far.
#[derive(Clone, Debug)]
pub struct Model {
    community_id: Uuid,
    thresholds: [i64; 9],
    rules: Rules,
    members: BTreeMap<Uuid, Member>,
    counted: BTreeSet<OnceKey>,
    /// Each change names who holds the points of the like from then on.
    likes: BTreeMap<LikeKey, Changes<Option<Uuid>>>,
    /// How many they are, of likes that stand.
    held: BTreeMap<LikeKey, i64>,
    courses: BTreeSet<Uuid>,
    /// By their members and idempotency keys, each with its place among the member's entries.
    requests: BTreeMap<(Uuid, String), (Adjustment, usize)>,
}

impl Model {
    /// A community in which nothing has happened.
    #[must_use]
    pub fn new(community_id: Uuid) -> Self {
        Self {
            community_id,
            thresholds: DEFAULT_THRESHOLDS,
            rules: Rules::default(),
            members: BTreeMap::new(),
            counted: BTreeSet::new(),
            likes: BTreeMap::new(),
            held: BTreeMap::new(),
            courses: BTreeSet::new(),
            requests: BTreeMap::new(),
        }
    }

    /// Applies an event that was received at a moment. Other communities' events and unknown types change nothing.
    pub fn apply(&mut self, event: &Value, received_at: OffsetDateTime) {
        let told = Told::new(event, received_at);
        let is_ours = match told.optional_id("community_id") {
            Some(community_id) => community_id == self.community_id,
            None => told.kind == "LessonCompleted" && self.courses.contains(&told.id("course_id")),
        };
        if !is_ours {
            return;
        }
        match told.kind {
            "PostCreated" => self.create_content("post_created", told.id("post_id"), &told),
            "CommentAdded" => self.create_content("comment_created", told.id("comment_id"), &told),
            "PostLiked" => self.turn_like("post_liked", told.id("post_id"), true, &told),
            "PostUnliked" => self.turn_like("post_liked", told.id("post_id"), false, &told),
            "CommentLiked" => self.turn_like("comment_liked", told.id("comment_id"), true, &told),
            "CommentUnliked" => self.turn_like("comment_liked", told.id("comment_id"), false, &told),
            "LessonCompleted" => {
                let (lesson, user_id) = (told.id("lesson_id"), told.id("user_id"));
                let entry = told.entry("lesson_completed", 0, lesson, user_id);
                self.earn_once(("lesson_completed", lesson, Some(user_id)), user_id, entry);
            }
            "PointsAdjusted" => {
                let id = told.id("adjustment_id");
                let entry = Entry {
                    reason: told.text("reason"),
                    ..told.entry(ADJUSTMENT, told.number("points"), id, told.id("admin_id"))
                };
                let key = (ADJUSTMENT, id, None);
                if !self.counted.contains(&key) && self.post(told.id("user_id"), entry) {
                    self.counted.insert(key);
                }
            }
            "CourseCreated" | "CourseDeleted" => {
                self.courses.insert(told.id("course_id"));
            }
            "MemberJoined" | "MemberProfileChanged" | "MemberRoleChanged" | "MemberLeft" => {
                self.members.entry(told.id("user_id")).or_default().change(&told);
            }
            _ => {}
        }
    }

    /// Adjusts a member's points by a request with an idempotency key at a moment, and gives the entry of that member's
    /// key, whoever asked for it. `None` when the key was used for another adjustment, or the total would be too large.
    pub fn adjust(
        &mut self,
        key: &str,
        adjustment: &Adjustment,
        at: OffsetDateTime,
    ) -> Option<HistoryLine<'_>> {
        let Adjustment { user_id, points, reason, admin_id } = adjustment;
        let request = (*user_id, key.to_owned());
        if !self.requests.contains_key(&request) {
            let entry = Entry {
                points: *points,
                source: ADJUSTMENT,
                source_id: None,
                actor_id: *admin_id,
                occurred_at: at,
                is_capped: false,
                reason: Some(reason.clone()),
            };
            if !self.post(*user_id, entry) {
                return None;
            }
            let place = self.members[user_id].entries().len() - 1;
            self.requests.insert(request.clone(), (adjustment.clone(), place));
        }
        let (known, place) = &self.requests[&request];
        let is_same = (known.points, &known.reason) == (*points, reason);
        is_same.then(|| self.members[user_id].line(*place))
    }

    /// Judges everybody by other thresholds from now on; nobody's level falls.
    pub fn set_thresholds(&mut self, thresholds: [i64; 9]) {
        self.thresholds = thresholds;
        self.members.values_mut().for_each(|member| member.lift(&thresholds));
    }

    /// Judges by other rules what is applied from now on.
    pub fn set_rules(&mut self, rules: Rules) {
        self.rules = rules;
    }

    /// Everybody whom an event has named as somebody whose points, presence, role or profile it changes.
    #[must_use]
    pub const fn members(&self) -> &BTreeMap<Uuid, Member> {
        &self.members
    }

    /// A member's entries, the one that was applied last first.
    #[must_use]
    pub fn history(&self, user_id: Uuid) -> Vec<HistoryLine<'_>> {
        self.members.get(&user_id).map(Member::history).unwrap_or_default()
    }

    /// A post or a comment counts once, whoever is named as its author.
    fn create_content(&mut self, source: &'static str, content: Uuid, told: &Told<'_>) {
        let author = told.id("author_id");
        self.earn_once((source, content, None), author, told.entry(source, 0, content, author));
    }

    /// The newest change of a like says who holds its points, if anybody; a like of one's own content is none.
    fn turn_like(&mut self, source: &'static str, content: Uuid, is_given: bool, told: &Told<'_>) {
        let (liker, author) = (told.id("user_id"), told.id("author_id"));
        if liker == author {
            return;
        }
        let mut changes = self.likes.get(&(source, content, liker)).cloned().unwrap_or_default();
        let before = changes.newest().copied().flatten();
        changes.add(told, is_given.then_some(author));
        let after = changes.newest().copied().flatten();
        if before != after {
            let earned = match after {
                Some(author) => match self.earn(author, told.entry(source, 0, content, liker)) {
                    Some(points) => points,
                    None => return,
                },
                None => 0,
            };
            let held = self.held.insert((source, content, liker), earned);
            if let Some(author) = before {
                self.post(author, told.entry(source, -held.unwrap_or_default(), content, liker));
            }
        }
        self.likes.insert((source, content, liker), changes);
    }

    fn earn_once(&mut self, key: OnceKey, user_id: Uuid, entry: Entry) {
        if !self.counted.contains(&key) && self.earn(user_id, entry).is_some() {
            self.counted.insert(key);
        }
    }

    /// Appends an entry of what a source is worth, as far as caps leave room; its points. `None` when the total would be too
    /// large.
    fn earn(&mut self, user_id: Uuid, entry: Entry) -> Option<i64> {
        let member = self.members.entry(user_id).or_default();
        let points = self.rules.room(member, &entry);
        if member.total() + points > LARGEST_TOTAL {
            return None;
        }
        let is_capped = points < self.rules.worth(entry.source);
        member.append(Entry { points, is_capped, ..entry });
        member.lift(&self.thresholds);
        Some(points)
    }

    /// Appends an entry; of what it takes, as much as there is. `false` when the total would be too large.
    fn post(&mut self, user_id: Uuid, entry: Entry) -> bool {
        let member = self.members.entry(user_id).or_default();
        let total = member.total();
        if total + entry.points > LARGEST_TOTAL {
            return false;
        }
        let points = entry.points.max(-total);
        // An adjustment is remembered by its entry, also when there was nothing to take.
        if points != 0 || entry.source == ADJUSTMENT {
            member.append(Entry { points, ..entry });
            member.lift(&self.thresholds);
        }
        true
    }
}
