//! Likes: a switch for each piece of content and liker.

use crate::{
    Aggregate, ChangeOutcome, CommentId, CommunityId, EventMetadata, LwwRegister, PointSource, Points,
    PostId, SourceId, UserId,
};

/// Something that is written by one member and liked by others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Content {
    /// A post of the community.
    Post(PostId),
    /// A comment on a post.
    Comment(CommentId),
}

impl Content {
    /// What writing it earns points as.
    #[must_use]
    pub const fn created_source(self) -> PointSource {
        match self {
            Self::Post(_) => PointSource::PostCreated,
            Self::Comment(_) => PointSource::CommentCreated,
        }
    }

    /// What a like of it earns points as.
    #[must_use]
    pub const fn liked_source(self) -> PointSource {
        match self {
            Self::Post(_) => PointSource::PostLiked,
            Self::Comment(_) => PointSource::CommentLiked,
        }
    }

    /// Its id, as the ledger keeps it.
    #[must_use]
    pub const fn source_id(self) -> SourceId {
        match self {
            Self::Post(id) => SourceId::new(id.as_uuid()),
            Self::Comment(id) => SourceId::new(id.as_uuid()),
        }
    }
}

/// Which like: there is one switch for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LikeKey {
    /// The community it belongs to.
    pub community_id: CommunityId,
    /// The post or comment that is liked.
    pub content: Content,
    /// The user who likes it.
    pub liker_id: UserId,
}

/// A like that is given and taken back; the newest change wins, whatever order changes arrive in.
///
/// It remembers who holds its points and how many they are, so only what was earned is ever taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LikeSwitch {
    key: LikeKey,
    author: LwwRegister<Option<UserId>>,
    points: Points,
}

/// What a change of a switch means for points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LikeEffect {
    /// Whether the change is newer than those that the switch knew.
    pub outcome: ChangeOutcome,
    /// Who earns the points of the like.
    pub award: Option<UserId>,
    /// Who loses the points of the like, and how many they were.
    pub take_back: Option<(UserId, Points)>,
}

impl LikeSwitch {
    /// The switch of a like that no event has told of yet.
    #[must_use]
    pub const fn new(key: LikeKey) -> Self {
        Self { key, author: LwwRegister::unset(None), points: Points::ZERO }
    }

    /// Takes up a stored switch again.
    #[must_use]
    pub const fn restore(key: LikeKey, author: LwwRegister<Option<UserId>>, points: Points) -> Self {
        Self { key, author, points }
    }

    /// The like is given; `author` wrote the content.
    pub fn like(&mut self, author: UserId, metadata: &EventMetadata) -> LikeEffect {
        self.set(Some(author), metadata)
    }

    /// The like is taken back, at what it earned. Where no like is on, this changes no points.
    pub fn unlike(&mut self, metadata: &EventMetadata) -> LikeEffect {
        self.set(None, metadata)
    }

    fn set(&mut self, author: Option<UserId>, metadata: &EventMetadata) -> LikeEffect {
        let before = *self.author.value();
        let outcome = self.author.set(author, metadata);
        let now = *self.author.value();
        if before == now {
            return LikeEffect { outcome, award: None, take_back: None };
        }
        let points = std::mem::replace(&mut self.points, Points::ZERO);
        LikeEffect { outcome, award: now, take_back: before.map(|author| (author, points)) }
    }

    /// Notes what the like that was just given has earned.
    pub const fn earned(&mut self, points: Points) {
        self.points = points;
    }

    /// What it has earned while it is on: by the rules of the moment when it was given, and as much as caps left.
    #[must_use]
    pub const fn points(&self) -> Points {
        self.points
    }

    /// Who has its points, while the like is on, and the change that said so.
    #[must_use]
    pub const fn author(&self) -> &LwwRegister<Option<UserId>> {
        &self.author
    }
}

impl Aggregate for LikeSwitch {
    type Key = LikeKey;

    fn key(&self) -> LikeKey {
        self.key
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::{Duration, macros::datetime};
    use uuid::Uuid;

    use super::*;
    use crate::EventId;

    const AUTHOR: UserId = UserId::new(Uuid::from_u128(1));
    const OTHER: UserId = UserId::new(Uuid::from_u128(2));

    fn switch() -> LikeSwitch {
        LikeSwitch::new(LikeKey {
            community_id: CommunityId::new(Uuid::nil()),
            content: Content::Post(PostId::new(Uuid::nil())),
            liker_id: UserId::new(Uuid::from_u128(9)),
        })
    }

    fn at(minute: i64) -> EventMetadata {
        let noon = datetime!(2026-11-22 12:00 UTC);
        EventMetadata {
            event_id: EventId::parse("event").unwrap(),
            sequence: None,
            time: Some(noon + Duration::minutes(minute - 60)),
            received_at: noon,
        }
    }

    #[test]
    fn an_unlike_without_a_like_costs_nobody_a_point() {
        let effect = switch().unlike(&at(1));
        assert_eq!(effect, LikeEffect { outcome: ChangeOutcome::Applied, award: None, take_back: None });
    }

    #[test]
    fn a_like_that_arrives_after_its_unlike_earns_nothing() {
        let mut switch = switch();
        switch.unlike(&at(2));
        let late = switch.like(AUTHOR, &at(1));
        assert_eq!(late, LikeEffect { outcome: ChangeOutcome::Stale, award: None, take_back: None });
    }

    #[test]
    fn the_point_is_taken_from_who_earned_it() {
        let mut switch = switch();
        assert_eq!(switch.like(AUTHOR, &at(1)).award, Some(AUTHOR));
        switch.earned(Points::constant(3));
        assert_eq!(switch.like(AUTHOR, &at(2)).outcome, ChangeOutcome::AlreadyApplied);
        assert_eq!(switch.unlike(&at(3)).take_back, Some((AUTHOR, Points::constant(3))));
        assert_eq!(switch.points(), Points::ZERO);
    }

    #[test]
    fn a_newer_like_that_names_another_author_moves_the_point() {
        let mut switch = switch();
        switch.like(AUTHOR, &at(1));
        let moved = switch.like(OTHER, &at(2));
        assert_eq!((moved.award, moved.take_back), (Some(OTHER), Some((AUTHOR, Points::ZERO))));
    }

    #[test]
    fn a_repeated_like_is_known() {
        let mut switch = switch();
        switch.like(AUTHOR, &at(1));
        assert_eq!(switch.like(AUTHOR, &at(1)).outcome, ChangeOutcome::AlreadyApplied);
        assert_eq!(switch.like(AUTHOR, &at(3)).outcome, ChangeOutcome::AlreadyApplied);
        assert_eq!(
            switch.unlike(&at(2)).outcome,
            ChangeOutcome::Stale,
            "a repeated like is remembered as the newest"
        );
    }

    proptest! {
        #[test]
        fn points_out_of_a_switch_never_go_below_zero_and_end_as_the_newest_change_says(
            history in prop::collection::vec((any::<bool>(), 0_i64..50), 1..12).prop_shuffle()
        ) {
            // One change a minute: of two at once the event id would decide, and here all have the same.
            let mut seen = std::collections::HashMap::new();
            let mut switch = switch();
            let mut points = 0;
            for (liked, minute) in history {
                let liked = *seen.entry(minute).or_insert(liked);
                let metadata = at(minute);
                let effect = if liked { switch.like(AUTHOR, &metadata) } else { switch.unlike(&metadata) };
                points += i32::from(effect.award.is_some()) - i32::from(effect.take_back.is_some());
                prop_assert!((0..=1).contains(&points));
            }
            let newest = seen.into_iter().max().map(|(_, liked)| liked);
            prop_assert_eq!(points == 1, newest == Some(true));
        }
    }
}
