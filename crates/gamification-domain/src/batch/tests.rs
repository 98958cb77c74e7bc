mod memory;
mod rules;

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use time::{Duration, macros::datetime};

use super::*;
use crate::{
    Aggregate, Community, CommunityConfiguration, CommunityMember, CommunityRules, Content, Course,
    CourseCommunities, CourseListing, DomainEvent, EventId, Fact, FactKind, LessonId, LevelConfiguration,
    LevelConfigurationId, LevelCountChange, LevelNumber, MemberLeveledUp, MemberPoints, MemberPointsId,
    OnceOnlyKey, PointChange, PointTransaction, Points, PostId, Profile, Role, Sequence, Tally, TallyKey,
};
use memory::Memory;

const NOON: OffsetDateTime = datetime!(2026-11-22 12:00 UTC);
const COMMUNITY: CommunityId = CommunityId::new(Uuid::from_u128(1));

fn user(number: u128) -> UserId {
    UserId::new(Uuid::from_u128(1_000 + number))
}

fn post(number: u128) -> Content {
    Content::Post(PostId::new(Uuid::from_u128(number)))
}

fn at(minute: i64, fact: Fact) -> FactRecord {
    let metadata = EventMetadata {
        event_id: EventId::parse(&format!("event-{minute}")).unwrap(),
        sequence: None,
        time: Some(NOON + Duration::minutes(minute - 1_000)),
        received_at: NOON,
    };
    FactRecord { fact, metadata }
}

fn here(kind: FactKind) -> Fact {
    Fact::new(COMMUNITY, kind)
}

fn created(post_number: u128, author: u128) -> Fact {
    here(FactKind::ContentCreated { content: post(post_number), author_id: user(author) })
}

fn liked(post_number: u128, liker: u128, author: u128) -> Fact {
    let (content, liker_id, author_id) = (post(post_number), user(liker), user(author));
    here(FactKind::ContentLiked { content, liker_id, author_id })
}

fn unliked(post_number: u128, liker: u128, author: u128) -> Fact {
    let (content, liker_id, author_id) = (post(post_number), user(liker), user(author));
    here(FactKind::ContentUnliked { content, liker_id, author_id })
}

fn joined_as(member: u128, role: Role) -> Fact {
    here(FactKind::MemberJoined { user_id: user(member), role, profile: Profile::default() })
}

fn joined(member: u128) -> Fact {
    joined_as(member, Role::Member)
}

const COURSE: CourseId = CourseId::new(Uuid::from_u128(7));

fn lesson(number: u128, member: u128) -> Fact {
    let (lesson_id, user_id) = (LessonId::new(Uuid::from_u128(number)), user(member));
    here(FactKind::LessonCompleted { course_id: COURSE, lesson_id, user_id })
}

use Verdict::{Applied, Duplicate, Ignored, Rejected, Stale};

#[test]
fn each_source_pays_what_it_is_worth_once() {
    let mut memory = Memory::default();
    let comment = here(FactKind::ContentCreated {
        content: Content::Comment(crate::CommentId::new(Uuid::from_u128(5))),
        author_id: user(1),
    });
    let facts = [at(1, created(1, 1)), at(2, comment), at(3, liked(1, 2, 1)), at(4, lesson(1, 1))];
    assert_eq!(memory.record(&facts), [Applied, Applied, Applied, Applied]);
    assert_eq!(memory.totals()[&user(1)], (2 + 1 + 1 + 5, 1));
    assert_eq!(memory.record(&facts), [Duplicate, Duplicate, Duplicate, Duplicate]);
    memory.check_ledger();
}

#[test]
fn a_repetition_within_one_batch_counts_once() {
    let mut memory = Memory::default();
    let facts = [at(1, created(1, 1)), at(1, created(1, 1)), at(2, liked(1, 2, 1)), at(2, liked(1, 2, 1))];
    assert_eq!(memory.record(&facts), [Applied, Duplicate, Applied, Duplicate]);
    assert_eq!(memory.totals()[&user(1)].0, 3);
}

#[test]
fn an_unlike_without_a_like_changes_nothing() {
    let mut memory = Memory::default();
    memory.record(&[at(1, created(1, 1)), at(2, unliked(1, 2, 1))]);
    assert_eq!(memory.totals()[&user(1)].0, 2);
    assert_eq!(memory.record(&[at(1, liked(1, 2, 1))]), [Stale]);
}

#[test]
fn liking_ones_own_content_earns_nothing() {
    let mut memory = Memory::default();
    assert_eq!(memory.record(&[at(1, liked(1, 1, 1)), at(2, unliked(1, 1, 1))]), [Ignored, Ignored]);
    assert!(memory.ledger.is_empty() && memory.like_switches.0.is_empty());
}

#[test]
fn a_like_that_names_another_author_moves_the_point_across_batches() {
    let mut memory = Memory::default();
    memory.record(&[at(1, liked(1, 9, 1))]);
    assert_eq!(memory.record(&[at(2, liked(1, 9, 2))]), [Applied]);
    assert_eq!(memory.points(), BTreeMap::from([(user(2), 1)]));
    assert_eq!(memory.record(&[at(3, unliked(1, 9, 3))]), [Applied]);
    assert_eq!(memory.points(), BTreeMap::new());
    memory.check_ledger();
}

#[test]
fn a_lesson_finds_its_community_through_its_course() {
    let fact = Fact { community_id: None, ..lesson(1, 1) };
    let mut unknown = [at(1, fact.clone())];
    CourseCommunities::default().resolve(&mut unknown);
    assert_eq!(Memory::default().record(&unknown), [Rejected(Rejection::CourseUnknown)]);

    let course = here(FactKind::CourseCreated { course_id: COURSE, listing: CourseListing::default() });
    let mut in_order = [at(1, course), at(2, fact.clone())];
    assert_eq!(CourseCommunities::unresolved(&in_order), BTreeSet::from([COURSE]));
    CourseCommunities::default().resolve(&mut in_order);
    assert_eq!(Memory::default().record(&in_order), [Applied, Applied]);

    let elsewhere = CommunityId::new(Uuid::from_u128(2));
    let mut claimed_twice = [at(1, fact)];
    CourseCommunities::from_iter([(COURSE, COMMUNITY), (COURSE, elsewhere)]).resolve(&mut claimed_twice);
    assert_eq!(Memory::default().record(&claimed_twice), [Rejected(Rejection::CourseUnknown)]);
}

#[test]
fn an_award_beyond_the_largest_total_is_rejected_alone() {
    let mut memory = Memory::default();
    let full = Points::new(i64::from(i32::MAX) - 1).unwrap();
    let (id, level) = (MemberPointsId::new(user(1).as_uuid()), LevelNumber::MAX);
    memory.member_points.save(vec![MemberPoints::restore(id, COMMUNITY, user(1), full, level, false)]);
    let verdicts = memory.record(&[at(1, created(1, 1)), at(2, liked(1, 2, 1)), at(3, liked(1, 3, 1))]);
    assert!(matches!(verdicts[..], [Rejected(Rejection::Overflow(_)), Applied, Rejected(_)]), "{verdicts:?}");
    assert_eq!(memory.like_switches.0.len(), 1, "a rejected like leaves no switch");
}

#[test]
fn joining_makes_a_member_of_level_one_without_points() {
    let scope = Scope::of(&[at(1, joined(1))]);
    assert_eq!(scope.awards.members, BTreeSet::from([(COMMUNITY, user(1))]));
    assert_eq!(scope.directory.communities, BTreeSet::from([COMMUNITY]));
}

#[test]
fn what_is_known_is_not_written_again() {
    let facts = [at(1, joined_as(1, Role::Admin)), at(2, created(1, 1)), at(3, liked(1, 2, 1))];
    let mut memory = Memory::default();
    memory.record(&facts);
    let scope = Scope::of(&facts);
    let mut batch = Batch::new(memory.load(&scope));
    for record in &facts {
        let mut entries = EntryFactory { recorded_at: NOON, next_id: &mut Uuid::nil };
        assert_eq!(batch.record(record, &mut entries), Ok(Duplicate));
    }
    let Changes { directory, likes, ledger } = batch.into_changes();
    assert!(ledger.members.is_empty() && directory.members.is_empty());
    assert!(likes.new.is_empty() && likes.changed.is_empty());
    assert!(ledger.transactions.is_empty() && ledger.events.is_empty());
}

/// A truthful history: each like is given and taken back in turn by the minute, each post has one author.
fn history() -> impl Strategy<Value = Vec<FactRecord>> {
    let author_of = |post: u128| post % 3;
    let fact = prop_oneof![
        (0_u128..4).prop_map(move |post| created(post, author_of(post))),
        (0_u128..4, 0_u128..4).prop_map(move |(post, liker)| liked(post, liker, author_of(post))),
        (0_u128..4, 0_u128..4).prop_map(move |(post, liker)| unliked(post, liker, author_of(post))),
        (0_u128..3, 0_u128..3).prop_map(|(number, member)| lesson(number, member)),
        (0_u128..3).prop_map(joined),
        (0_u128..3).prop_map(|member| here(FactKind::MemberLeft { user_id: user(member) })),
    ];
    (prop::collection::vec(fact, 1..14), any::<bool>()).prop_map(|(facts, sequenced)| {
        let records = facts.into_iter().zip(1_i64..).map(|(fact, minute)| {
            let mut record = at(minute, fact);
            if sequenced {
                record.metadata.sequence = Some(Sequence::parse(&minute.to_string()).unwrap());
                record.metadata.time = None;
            }
            record
        });
        records.collect()
    })
}

/// The history in order; and all of it twice, some under new ids, shuffled and cut into batches.
fn received_histories() -> impl Strategy<Value = (Vec<FactRecord>, Vec<FactRecord>, usize)> {
    history().prop_flat_map(|history| {
        let renamed = history.iter().cloned().map(|mut record| {
            record.metadata.event_id =
                EventId::parse(&format!("again-{}", record.metadata.event_id)).unwrap();
            record
        });
        let twice: Vec<_> = history.iter().cloned().chain(renamed).collect();
        (Just(history), Just(twice).prop_shuffle(), 1_usize..10)
    })
}

proptest! {
    #[test]
    fn any_shuffling_any_repetition_and_any_batching_end_at_the_same_totals((history, shuffled, size) in received_histories()) {
        let mut in_order = Memory::default();
        for record in &history {
            in_order.record(std::slice::from_ref(record));
        }
        let mut received = Memory::default();
        for batch in shuffled.chunks(size) {
            received.record(batch);
            received.check_ledger();
        }
        prop_assert_eq!(in_order.present(), received.present());
        // Levels may differ: a like that was overtaken before it came never leveled anyone up.
        prop_assert_eq!(in_order.points(), received.points());
    }

    #[test]
    fn a_batch_ends_exactly_where_its_facts_one_by_one_end(history in history()) {
        let (mut together, mut single) = (Memory::default(), Memory::default());
        let verdicts = together.record(&history);
        let one_by_one: Vec<Verdict> =
            history.iter().flat_map(|record| single.record(std::slice::from_ref(record))).collect();
        prop_assert_eq!(verdicts, one_by_one);
        prop_assert_eq!(together.totals(), single.totals());
        prop_assert_eq!(together.events, single.events);
        prop_assert_eq!(together.like_switches.0, single.like_switches.0);
        prop_assert_eq!(together.ledger.len(), single.ledger.len());
    }

    #[test]
    fn level_ups_of_a_member_form_a_chain(history in history()) {
        let mut memory = Memory::default();
        memory.record(&history);
        let mut levels: BTreeMap<UserId, u8> = BTreeMap::new();
        for event in &memory.events {
            if let DomainEvent::MemberLeveledUp(MemberLeveledUp { member_id, old_level, new_level, .. }) = event {
                let told = levels.insert(*member_id, new_level.get()).unwrap_or(1);
                prop_assert_eq!(told, old_level.get());
            }
        }
        for (user, (_, level)) in memory.totals() {
            prop_assert_eq!(levels.get(&user).copied().unwrap_or(1), level);
        }
        let signs = memory.ledger.iter().filter(|line| matches!(line.change, PointChange::Awarded(_))).count();
        let told = memory.events.iter().filter(|event| matches!(event, DomainEvent::PointsAwarded(_))).count();
        prop_assert_eq!(signs, told);
    }
}

#[test]
fn who_joins_counts_as_present_and_who_leaves_does_not() {
    let mut memory = Memory::default();
    for (fact, is_present) in [(joined(1), true), (here(FactKind::MemberLeft { user_id: user(1) }), false)] {
        let record = at(if is_present { 1 } else { 2 }, fact);
        let scope = Scope::of(std::slice::from_ref(&record));
        assert!(scope.awards.members.contains(&(COMMUNITY, user(1))));
        let mut batch = Batch::new(memory.load(&scope));
        let mut next_id = || Uuid::nil();
        batch.record(&record, &mut EntryFactory { recorded_at: NOON, next_id: &mut next_id }).unwrap();
        let Changes { directory, ledger, .. } = batch.into_changes();
        let presence: Vec<bool> = ledger.members.iter().map(MemberPoints::is_present).collect();
        assert_eq!(presence, [is_present]);
        let counted = ledger.level_counts.clone().into_changes();
        let (level, members) = (LevelNumber::MIN, if is_present { 1 } else { -1 });
        assert_eq!(counted, [LevelCountChange { community_id: COMMUNITY, level, members }]);
        memory.member_points.save(ledger.members);
        memory.community_members.save(directory.members);
    }
}

#[test]
fn a_scope_names_the_members_courses_and_communities_that_a_fact_touches() {
    let records = [
        at(1, lesson(5, 1)),
        at(2, created(6, 2)),
        at(3, here(FactKind::CourseDeleted { course_id: COURSE })),
    ];
    let Scope { directory, awards, .. } = Scope::of(&records);
    assert_eq!(awards.members, BTreeSet::from([(COMMUNITY, user(1)), (COMMUNITY, user(2))]));
    assert_eq!(awards.once_only_keys.len(), 2);
    assert_eq!(directory.courses, BTreeSet::from([(COMMUNITY, COURSE)]));
    assert_eq!(directory.communities, BTreeSet::from([COMMUNITY]));
}

#[test]
fn known_courses_say_the_community_of_their_lessons() {
    let mut records = [at(1, Fact { community_id: None, kind: lesson(5, 1).kind })];
    let mut known: CourseCommunities = [(COURSE, COMMUNITY)].into_iter().collect();
    known.resolve(&mut records);
    assert_eq!(records[0].fact.community_id, Some(COMMUNITY));
}

#[test]
fn an_erasure_is_nothing_to_a_batch_and_names_whom_it_erases() {
    let erased = at(1, here(FactKind::MemberErased { user_id: user(1) }));
    let scope = Scope::of([&erased]);
    assert!(scope.awards.members.is_empty() && scope.directory.members.is_empty());
    let mut next_id = || Uuid::nil();
    let mut entries = EntryFactory { recorded_at: NOON, next_id: &mut next_id };
    let verdict = Batch::new(Loaded::default()).record(&erased, &mut entries);
    assert_eq!(verdict, Ok(Verdict::Ignored));
    assert_eq!(erased.members().collect::<Vec<_>>(), [(COMMUNITY, user(1))]);
}

#[test]
fn a_fact_names_everybody_who_has_a_part_in_it_and_nobody_else() {
    let named = |fact: Fact| at(1, fact).members().map(|(_, user_id)| user_id).collect::<Vec<_>>();
    assert_eq!(named(created(1, 2)), [user(2)]);
    assert_eq!(named(liked(1, 2, 3)), [user(2), user(3)]);
    assert_eq!(named(unliked(1, 2, 3)), [user(2), user(3)]);
    assert_eq!(named(joined(2)), [user(2)]);
    assert_eq!(named(here(FactKind::CommunityCreated { name: None })), []);
    let nobody = UserId::new(Uuid::nil());
    assert_eq!(named(here(FactKind::MemberErased { user_id: nobody })), []);
    let course_id = CourseId::new(Uuid::nil());
    let lesson =
        FactKind::LessonCompleted { course_id, lesson_id: LessonId::new(Uuid::nil()), user_id: user(2) };
    assert_eq!(named(Fact { community_id: None, kind: lesson }), [], "its community is not known yet");
}
