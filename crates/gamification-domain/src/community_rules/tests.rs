use time::{Duration, macros::datetime};
use uuid::Uuid;

use super::*;
use crate::RulePlace;

const NOON: OffsetDateTime = datetime!(2026-11-27 12:00 UTC);

fn rules() -> CommunityRules {
    CommunityRules::default_for(CommunityId::new(Uuid::nil()))
}

fn drafts(rules: &CommunityRules) -> RulesDraft {
    RulesDraft::from(rules)
}

fn draft(drafts: &mut RulesDraft, source: PointSource) -> &mut RuleDraft {
    drafts.rules.iter_mut().find(|draft| draft.source == Some(source)).unwrap()
}

#[test]
fn the_defaults_are_the_table_of_the_product_without_caps() {
    for rule in rules().rules() {
        let SourceRule { source, points, daily_cap, per_pair_daily_cap } = rule;
        assert_eq!((points, daily_cap, per_pair_daily_cap), (source.rule().points, None, None), "{source}");
    }
    assert_eq!(rules().rules().count(), PointSource::earned().count());
    assert_eq!(rules().rule(PointSource::ManualAdjustment).points, Points::ZERO);
}

#[test]
fn the_same_rules_again_in_any_order_change_nothing() {
    let mut now = rules();
    let mut same = drafts(&now);
    same.rules.reverse();
    assert_eq!(now.update(&same, NOON), Ok(false));
    assert_eq!(now, rules());
}

#[test]
fn a_cap_is_counted_from_the_moment_it_came_until_it_goes() {
    let mut rules = rules();
    let mut drafts = drafts(&rules);
    let likes = PointSource::PostLiked;
    let since = |rules: &CommunityRules| {
        let standing = rules.standing(likes);
        (standing.daily_since, standing.per_pair_since)
    };
    draft(&mut drafts, likes).daily_cap = CapDraft::Points(3);
    rules.update(&drafts, NOON).unwrap();
    let at_noon = Some(CountedSince { version: 2, at: NOON });
    assert_eq!(since(&rules), (at_noon, None));
    assert_eq!(rules.standing(PointSource::CommentLiked).daily_since, None);

    let later = NOON + Duration::HOUR;
    draft(&mut drafts, likes).daily_cap = CapDraft::Points(5);
    draft(&mut drafts, likes).per_pair_daily_cap = CapDraft::Points(1);
    rules.update(&drafts, later).unwrap();
    let one_later = Some(CountedSince { version: 3, at: later });
    assert_eq!(since(&rules), (at_noon, one_later), "pairs were not counted before");

    draft(&mut drafts, likes).daily_cap = CapDraft::None;
    rules.update(&drafts, later).unwrap();
    assert_eq!(since(&rules), (None, one_later));
    draft(&mut drafts, likes).daily_cap = CapDraft::Points(3);
    rules.update(&drafts, later).unwrap();
    assert_eq!(since(&rules), (Some(CountedSince { version: 5, at: later }), one_later));
}

#[test]
fn every_mistake_is_told_with_its_place() {
    let mut wrong = drafts(&rules());
    wrong.rules[0].points = Some(-1);
    wrong.rules[0].per_pair_daily_cap = CapDraft::Points(1);
    wrong.rules[1].points = None;
    wrong.rules[1].daily_cap = CapDraft::NotANumber;
    wrong.rules[2].per_pair_daily_cap = CapDraft::Points(-1);
    wrong.rules[3].source = Some(PointSource::ManualAdjustment);
    wrong.rules[4].source = Some(PointSource::PostCreated);
    let mut untouched = rules();
    let mistakes = untouched.update(&wrong, NOON).unwrap_err();
    let told: Vec<(RulePlace, RuleProblem)> =
        mistakes.as_slice().iter().map(|mistake| (mistake.place, mistake.problem)).collect();
    let at = |index, field, problem| (RulePlace::Field { index, field }, problem);
    assert_eq!(
        told,
        [
            at(0, RuleField::Points, RuleProblem::PointsOutOfRange),
            at(0, RuleField::PerPairDailyCap, RuleProblem::NotALike),
            at(1, RuleField::Points, RuleProblem::PointsOutOfRange),
            at(1, RuleField::DailyCap, RuleProblem::CapOutOfRange),
            at(2, RuleField::PerPairDailyCap, RuleProblem::CapOutOfRange),
            at(3, RuleField::Source, RuleProblem::NotASource),
            at(4, RuleField::Source, RuleProblem::Repeated(PointSource::PostCreated)),
            (RulePlace::List, RuleProblem::Missing(PointSource::CommentLiked)),
            (RulePlace::List, RuleProblem::Missing(PointSource::LessonCompleted)),
        ]
    );
    assert_eq!(untouched, rules());
}

#[test]
fn the_ends_of_the_ranges_are_within_them() {
    let mut drafts = drafts(&rules());
    drafts.rules[2].points = Some(1_000);
    drafts.rules[2].daily_cap = CapDraft::Points(0);
    drafts.rules[2].per_pair_daily_cap = CapDraft::Points(i64::from(i32::MAX));
    drafts.rules[3].points = Some(0);
    assert_eq!(rules().update(&drafts, NOON), Ok(true));
}

#[test]
fn a_day_is_one_of_utc() {
    assert_eq!(day_of(datetime!(2026-11-27 23:59:59.999 UTC)), Date::from_ordinal_date(2026, 331).unwrap());
    assert_eq!(day_of(datetime!(2026-11-28 00:30 +1)), Date::from_ordinal_date(2026, 331).unwrap());
}

#[test]
fn stored_rules_come_back_and_what_is_none_is_refused() {
    let mut rules = rules();
    let mut drafts = drafts(&rules);
    drafts.rules[0].daily_cap = CapDraft::Points(7);
    rules.update(&drafts, NOON).unwrap();
    let stored = rules.standing_rules().to_vec();
    assert_eq!(CommunityRules::restore(rules.community_id(), 2, &stored, false), Ok(rules.clone()));
    assert_eq!(CommunityRules::restore(rules.community_id(), 2, &stored[..1], false).unwrap(), rules);
    let mut broken = stored;
    broken[0].rule.points = Points::constant(1_001);
    assert!(CommunityRules::restore(rules.community_id(), 2, &broken, false).is_err());
}

#[test]
fn leaving_admins_out_is_a_version_of_its_own() {
    let mut rules = rules();
    let mut draft = drafts(&rules);
    draft.exclude_admins = Some(true);
    assert_eq!(rules.update(&draft, NOON), Ok(true));
    assert_eq!((rules.version(), rules.excludes_admins()), (2, true));
    assert_eq!(rules.update(&draft, NOON), Ok(false));
    assert_eq!(RulesDraft::from(&rules), draft);
    draft.exclude_admins = None;
    assert_eq!(rules.update(&draft, NOON), Ok(false), "what is not said stays");
}
