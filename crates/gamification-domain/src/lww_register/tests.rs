use proptest::prelude::*;
use time::{Duration, macros::datetime};

use super::*;

const NOON: OffsetDateTime = datetime!(2026-11-22 12:00 UTC);

fn metadata(event_id: &str, sequence: Option<&str>, minutes: Option<i64>) -> EventMetadata {
    EventMetadata {
        event_id: EventId::parse(event_id).unwrap(),
        sequence: sequence.map(|text| Sequence::parse(text).unwrap()),
        time: minutes.map(|minutes| NOON + Duration::minutes(minutes)),
        received_at: NOON,
    }
}

fn received(mut metadata: EventMetadata, minutes: i64) -> EventMetadata {
    metadata.received_at = NOON + Duration::minutes(minutes);
    metadata
}

/// Sets `on` and `off` in turn and gives what became of each.
fn outcomes(changes: &[(bool, EventMetadata)]) -> Vec<ChangeOutcome> {
    let mut switch = LwwRegister::unset(false);
    changes.iter().map(|(on, metadata)| switch.set(*on, metadata)).collect()
}

#[test]
fn a_time_in_the_future_counts_as_the_moment_of_receipt() {
    let changes =
        [(true, metadata("future", None, Some(60))), (false, received(metadata("real", None, Some(5)), 6))];
    assert_eq!(outcomes(&changes), [ChangeOutcome::Applied; 2]);
}

#[test]
fn a_copy_of_a_change_from_the_future_keeps_its_first_receipt() {
    let changes = [
        (true, metadata("future", None, Some(60))),
        (false, received(metadata("real", None, Some(5)), 6)),
        (true, received(metadata("future", None, Some(60)), 10)),
        (true, received(metadata("renamed", None, Some(60)), 30)),
        (true, received(metadata("future", None, Some(60)), 120)),
    ];
    use ChangeOutcome::{Applied, Stale};
    assert_eq!(outcomes(&changes), [Applied, Applied, Stale, Stale, Stale]);
}

#[test]
fn a_copy_of_a_change_without_time_keeps_its_first_receipt() {
    let changes = [
        (true, metadata("untimed", None, None)),
        (false, received(metadata("next", None, Some(5)), 6)),
        (true, received(metadata("untimed", None, None), 10)),
    ];
    assert_eq!(outcomes(&changes), [ChangeOutcome::Applied, ChangeOutcome::Applied, ChangeOutcome::Stale]);
}

#[test]
fn times_at_the_ends_of_the_calendar_are_placed_and_do_no_harm() {
    let noon = NOON.unix_timestamp();
    for time in [
        datetime!(9999-12-31 23:59:59 -23:59),
        datetime!(0000-01-01 00:00 +23:59),
        datetime!(-9999-01-01 00:00 UTC),
        datetime!(9999-12-31 23:59:59.999_999_999 UTC),
    ] {
        let mut newest = None;
        let metadata = EventMetadata { time: Some(time), ..metadata("end", None, None) };
        assert_eq!(LwwState::advance(&mut newest, &metadata), Advance::Newer);
        let version = newest.unwrap().version;
        assert!(
            (0..=9999).contains(&version.occurred_at.year()) && version.occurred_at.unix_timestamp() <= noon
        );
        assert!((0..=9999).contains(&version.claimed_at.unwrap().year()));
        assert_eq!(version.claimed_at.unwrap().nanosecond() % 1_000, 0);
    }
}

#[test]
fn remembered_receipts_are_bounded() {
    let mut newest = None;
    for number in 0..100 {
        let untimed = received(metadata(&format!("{number}"), None, None), number);
        LwwState::advance(&mut newest, &untimed);
    }
    assert_eq!(newest.unwrap().receipts.len(), LwwState::MAX_RECEIPTS);
}

#[test]
fn the_same_change_under_a_new_id_is_known() {
    let changes = ["b", "a", "b", "c"].map(|id| (true, metadata(id, None, Some(-5))));
    use ChangeOutcome::{AlreadyApplied, Applied};
    assert_eq!(outcomes(&changes), [Applied, AlreadyApplied, AlreadyApplied, AlreadyApplied]);
}

#[test]
fn changes_of_one_moment_are_ordered_by_event_id() {
    let on = (true, metadata("a", None, Some(-5)));
    let off = (false, metadata("b", None, Some(-5)));
    assert_eq!(outcomes(&[on.clone(), off.clone()]), [ChangeOutcome::Applied; 2]);
    assert_eq!(outcomes(&[off, on]), [ChangeOutcome::Applied, ChangeOutcome::Stale]);
}

#[test]
fn the_first_change_counts_even_when_it_sets_what_was_there() {
    assert_eq!(outcomes(&[(false, metadata("a", None, Some(-5)))]), [ChangeOutcome::Applied]);
}

#[test]
fn a_sequence_outranks_any_time() {
    let changes = [
        (true, metadata("a", Some("2"), Some(-60))),
        (false, metadata("b", Some("1"), Some(-1))),
        (false, metadata("c", None, Some(-1))),
        (false, metadata("d", Some("10"), Some(-90))),
    ];
    use ChangeOutcome::{Applied, Stale};
    assert_eq!(outcomes(&changes), [Applied, Stale, Stale, Applied]);
}

/// Numbers by their size, however they are written, then all other texts, character by character.
#[test]
fn sequences_are_ordered_as_documented_and_texts_come_after_numbers() {
    let ascending = [
        "0",
        "1",
        "9",
        "10",
        "99",
        "0100",
        "9223372036854775808",
        "1000000000000000000000000",
        " ",
        "-1",
        "1.5",
        "1a",
        "9z",
        "A",
        "a",
        "a10",
        "a2",
        "é",
        "１",
    ];
    for (index, lower) in ascending.iter().enumerate() {
        let lower = Sequence::parse(lower).unwrap();
        for higher in &ascending[index + 1..] {
            let higher = Sequence::parse(higher).unwrap();
            assert_eq!(
                (lower.cmp(&higher), higher.cmp(&lower)),
                (Ordering::Less, Ordering::Greater),
                "{lower:?} {higher:?}"
            );
        }
    }
    let changes = [
        (true, metadata("a", Some("10"), Some(-60))),
        (false, metadata("b", Some("1a"), Some(-90))),
        (true, metadata("c", Some("11"), Some(-1))),
    ];
    use ChangeOutcome::{Applied, Stale};
    assert_eq!(outcomes(&changes), [Applied, Applied, Stale]);
}

#[test]
fn labels_are_short_texts_without_control_characters() {
    for refused in ["", "a\0b", "a\nb", &"x".repeat(256)] {
        assert_eq!(EventId::parse(refused), Err(InvalidLabel { max: 255 }));
    }
    assert!(EventId::parse(&"é".repeat(255)).is_ok());
    assert_eq!(Sequence::parse(&"1".repeat(65)), Err(InvalidLabel { max: 64 }));
}

fn any_metadata() -> impl Strategy<Value = EventMetadata> {
    let sequence = prop::option::of(prop::sample::select(vec!["1", "2", "10", "a"]));
    (prop::sample::select(vec!["a", "b", "c"]), sequence, prop::option::of(-3_i64..3))
        .prop_map(|(id, sequence, minutes)| metadata(id, sequence, minutes))
}

proptest! {
    #[test]
    fn the_newest_is_the_same_in_any_order_and_any_repetition(
        (history, shuffled) in prop::collection::vec(any_metadata(), 1..8)
            .prop_flat_map(|history| {
                let twice: Vec<_> = history.iter().chain(&history).cloned().collect();
                (Just(history), Just(twice).prop_shuffle())
            })
    ) {
        let newest = |claims: &[EventMetadata]| {
            let mut newest = None;
            for metadata in claims {
                LwwState::advance(&mut newest, metadata);
            }
            newest.unwrap().version
        };
        prop_assert_eq!(newest(&history), newest(&shuffled));
    }
}

#[test]
fn only_changes_of_one_moment_are_copies_of_one_another() {
    let version = |metadata: &EventMetadata| version(metadata, &mut Vec::new());
    let same = |one: &EventMetadata, other: &EventMetadata| version(one).same_moment(&version(other));
    let timed = |minutes| metadata("a", None, Some(minutes));
    let numbered = |sequence| metadata("b", Some(sequence), Some(-5));
    assert!(same(&timed(-5), &metadata("c", None, Some(-5))));
    assert!(!same(&timed(-5), &timed(-6)));
    assert!(!same(&timed(60), &timed(61)), "both count from their receipt, and claim other times");
    assert!(same(&numbered("1"), &metadata("c", Some("1"), Some(-9))));
    assert!(!same(&numbered("1"), &numbered("2")));
    assert!(!same(&numbered("1"), &timed(-5)));
}

#[test]
fn a_register_tells_the_change_that_set_it() {
    let mut switch = LwwRegister::unset(false);
    assert!(switch.state().is_none());
    let change = metadata("a", None, Some(-5));
    switch.set(true, &change);
    assert_eq!(switch.state().map(|state| &state.version.event_id), Some(&change.event_id));
}

#[test]
fn the_very_same_change_again_is_a_copy() {
    let change = metadata("a", None, Some(-5));
    assert_eq!(
        outcomes(&[(true, change.clone()), (true, change)]),
        [ChangeOutcome::Applied, ChangeOutcome::AlreadyApplied]
    );
}

#[test]
fn a_time_that_is_the_moment_of_receipt_needs_no_receipt() {
    let mut receipts = Vec::new();
    version(&metadata("now", None, Some(0)), &mut receipts);
    assert_eq!(receipts, []);
    version(&metadata("later", None, Some(1)), &mut receipts);
    assert_eq!(receipts.len(), 1);
}
