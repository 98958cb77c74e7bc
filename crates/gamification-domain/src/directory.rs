//! Who is in which community with which role, and which courses exist: learned from events.

use std::{fmt, str::FromStr};

use crate::{
    Aggregate, ChangeOutcome, CommunityId, CourseId, CourseKey, EventMetadata, LwwRegister, MemberKey, UserId,
};

/// What a member may do in a community.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "SCREAMING_SNAKE_CASE")
)]
pub enum Role {
    /// Reads everything that members see.
    #[default]
    Member,
    /// Reads; what else the platform lets moderators do does not concern levels.
    Moderator,
    /// Changes levels and course requirements.
    Admin,
}

/// A text that names no role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be MEMBER, MODERATOR or ADMIN")]
pub struct UnknownRole;

impl Role {
    /// Every role, the one with the fewest rights first.
    pub const ALL: [Self; 3] = [Self::Member, Self::Moderator, Self::Admin];

    /// The stable name, as events and the database carry it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Member => "MEMBER",
            Self::Moderator => "MODERATOR",
            Self::Admin => "ADMIN",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(name: &str) -> Result<Self, UnknownRole> {
        [Self::Member, Self::Moderator, Self::Admin]
            .into_iter()
            .find(|role| role.as_str() == name)
            .ok_or(UnknownRole)
    }
}

/// A name, title or address that the platform gave: kept as it was sent, up to 2,048 characters without NUL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectoryText(String);

/// A text that the directory can't keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be {max} characters or less, without NUL", max = DirectoryText::MAX_LENGTH)]
pub struct InvalidDirectoryText;

impl DirectoryText {
    /// The longest text, in characters: room for any name, and for addresses that browsers take.
    pub const MAX_LENGTH: usize = 2_048;

    /// Takes a text as it was sent.
    ///
    /// # Errors
    /// [`InvalidDirectoryText`] when it is too long or contains NUL, which PostgreSQL can't store.
    pub fn parse(text: &str) -> Result<Self, InvalidDirectoryText> {
        let valid = text.chars().count() <= Self::MAX_LENGTH && !text.contains('\0');
        valid.then(|| Self(text.to_owned())).ok_or(InvalidDirectoryText)
    }

    /// The text as it was sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A community that some event of the directory named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Community {
    /// Its id, the same wherever it is named.
    pub id: CommunityId,
    /// What it is called, once an event said so.
    pub name: LwwRegister<Option<DirectoryText>>,
}

impl Community {
    /// A community that is known to exist and not more.
    #[must_use]
    pub const fn new(id: CommunityId) -> Self {
        Self { id, name: LwwRegister::unset(None) }
    }
}

/// How a member appears on the platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The name shown beside what they write; none where the platform never told one.
    pub display_name: Option<DirectoryText>,
    /// The address of their picture; `None` where the platform never told one.
    pub avatar_url: Option<DirectoryText>,
    /// Whether they are on leaderboards, while they are present.
    pub is_listed: bool,
}

impl Default for Profile {
    /// As a member appears of whom the platform told nothing: without a name and a picture, and on leaderboards.
    fn default() -> Self {
        Self { display_name: None, avatar_url: None, is_listed: true }
    }
}

/// A user's membership of a community. Presence, profile and role follow their own newest changes, so that a change of
/// role or profile that arrives before the joining it belongs to is not lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommunityMember {
    /// The community it belongs to.
    pub community_id: CommunityId,
    /// The user, by their id on the platform.
    pub user_id: UserId,
    /// Whether they are a member now.
    pub presence: LwwRegister<bool>,
    /// How they appear while they are a member; a member who leaves is forgotten but for points and level.
    pub profile: LwwRegister<Profile>,
    /// Their role; it counts while they are a member.
    pub role: LwwRegister<Role>,
}

impl CommunityMember {
    /// A user who has never been a member.
    #[must_use]
    pub fn new(community_id: CommunityId, user_id: UserId) -> Self {
        Self {
            community_id,
            user_id,
            presence: LwwRegister::unset(false),
            profile: LwwRegister::unset(Profile::default()),
            role: LwwRegister::unset(Role::Member),
        }
    }

    /// They join, or are known to have joined.
    pub fn join(&mut self, profile: Profile, role: Role, metadata: &EventMetadata) -> ChangeOutcome {
        let presence = self.presence.set(true, metadata);
        let profile = self.profile.set(profile, metadata);
        let role = self.role.set(role, metadata);
        match presence {
            ChangeOutcome::AlreadyApplied if [profile, role].contains(&ChangeOutcome::Applied) => {
                ChangeOutcome::Applied
            }
            _ => presence,
        }
    }

    /// They appear otherwise; it is remembered also while they are no member.
    pub fn change_profile(&mut self, profile: Profile, metadata: &EventMetadata) -> ChangeOutcome {
        self.profile.set(profile, metadata)
    }

    /// Their role changes; it is remembered also while they are no member.
    pub fn change_role(&mut self, role: Role, metadata: &EventMetadata) -> ChangeOutcome {
        self.role.set(role, metadata)
    }

    /// They leave, and their profile is forgotten. Points and level stay, for their return.
    pub fn leave(&mut self, metadata: &EventMetadata) -> ChangeOutcome {
        self.profile.set(Profile::default(), metadata);
        self.presence.set(false, metadata)
    }

    /// The role of a present member; none for other users.
    #[must_use]
    pub const fn active_role(&self) -> Option<Role> {
        if *self.presence.value() { Some(*self.role.value()) } else { None }
    }
}

/// A course of a community.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Course {
    /// The community it belongs to.
    pub community_id: CommunityId,
    /// The course, by its id on the platform.
    pub course_id: CourseId,
    /// Whether it is there, and what it is called.
    pub listing: LwwRegister<Option<CourseListing>>,
}

/// How a present course appears on the platform.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CourseListing {
    /// The title of the course; `None` where the platform never told one.
    pub title: Option<DirectoryText>,
}

impl Course {
    /// A course that no event has told of yet.
    #[must_use]
    pub const fn new(community_id: CommunityId, course_id: CourseId) -> Self {
        Self { community_id, course_id, listing: LwwRegister::unset(None) }
    }
}

impl Aggregate for Community {
    type Key = CommunityId;

    fn key(&self) -> CommunityId {
        self.id
    }
}

impl Aggregate for CommunityMember {
    type Key = MemberKey;

    fn key(&self) -> MemberKey {
        (self.community_id, self.user_id)
    }
}

impl Aggregate for Course {
    type Key = CourseKey;

    fn key(&self) -> CourseKey {
        (self.community_id, self.course_id)
    }
}

#[cfg(test)]
mod tests {
    use time::{Duration, macros::datetime};
    use uuid::Uuid;

    use super::*;
    use crate::EventId;

    fn at(minute: i64) -> EventMetadata {
        let noon = datetime!(2026-11-22 12:00 UTC);
        EventMetadata {
            event_id: EventId::parse("event").unwrap(),
            sequence: None,
            time: Some(noon + Duration::minutes(minute - 60)),
            received_at: noon,
        }
    }

    type Step = fn(&mut CommunityMember) -> ChangeOutcome;

    fn named(name: &str) -> Profile {
        Profile { display_name: Some(DirectoryText::parse(name).unwrap()), ..Profile::default() }
    }

    const JOIN: Step = |member| member.join(named("Ada"), Role::Member, &at(1));
    const PROMOTE: Step = |member| member.change_role(Role::Admin, &at(2));
    const LEAVE: Step = |member| member.leave(&at(3));
    const RETURN: Step = |member| member.join(named("Ada L."), Role::Moderator, &at(4));
    const RENAME: Step = |member| member.change_profile(named("Countess"), &at(5));

    fn after(steps: &[Step]) -> CommunityMember {
        let mut member = CommunityMember::new(CommunityId::new(Uuid::nil()), UserId::new(Uuid::nil()));
        for step in steps {
            step(&mut member);
        }
        member
    }

    #[test]
    fn a_role_that_arrives_before_the_joining_is_kept() {
        assert_eq!(after(&[PROMOTE]).active_role(), None, "a role alone makes nobody a member");
        assert_eq!(after(&[PROMOTE, JOIN]).active_role(), Some(Role::Admin));
        assert_eq!(after(&[JOIN, PROMOTE]), after(&[PROMOTE, JOIN]));
    }

    #[test]
    fn who_left_stays_away_until_a_newer_joining() {
        assert_eq!(after(&[LEAVE, JOIN]).active_role(), None);
        assert_eq!(after(&[JOIN, LEAVE, RETURN]).active_role(), Some(Role::Moderator));
    }

    #[test]
    fn every_order_of_delivery_ends_the_same() {
        let steps = [JOIN, PROMOTE, LEAVE, RETURN, RENAME];
        let expected = after(&steps);
        let mut orders = 0;
        for code in 0..5_usize.pow(5) {
            let picks = [0, 1, 2, 3, 4].map(|place| code / 5_usize.pow(place) % 5);
            if (0..5).all(|step| picks.contains(&step)) {
                orders += 1;
                assert_eq!(after(&picks.map(|pick| steps[pick])), expected, "{picks:?}");
            }
        }
        assert_eq!(orders, 120);
        assert_eq!(*expected.profile.value(), named("Countess"));
    }

    #[test]
    fn who_leaves_is_forgotten_and_a_profile_that_is_told_later_waits_for_their_return() {
        assert_eq!(*after(&[JOIN, LEAVE]).profile.value(), Profile::default());
        let gone = after(&[JOIN, LEAVE, RENAME]);
        assert_eq!(gone.active_role(), None, "a profile alone makes nobody a member");
        assert_eq!(*after(&[RENAME, RETURN]).profile.value(), named("Countess"));
    }

    #[test]
    fn a_profile_changes_while_the_member_stays() {
        let mut member = after(&[JOIN]);
        assert_eq!(RENAME(&mut member), ChangeOutcome::Applied);
        assert_eq!(RENAME(&mut member), ChangeOutcome::AlreadyApplied);
        assert_eq!(member.change_profile(named("Ada"), &at(4)), ChangeOutcome::Stale);
        assert_eq!(member.active_role(), Some(Role::Member));
    }

    #[test]
    fn a_joining_that_only_tells_the_role_anew_counts() {
        let mut member = after(&[JOIN, PROMOTE]);
        assert_eq!(JOIN(&mut member), ChangeOutcome::AlreadyApplied);
        assert_eq!(RETURN(&mut member), ChangeOutcome::Applied);
    }

    #[test]
    fn texts_are_kept_as_sent_unless_they_cannot_be_stored() {
        assert_eq!(DirectoryText::parse("<b>Ana</b>\n").unwrap().as_str(), "<b>Ana</b>\n");
        for refused in ["a\0b", &"x".repeat(2_049)] {
            assert_eq!(DirectoryText::parse(refused), Err(InvalidDirectoryText));
        }
    }
}
