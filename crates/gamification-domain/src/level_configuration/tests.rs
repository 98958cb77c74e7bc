use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::LevelPlace;

fn default_levels() -> LevelConfiguration {
    LevelConfiguration::default_for(LevelConfigurationId::new(Uuid::nil()), CommunityId::new(Uuid::nil()))
}

fn drafts_of(thresholds: [i64; 9]) -> Vec<LevelDraft> {
    (1..=9)
        .zip(thresholds)
        .map(|(level, threshold)| LevelDraft::new(level, format!("Level {level}"), threshold))
        .collect()
}

const TENS: [i64; 9] = [0, 10, 20, 30, 40, 50, 60, 70, 80];

fn mistakes(drafts: &[LevelDraft]) -> Vec<(LevelPlace, String)> {
    let mistakes = LevelConfiguration::validate(drafts).unwrap_err();
    let list = mistakes.as_slice().iter();
    list.map(|mistake| (mistake.place, mistake.to_string())).collect()
}

fn at(index: usize, field: LevelField, text: &str) -> (LevelPlace, String) {
    (LevelPlace::Field { index, field }, text.to_owned())
}

#[test]
fn the_defaults_are_those_of_the_product() {
    let levels = default_levels();
    let table: Vec<_> =
        levels.levels().iter().map(|level| (level.name().as_str(), level.threshold().get())).collect();
    assert_eq!(
        table,
        [
            ("Student", 0),
            ("Practitioner", 10),
            ("Builder", 30),
            ("Leader", 60),
            ("Mentor", 100),
            ("Empire Builder", 150),
            ("Ruler", 210),
            ("Legend", 280),
            ("Icon", 360),
        ]
    );
    assert_eq!(levels.version(), 1);
}

#[test]
fn a_threshold_is_reached_exactly() {
    let levels = default_levels();
    for (points, level) in [(0, 1), (9, 1), (10, 2), (359, 8), (360, 9), (i64::from(i32::MAX), 9)] {
        let reached = levels.level_for_points(Points::new(points).unwrap());
        assert_eq!(reached.get(), level, "{points}");
    }
}

#[test]
fn every_rejection_with_its_place() {
    use LevelField::{Level, Name, Threshold};
    type Spoil = fn(&mut Vec<LevelDraft>);
    let table: [(Spoil, (LevelPlace, String)); 18] = [
        (|d| d[0].name = None, at(0, Name, "Level name is required")),
        (|d| d[6].threshold = None, at(6, Threshold, "Threshold must be a whole number")),
        (|d| d[6].level = None, at(6, Level, "Level must be a number from 1 to 9")),
        (|d| d[0].name = Some(" ".into()), at(0, Name, "Level name is required")),
        (|d| d[1].name = Some("x".repeat(31)), at(1, Name, "Level name must be 30 characters or less")),
        (
            |d| d[2].name = Some("a\u{202e}".into()),
            at(2, Name, "Level name must not contain the invisible character U+202E"),
        ),
        (|d| d[8].name = Some("<b>LEVEL</b> 1".into()), at(8, Name, "Level name must be unique")),
        (|d| d[0].threshold = Some(1), at(0, Threshold, "Level 1 threshold must be 0")),
        (|d| d[0].threshold = Some(-1), at(0, Threshold, "Level 1 threshold must be 0")),
        (|d| d[0].threshold = Some(i64::MAX), at(0, Threshold, "Level 1 threshold must be 0")),
        (|d| d[1].threshold = Some(0), at(1, Threshold, "Level 2 threshold must be at least 1")),
        (|d| d[1].threshold = Some(i64::MIN), at(1, Threshold, "Level 2 threshold must be at least 1")),
        (|d| d[2].threshold = Some(10), at(2, Threshold, "Thresholds must be strictly increasing")),
        (|d| d[8].threshold = Some(-5), at(8, Threshold, "Thresholds must be strictly increasing")),
        (|d| d[8].threshold = Some(2_147_483_648), at(8, Threshold, "Threshold must be 2147483647 or less")),
        (|d| d[4].level = Some(0), at(4, Level, "Level must be a number from 1 to 9")),
        (|d| d.push(d[3].clone()), at(9, Level, "Level 4 must be given once")),
        (|d| drop(d.remove(6)), (LevelPlace::List, "Level 7 is missing".into())),
    ];
    for (spoil, expected) in table {
        let mut drafts = drafts_of(TENS);
        spoil(&mut drafts);
        assert_eq!(mistakes(&drafts)[0], expected);
    }
}

#[test]
fn all_mistakes_are_reported_at_once_in_the_order_sent() {
    use LevelField::{Level, Name, Threshold};
    let mut drafts = drafts_of([5, 0, 20, 20, 40, 50, 60, 70, 80]);
    drafts[3].name = Some(String::new());
    drafts[8].level = Some(12);
    drafts.reverse();
    assert_eq!(
        mistakes(&drafts),
        [
            at(0, Level, "Level must be a number from 1 to 9"),
            at(5, Name, "Level name is required"),
            at(5, Threshold, "Thresholds must be strictly increasing"),
            at(7, Threshold, "Level 2 threshold must be at least 1"),
            at(8, Threshold, "Level 1 threshold must be 0"),
            (LevelPlace::List, "Level 9 is missing".into()),
        ]
    );
}

#[test]
fn thresholds_up_to_the_end_of_integer_are_valid() {
    let end = i64::from(i32::MAX);
    let drafts = drafts_of([0, 1, 2, 3, 4, 5, 6, 7, end]);
    let levels = LevelConfiguration::validate(&drafts).unwrap();
    assert_eq!(levels[8].threshold(), Points::MAX);
}

#[test]
fn an_update_counts_what_changed_and_raises_the_version() {
    let mut levels = default_levels();
    let mut drafts: Vec<LevelDraft> = levels.levels().iter().map(LevelDraft::from).collect();
    assert_eq!(levels.update_levels(&drafts), Ok(LevelChanges::default()));
    assert_eq!(levels.version(), 1);

    drafts[0].name = Some("Beginner".into());
    drafts[8].threshold = Some(1000);
    let changes = levels.update_levels(&drafts).unwrap();
    assert_eq!(changes.to_string(), "level 1: Student → Beginner; level 9: 360 → 1000");
    assert!(changes.move_thresholds());
    let [first, _] = changes.as_slice() else { panic!("{changes:?}") };
    assert_eq!((first.old.name().as_str(), first.new.name().as_str()), ("Student", "Beginner"));
    assert_eq!(levels.version(), 2);

    let before = levels.clone();
    drafts[0].threshold = Some(1);
    assert!(levels.update_levels(&drafts).is_err());
    assert_eq!(levels, before);
}

fn configuration() -> impl Strategy<Value = LevelConfiguration> {
    prop::collection::btree_set(1..=i64::from(i32::MAX), 8).prop_map(|thresholds| {
        let mut all = [0; 9];
        for (place, threshold) in all.iter_mut().skip(1).zip(thresholds) {
            *place = threshold;
        }
        let (id, community) = (LevelConfigurationId::new(Uuid::nil()), CommunityId::new(Uuid::nil()));
        LevelConfiguration::restore(id, community, 1, &drafts_of(all)).unwrap()
    })
}

proptest! {
    #[test]
    fn bands_hold_every_total_once_and_agree_with_the_level(levels in configuration(), points in 0..=i32::MAX) {
        let points = Points::new(i64::from(points)).unwrap();
        let holding: Vec<LevelNumber> = levels
            .bands()
            .filter(|band| (band.lowest..=band.highest).contains(&points))
            .map(|band| band.definition.level())
            .collect();
        prop_assert_eq!(holding, [levels.level_for_points(points)]);
    }

    #[test]
    fn the_level_is_the_highest_whose_threshold_is_reached(levels in configuration(), points in 0..=i32::MAX) {
        let points = Points::new(i64::from(points)).unwrap();
        let level = levels.level_for_points(points);
        prop_assert!(levels.threshold_for_level(level) <= points);
        if let Some(next) = level.next() {
            prop_assert!(levels.threshold_for_level(next) > points);
            let missing = levels.points_to_next_level(level, points).unwrap();
            prop_assert!(missing > Points::ZERO);
            prop_assert_eq!(levels.level_for_points(points.checked_add(missing).unwrap()), next);
        } else {
            prop_assert_eq!(levels.points_to_next_level(level, points), None);
        }
    }

    #[test]
    fn order_of_drafts_does_not_matter(levels in configuration(), order in Just((0..9).collect::<Vec<usize>>()).prop_shuffle()) {
        let thresholds = levels.levels().each_ref().map(|level| i64::from(level.threshold().get()));
        let drafts = drafts_of(thresholds);
        let shuffled: Vec<LevelDraft> = order.iter().map(|&index| drafts[index].clone()).collect();
        prop_assert_eq!(LevelConfiguration::validate(&shuffled), LevelConfiguration::validate(&drafts));
    }

    #[test]
    fn thresholds_pass_exactly_when_they_start_at_zero_and_rise(thresholds in prop::array::uniform9(-2_i64..20)) {
        let rises = thresholds[0] == 0 && thresholds.windows(2).all(|pair| pair[0] < pair[1]);
        prop_assert_eq!(LevelConfiguration::validate(&drafts_of(thresholds)).is_ok(), rises);
    }
}

#[test]
fn a_threshold_whose_predecessor_is_missing_is_wrong_below_zero_only() {
    for (threshold, is_wrong) in [(-1, true), (0, false), (1, false)] {
        let mut drafts = drafts_of(TENS);
        drafts[1].threshold = None;
        drafts[2].threshold = Some(threshold);
        let wrong = mistakes(&drafts);
        let third = wrong
            .iter()
            .any(|(place, _)| *place == LevelPlace::Field { index: 2, field: LevelField::Threshold });
        assert_eq!(third, is_wrong, "{threshold}: {wrong:?}");
    }
}

#[test]
fn a_new_name_alone_moves_no_threshold() {
    let mut levels = default_levels();
    levels.update_levels(&drafts_of(TENS)).unwrap();
    let mut drafts = drafts_of(TENS);
    drafts[4].name = Some("Renamed".to_owned());
    assert!(!levels.update_levels(&drafts).unwrap().move_thresholds());
    drafts[8].threshold = Some(81);
    assert!(levels.update_levels(&drafts).unwrap().move_thresholds());
}
