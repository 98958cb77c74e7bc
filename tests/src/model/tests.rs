//! The model against examples that were worked out by hand.

use serde_json::json;
use time::{Duration, macros::datetime};

use super::*;
use crate::Campaign;

const NOW: OffsetDateTime = datetime!(2026-03-01 12:00 UTC);
const COMMUNITY: Uuid = Uuid::from_u128(100);
const ADA: Uuid = Uuid::from_u128(1);
const BOB: Uuid = Uuid::from_u128(2);
const EVE: Uuid = Uuid::from_u128(3);
const POST: Uuid = Uuid::from_u128(10);
const COMMENT: Uuid = Uuid::from_u128(11);
const LESSON: Uuid = Uuid::from_u128(12);

fn minutes_ago(minutes: i64) -> OffsetDateTime {
    NOW - Duration::minutes(minutes)
}

fn event(event_type: &str, time: OffsetDateTime, data: &Value) -> Value {
    let mut event = json!({"type": event_type, "id": "m", "time": rfc3339(time), "data": data});
    event["data"]["community_id"] = COMMUNITY.to_string().into();
    event
}

fn rfc3339(time: OffsetDateTime) -> String {
    time.format(&time::format_description::well_known::Rfc3339).unwrap()
}

fn like(event_type: &str, time: OffsetDateTime, author: Uuid) -> Value {
    event(event_type, time, &json!({"post_id": POST, "user_id": BOB, "author_id": author}))
}

fn lesson(number: u128, time: OffsetDateTime, user_id: Uuid) -> Value {
    let lesson_id = Uuid::from_u128(1_000 + number);
    event("LessonCompleted", time, &json!({"course_id": LESSON, "lesson_id": lesson_id, "user_id": user_id}))
}

fn joined(user_id: Uuid, display_name: &str) -> Value {
    let data = json!({"user_id": user_id, "display_name": display_name});
    event("MemberJoined", minutes_ago(99), &data)
}

fn adjusted(id: u128, points: i64) -> Value {
    let data = json!({
        "user_id": ADA, "adjustment_id": Uuid::from_u128(id), "points": points, "reason": "Prize", "admin_id": EVE,
    });
    event("PointsAdjusted", minutes_ago(1), &data)
}

fn after(events: &[Value]) -> Model {
    let mut model = Model::new(COMMUNITY);
    events.iter().for_each(|event| model.apply(event, NOW));
    model
}

/// The points of a member's entries, the first that was applied first.
fn points(model: &Model, user_id: Uuid) -> Vec<i64> {
    model.history(user_id).iter().rev().map(|line| line.entry.points).collect()
}

fn ranks(board: &Board) -> Vec<(usize, Uuid, i64)> {
    board.entries.iter().map(|standing| (standing.rank, standing.user_id, standing.points)).collect()
}

#[test]
fn each_source_has_its_worth_and_ten_points_are_level_2() {
    let content =
        |event_type, field: &str, id: Uuid| event(event_type, NOW, &json!({field: id, "author_id": ADA}));
    let comment_like = json!({"comment_id": COMMENT, "user_id": BOB, "author_id": ADA});
    let model = after(&[
        content("PostCreated", "post_id", POST),
        content("CommentAdded", "comment_id", COMMENT),
        like("PostLiked", minutes_ago(5), ADA),
        event("CommentLiked", NOW, &comment_like),
        lesson(1, NOW, ADA),
    ]);
    let entries = model.members()[&ADA].entries();
    let found: Vec<_> =
        entries.iter().map(|entry| (entry.points, entry.source, entry.source_id, entry.actor_id)).collect();
    let expected = [
        (2, "post_created", Some(POST), Some(ADA)),
        (1, "comment_created", Some(COMMENT), Some(ADA)),
        (1, "post_liked", Some(POST), Some(BOB)),
        (1, "comment_liked", Some(COMMENT), Some(BOB)),
        (5, "lesson_completed", Some(Uuid::from_u128(1_001)), Some(ADA)),
    ];
    assert_eq!(found, expected);
    assert_eq!(entries[2].occurred_at, minutes_ago(5));
    assert_eq!((model.members()[&ADA].total(), model.members()[&ADA].level()), (10, 2));
    assert!(!model.members().contains_key(&BOB), "who likes is not who earns");
}

#[test]
fn a_post_counts_once_whoever_is_named_and_a_lesson_once_for_each_member() {
    let post = |author| event("PostCreated", NOW, &json!({"post_id": POST, "author_id": author}));
    let model = after(&[post(ADA), post(BOB), lesson(1, NOW, ADA), lesson(1, NOW, BOB), lesson(1, NOW, BOB)]);
    assert_eq!((points(&model, ADA), points(&model, BOB)), (vec![2, 5], vec![5]));
}

#[test]
fn the_newest_change_of_a_like_decides_in_whatever_order_they_come() {
    let (liked, unliked) = ("PostLiked", "PostUnliked");
    let at = |event_type, minutes| like(event_type, minutes_ago(minutes), ADA);
    assert!(points(&after(&[at(unliked, 3)]), ADA).is_empty(), "it was never earned");
    assert!(points(&after(&[at(unliked, 3), at(liked, 4)]), ADA).is_empty(), "it was overtaken");
    assert_eq!(points(&after(&[at(liked, 4), at(liked, 4), at(unliked, 3), at(liked, 5)]), ADA), [1, -1]);
    assert_eq!(points(&after(&[at(liked, 4), at(unliked, 3), at(liked, 2)]), ADA), [1, -1, 1]);
}

#[test]
fn a_newer_like_that_names_another_author_moves_the_point_and_ones_own_content_earns_nothing() {
    let (first, corrected) = (like("PostLiked", minutes_ago(4), ADA), like("PostLiked", minutes_ago(3), EVE));
    let model = after(&[first, corrected, like("PostUnliked", minutes_ago(2), ADA)]);
    assert_eq!((points(&model, ADA), points(&model, EVE)), (vec![1, -1], vec![1, -1]));
    assert!(after(&[like("PostLiked", NOW, BOB)]).members().is_empty());
}

#[test]
fn a_sequence_outranks_time_numbers_go_by_size_and_ids_break_ties() {
    let numbered = |event_type, minutes, sequence: &str| {
        let mut event = like(event_type, minutes_ago(minutes), ADA);
        event["sequence"] = sequence.into();
        event
    };
    let named = |event_type, id: &str| {
        let mut event = like(event_type, minutes_ago(3), ADA);
        event["id"] = id.into();
        event
    };
    for (given, taken, stands) in [
        (numbered("PostLiked", 9, "10"), numbered("PostUnliked", 1, "9"), true),
        (numbered("PostLiked", 1, "0009"), numbered("PostUnliked", 9, "10"), false),
        (numbered("PostLiked", 9, "1a"), numbered("PostUnliked", 1, "99"), true),
        (numbered("PostLiked", 9, "1"), like("PostUnliked", minutes_ago(1), ADA), true),
        (named("PostLiked", "b"), named("PostUnliked", "a"), true),
        (named("PostLiked", "a"), named("PostUnliked", "b"), false),
    ] {
        for order in [[&given, &taken], [&taken, &given]] {
            let model = after(&order.map(Clone::clone));
            assert_eq!(points(&model, ADA).iter().sum::<i64>(), i64::from(stands), "{order:?}");
        }
    }
}

#[test]
fn a_time_in_the_future_or_none_counts_as_the_first_receipt() {
    let received = |minutes| NOW + Duration::minutes(minutes);
    let from_the_future = like("PostLiked", received(60), ADA);
    let mut untimed = like("PostLiked", NOW, ADA);
    untimed["time"] = Value::Null;
    for bad in [from_the_future, untimed] {
        let mut model = Model::new(COMMUNITY);
        model.apply(&bad, NOW);
        model.apply(&like("PostUnliked", received(5), ADA), received(6));
        for minutes in [10, 120] {
            model.apply(&bad, received(minutes));
        }
        assert_eq!(points(&model, ADA), [1, -1], "{bad}");
        assert_eq!(model.members()[&ADA].entries()[0].occurred_at, NOW);
    }
}

#[test]
fn a_level_stays_when_points_go_and_rises_with_lower_thresholds() {
    let mut model = after(&[adjusted(1, 30), adjusted(2, -25)]);
    assert_eq!((model.members()[&ADA].total(), model.members()[&ADA].level()), (5, 3));
    model.set_thresholds([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(model.members()[&ADA].level(), 6);
    model.set_thresholds(DEFAULT_THRESHOLDS);
    assert_eq!(model.members()[&ADA].level(), 6);
}

#[test]
fn an_adjustment_counts_once_and_takes_what_there_is() {
    let liked = like("PostLiked", minutes_ago(4), ADA);
    let taken = [liked, adjusted(1, -8), adjusted(1, -8), adjusted(2, -3)];
    let mut model = after(&taken);
    assert_eq!(points(&model, ADA), [1, -1, 0], "the entry says what was really taken");
    model.apply(&like("PostUnliked", minutes_ago(3), ADA), NOW);
    model.apply(&adjusted(3, 4), NOW);
    model.apply(&adjusted(2, -3), NOW);
    assert_eq!(points(&model, ADA), [1, -1, 0, 4]);
    let entry = &model.members()[&ADA].entries()[3];
    let found = (entry.source, entry.source_id, entry.actor_id, entry.reason.as_deref());
    assert_eq!(found, ("manual_adjustment", Some(Uuid::from_u128(3)), Some(EVE), Some("Prize")));
}

#[test]
fn a_request_with_a_known_key_gives_its_entry_again_and_another_under_that_key_none() {
    let mut model = after(&[lesson(1, NOW, ADA)]);
    let adjustment =
        |points, admin_id| Adjustment { user_id: ADA, points, reason: "Spam".to_owned(), admin_id };
    let mut adjust = |hour, adjustment: &Adjustment| {
        let line = model.adjust("key", adjustment, NOW + Duration::hours(hour));
        line.map(|line| (line.entry.clone(), line.total_after))
    };
    let first = adjust(0, &adjustment(-9, Some(EVE)));
    let (entry, total) = first.clone().unwrap();
    assert_eq!((entry.points, entry.actor_id, total), (-5, Some(EVE), 0));
    assert_eq!(adjust(1, &adjustment(-9, Some(EVE))), first);
    assert_eq!(adjust(1, &adjustment(-9, None)), first, "whoever asks again");
    assert_eq!(adjust(0, &adjustment(-8, Some(EVE))), None);
    assert_eq!(points(&model, ADA), [5, -5]);
}

#[test]
fn a_key_is_one_members() {
    let mut model = after(&[]);
    for user_id in [ADA, BOB] {
        let adjustment = Adjustment { user_id, points: 3, reason: "Prize".to_owned(), admin_id: None };
        assert_eq!(model.adjust("key", &adjustment, NOW).map(|line| line.total_after), Some(3));
    }
    assert_eq!((points(&model, ADA), points(&model, BOB)), (vec![3], vec![3]));
}

#[test]
fn what_makes_a_total_too_large_is_left_out_and_may_come_again() {
    let full = [adjusted(1, LARGEST_TOTAL - 1), lesson(1, NOW, ADA), like("PostLiked", minutes_ago(9), ADA)];
    let mut model = after(&full);
    assert_eq!(points(&model, ADA), [LARGEST_TOTAL - 1, 1]);
    for event in [adjusted(2, -5), lesson(1, NOW, ADA)] {
        model.apply(&event, NOW);
    }
    assert_eq!(points(&model, ADA), [LARGEST_TOTAL - 1, 1, -5, 5]);
}

#[test]
fn a_window_holds_what_happened_within_it_and_is_never_below_zero() {
    for (window, hours) in [(Window::SevenDay, 168), (Window::ThirtyDay, 720)] {
        let edge = NOW - Duration::hours(hours);
        let mut model = after(&[
            joined(ADA, "Ada"),
            lesson(1, edge - Duration::seconds(1), ADA),
            lesson(2, edge, ADA),
            lesson(3, NOW, ADA),
        ]);
        assert_eq!(ranks(&model.board(window, NOW)), [(1, ADA, 10)]);
        assert_eq!(ranks(&model.board(window, NOW + Duration::seconds(1))), [(1, ADA, 5)]);
        assert_eq!(ranks(&model.board(Window::AllTime, NOW)), [(1, ADA, 15)]);
        model = after(&[joined(ADA, "Ada"), like("PostLiked", edge - Duration::seconds(1), ADA)]);
        model.apply(&like("PostUnliked", edge, ADA), NOW);
        assert_eq!(ranks(&model.board(window, NOW)), [(1, ADA, 0)], "taken back in the window, given before");
    }
}

#[test]
fn boards_go_by_points_then_name_then_id_and_show_who_is_present_and_listed() {
    let (zoe, nameless, hidden, gone) =
        (Uuid::from_u128(4), Uuid::from_u128(5), Uuid::from_u128(6), Uuid::from_u128(7));
    let model = after(&[
        joined(BOB, "bob"),
        joined(ADA, "BOB"),
        joined(EVE, "Čapek"),
        joined(zoe, "Zoe"),
        joined(nameless, ""),
        event("MemberJoined", NOW, &json!({"user_id": hidden, "display_name": "Bob", "listed": false})),
        joined(gone, "ada"),
        event("MemberLeft", NOW, &json!({"user_id": gone})),
        lesson(1, NOW, zoe),
        lesson(1, NOW, gone),
    ]);
    let board = model.board(Window::AllTime, NOW);
    let expected = [(1, zoe, 5), (2, ADA, 0), (3, BOB, 0), (4, EVE, 0), (5, nameless, 0)];
    assert_eq!(ranks(&board), expected);
    assert_eq!(board.entries[4].display_name, "Member");
    assert_eq!(board.own(hidden).unwrap().rank, 4, "behind those of the same name with smaller ids");
    assert_eq!(board.your_rank(hidden, 10), board.own(hidden));
    assert_eq!((board.your_rank(BOB, 3), board.your_rank(BOB, 2).unwrap().rank), (None, 3));
    assert_eq!(board.own(gone), None);
}

#[test]
fn presence_role_and_profile_each_follow_their_own_newest_change() {
    let at = |event_type, minutes, name: &str, role: Option<&str>| {
        event(event_type, minutes_ago(minutes), &json!({"user_id": ADA, "display_name": name, "role": role}))
    };
    let told = [
        at("MemberProfileChanged", 5, "Zoe", None),
        at("MemberRoleChanged", 6, "", Some("ADMIN")),
        at("MemberJoined", 7, "Ada", None),
    ];
    let mut model = after(&told);
    let shown = |model: &Model| {
        let ada = &model.members()[&ADA];
        (ada.is_present(), ada.role().to_owned(), ada.profile().display_name.clone())
    };
    assert_eq!(shown(&model), (true, "ADMIN".to_owned(), Some("Zoe".to_owned())));
    model.apply(&at("MemberLeft", 4, "", None), NOW);
    assert_eq!(shown(&model), (false, "ADMIN".to_owned(), None));
    model.apply(&at("MemberJoined", 3, "Bob", Some("MODERATOR")), NOW);
    assert_eq!(shown(&model), (true, "MODERATOR".to_owned(), Some("Bob".to_owned())));
    model.apply(&at("MemberProfileChanged", 2, "", None), NOW);
    assert_eq!(shown(&model).2, None, "it is the whole profile from then on");
}

#[test]
fn history_begins_with_what_was_applied_last_and_says_each_total() {
    let model = after(&[lesson(1, NOW, ADA), adjusted(1, -2), lesson(2, minutes_ago(500), ADA)]);
    let lines: Vec<_> = model.history(ADA).iter().map(|line| (line.entry.points, line.total_after)).collect();
    assert_eq!(lines, [(5, 8), (-2, 3), (5, 5)]);
    assert!(model.history(BOB).is_empty());
}

#[test]
fn a_lesson_counts_where_its_course_is_known_and_other_communities_do_not_count() {
    let mut somewhere = lesson(1, NOW, ADA);
    somewhere["data"]["community_id"] = Value::Null;
    let course = event("CourseCreated", NOW, &json!({"course_id": LESSON}));
    let mut elsewhere = lesson(2, NOW, ADA);
    elsewhere["data"]["community_id"] = ADA.to_string().into();
    let model = after(&[somewhere.clone(), course, somewhere, elsewhere, event("Unheard", NOW, &json!({}))]);
    assert_eq!(points(&model, ADA), [5]);
}

#[test]
fn random_histories_end_the_same_in_any_order_and_come_to_the_edges_of_windows() {
    let campaign = Campaign::new("the reference model itself", 300, 30_000);
    let plan = |adjustments| Plan {
        now: NOW,
        edges: EXACT_EDGES,
        profile_changes: true,
        adjustments,
        bad_clocks: adjustments,
        midnights: false,
    };
    let edges = Window::ALL
        .into_iter()
        .filter_map(Window::length)
        .flat_map(|length| EXACT_EDGES.iter().map(move |seconds| NOW - length + Duration::seconds(*seconds)));
    let mut unseen: BTreeSet<OffsetDateTime> = edges.collect();
    for round in 0..campaign.rounds() {
        let mut random = campaign.random(round.into());
        let history = History::at_random(&mut random, plan(round % 2 == 0));
        let model = history.fold(NOW);
        for member in model.members().values() {
            assert!(member.history().iter().all(|line| line.total_after >= 0), "{history:?}");
            member.entries().iter().for_each(|entry| {
                unseen.remove(&entry.occurred_at);
            });
        }
        for window in Window::ALL {
            let board = model.board(window, NOW);
            let present = model.members().values().filter(|member| member.is_present()).count();
            assert_eq!(board.entries.len() + board.unlisted.len(), present, "{history:?}");
            assert!((1..).zip(&board.entries).all(|(rank, standing)| standing.rank == rank));
        }
        if round % 2 == 1 {
            let mut shuffled = history.clone();
            random.shuffle(&mut shuffled.events);
            let again = shuffled.fold(NOW);
            // Whose only points were taken back at once in one order is not heard of in another.
            let unheard = Member::default();
            for (user_id, member) in model.members() {
                let end = |member: &Member| {
                    let profile = member.profile().clone();
                    (member.total(), member.is_present(), member.role().to_owned(), profile)
                };
                let other = again.members().get(user_id).unwrap_or(&unheard);
                assert_eq!(end(member), end(other), "{user_id} in {history:?}");
            }
        }
    }
    assert!(unseen.is_empty(), "nothing happened at {unseen:?}");
}
