//! Times and numbers at the ends of their ranges (campaign R12).

use gamification_tests::{
    Answer, ApiScene, Campaign, LevelWatch, Random, assert_verify_finds_nothing, default_levels,
    event::{event, id, member_joined, post_created},
    user_token,
};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn times_at_the_ends_of_the_calendar_are_taken_or_refused() {
    let scene = ApiScene::new().await;
    for kind in ["MemberJoined", "PostLiked", "PostCreated"] {
        for time in [
            "9999-12-31T23:59:59-23:59",
            "9999-12-31T23:59:59.999999999Z",
            "0000-01-01T00:00:00+23:59",
            "0000-01-01T00:00:00Z",
        ] {
            let data = json!({"community_id": scene.community, "user_id": id(), "post_id": id(), "author_id": scene.ada});
            let mut event = event(kind, 1, &data);
            event["time"] = time.into();
            let answer = scene.server.send(&event);
            assert_eq!(answer.status, 200, "{kind} {time}: {answer:?}");
            // Known again, so what was stored is what was claimed.
            assert_eq!(scene.server.send(&event).body["duplicate"], 1, "{kind} {time}");
        }
    }
    for time in [
        "10000-01-01T00:00:00Z",
        "-0001-01-01T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "2026-01-01",
        "2026-01-01T00:00:00",
    ] {
        let mut event = member_joined(scene.community, id());
        event["time"] = time.into();
        scene.server.send(&event).problem(422, "VALIDATION_ERROR");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_at_the_ends_of_their_ranges_are_taken_or_refused_and_never_wrap() {
    let scene = ApiScene::new().await;
    let path = format!("/api/communities/{}/levels", scene.community);
    let put = |threshold: &str| {
        let level = |level: i64| {
            json!({"level": level, "name": format!("Level {level}"), "threshold": level - 1}).to_string()
        };
        let last = format!(r#"{{"level": 9, "name": "Level 9", "threshold": {threshold}}}"#);
        let body =
            format!(r#"{{"levels": [{}, {last}]}}"#, (1..=8).map(level).collect::<Vec<_>>().join(", "));
        scene.server.call(
            "PUT",
            &path,
            Some(&user_token(scene.admin)),
            &Some(("application/json", serde_json::from_str(&body).unwrap())),
        )
    };
    for (threshold, status) in [
        ("2147483647", 200),
        ("2147483646.0", 200),
        ("2147483648", 422),
        ("4294967296", 422),
        ("9223372036854775807", 422),
        ("9223372036854775808", 422),
        ("18446744073709551616", 422),
        ("1e300", 422),
        ("-1", 422),
        ("-9223372036854775809", 422),
        ("8.5", 422),
        ("7", 422),
    ] {
        let answer = put(threshold);
        assert_eq!(answer.status, status, "{threshold}: {answer:?}");
    }
    let levels = scene.server.get(&path, Some(&user_token(scene.ada))).body;
    assert_eq!(levels["levels"][8]["threshold"], 2_147_483_646);
    // Near every end, on both sides.
    let campaign = Campaign::new("R12", 60, 10_000);
    let mut random = campaign.random(0);
    let ends = [0, 7, i64::from(i16::MAX), i64::from(i32::MAX), i64::from(u32::MAX), i64::MAX, i64::MIN];
    for _ in 0..campaign.rounds() {
        let threshold = i128::from(*random.pick(&ends)) + i128::try_from(random.below(9)).unwrap() - 4;
        let is_possible = (8..=i128::from(i32::MAX)).contains(&threshold);
        let answer = put(&threshold.to_string());
        assert_eq!(answer.status, if is_possible { 200 } else { 422 }, "{threshold}: {answer:?}");
        if is_possible {
            assert_eq!(answer.body["levels"][8]["threshold"].as_i64().map(i128::from), Some(threshold));
        }
    }
    assert_verify_finds_nothing(scene.database.url());
}

/// The largest total, and the largest adjustment.
const LARGEST: i64 = 2_147_483_647;

/// Points near what the total has room for, near all that can be taken, and near the ends of numbers.
fn adjustment(total: i64, random: &mut Random) -> i64 {
    let end = *random.pick(&[LARGEST - total, -total, 0, LARGEST, -LARGEST, i64::MAX - 2, i64::MIN + 2]);
    end.saturating_add(i64::try_from(random.below(5)).unwrap() - 2)
}

fn adjust(scene: &ApiScene, points: i64) -> Answer {
    let path = format!("/api/communities/{}/members/{}/points/adjustments", scene.community, scene.ada);
    let (bearer, key) = (format!("Bearer {}", user_token(scene.admin)), id().to_string());
    let headers =
        [("authorization", &*bearer), ("content-type", "application/json"), ("idempotency-key", &*key)];
    let body = json!({"points": points, "reason": "because"}).to_string();
    scene.server.post(&path, &headers, body.as_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn totals_at_the_ends_of_their_range_are_exact_or_refused_and_never_wrap() {
    let campaign = Campaign::new("R12, totals", 60, 10_000);
    let (scene, mut random) = (ApiScene::new().await, campaign.random(0));
    let watch = LevelWatch::start(scene.database.url());
    let (mut total, mut highest, mut refused) = (0, 0, 0);
    for round in 0..campaign.rounds() {
        let before = total;
        let (status, points) = if random.below(4) == 0 {
            (scene.server.send(&post_created(scene.community, id(), scene.ada)).status, 2)
        } else {
            let points = adjustment(total, &mut random);
            (adjust(&scene, points).status, points)
        };
        let is_possible = (-LARGEST..=LARGEST).contains(&points) && points != 0 && total + points <= LARGEST;
        if is_possible {
            total = (total + points).max(0);
        }
        let what = format!("round {round}: {points} to {before}");
        let expected: &[u16] = if is_possible { &[200, 201] } else { &[422] };
        assert!(expected.contains(&status), "{what}: {status}");
        highest = highest.max(total);
        refused += u32::from(!is_possible);
        let level = scene.server.level(scene.community, scene.ada, scene.admin).body;
        assert_eq!(level["total_points"], total, "{what}");
        let due = default_levels().iter().filter(|(_, threshold)| *threshold <= highest).count();
        assert_eq!(level["level"], due, "{what}");
    }
    assert!(refused > 0 && refused < campaign.rounds(), "{refused} of {} were refused", campaign.rounds());
    watch.end();
    assert_verify_finds_nothing(scene.database.url());
}
