//! Facts: what happened on the platform, as its events tell.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    Adjustment, AdjustmentId, AwardedKeys, CommunityId, Content, CourseId, CourseListing, DirectoryText,
    EventMetadata, EventType, LessonId, LikeKey, MemberKey, OnceOnlyKey, PointSource, Profile, Role,
    SourceId, UserId,
};

/// Something that happened in a community. What it changes follows from the fact, never from the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// Where it happened; `None` only for a lesson whose event names just the course, until
    /// [`CourseCommunities::resolve`] has found the course's community.
    pub community_id: Option<CommunityId>,
    /// What happened, and to whom.
    pub kind: FactKind,
}

/// What may happen on the platform, with whom and what it concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FactKind {
    /// A member wrote a post or a comment.
    ContentCreated {
        /// The post or comment that was written.
        content: Content,
        /// The member who earns its points.
        author_id: UserId,
    },
    /// A user likes a post or a comment.
    ContentLiked {
        /// The post or comment that is liked.
        content: Content,
        /// The user who likes it.
        liker_id: UserId,
        /// The member who earns the point of the like.
        author_id: UserId,
    },
    /// A user takes a like back.
    ContentUnliked {
        /// The post or comment that was liked.
        content: Content,
        /// The user who had liked it.
        liker_id: UserId,
        /// The author as this event names them; the point is taken from who holds it.
        author_id: UserId,
    },
    /// A member completed a lesson.
    LessonCompleted {
        /// The course, which tells the community where the event does not.
        course_id: CourseId,
        /// The lesson, which earns points once for each member.
        lesson_id: LessonId,
        /// The member who earns them.
        user_id: UserId,
    },
    /// A person adds points to a member's total, or takes them away.
    PointsAdjusted {
        /// The adjustment, which counts once.
        adjustment_id: AdjustmentId,
        /// The member whose points they are.
        user_id: UserId,
        /// The points to add or take away, and the reason.
        adjustment: Adjustment,
        /// Who does it; the nil UUID where that is no user.
        admin_id: UserId,
    },
    /// A community came into being, or has a new name.
    CommunityCreated {
        /// The name; kept as it is where the event has none.
        name: Option<DirectoryText>,
    },
    /// A user joined, or is known to have joined.
    MemberJoined {
        /// The user, who is a member from then on.
        user_id: UserId,
        /// The role they joined with.
        role: Role,
        /// The name and avatar that they are shown with.
        profile: Profile,
    },
    /// A member's name, picture or listing on leaderboards changed.
    MemberProfileChanged {
        /// The member whose profile it is.
        user_id: UserId,
        /// All of the profile from then on.
        profile: Profile,
    },
    /// A member has another role.
    MemberRoleChanged {
        /// The member who has another role.
        user_id: UserId,
        /// The role from then on.
        role: Role,
    },
    /// A member left; points and level stay for their return.
    MemberLeft {
        /// The user, who is no member from then on.
        user_id: UserId,
    },
    /// A user is to be forgotten. It is recorded in a transaction of its own, never in a [`Batch`](crate::Batch), and
    /// later facts that name the user have no effect.
    MemberErased {
        /// The user, whom the community knows no more from then on.
        user_id: UserId,
    },
    /// A course came into being, or has a new title.
    CourseCreated {
        /// The course, which the community lists from then on.
        course_id: CourseId,
        /// The title that it is shown with.
        listing: CourseListing,
    },
    /// A course was deleted: its community lists it no more.
    CourseDeleted {
        /// The course, by its id on the platform.
        course_id: CourseId,
    },
}

impl Fact {
    /// A fact of a known community.
    #[must_use]
    pub const fn new(community_id: CommunityId, kind: FactKind) -> Self {
        Self { community_id: Some(community_id), kind }
    }

    /// The type of the event that tells it.
    #[must_use]
    pub const fn event_type(&self) -> EventType {
        self.kind.event_type()
    }
}

impl FactKind {
    /// The type of the event that tells it.
    #[must_use]
    pub const fn event_type(&self) -> EventType {
        match self {
            Self::ContentCreated { content: Content::Post(_), .. } => EventType::PostCreated,
            Self::ContentCreated { content: Content::Comment(_), .. } => EventType::CommentAdded,
            Self::ContentLiked { content: Content::Post(_), .. } => EventType::PostLiked,
            Self::ContentLiked { content: Content::Comment(_), .. } => EventType::CommentLiked,
            Self::ContentUnliked { content: Content::Post(_), .. } => EventType::PostUnliked,
            Self::ContentUnliked { content: Content::Comment(_), .. } => EventType::CommentUnliked,
            Self::LessonCompleted { .. } => EventType::LessonCompleted,
            Self::PointsAdjusted { .. } => EventType::PointsAdjusted,
            Self::CommunityCreated { .. } => EventType::CommunityCreated,
            Self::MemberJoined { .. } => EventType::MemberJoined,
            Self::MemberProfileChanged { .. } => EventType::MemberProfileChanged,
            Self::MemberRoleChanged { .. } => EventType::MemberRoleChanged,
            Self::MemberLeft { .. } => EventType::MemberLeft,
            Self::MemberErased { .. } => EventType::MemberErased,
            Self::CourseCreated { .. } => EventType::CourseCreated,
            Self::CourseDeleted { .. } => EventType::CourseDeleted,
        }
    }

    /// The users whom it names, whatever their part in it; the nil UUID where a service acts for nobody.
    #[must_use]
    pub const fn users(&self) -> [Option<UserId>; 2] {
        match self {
            Self::ContentCreated { author_id: user_id, .. }
            | Self::LessonCompleted { user_id, .. }
            | Self::MemberJoined { user_id, .. }
            | Self::MemberProfileChanged { user_id, .. }
            | Self::MemberRoleChanged { user_id, .. }
            | Self::MemberLeft { user_id }
            | Self::MemberErased { user_id } => [Some(*user_id), None],
            Self::ContentLiked { liker_id, author_id, .. }
            | Self::ContentUnliked { liker_id, author_id, .. } => [Some(*liker_id), Some(*author_id)],
            Self::PointsAdjusted { user_id, admin_id, .. } => [Some(*user_id), Some(*admin_id)],
            Self::CommunityCreated { .. } | Self::CourseCreated { .. } | Self::CourseDeleted { .. } => {
                [None, None]
            }
        }
    }
}

/// A fact, and what its message says about when it happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FactRecord {
    /// What happened, and in which community.
    pub fact: Fact,
    /// When, and by which event we know.
    pub metadata: EventMetadata,
}

impl FactRecord {
    /// The users whom the fact names, each in its community; nobody while that is not known. (The nil UUID is nobody.)
    pub fn members(&self) -> impl Iterator<Item = MemberKey> + use<> {
        let Fact { community_id, kind } = &self.fact;
        let community_id = *community_id;
        let users = kind.users().into_iter().flatten().filter(|user_id| !user_id.as_uuid().is_nil());
        users.filter_map(move |user_id| Some((community_id?, user_id)))
    }

    /// What the fact does, by the rules.
    pub(crate) fn effect(&self) -> Effect<'_> {
        let Self { fact: Fact { kind, .. }, metadata } = self;
        match kind {
            FactKind::ContentCreated { content, author_id } => Effect::Award(Award {
                source: content.created_source(),
                source_id: content.source_id(),
                member: *author_id,
                actor_id: *author_id,
                metadata,
            }),
            FactKind::LessonCompleted { course_id: _, lesson_id, user_id } => Effect::Award(Award {
                source: PointSource::LessonCompleted,
                source_id: SourceId::new(lesson_id.as_uuid()),
                member: *user_id,
                actor_id: *user_id,
                metadata,
            }),
            FactKind::ContentLiked { content, liker_id, author_id } => {
                Effect::of_like(*content, *liker_id, *author_id, true)
            }
            FactKind::ContentUnliked { content, liker_id, author_id } => {
                Effect::of_like(*content, *liker_id, *author_id, false)
            }
            FactKind::PointsAdjusted { adjustment_id, user_id, adjustment, admin_id } => Effect::Adjusted {
                award: Award {
                    source: PointSource::ManualAdjustment,
                    source_id: SourceId::new(adjustment_id.as_uuid()),
                    member: *user_id,
                    actor_id: *admin_id,
                    metadata,
                },
                adjustment,
            },
            FactKind::CommunityCreated { name } => Effect::CommunityNamed(name.as_ref()),
            FactKind::MemberJoined { user_id, role, profile } => Effect::MembershipChanged {
                user_id: *user_id,
                change: MembershipChange::Joined { role: *role, profile },
            },
            FactKind::MemberProfileChanged { user_id, profile } => {
                Effect::MembershipChanged { user_id: *user_id, change: MembershipChange::HasProfile(profile) }
            }
            FactKind::MemberRoleChanged { user_id, role } => {
                Effect::MembershipChanged { user_id: *user_id, change: MembershipChange::HasRole(*role) }
            }
            FactKind::MemberLeft { user_id } => {
                Effect::MembershipChanged { user_id: *user_id, change: MembershipChange::Left }
            }
            FactKind::MemberErased { user_id: _ } => Effect::Erased,
            FactKind::CourseCreated { course_id, listing } => {
                Effect::CourseListed { course_id: *course_id, listing: Some(listing) }
            }
            FactKind::CourseDeleted { course_id } => {
                Effect::CourseListed { course_id: *course_id, listing: None }
            }
        }
    }
}

/// What a fact does: a scope names what that touches, a batch carries it out.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Effect<'a> {
    /// Points, by the rule of their source.
    Award(Award<'a>),
    /// Points, as many as an adjustment says.
    Adjusted { award: Award<'a>, adjustment: &'a Adjustment },
    /// A like is given or taken back, and the author's point moves with it.
    LikeTurned { content: Content, liker_id: UserId, author_id: UserId, is_given: bool },
    /// Nothing: a like of one's own content.
    OwnContentLiked,
    /// A community is known, by this name where there is one.
    CommunityNamed(Option<&'a DirectoryText>),
    /// A user joins or leaves, or has another role or profile.
    MembershipChanged { user_id: UserId, change: MembershipChange<'a> },
    /// Nothing in a batch: a member is erased in a transaction of its own.
    Erased,
    /// A course is listed, or not any more.
    CourseListed { course_id: CourseId, listing: Option<&'a CourseListing> },
}

impl Effect<'_> {
    fn of_like(content: Content, liker_id: UserId, author_id: UserId, is_given: bool) -> Self {
        if liker_id == author_id {
            return Self::OwnContentLiked;
        }
        Self::LikeTurned { content, liker_id, author_id, is_given }
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum MembershipChange<'a> {
    /// The user is a member from then on.
    Joined { role: Role, profile: &'a Profile },
    /// The member has this profile from then on.
    HasProfile(&'a Profile),
    /// The member has this role from then on.
    HasRole(Role),
    /// The user is no member from then on.
    Left,
}

/// Points that a member earns, or loses again. A post, a comment and a lesson earn them by themselves, a like through
/// its switch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Award<'a> {
    pub(crate) source: PointSource,
    pub(crate) source_id: SourceId,
    /// The member who earns them.
    pub(crate) member: UserId,
    /// The user whose deed earned them.
    pub(crate) actor_id: UserId,
    /// When that was, and by which event we know.
    pub(crate) metadata: &'a EventMetadata,
}

impl<'a> Award<'a> {
    /// Whether it is one that is made once, and was made before.
    pub(crate) fn is_made(&self, community_id: CommunityId, awarded: &AwardedKeys) -> bool {
        OnceOnlyKey::of(community_id, self.source, self.source_id, self.member)
            .is_some_and(|key| awarded.contains(&key))
    }

    /// The point that hangs on a like's switch.
    pub(crate) const fn for_like(like: LikeKey, author_id: UserId, metadata: &'a EventMetadata) -> Self {
        let LikeKey { content, liker_id, .. } = like;
        let (source, source_id) = (content.liked_source(), content.source_id());
        Self { source, source_id, member: author_id, actor_id: liker_id, metadata }
    }
}

/// In which communities courses are known.
///
/// A course belongs to one community; where two claim it, it tells nothing about a lesson's community.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CourseCommunities(BTreeMap<CourseId, BTreeSet<CommunityId>>);

impl CourseCommunities {
    /// Learns that a course is in a community.
    pub fn insert(&mut self, course_id: CourseId, community_id: CommunityId) {
        self.0.entry(course_id).or_default().insert(community_id);
    }

    /// The community of a course, when exactly one is known.
    #[must_use]
    pub fn community_of(&self, course_id: CourseId) -> Option<CommunityId> {
        let mut communities = self.0.get(&course_id)?.iter();
        communities.next().filter(|_| communities.next().is_none()).copied()
    }

    /// Fills in the community of each fact that lacks one, learning from the facts' own courses on the way, in order.
    pub fn resolve(&mut self, records: &mut [FactRecord]) {
        for FactRecord { fact, .. } in records {
            match (fact.community_id, &fact.kind) {
                (
                    Some(community_id),
                    FactKind::CourseCreated { course_id, .. } | FactKind::CourseDeleted { course_id },
                ) => self.insert(*course_id, community_id),
                (None, FactKind::LessonCompleted { course_id, .. }) => {
                    fact.community_id = self.community_of(*course_id);
                }
                _ => {}
            }
        }
    }

    /// The courses that must be looked up to resolve these facts.
    #[must_use]
    pub fn unresolved(records: &[FactRecord]) -> BTreeSet<CourseId> {
        let courses = records.iter().filter_map(|record| match record.fact {
            Fact { community_id: None, kind: FactKind::LessonCompleted { course_id, .. } } => Some(course_id),
            _ => None,
        });
        courses.collect()
    }
}

impl FromIterator<(CourseId, CommunityId)> for CourseCommunities {
    fn from_iter<I: IntoIterator<Item = (CourseId, CommunityId)>>(known: I) -> Self {
        let mut communities = Self::default();
        for (course_id, community_id) in known {
            communities.insert(course_id, community_id);
        }
        communities
    }
}
