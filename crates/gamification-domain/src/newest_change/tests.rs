use proptest::prelude::*;
use time::{Duration, macros::datetime};

use super::*;

const NOON: OffsetDateTime = datetime!(2026-11-22 12:00 UTC);

fn claim(event_id: &str, sequence: Option<&str>, minutes: Option<i64>) -> ChangeClaim {
    ChangeClaim {
        event_id: EventId::parse(event_id).unwrap(),
        sequence: sequence.map(|text| Sequence::parse(text).unwrap()),
        time: minutes.map(|minutes| NOON + Duration::minutes(minutes)),
        received_at: NOON,
    }
}

fn received(mut claim: ChangeClaim, minutes: i64) -> ChangeClaim {
    claim.received_at = NOON + Duration::minutes(minutes);
    claim
}

/// Sets `on` and `off` in turn and gives what became of each.
fn outcomes(changes: &[(bool, ChangeClaim)]) -> Vec<Outcome> {
    let mut switch = Latest::unset(false);
    changes.iter().map(|(on, claim)| switch.set(*on, claim)).collect()
}

#[test]
fn a_time_in_the_future_counts_as_the_moment_of_receipt() {
    let changes =
        [(true, claim("future", None, Some(60))), (false, received(claim("real", None, Some(5)), 6))];
    assert_eq!(outcomes(&changes), [Outcome::Applied; 2]);
}

#[test]
fn a_copy_of_a_change_from_the_future_keeps_its_first_receipt() {
    let changes = [
        (true, claim("future", None, Some(60))),
        (false, received(claim("real", None, Some(5)), 6)),
        (true, received(claim("future", None, Some(60)), 10)),
        (true, received(claim("renamed", None, Some(60)), 30)),
        (true, received(claim("future", None, Some(60)), 120)),
    ];
    use Outcome::{Applied, Stale};
    assert_eq!(outcomes(&changes), [Applied, Applied, Stale, Stale, Stale]);
}

#[test]
fn a_copy_of_a_change_without_time_keeps_its_first_receipt() {
    let changes = [
        (true, claim("untimed", None, None)),
        (false, received(claim("next", None, Some(5)), 6)),
        (true, received(claim("untimed", None, None), 10)),
    ];
    assert_eq!(outcomes(&changes), [Outcome::Applied, Outcome::Applied, Outcome::Stale]);
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
        let claim = ChangeClaim { time: Some(time), ..claim("end", None, None) };
        assert_eq!(NewestChange::advance(&mut newest, &claim), Advance::Newer);
        let stamp = newest.unwrap().stamp;
        assert!((0..=9999).contains(&stamp.occurred_at.year()) && stamp.occurred_at.unix_timestamp() <= noon);
        assert!((0..=9999).contains(&stamp.claimed_at.unwrap().year()));
        assert_eq!(stamp.claimed_at.unwrap().nanosecond() % 1_000, 0);
    }
}

#[test]
fn remembered_receipts_are_bounded() {
    let mut newest = None;
    for number in 0..100 {
        let untimed = received(claim(&format!("{number}"), None, None), number);
        NewestChange::advance(&mut newest, &untimed);
    }
    assert_eq!(newest.unwrap().receipts.len(), NewestChange::MAX_RECEIPTS);
}

#[test]
fn the_same_change_under_a_new_id_is_known() {
    let changes = ["b", "a", "b", "c"].map(|id| (true, claim(id, None, Some(-5))));
    use Outcome::{AlreadyApplied, Applied};
    assert_eq!(outcomes(&changes), [Applied, AlreadyApplied, AlreadyApplied, AlreadyApplied]);
}

#[test]
fn changes_of_one_moment_are_ordered_by_event_id() {
    let on = (true, claim("a", None, Some(-5)));
    let off = (false, claim("b", None, Some(-5)));
    assert_eq!(outcomes(&[on.clone(), off.clone()]), [Outcome::Applied; 2]);
    assert_eq!(outcomes(&[off, on]), [Outcome::Applied, Outcome::Stale]);
}

#[test]
fn the_first_change_counts_even_when_it_sets_what_was_there() {
    assert_eq!(outcomes(&[(false, claim("a", None, Some(-5)))]), [Outcome::Applied]);
}

#[test]
fn a_sequence_outranks_any_time() {
    let changes = [
        (true, claim("a", Some("2"), Some(-60))),
        (false, claim("b", Some("1"), Some(-1))),
        (false, claim("c", None, Some(-1))),
        (false, claim("d", Some("10"), Some(-90))),
    ];
    use Outcome::{Applied, Stale};
    assert_eq!(outcomes(&changes), [Applied, Stale, Stale, Applied]);
}

#[test]
fn labels_are_short_texts_without_control_characters() {
    for refused in ["", "a\0b", "a\nb", &"x".repeat(256)] {
        assert_eq!(EventId::parse(refused), Err(InvalidLabel { max: 255 }));
    }
    assert!(EventId::parse(&"é".repeat(255)).is_ok());
    assert_eq!(Sequence::parse(&"1".repeat(65)), Err(InvalidLabel { max: 64 }));
}

fn any_claim() -> impl Strategy<Value = ChangeClaim> {
    let sequence = prop::option::of(prop::sample::select(vec!["1", "2", "10", "a"]));
    (prop::sample::select(vec!["a", "b", "c"]), sequence, prop::option::of(-3_i64..3))
        .prop_map(|(id, sequence, minutes)| claim(id, sequence, minutes))
}

proptest! {
    #[test]
    fn the_newest_is_the_same_in_any_order_and_any_repetition(
        (history, shuffled) in prop::collection::vec(any_claim(), 1..8)
            .prop_flat_map(|history| {
                let twice: Vec<_> = history.iter().chain(&history).cloned().collect();
                (Just(history), Just(twice).prop_shuffle())
            })
    ) {
        let newest = |claims: &[ChangeClaim]| {
            let mut newest = None;
            for claim in claims {
                NewestChange::advance(&mut newest, claim);
            }
            newest.unwrap().stamp
        };
        prop_assert_eq!(newest(&history), newest(&shuffled));
    }
}
