//! Facts: what happened on the platform, as its events tell.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    ChangeClaim, CommunityId, Content, CourseId, CourseListing, DirectoryText, LessonId, Profile, Role,
    UserId,
};

/// Something that happened on the platform. What it changes follows from the fact, never from the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// A member wrote a post or a comment.
    ContentCreated {
        /// Where.
        community_id: CommunityId,
        /// What.
        content: Content,
        /// Who wrote it.
        author_id: UserId,
    },
    /// Somebody likes a post or a comment.
    ContentLiked {
        /// Where.
        community_id: CommunityId,
        /// What.
        content: Content,
        /// Who likes it.
        liker_id: UserId,
        /// Who wrote it.
        author_id: UserId,
    },
    /// Somebody takes a like back.
    ContentUnliked {
        /// Where.
        community_id: CommunityId,
        /// What.
        content: Content,
        /// Who liked it.
        liker_id: UserId,
        /// Who wrote it.
        author_id: UserId,
    },
    /// A member completed a lesson.
    LessonCompleted {
        /// Where; may be left out when the course is known.
        community_id: Option<CommunityId>,
        /// The lesson's course.
        course_id: CourseId,
        /// Which lesson.
        lesson_id: LessonId,
        /// Who completed it.
        user_id: UserId,
    },
    /// A community came into being, or has a new name.
    CommunityCreated {
        /// Which.
        community_id: CommunityId,
        /// What it is called.
        name: Option<DirectoryText>,
    },
    /// A user joined a community.
    MemberJoined {
        /// Where.
        community_id: CommunityId,
        /// Who.
        user_id: UserId,
        /// With which role.
        role: Role,
        /// How they appear.
        profile: Profile,
    },
    /// A member's role changed.
    MemberRoleChanged {
        /// Where.
        community_id: CommunityId,
        /// Whose.
        user_id: UserId,
        /// To what.
        role: Role,
    },
    /// A member left.
    MemberLeft {
        /// Where.
        community_id: CommunityId,
        /// Who.
        user_id: UserId,
    },
    /// A course came into being, or has a new title.
    CourseCreated {
        /// Where.
        community_id: CommunityId,
        /// Which.
        course_id: CourseId,
        /// How it appears.
        listing: CourseListing,
    },
    /// A course was deleted.
    CourseDeleted {
        /// Where.
        community_id: CommunityId,
        /// Which.
        course_id: CourseId,
    },
}

impl Fact {
    /// The names of all event types that tell facts.
    pub const EVENT_TYPES: [&str; 13] = [
        "PostCreated",
        "CommentAdded",
        "PostLiked",
        "CommentLiked",
        "PostUnliked",
        "CommentUnliked",
        "LessonCompleted",
        "CommunityCreated",
        "MemberJoined",
        "MemberRoleChanged",
        "MemberLeft",
        "CourseCreated",
        "CourseDeleted",
    ];

    /// The name of the event type that tells it, such as `PostLiked`.
    #[must_use]
    pub const fn event_type(&self) -> &'static str {
        match self {
            Self::ContentCreated { content: Content::Post(_), .. } => "PostCreated",
            Self::ContentCreated { content: Content::Comment(_), .. } => "CommentAdded",
            Self::ContentLiked { content: Content::Post(_), .. } => "PostLiked",
            Self::ContentLiked { content: Content::Comment(_), .. } => "CommentLiked",
            Self::ContentUnliked { content: Content::Post(_), .. } => "PostUnliked",
            Self::ContentUnliked { content: Content::Comment(_), .. } => "CommentUnliked",
            Self::LessonCompleted { .. } => "LessonCompleted",
            Self::CommunityCreated { .. } => "CommunityCreated",
            Self::MemberJoined { .. } => "MemberJoined",
            Self::MemberRoleChanged { .. } => "MemberRoleChanged",
            Self::MemberLeft { .. } => "MemberLeft",
            Self::CourseCreated { .. } => "CourseCreated",
            Self::CourseDeleted { .. } => "CourseDeleted",
        }
    }

    /// Where it happened, as far as it says so.
    #[must_use]
    pub const fn community_id(&self) -> Option<CommunityId> {
        match *self {
            Self::LessonCompleted { community_id, .. } => community_id,
            Self::ContentCreated { community_id, .. }
            | Self::ContentLiked { community_id, .. }
            | Self::ContentUnliked { community_id, .. }
            | Self::CommunityCreated { community_id, .. }
            | Self::MemberJoined { community_id, .. }
            | Self::MemberRoleChanged { community_id, .. }
            | Self::MemberLeft { community_id, .. }
            | Self::CourseCreated { community_id, .. }
            | Self::CourseDeleted { community_id, .. } => Some(community_id),
        }
    }
}

/// A fact, and what its message says about when it happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FactRecord {
    /// What happened.
    pub fact: Fact,
    /// When, and by which event we know.
    pub claim: ChangeClaim,
}

/// In which communities courses are known.
///
/// A course belongs to one community; where two claim it, it tells nothing about a lesson's community.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CourseHomes(BTreeMap<CourseId, BTreeSet<CommunityId>>);

impl CourseHomes {
    /// Learns that a course is in a community.
    pub fn insert(&mut self, course_id: CourseId, community_id: CommunityId) {
        self.0.entry(course_id).or_default().insert(community_id);
    }

    /// The community of a course, when exactly one is known.
    #[must_use]
    pub fn home_of(&self, course_id: CourseId) -> Option<CommunityId> {
        let mut homes = self.0.get(&course_id)?.iter();
        homes.next().filter(|_| homes.next().is_none()).copied()
    }

    /// Fills in the community of each lesson that lacks one, learning from the facts' own courses on the way, in order.
    pub fn complete(&mut self, records: &mut [FactRecord]) {
        for record in records {
            match &mut record.fact {
                Fact::CourseCreated { community_id, course_id, .. }
                | Fact::CourseDeleted { community_id, course_id } => self.insert(*course_id, *community_id),
                Fact::LessonCompleted { community_id: home @ None, course_id, .. } => {
                    *home = self.home_of(*course_id);
                }
                Fact::LessonCompleted { .. }
                | Fact::ContentCreated { .. }
                | Fact::ContentLiked { .. }
                | Fact::ContentUnliked { .. }
                | Fact::CommunityCreated { .. }
                | Fact::MemberJoined { .. }
                | Fact::MemberRoleChanged { .. }
                | Fact::MemberLeft { .. } => {}
            }
        }
    }

    /// The courses that must be looked up to complete these facts.
    #[must_use]
    pub fn wanted(records: &[FactRecord]) -> BTreeSet<CourseId> {
        let courses = records.iter().filter_map(|record| match record.fact {
            Fact::LessonCompleted { community_id: None, course_id, .. } => Some(course_id),
            _ => None,
        });
        courses.collect()
    }
}

impl FromIterator<(CourseId, CommunityId)> for CourseHomes {
    fn from_iter<I: IntoIterator<Item = (CourseId, CommunityId)>>(known: I) -> Self {
        let mut homes = Self::default();
        for (course_id, community_id) in known {
            homes.insert(course_id, community_id);
        }
        homes
    }
}
