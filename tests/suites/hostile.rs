//! Texts that were made to do harm (campaign R9).

use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::TcpStream,
};

use gamification_tests::{
    ApiScene, Campaign, PATIENCE, Random, assert_verify_finds_nothing, block_until,
    event::{event, id, member_joined},
    user_token,
};
use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use uuid::Uuid;

use crate::history::base64url;

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

/// What a text became is plain text of so many characters at most, and has something in it.
fn assert_is_plain(text: &str, stored: &str, longest: usize) {
    assert!((1..=longest).contains(&stored.chars().count()), "{text:?} became {stored:?}");
    assert!(!stored.chars().any(char::is_control), "{text:?} became {stored:?}");
    let is_tag =
        |rest: &str| rest.starts_with(|next: char| next.is_ascii_alphabetic() || "/!?".contains(next));
    assert!(!stored.split('<').skip(1).any(is_tag), "{text:?} became {stored:?}");
}

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
        assert_is_plain(text, &name, 30);
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
        assert_is_plain(text, reason, 200);
        // What came out is the same request under the same key.
        assert_eq!(adjust(&number.to_string(), reason).body, answer.body, "{text:?}");
    }
    assert!(stored > 50 && refused > 50, "{stored} stored, {refused} refused");
    // Whatever a key is, it is a key or refused.
    for key in ["", " ", &"k".repeat(256)] {
        adjust(key, "because").problem(400, "BAD_REQUEST");
    }
    assert_eq!(adjust(&"k".repeat(255), "because").status, 201);
    reasons_are_shown_as_stored(&scene).await;
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
        reasons_in_events(&scene, &texts).await;
    }
    reasons_are_shown_as_stored(&scene).await;
    names_are_shown_as_stored(&scene).await;
    assert_verify_finds_nothing(scene.database.url());
}

/// Each reason is clean as one of a request is, or its event is refused.
async fn reasons_in_events(scene: &ApiScene, texts: &[String]) {
    let adjustments: Vec<Uuid> = texts.iter().map(|_| id()).collect();
    let adjusted = |(text, adjustment): (&String, &Uuid)| {
        let data = json!({
            "community_id": scene.community, "user_id": scene.ada, "adjustment_id": adjustment, "points": 1,
            "reason": text, "admin_id": scene.admin,
        });
        event("PointsAdjusted", 1, &data)
    };
    let events: Vec<Value> = texts.iter().zip(&adjustments).map(adjusted).collect();
    let answer = scene.server.send_batch(&events);
    assert!([200, 207].contains(&answer.status), "{answer:?}");
    // By the key that each is made once by: there are many rows in a long campaign.
    let query = "SELECT source_id, reason FROM point_transactions
                 WHERE community_id = $1 AND source = 'manual_adjustment' AND source_id = ANY ($2) AND once_per IS NOT NULL";
    let rows = scene.database.client().await.query(query, &[&scene.community, &adjustments]).await.unwrap();
    let mut stored: BTreeMap<Uuid, String> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    for ((text, adjustment), result) in
        texts.iter().zip(&adjustments).zip(answer.body["results"].as_array().unwrap())
    {
        let reason = stored.remove(adjustment);
        assert_eq!(result["status"] == "applied", reason.is_some(), "{text:?}: {result}");
        assert!(reason.is_some() || result["status"] == "rejected", "{text:?}: {result}");
        reason.iter().for_each(|reason| assert_is_plain(text, reason, 200));
    }
}

/// A list that is read in pages to its end.
fn pages(scene: &ApiScene, path: &str) -> Vec<Value> {
    let (token, mut entries, mut cursor) = (user_token(scene.admin), Vec::new(), String::new());
    loop {
        let path = format!("/api/communities/{}/{path}?limit=100{cursor}", scene.community);
        let answer = scene.server.get(&path, Some(&token));
        assert_eq!(answer.status, 200, "{answer:?}");
        entries.extend(answer.body["entries"].as_array().unwrap().iter().cloned());
        let Some(next) = answer.body["next_cursor"].as_str() else { return entries };
        cursor = format!("&cursor={next}");
    }
}

/// Ada's history shows the reasons that are stored.
async fn reasons_are_shown_as_stored(scene: &ApiScene) {
    let shown = pages(scene, &format!("members/{}/points", scene.ada));
    let shown: Vec<Option<&str>> = shown.iter().map(|entry| entry["reason"].as_str()).collect();
    let query = "SELECT reason FROM point_transactions JOIN member_points AS m USING (community_id)
                 WHERE member_points_id = m.id AND m.user_id = $1 ORDER BY point_transactions.id DESC";
    let stored = scene.database.client().await.query(query, &[&scene.ada]).await.unwrap();
    let stored: Vec<Option<&str>> = stored.iter().map(|row| row.get(0)).collect();
    assert!(stored.len() > 50);
    assert_eq!(shown, stored);
}

/// The board shows the names and pictures that are stored, each beside its member.
async fn names_are_shown_as_stored(scene: &ApiScene) {
    let (told_at, token) = (OffsetDateTime::now_utc(), user_token(scene.admin));
    let path = format!("/api/communities/{}/leaderboards/all_time", scene.community);
    block_until("the board has followed", || {
        let answer = scene.server.get(&path, Some(&token));
        let moment = answer.body["last_updated"].as_str().map(|text| OffsetDateTime::parse(text, &Rfc3339));
        moment.is_some_and(|moment| moment.unwrap() > told_at)
    });
    let shown = pages(scene, "leaderboards/all_time");
    let shown: BTreeMap<Uuid, (&str, Option<&str>)> = shown
        .iter()
        .map(|entry| {
            let user = entry["user_id"].as_str().unwrap().parse().unwrap();
            (user, (entry["display_name"].as_str().unwrap(), entry["avatar_url"].as_str()))
        })
        .collect();
    let query = "SELECT user_id, COALESCE(display_name, 'Member'), avatar_url FROM community_members
                 WHERE community_id = $1 AND is_present";
    let stored = scene.database.client().await.query(query, &[&scene.community]).await.unwrap();
    let stored: BTreeMap<Uuid, (&str, Option<&str>)> =
        stored.iter().map(|row| (row.get(0), (row.get(1), row.get(2)))).collect();
    assert!(stored.len() > 1_000);
    assert_eq!(shown, stored);
}

async fn in_events(scene: &ApiScene, texts: &[String]) {
    let community = scene.community;
    // Texts that the directory keeps, each with a row of its own to be found by.
    for (kind, field, key, table) in [
        ("MemberJoined", "display_name", "user_id", "community_members"),
        ("MemberJoined", "avatar_url", "user_id", "community_members"),
        ("MemberProfileChanged", "display_name", "user_id", "community_members"),
        ("MemberProfileChanged", "avatar_url", "user_id", "community_members"),
        ("CommunityCreated", "name", "community_id", "communities"),
        ("CourseCreated", "title", "course_id", "courses"),
    ] {
        let rows: Vec<Uuid> = texts.iter().map(|_| id()).collect();
        // Members, who are called something until then.
        let changes_profile = kind == "MemberProfileChanged";
        if changes_profile {
            let joined: Vec<Value> = rows.iter().map(|user| member_joined(community, *user)).collect();
            assert_eq!(scene.server.send_batch(&joined).body["applied"], rows.len());
        }
        let before = (changes_profile && field == "display_name").then_some("Ada");
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
            // By the key, which begins with the community: there are many rows in a long campaign.
            let query = format!("SELECT {field} FROM {table} WHERE {key} = $1 AND community_id = $2");
            let of = if key == "community_id" { *row } else { community };
            let stored = client
                .query_opt(&query, &[row, &of])
                .await
                .unwrap()
                .and_then(|row| row.get::<_, Option<String>>(0));
            let told = Some(text.as_str()).filter(|text| !text.is_empty());
            assert_eq!(stored.as_deref(), if refused { before } else { told }, "{field}");
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

/// Every byte of a text, as addresses can have it.
fn in_an_address(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// The bytes behind a cursor.
fn bytes_of(cursor: &str) -> Vec<u8> {
    const DIGITS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (mut bytes, mut word, mut bits) = (Vec::new(), 0_usize, 0);
    for digit in cursor.chars() {
        word = word << 6 | DIGITS.find(digit).unwrap();
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(word >> bits & 0xff).unwrap());
        }
    }
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_cursors_of_leaderboards_are_understood_or_refused() {
    let scene = ApiScene::new().await;
    let path = format!("/api/communities/{}/leaderboards/all_time?limit=1", scene.community);
    let ask = |cursor: &str| scene.server.get(&format!("{path}{cursor}"), Some(&user_token(scene.ada)));
    block_until("there is a second page", || ask("").body["next_cursor"].is_string());
    let real = bytes_of(ask("").body["next_cursor"].as_str().unwrap());
    assert_eq!(ask(&format!("&cursor={}", base64url(&real))).body["entries"][0]["rank"], 2);
    let mut texts = hostile_texts();
    let campaign = Campaign::new("R9, cursors", 100, 20_000);
    let mut random = campaign.random(0);
    texts.extend((0..campaign.rounds()).map(|_| mixed(&mut random)));
    let (mut understood, mut refused) = (0, 0);
    for text in &texts {
        // As it is; as the bytes of a cursor; and in place of the end of one that was given.
        let kept = random.below(real.len() + 1);
        let mut damaged = real.clone();
        damaged[random.below(real.len())] = u8::try_from(random.below(256)).unwrap();
        for cursor in [
            in_an_address(text),
            base64url(text.as_bytes()),
            base64url(&[&real[..kept], text.as_bytes()].concat()),
            base64url(&damaged),
        ] {
            let answer = ask(&format!("&cursor={cursor}"));
            match answer.status {
                200 => {
                    assert!(answer.body["entries"].as_array().unwrap().len() <= 1, "{cursor}: {answer:?}");
                    understood += 1;
                }
                400 | 414 => refused += 1,
                _ => panic!("{cursor}: {answer:?}"),
            }
        }
    }
    assert!(understood > 50 && refused > 50, "{understood} understood, {refused} refused");
    assert_verify_finds_nothing(scene.database.url());
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_keys_of_adjustments_are_keys_or_refused() {
    let scene = ApiScene::new().await;
    let path = format!("/api/communities/{}/members/{}/points/adjustments", scene.community, scene.ada);
    let (token, body) = (user_token(scene.admin), r#"{"points":1,"reason":"because"}"#);
    // By hand: no library sends such headers.
    let adjust = |key: &str| {
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {token}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\nidempotency-key: {key}\r\n\r\n{body}",
            body.len()
        );
        let mut stream = TcpStream::connect(scene.server.url().trim_start_matches("http://")).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = Vec::new();
        // What is left of a head that ends early may be answered with a reset.
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8(answer).unwrap();
        let status: u16 = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
        (status, answer.split("\r\n\r\n").nth(1).unwrap_or_default().to_owned())
    };
    let mut texts = hostile_texts();
    let campaign = Campaign::new("R9, keys", 100, 20_000);
    let mut random = campaign.random(0);
    texts.extend((0..campaign.rounds()).map(|_| mixed(&mut random)));
    let (mut made, mut refused) = (0, 0);
    for text in &texts {
        let (status, entry) = adjust(text);
        match status {
            200 | 201 => {
                assert_eq!(adjust(text), (200, entry), "{text:?}");
                made += i64::from(status == 201);
            }
            400 => refused += 1,
            _ => panic!("{text:?}: {status} {entry}"),
        }
    }
    assert!(made > 50 && refused > 50, "{made} made, {refused} refused");
    assert_eq!(scene.database.number("SELECT COUNT(*) FROM point_transactions").await, made);
    assert_verify_finds_nothing(scene.database.url());
}
