//! What a member is given of what is stored about them.

use gamification_app::{
    Reader,
    queries::{ReadError, export_member},
};
use gamification_domain::{FactKind, Verdict::Applied};
use gamification_tests::{
    Answer, ApiScene,
    event::{event, id, post_created, post_like},
    reading_service_token, service_token, until, user_token,
};
use serde_json::json;
use uuid::Uuid;

use super::Scene;

fn export(scene: &ApiScene, token: Option<&str>) -> Answer {
    let path = format!("/api/communities/{}/members/{}/export", scene.community, scene.ada);
    scene.server.get(&path, token)
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_stored_about_a_member_is_one_document_whatever_its_length() {
    let scene = ApiScene::new().await;
    let (community, ada, other) = (scene.community, scene.ada, scene.moderator);
    let posts: Vec<Uuid> = (0..120).map(|_| id()).collect();
    let mut events: Vec<_> = posts.iter().map(|post| post_created(community, *post, ada)).collect();
    events.push(post_like("PostLiked", 2, community, posts[0], other, ada));
    let liked = id();
    events.push(post_like("PostLiked", 3, community, liked, ada, other));
    events.push(post_like("PostLiked", 3, community, id(), ada, other));
    let taken_back = events.last().unwrap()["data"]["post_id"].clone();
    let unliked =
        json!({"community_id": community, "post_id": taken_back, "user_id": ada, "author_id": other});
    events.push(event("PostUnliked", 4, &unliked));
    let picture = json!({
        "community_id": community, "user_id": ada, "display_name": "Ada \"the first\" L.",
        "avatar_url": "https://pictures.example/ada.png"
    });
    events.push(event("MemberProfileChanged", 5, &picture));
    let applied = scene.server.send_batch(&events).body["applied"].clone();
    assert_eq!(applied, events.len());
    // Many likes by others, taken back again, on both sides of hers.
    let client = scene.database.client().await;
    let likes = "INSERT INTO like_switches
                     (community_id, content_kind, content_id, liker_id, newest_change, created_at, updated_at)
                 SELECT community_id, kind, gen_random_uuid(), gen_random_uuid(), newest_change, now(), now()
                 FROM (SELECT community_id, newest_change FROM like_switches WHERE author_id IS NULL) AS like_switch
                 CROSS JOIN generate_series(1, 6000) CROSS JOIN (VALUES ('post'), ('comment')) AS kinds (kind)";
    client.execute(likes, &[]).await.unwrap();
    let ranked = format!(
        "SELECT COUNT(*) FROM leaderboard_entries WHERE user_id = '{ada}' AND is_listed AND all_time = 241"
    );
    until("she is on the boards", async || scene.database.number(&ranked).await == 1).await;
    let answer = export(&scene, Some(&user_token(ada)));
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let document = &answer.body;
    assert_eq!(document["user_id"], json!(ada));
    assert_eq!((&document["total_points"], &document["level"]), (&json!(241), &json!(7)));
    let membership = &document["membership"];
    assert_eq!(membership["display_name"], "Ada \"the first\" L.");
    assert_eq!(membership["avatar_url"], "https://pictures.example/ada.png");
    assert_eq!((&membership["role"], &membership["listed"]), (&json!("MEMBER"), &json!(true)));
    let ledger = document["ledger"].as_array().unwrap();
    assert_eq!(ledger.len(), 121);
    let points: i64 = ledger.iter().map(|entry| entry["points"].as_i64().unwrap()).sum();
    assert_eq!((points, &ledger[120]["total_after"]), (241, &json!(241)));
    let mut likes: Vec<_> = document["likes_given"].as_array().unwrap().clone();
    likes.sort_by_key(|like| like["author_id"].is_null());
    assert_eq!(likes.len(), 2, "{likes:?}");
    assert_eq!((&likes[0]["content_id"], &likes[0]["author_id"]), (&json!(liked), &json!(other)));
    assert_eq!((&likes[1]["content_id"], &likes[1]["author_id"]), (&taken_back, &json!(null)));
    let all_time = &document["leaderboards"][2];
    assert_eq!(*all_time, json!({"leaderboard": "all_time", "rank": 1, "points": 241}));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_for_the_member_admins_and_services() {
    let scene = ApiScene::new().await;
    for allowed in [user_token(scene.ada), user_token(scene.admin), reading_service_token()] {
        assert_eq!(export(&scene, Some(&allowed)).body["user_id"], json!(scene.ada));
    }
    export(&scene, None).problem(401, "UNAUTHENTICATED");
    export(&scene, Some(&service_token())).problem(401, "UNAUTHENTICATED");
    for forbidden in [scene.moderator, id()] {
        export(&scene, Some(&user_token(forbidden))).problem(403, "FORBIDDEN");
    }
    let erased = json!({"community_id": scene.community, "user_id": scene.ada});
    assert_eq!(scene.server.send(&event("MemberErased", 9, &erased)).body["applied"], 1);
    export(&scene, Some(&user_token(scene.ada))).problem(403, "FORBIDDEN");
    export(&scene, Some(&user_token(scene.admin))).problem(404, "NOT_FOUND");
    export(&scene, Some(&reading_service_token())).problem(404, "NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_of_who_is_erased_meanwhile_does_not_come_to_an_end() {
    let scene = Scene::new().await;
    scene.live().await;
    crate::leaderboards::project_all(&scene.store, &scene.database, crate::leaderboards::NOW).await;
    let begun = export_member(scene.store.clone(), scene.community, Reader::Service, scene.ada).await;
    let (_, mut export) = begun.unwrap();
    assert_eq!(scene.record([FactKind::MemberErased { user_id: scene.ada }]).await, [Applied]);
    let next = export.next().await;
    assert!(matches!(next, Err(ReadError::MemberNotFound)), "{next:?}");
}
