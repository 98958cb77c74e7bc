//! One member: the ledger, the level, and the three things that a directory knows of them.

use time::OffsetDateTime;
use uuid::Uuid;

use super::{changes::Changes, told::Told};

/// A change of a member's points, as the ledger keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What was really given or, below 0, taken.
    pub points: i64,
    /// The stable name of what it is for.
    pub source: &'static str,
    /// The post, comment, lesson or adjustment; `None` where the service makes one up.
    pub source_id: Option<Uuid>,
    /// Whose deed it was; `None` where a service adjusted.
    pub actor_id: Option<Uuid>,
    /// When it counts as having happened.
    pub occurred_at: OffsetDateTime,
    /// Whether a cap left less of it than it is worth.
    pub is_capped: bool,
    /// Why an admin adjusted points.
    pub reason: Option<String>,
}

/// An entry in a member's history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryLine<'a> {
    /// What changed.
    pub entry: &'a Entry,
    /// The total once it was applied.
    pub total_after: i64,
}

/// How a member appears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The name beside what they write.
    pub display_name: Option<String>,
    /// Where their picture is.
    pub avatar_url: Option<String>,
    /// Whether boards show them to others.
    pub listed: bool,
}

impl Profile {
    /// Of somebody about whom nothing was told.
    const EMPTY: Self = Self { display_name: None, avatar_url: None, listed: true };

    fn told(told: &Told<'_>) -> Self {
        Self {
            display_name: told.text("display_name"),
            avatar_url: told.text("avatar_url"),
            listed: told.flag("listed").unwrap_or(true),
        }
    }
}

/// A user whose points, presence, role or profile events have changed.
#[derive(Clone, Debug)]
pub struct Member {
    entries: Vec<Entry>,
    level: u8,
    presence: Changes<bool>,
    role: Changes<String>,
    profile: Changes<Profile>,
}

impl Default for Member {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
            level: 1,
            presence: Changes::default(),
            role: Changes::default(),
            profile: Changes::default(),
        }
    }
}

impl Member {
    /// The ledger, in the order in which it was written.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What the ledger sums up to.
    #[must_use]
    pub fn total(&self) -> i64 {
        self.entries.iter().map(|entry| entry.points).sum()
    }

    /// What of it happened from one moment to another, both included; never below 0.
    #[must_use]
    pub fn points_between(&self, first: OffsetDateTime, last: OffsetDateTime) -> i64 {
        let within = self.entries.iter().filter(|entry| (first..=last).contains(&entry.occurred_at));
        within.map(|entry| entry.points).sum::<i64>().max(0)
    }

    /// The highest level that was reached so far.
    #[must_use]
    pub const fn level(&self) -> u8 {
        self.level
    }

    /// Whether they ever joined or left: others are shown to nobody, whatever they have earned.
    #[must_use]
    pub const fn is_known(&self) -> bool {
        !self.presence.is_empty()
    }

    /// Whether they are a member now.
    #[must_use]
    pub fn is_present(&self) -> bool {
        self.presence.newest().copied().unwrap_or(false)
    }

    /// Their role, which counts while they are a member.
    #[must_use]
    pub fn role(&self) -> &str {
        self.role.newest().map_or("MEMBER", String::as_str)
    }

    /// How they appear.
    #[must_use]
    pub fn profile(&self) -> &Profile {
        self.profile.newest().unwrap_or(&Profile::EMPTY)
    }

    pub(super) fn history(&self) -> Vec<HistoryLine<'_>> {
        (0..self.entries.len()).rev().map(|place| self.line(place)).collect()
    }

    /// The entry at a place in the ledger.
    pub(super) fn line(&self, place: usize) -> HistoryLine<'_> {
        let total_after = self.entries[..=place].iter().map(|entry| entry.points).sum();
        HistoryLine { entry: &self.entries[place], total_after }
    }

    pub(super) fn append(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    /// To the level that the total reaches, unless a higher one was reached before.
    pub(super) fn lift(&mut self, thresholds: &[i64; 9]) {
        let total = self.total();
        let reached = (1..).zip(thresholds).filter(|(_, threshold)| **threshold <= total);
        self.level = reached.map(|(level, _)| level).fold(self.level, u8::max);
    }

    /// A join says all there is, a leave takes the profile along, the others say only what they are about.
    pub(super) fn change(&mut self, told: &Told<'_>) {
        match told.kind {
            "MemberJoined" => {
                self.presence.add(told, true);
                self.role.add(told, told.text("role").unwrap_or_else(|| "MEMBER".to_owned()));
                self.profile.add(told, Profile::told(told));
            }
            "MemberProfileChanged" => self.profile.add(told, Profile::told(told)),
            "MemberRoleChanged" => self.role.add(told, told.text("role").expect("a role")),
            "MemberLeft" => {
                self.presence.add(told, false);
                self.profile.add(told, Profile::EMPTY);
            }
            other => panic!("{other} is about no member"),
        }
    }
}
