//! Facts under the rules of a community: worths, caps of a day, caps of a pair, and rules that change.

use super::{Verdict::Capped, *};
use crate::{
    AdjustmentId, AdjustmentReason, AwardedKeys, CapDraft, PointSource, RuleDraft, RulesDraft, day_of,
};

const LIKES: PointSource = PointSource::PostLiked;
const POSTS: PointSource = PointSource::PostCreated;
const DAY: i64 = 24 * 60;

/// Changes the rule of a source.
fn set(memory: &mut Memory, source: PointSource, change: impl FnOnce(&mut RuleDraft)) {
    let mut rules = memory.rules.clone().unwrap_or_else(|| CommunityRules::default_for(COMMUNITY));
    let mut draft = RulesDraft::from(&rules);
    change(draft.rules.iter_mut().find(|draft| draft.source == Some(source)).unwrap());
    rules.update(&draft, NOON).unwrap();
    memory.rules = Some(rules);
}

fn with_daily_cap(source: PointSource, cap: i64) -> Memory {
    let mut memory = Memory::default();
    set(&mut memory, source, |draft| draft.daily_cap = CapDraft::Points(cap));
    memory
}

/// What each entry gave or took, was worth, and by which version of the rules.
fn entries(memory: &Memory) -> Vec<(i32, i32, u32)> {
    memory.ledger.iter().map(|line| (line.change.signed(), line.worth.get(), line.rules_version)).collect()
}

#[test]
fn a_cap_leaves_what_is_left_and_then_nothing_and_the_ledger_says_so() {
    let mut memory = with_daily_cap(POSTS, 3);
    let facts = [at(1, created(1, 1)), at(2, created(2, 1)), at(3, created(3, 1)), at(4, created(4, 2))];
    assert_eq!(memory.record(&facts), [Applied, Capped, Capped, Applied]);
    assert_eq!(entries(&memory), [(2, 2, 2), (1, 2, 2), (0, 2, 2), (2, 2, 2)]);
    assert_eq!(memory.points(), BTreeMap::from([(user(1), 3), (user(2), 2)]));
    assert_eq!(memory.record(&facts), [Duplicate; 4], "what a cap took away is remembered");
    let told = memory.events.iter().filter(|event| matches!(event, DomainEvent::PointsAwarded(_)));
    assert_eq!(told.count(), 3, "nobody is told of 0 points");
    memory.check_ledger();
}

#[test]
fn a_day_is_that_of_the_fact_in_utc_at_its_very_edges() {
    let mut memory = with_daily_cap(POSTS, 2);
    let record = |number: u128, time| {
        let mut record = at(1, created(number, 1));
        record.metadata.time = Some(time);
        record
    };
    let facts = [
        record(1, datetime!(2026-11-20 0:00 UTC)),
        record(2, datetime!(2026-11-20 23:59:59.999999 UTC)),
        record(3, datetime!(2026-11-21 0:00 UTC)),
        record(4, datetime!(2026-11-21 0:30 +1)),
    ];
    assert_eq!(memory.record(&facts), [Applied, Capped, Applied, Capped]);
}

#[test]
fn a_like_is_taken_back_at_what_it_gave() {
    let mut memory = with_daily_cap(LIKES, 3);
    set(&mut memory, LIKES, |draft| draft.points = Some(2));
    let likes = [at(1, liked(1, 7, 1)), at(2, liked(1, 8, 1)), at(3, liked(1, 9, 1))];
    assert_eq!(memory.record(&likes), [Applied, Capped, Capped]);
    set(&mut memory, LIKES, |draft| draft.points = Some(100));
    assert_eq!(memory.record(&[at(4, unliked(1, 8, 1))]), [Applied]);
    assert_eq!(memory.points(), BTreeMap::from([(user(1), 2)]), "1 of 3, and not 100");
    assert_eq!(memory.record(&[at(5, unliked(1, 9, 1))]), [Applied], "it gave nothing, and takes nothing");
    assert_eq!(memory.ledger.len(), 4);
    assert_eq!(memory.record(&[at(6, liked(1, 8, 1))]), [Capped], "taking back makes no room");
    memory.check_ledger();
}

#[test]
fn a_pair_is_capped_apart_from_other_pairs_and_both_caps_hold() {
    let mut memory = with_daily_cap(LIKES, 3);
    set(&mut memory, LIKES, |draft| draft.per_pair_daily_cap = CapDraft::Points(2));
    let like = |minute: i64, liker| at(minute, liked(u128::try_from(minute).unwrap(), liker, 1));
    let ring = [like(1, 7), like(2, 7), like(3, 7), like(4, 8), like(5, 8)];
    assert_eq!(memory.record(&ring), [Applied, Applied, Capped, Applied, Capped]);
    assert_eq!(memory.record(&[at(6, liked(6, 7, 2))]), [Applied], "another author is another pair");
    assert_eq!(memory.record(&[at(6 - DAY, liked(7, 7, 1))]), [Applied], "another day is another day");
    memory.check_ledger();
}

#[test]
fn what_was_earned_on_the_day_before_a_cap_came_counts_and_stays() {
    let mut memory = Memory::default();
    memory.record(&[at(1, created(1, 1)), at(2, created(2, 1))]);
    set(&mut memory, POSTS, |draft| draft.daily_cap = CapDraft::Points(3));
    assert_eq!(memory.record(&[at(3, created(3, 1))]), [Capped]);
    assert_eq!(memory.points(), BTreeMap::from([(user(1), 4)]), "nothing earned before changes");
    set(&mut memory, POSTS, |draft| draft.daily_cap = CapDraft::Points(5));
    assert_eq!(memory.record(&[at(4, created(4, 1))]), [Capped]);
    assert_eq!(memory.points(), BTreeMap::from([(user(1), 5)]));
}

#[test]
fn a_cap_that_went_and_comes_again_counts_what_was_earned_between() {
    let mut memory = with_daily_cap(POSTS, 2);
    memory.record(&[at(1, created(1, 1))]);
    set(&mut memory, POSTS, |draft| draft.daily_cap = CapDraft::None);
    assert_eq!(memory.record(&[at(2, created(2, 1))]), [Applied]);
    set(&mut memory, POSTS, |draft| draft.daily_cap = CapDraft::Points(5));
    assert_eq!(memory.record(&[at(3, created(3, 1))]), [Capped]);
    assert_eq!(memory.points(), BTreeMap::from([(user(1), 5)]));
    memory.check_ledger();
}

#[test]
fn what_is_worth_nothing_is_remembered_and_told_nobody() {
    let mut memory = Memory::default();
    set(&mut memory, POSTS, |draft| draft.points = Some(0));
    assert_eq!(memory.record(&[at(1, created(1, 1))]), [Applied]);
    set(&mut memory, POSTS, |draft| draft.points = Some(1_000));
    assert_eq!(memory.record(&[at(1, created(1, 1)), at(2, created(2, 1))]), [Duplicate, Applied]);
    assert_eq!(entries(&memory), [(0, 0, 2), (1_000, 1_000, 3)]);
    assert_eq!(memory.totals()[&user(1)], (1_000, 9));
}

#[test]
fn adjustments_have_no_cap_and_use_none_up() {
    let mut memory = with_daily_cap(POSTS, 2);
    let adjustment = Adjustment::new(50, AdjustmentReason::parse("a gift").unwrap()).unwrap();
    let adjustment_id = AdjustmentId::new(Uuid::from_u128(3));
    let kind = FactKind::PointsAdjusted { adjustment_id, user_id: user(1), adjustment, admin_id: user(9) };
    assert_eq!(memory.record(&[at(1, here(kind)), at(2, created(1, 1))]), [Applied, Applied]);
    assert_eq!(memory.points(), BTreeMap::from([(user(1), 52)]));
}

#[test]
fn nobody_is_no_liker_with_a_cap_of_their_own() {
    let mut memory = Memory::default();
    set(&mut memory, LIKES, |draft| draft.per_pair_daily_cap = CapDraft::Points(1));
    let by_nobody = |number: u128| {
        let liker_id = UserId::new(Uuid::nil());
        here(FactKind::ContentLiked { content: post(number), liker_id, author_id: user(1) })
    };
    assert_eq!(memory.record(&[at(1, by_nobody(1)), at(2, by_nobody(2))]), [Applied; 2]);
    assert_eq!(memory.record(&[at(3, liked(3, 7, 1)), at(4, liked(4, 7, 1))]), [Applied, Capped]);
}

#[test]
fn tallies_are_asked_for_only_where_an_award_may_still_be_made_and_of_its_own_community() {
    let rules = |number| {
        let mut rules = CommunityRules::default_for(CommunityId::new(Uuid::from_u128(number)));
        let mut draft = RulesDraft::from(&rules);
        draft.rules.iter_mut().for_each(|rule| rule.daily_cap = CapDraft::Points(2));
        rules.update(&draft, NOON).unwrap();
        rules
    };
    let both = [rules(1), rules(2)];
    let members = both.each_ref().map(|rules| {
        MemberPoints::new(MemberPointsId::new(Uuid::from_u128(1)), rules.community_id(), user(1))
    });
    let record = at(1, created(1, 1));
    let asked = |awarded: &AwardedKeys| {
        let tallies = Tally::of(std::slice::from_ref(&record), &both, &members, awarded);
        tallies.into_iter().map(|tally| tally.key.member).collect::<Vec<_>>()
    };
    assert_eq!(asked(&AwardedKeys::default()), [(COMMUNITY, user(1))]);
    let key = OnceOnlyKey::of(COMMUNITY, POSTS, post(1).source_id(), user(1)).unwrap();
    assert_eq!(asked(&AwardedKeys::from_iter([key])), [], "made before");
}

#[derive(Clone, Debug)]
enum Step {
    Facts(Vec<FactRecord>),
    Rules { daily: Option<i64>, pair: Option<i64>, points: i64 },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let cap = || prop::option::of(0_i64..4);
    let step = prop_oneof![
        4 => prop::collection::vec(fact(), 1..12).prop_map(Step::Facts),
        1 => (cap(), cap(), 0_i64..3).prop_map(|(daily, pair, points)| Step::Rules { daily, pair, points }),
    ];
    prop::collection::vec(step, 1..12)
}

/// Posts, likes and unlikes on three days, by few of few.
fn fact() -> impl Strategy<Value = FactRecord> {
    (0_i64..3, 0_i64..50, 1_u128..6, 5_u128..8, 1_u128..3, 0_u8..4).prop_map(
        |(day, minute, post, liker, author, kind)| {
            let fact = match kind {
                0 => unliked(post, liker, author),
                1 => created(post, author),
                _ => liked(post, liker, author),
            };
            at(minute - day * DAY, fact)
        },
    )
}

fn run(steps: &[Step], chunk: usize) -> Memory {
    let mut memory = Memory::default();
    for step in steps {
        match step {
            Step::Facts(facts) => facts.chunks(chunk).for_each(|facts| drop(memory.record(facts))),
            Step::Rules { daily, pair, points } => set(&mut memory, LIKES, |draft| {
                let cap = |cap: &Option<i64>| cap.map_or(CapDraft::None, CapDraft::Points);
                let (source, points) = (Some(LIKES), Some(*points));
                *draft = RuleDraft { source, points, daily_cap: cap(daily), per_pair_daily_cap: cap(pair) };
            }),
        }
    }
    memory
}

proptest! {
    #[test]
    fn rules_that_change_in_the_midst_end_alike_however_facts_are_batched(steps in steps(), chunk in 1_usize..6) {
        let (together, apart) = (run(&steps, usize::MAX), run(&steps, chunk));
        prop_assert_eq!(together.totals(), apart.totals());
        let lines = |memory: &Memory| {
            memory.ledger.iter().map(|line| (line.source_id, line.change, line.worth)).collect::<Vec<_>>()
        };
        prop_assert_eq!(lines(&together), lines(&apart));
        together.check_ledger();
        apart.check_ledger();
    }

    #[test]
    fn what_is_earned_is_within_the_caps_in_whatever_order_facts_come(
        facts in prop::collection::vec(fact(), 1..60).prop_shuffle(),
        daily in 0_i64..6,
        pair in 0_i64..3,
    ) {
        let rules = Step::Rules { daily: Some(daily), pair: Some(pair), points: 1 };
        let memory = run(&[rules, Step::Facts(facts)], 7);
        let mut earned: BTreeMap<(MemberPointsId, _, Option<UserId>), i64> = BTreeMap::new();
        for line in memory.ledger.iter().filter(|line| line.source == LIKES) {
            let (member, day) = (line.member_points_id, day_of(line.occurred_at));
            for liker in [None, Some(line.actor_id)] {
                *earned.entry((member, day, liker)).or_default() += i64::from(line.change.signed().max(0));
            }
        }
        for ((.., liker), earned) in earned {
            let cap = if liker.is_some() { pair.min(daily) } else { daily };
            prop_assert!(earned <= cap, "{} of {}", earned, cap);
        }
        memory.check_ledger();
    }
}
