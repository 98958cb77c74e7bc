use proptest::prelude::*;
use time::macros::datetime;
use uuid::Uuid;

use super::*;
use crate::{EventId, LevelConfigurationId, LevelDraft, OnceScope};

fn levels(step: i64) -> LevelConfiguration {
    let drafts: Vec<LevelDraft> =
        (1..=9).map(|level| LevelDraft::new(level, format!("Level {level}"), (level - 1) * step)).collect();
    let (id, community) = (LevelConfigurationId::new(Uuid::nil()), CommunityId::new(Uuid::nil()));
    LevelConfiguration::restore(id, community, 1, &drafts).unwrap()
}

fn member(total: i64, level: i64) -> MemberPoints {
    MemberPoints::restore(
        MemberPointsId::new(Uuid::from_u128(1)),
        CommunityId::new(Uuid::nil()),
        UserId::new(Uuid::from_u128(2)),
        Points::new(total).unwrap(),
        LevelNumber::new(level).unwrap(),
        true,
    )
}

fn entry(source: PointSource, source_id: u128) -> PointEntry {
    PointEntry {
        transaction_id: PointTransactionId::new(Uuid::from_u128(9)),
        amount: source.rule().points,
        worth: source.rule().points,
        rules_version: 1,
        once_per: source.rule().once_per,
        source,
        source_id: SourceId::new(Uuid::from_u128(source_id)),
        actor_id: UserId::new(Uuid::from_u128(3)),
        cause: EntryCause::Fact(EventId::parse("event").unwrap()),
        occurred_at: datetime!(2026-11-22 10:00 UTC),
        recorded_at: datetime!(2026-11-22 10:01 UTC),
    }
}

#[test]
fn one_award_may_skip_levels() {
    let mut member = member(0, 1);
    let change =
        member.award_points(entry(PointSource::LessonCompleted, 1), &levels(1), &mut AwardedKeys::default());
    let events = change.unwrap().unwrap().events;
    let DomainEvent::MemberLeveledUp(MemberLeveledUp { old_level, new_level, new_level_name, .. }) =
        &events[1]
    else {
        panic!("{events:?}");
    };
    assert_eq!((old_level.get(), new_level.get(), new_level_name.as_str()), (1, 6, "Level 6"));
}

#[test]
fn a_deduction_takes_what_is_left_and_the_ledger_says_so() {
    let mut member = member(3, 1);
    let mut awarded = AwardedKeys::default();
    let change = member.deduct_points(entry(PointSource::LessonCompleted, 1), &mut awarded).unwrap();
    assert_eq!(change.transaction.change.signed(), -3);
    assert_eq!(member.total_points(), Points::ZERO);
    assert_eq!(member.deduct_points(entry(PointSource::PostLiked, 1), &mut awarded), None);
}

#[test]
fn the_level_stays_when_points_go() {
    let mut member = member(10, 2);
    member.deduct_points(entry(PointSource::PostLiked, 1), &mut AwardedKeys::default()).unwrap();
    assert_eq!(member.recalculate_level(&levels(10)), None);
    assert_eq!((member.total_points().get(), member.current_level().get()), (9, 2));
}

#[test]
fn an_erased_member_is_numbers_under_another_id_at_the_level_that_points_reach() {
    let mut erased = member(40, 2);
    let pseudonym = UserId::new(Uuid::from_u128(4));
    let Some(DomainEvent::MemberLeveledUp(event)) = erased.erase(pseudonym, &levels(10)) else {
        panic!("{erased:?}");
    };
    assert_eq!((event.member_id, event.new_level.get()), (pseudonym, 5));
    let MemberStanding { user_id, total_points, current_level } = erased.standing();
    assert_eq!((user_id, total_points.get(), current_level.get()), (pseudonym, 40, 5));
    assert!(!erased.is_present());
    assert_eq!(erased.erase(pseudonym, &levels(10)), None);
}

#[test]
fn higher_thresholds_lower_nobody_and_lower_ones_lift() {
    let mut member = member(40, 5);
    assert_eq!(member.recalculate_level(&levels(1000)), None);
    assert_eq!(member.current_level().get(), 5);
    assert!(member.recalculate_level(&levels(5)).is_some());
    assert_eq!(member.current_level().get(), 9);
    assert_eq!(member.recalculate_level(&levels(5)), None);
}

#[test]
fn an_award_beyond_the_largest_total_is_refused_and_changes_nothing() {
    let mut full = member(i64::from(i32::MAX) - 1, 9);
    let before = full.clone();
    let mut awarded = AwardedKeys::default();
    assert!(full.award_points(entry(PointSource::PostCreated, 1), &levels(10), &mut awarded).is_err());
    assert_eq!(full, before);
    let liked = full.award_points(entry(PointSource::PostLiked, 1), &levels(10), &mut awarded);
    assert!(liked.unwrap().is_some());
    assert_eq!(full.total_points(), Points::MAX);
    full = member(i64::from(i32::MAX) - 2, 9);
    let retried = full.award_points(entry(PointSource::PostCreated, 1), &levels(10), &mut awarded);
    assert!(retried.unwrap().is_some(), "a refused award leaves its key free");
}

#[test]
fn a_post_counts_once_whatever_author_is_named_and_a_lesson_once_per_member() {
    let mut awarded = AwardedKeys::default();
    let other = UserId::new(Uuid::from_u128(77));
    let mut first = member(0, 1);
    let mut second = MemberPoints::new(first.id(), first.community_id(), other);
    for (source, counts_for_second) in [
        (PointSource::PostCreated, false),
        (PointSource::CommentCreated, false),
        (PointSource::LessonCompleted, true),
    ] {
        let mut award = |member: &mut MemberPoints| {
            member.award_points(entry(source, 1), &levels(10), &mut awarded).unwrap().is_some()
        };
        assert!(award(&mut first), "{source}");
        assert!(!award(&mut first), "{source}");
        assert_eq!(award(&mut second), counts_for_second, "{source}");
    }
}

#[test]
fn what_was_taken_once_is_not_taken_or_awarded_again_under_the_same_key() {
    let mut member = member(9, 1);
    let mut awarded = AwardedKeys::default();
    let taken = member.deduct_points(entry(PointSource::PostCreated, 1), &mut awarded).unwrap();
    assert_eq!(taken.transaction.once_scope, Some(OnceScope::Content));
    assert_eq!(member.deduct_points(entry(PointSource::PostCreated, 1), &mut awarded), None);
    let award = member.award_points(entry(PointSource::PostCreated, 1), &levels(10), &mut awarded);
    assert_eq!(award, Ok(None));
    assert_eq!(member.total_points().get(), 7);
}

#[derive(Clone, Debug)]
enum Step {
    Award(PointSource, u128),
    Deduct(PointSource),
    Thresholds(i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let source = || prop::sample::select(PointSource::ALL.to_vec());
    let step = prop_oneof![
        3 => (source(), 0_u128..6).prop_map(|(source, id)| Step::Award(source, id)),
        1 => source().prop_map(Step::Deduct),
        1 => (1_i64..20).prop_map(Step::Thresholds),
    ];
    prop::collection::vec(step, 0..60)
}

proptest! {
    #[test]
    fn total_is_the_ledger_the_level_never_falls_and_events_form_a_chain(steps in steps()) {
        let mut levels_now = levels(5);
        let mut member = member(0, 1);
        let mut awarded = AwardedKeys::default();
        let (mut ledger, mut told_level) = (0_i64, 1);
        let mut once_only = std::collections::HashSet::new();
        for step in steps {
            let level_before = member.current_level();
            let change = match step {
                Step::Award(source, id) => {
                    member.award_points(entry(source, id), &levels_now, &mut awarded).unwrap()
                }
                Step::Deduct(source) => member.deduct_points(entry(source, 0), &mut awarded),
                Step::Thresholds(step) => {
                    levels_now = levels(step);
                    if let Some(DomainEvent::MemberLeveledUp(MemberLeveledUp { old_level, new_level, .. })) = member.recalculate_level(&levels_now) {
                        prop_assert_eq!(old_level.get(), told_level);
                        told_level = new_level.get();
                    }
                    None
                }
            };
            if let Some(AppliedChange { transaction, events }) = change {
                ledger += i64::from(transaction.change.signed());
                if let Some(key) = OnceOnlyKey::of(member.community_id(), transaction.source, transaction.source_id, member.user_id())
                {
                    prop_assert!(once_only.insert(key));
                }
                for event in events {
                    match event {
                        DomainEvent::MemberLeveledUp(MemberLeveledUp { old_level, new_level, .. }) => {
                            prop_assert_eq!(old_level.get(), told_level);
                            told_level = new_level.get();
                        }
                        DomainEvent::PointsAwarded(PointsAwarded { new_total, .. })
                        | DomainEvent::PointsDeducted(PointsDeducted { new_total, .. }) => {
                            prop_assert_eq!(i64::from(new_total.get()), ledger);
                        }
                    }
                }
            }
            prop_assert_eq!(i64::from(member.total_points().get()), ledger);
            prop_assert!(member.current_level() >= level_before);
            prop_assert!(member.current_level() >= levels_now.level_for_points(member.total_points()));
            prop_assert_eq!(member.current_level().get(), told_level);
        }
    }
}
