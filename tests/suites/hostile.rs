//! Texts and numbers that were made to do harm (campaigns R9 and R12).

use gamification_tests::{
    ApiScene, Campaign, Random, assert_verify_finds_nothing,
    event::{event, id, member_joined},
    user_token,
};
use serde_json::{Value, json};
use uuid::Uuid;

/// Pieces that mean something to HTML, to databases, to terminals, or to readers' eyes.
const PIECES: [&str; 57] = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<b>",
    "</b>",
    "<!--",
    "-->",
    "<![CDATA[x]]>",
    "<svg/onload=x>",
    "&lt;b&gt;",
    "&amp;lt;b&amp;gt;",
    "&#60;b&#62;",
    "&#x3c;b>",
    "&nbsp;",
    "&copy",
    "&ampamp;",
    "&#0;",
    "&#x202e;",
    "\0",
    "\u{1}",
    "\u{7f}",
    "\u{85}",
    "\u{202e}",
    "\u{2066}",
    "\u{200b}",
    "\u{200d}",
    "\u{feff}",
    "\u{ad}",
    "\u{3164}",
    "\u{fffd}",
    "'; DROP TABLE outbox; --",
    "{{7*7}}",
    "${x}",
    "%00",
    "\\u0000",
    "\\",
    "\"",
    "'",
    "`",
    "$1",
    "?",
    "e\u{301}",
    "Å",
    "ß",
    "İ",
    "ﬁ",
    "👩\u{200d}🚀",
    "🏳\u{fe0f}\u{200d}🌈",
    "日本語",
    "مرحبا",
    "\u{1f1e9}\u{1f1ea}",
    "",
    " ",
    "\t",
    "\r\n",
    "\u{a0}",
    "\u{2028}",
    "a b",
];

/// Some of the pieces, one after another.
fn mixed(random: &mut Random) -> String {
    (0..=random.below(6)).map(|_| *random.pick::<&str>(&PIECES)).collect()
}

fn hostile_texts() -> Vec<String> {
    let mut texts: Vec<String> = PIECES.map(ToOwned::to_owned).to_vec();
    for (index, piece) in PIECES.iter().enumerate() {
        texts.extend([format!("a{piece}"), format!("{piece}z"), format!("a{piece}z")]);
        texts.push(format!("{piece}{}", PIECES[(index * 7 + 3) % PIECES.len()]));
        texts.push(piece.repeat(3));
    }
    for length in [29, 30, 31, 32, 1_000] {
        texts.extend(["x", "é", "🚀", "&amp;", "<b>x</b>"].map(|piece| piece.repeat(length)));
    }
    texts
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_texts_are_stored_clean_or_refused() {
    let scene = ApiScene::new().await;
    let path = format!("/api/communities/{}/levels", scene.community);
    let mut texts = hostile_texts();
    assert!(texts.len() >= 300, "{}", texts.len());
    let campaign = Campaign::new("R9, names", 100, 20_000);
    let mut random = campaign.random(0);
    texts.extend((0..campaign.rounds()).map(|_| mixed(&mut random)));
    let (mut stored, mut refused) = (0, 0);
    for text in &texts {
        let level = |level: i64| json!({"level": level, "name": format!("Level {level}"), "threshold": (level - 1) * 10});
        let mut body = json!({"levels": (1..=9).map(level).collect::<Vec<_>>()});
        body["levels"][4]["name"] = text.as_str().into();
        let answer = scene.server.put(&path, scene.admin, &[], &body);
        if answer.status == 422 {
            assert_eq!(answer.body["errors"][0]["pointer"], "#/levels/4/name", "{text:?}: {answer:?}");
            refused += 1;
            continue;
        }
        assert_eq!(answer.status, 200, "{text:?}: {answer:?}");
        stored += 1;
        let name = answer.body["levels"][4]["name"].as_str().unwrap().to_owned();
        assert!(
            (1..=30).contains(&name.chars().count()) && !name.chars().any(char::is_control),
            "{text:?} became {name:?}"
        );
        let is_tag =
            |rest: &str| rest.starts_with(|next: char| next.is_ascii_alphabetic() || "/!?".contains(next));
        assert!(!name.split('<').skip(1).any(is_tag), "{text:?} became {name:?}");
        // Plain text goes through as it is, and what came out goes in again unchanged.
        if !text.contains(['<', '&']) {
            assert_eq!(name, text.split_whitespace().collect::<Vec<_>>().join(" "));
        }
        body["levels"][4]["name"] = name.as_str().into();
        let again = scene.server.put(&path, scene.admin, &[], &body);
        assert_eq!(again.body["levels"][4]["name"], name, "{text:?}");
    }
    assert!(stored > 50 && refused > 50, "{stored} stored, {refused} refused");
    assert_verify_finds_nothing(scene.database.url());
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_reasons_of_adjustments_are_stored_clean_or_refused() {
    let scene = ApiScene::new().await;
    let path = format!("/api/communities/{}/members/{}/points/adjustments", scene.community, scene.ada);
    let bearer = format!("Bearer {}", user_token(scene.admin));
    let adjust = |key: &str, reason: &str| {
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
            ("idempotency-key", key),
        ];
        scene.server.post(&path, &headers, json!({"points": 1, "reason": reason}).to_string().as_bytes())
    };
    let mut texts = hostile_texts();
    let campaign = Campaign::new("R9, reasons", 100, 20_000);
    let mut random = campaign.random(0);
    texts.extend((0..campaign.rounds()).map(|_| mixed(&mut random)));
    let (mut stored, mut refused) = (0, 0);
    for (number, text) in texts.iter().enumerate() {
        let answer = adjust(&number.to_string(), text);
        if answer.status == 422 {
            assert_eq!(answer.body["errors"][0]["pointer"], "#/reason", "{text:?}: {answer:?}");
            refused += 1;
            continue;
        }
        assert_eq!(answer.status, 201, "{text:?}: {answer:?}");
        stored += 1;
        let reason = answer.body["reason"].as_str().unwrap();
        assert!((1..=200).contains(&reason.chars().count()), "{text:?} became {reason:?}");
        assert!(!reason.chars().any(char::is_control), "{text:?} became {reason:?}");
        let is_tag =
            |rest: &str| rest.starts_with(|next: char| next.is_ascii_alphabetic() || "/!?".contains(next));
        assert!(!reason.split('<').skip(1).any(is_tag), "{text:?} became {reason:?}");
        // What came out is the same request under the same key.
        assert_eq!(adjust(&number.to_string(), reason).body, answer.body, "{text:?}");
    }
    assert!(stored > 50 && refused > 50, "{stored} stored, {refused} refused");
    // Whatever a key is, it is a key or refused.
    for key in ["", " ", &"k".repeat(256)] {
        adjust(key, "because").problem(400, "BAD_REQUEST");
    }
    assert_eq!(adjust(&"k".repeat(255), "because").status, 201);
    assert_verify_finds_nothing(scene.database.url());
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_texts_in_events_are_kept_byte_for_byte_or_refused() {
    let scene = ApiScene::new().await;
    let campaign = Campaign::new("R9, events", 1, 200);
    let mut random = campaign.random(0);
    for round in 0..campaign.rounds() {
        let mut texts = hostile_texts();
        if round > 0 {
            texts.iter_mut().for_each(|text| *text = mixed(&mut random));
        }
        in_events(&scene, &texts).await;
    }
    assert_verify_finds_nothing(scene.database.url());
}

async fn in_events(scene: &ApiScene, texts: &[String]) {
    let community = scene.community;
    // Texts that the directory keeps, each with a row of its own to be found by.
    for (kind, field, key, table) in [
        ("MemberJoined", "display_name", "user_id", "community_members"),
        ("MemberJoined", "avatar_url", "user_id", "community_members"),
        ("CommunityCreated", "name", "community_id", "communities"),
        ("CourseCreated", "title", "course_id", "courses"),
    ] {
        let rows: Vec<Uuid> = texts.iter().map(|_| id()).collect();
        let events: Vec<Value> = texts
            .iter()
            .zip(&rows)
            .map(|(text, row)| {
                let mut data = json!({"community_id": community, field: text});
                data[key] = json!(row);
                event(kind, 1, &data)
            })
            .collect();
        let answer = scene.server.send_batch(&events);
        assert!([200, 207].contains(&answer.status), "{answer:?}");
        let client = scene.database.client().await;
        for ((text, row), result) in texts.iter().zip(&rows).zip(answer.body["results"].as_array().unwrap()) {
            let refused = text.contains('\0') || text.chars().count() > 2_048;
            assert_eq!(result["status"], if refused { "rejected" } else { "applied" }, "{field} {text:?}");
            let query = format!("SELECT {field} FROM {table} WHERE {key} = $1");
            let stored = client
                .query_opt(&query, &[row])
                .await
                .unwrap()
                .and_then(|row| row.get::<_, Option<String>>(0));
            assert_eq!(stored.as_ref(), Some(text).filter(|text| !refused && !text.is_empty()), "{field}");
        }
    }
    // Texts that only steer: each is understood or refused, and none is a failure.
    for field in
        ["id", "source", "type", "time", "sequence", "specversion", "role", "user_id", "community_id"]
    {
        let events: Vec<Value> = texts
            .iter()
            .map(|text| {
                let mut event = member_joined(community, id());
                let place = if event.get(field).is_some() || field == "sequence" {
                    &mut event
                } else {
                    &mut event["data"]
                };
                place[field] = text.as_str().into();
                event
            })
            .collect();
        let answer = scene.server.send_batch(&events);
        assert!([200, 207].contains(&answer.status), "{field}: {answer:?}");
        assert_eq!(answer.body["results"].as_array().unwrap().len(), texts.len());
    }
}

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
