//! R2: one history, delivered in any order, repeatedly, at once and under new event ids, ends at the same totals.

use gamification_tests::{Campaign, Random, TestDatabase, TestServer};
use serde_json::{Value, json};
use uuid::Uuid;

/// Something that happens to some of a few people and contents, at one of a few moments.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Post { post: u128 },
    Comment { comment: u128 },
    Lesson { lesson: u128, member: u128 },
    Like { post: u128, liker: u128, author: u128, minute: u8, sequence: Option<u8> },
    Unlike { post: u128, liker: u128, author: u128, minute: u8, sequence: Option<u8> },
}

impl Deed {
    fn at_random(random: &mut Random) -> Self {
        let mut any = |of: usize| random.below(of) as u128;
        let (post, author, liker) = (any(2), any(3), any(4));
        let minute = u8::try_from(any(4)).unwrap();
        let sequence = (any(3) == 0).then(|| u8::try_from(any(3)).unwrap());
        match any(8) {
            0 => Self::Post { post },
            1 => Self::Comment { comment: post },
            2 => Self::Lesson { lesson: post, member: author },
            3..=5 => Self::Like { post, liker, author, minute, sequence },
            _ => Self::Unlike { post, liker, author, minute, sequence },
        }
    }

    /// As an event in a community. A like's place among its changes goes by its event id too, so that one stays; a fact
    /// that counts once may come under any.
    fn event(self, place: usize, community: Uuid, random: &mut Random) -> Value {
        let id = |kind: u128, number: u128| Uuid::from_u128((kind << 64) + number + 1);
        let (user, post_id) = (|number| id(1, number), |number| id(2, number));
        let any_id = format!("{place}-{}", random.number());
        let like = |kind: &str, post, liker, author, minute: u8, sequence: Option<u8>| {
            let data = json!({
                "community_id": community, "post_id": post_id(post), "user_id": user(liker), "author_id": user(author)
            });
            let mut event = event(kind, &place.to_string(), minute, &data);
            if let Some(sequence) = sequence {
                event["sequence"] = sequence.to_string().into();
            }
            event
        };
        match self {
            // Each content has one author, whoever tells of it.
            Self::Post { post } => {
                let data =
                    json!({"community_id": community, "post_id": post_id(post), "author_id": user(post)});
                event("PostCreated", &any_id, 1, &data)
            }
            Self::Comment { comment } => {
                let data = json!({"community_id": community, "comment_id": id(3, comment), "author_id": user(comment)});
                event("CommentAdded", &any_id, 1, &data)
            }
            Self::Lesson { lesson, member } => {
                let data = json!({
                    "community_id": community, "course_id": id(4, 0), "lesson_id": id(5, lesson), "user_id": user(member)
                });
                event("LessonCompleted", &any_id, 1, &data)
            }
            Self::Like { post, liker, author, minute, sequence } => {
                like("PostLiked", post, liker, author, minute, sequence)
            }
            Self::Unlike { post, liker, author, minute, sequence } => {
                like("PostUnliked", post, liker, author, minute, sequence)
            }
        }
    }
}

fn event(kind: &str, id: &str, minute: u8, data: &Value) -> Value {
    json!({
        "specversion": "1.0", "id": id, "source": "/community", "type": kind,
        "time": format!("2026-01-01T10:{minute:02}:00Z"), "data": data,
    })
}

fn history(random: &mut Random, length: usize) -> Vec<Deed> {
    (0..length).map(|_| Deed::at_random(random)).collect()
}

/// What everybody has in a community.
async fn totals(database: &tokio_postgres::Client, community: Uuid) -> Vec<(Uuid, i32)> {
    let query = "SELECT user_id, total_points FROM member_points WHERE community_id = $1 AND total_points > 0 ORDER BY user_id";
    let rows = database.query(query, &[&community]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

fn deliver(server: &TestServer, events: &[Value]) {
    let answer = server.send_batch(events);
    assert_eq!((answer.status, answer.body["rejected"].as_u64()), (200, Some(0)), "{answer:?}");
}

/// Events in order, each alone: what all the others are held against.
fn one_by_one(server: &TestServer, history: &[Deed], random: &mut Random) -> Uuid {
    let community = Uuid::now_v7();
    for (place, deed) in history.iter().enumerate() {
        deliver(server, &[deed.event(place, community, random)]);
    }
    community
}

#[tokio::test(flavor = "multi_thread")]
async fn random_histories_end_at_the_same_totals_however_they_are_delivered() {
    let campaign = Campaign::new("R2", 120, 10_000);
    let database = TestDatabase::empty().await;
    let server = TestServer::on(&database);
    let client = database.client().await;
    for round in 0..campaign.rounds() {
        let mut random = campaign.random(u64::from(round));
        let length = 3 + random.below(12);
        let history = history(&mut random, length);
        let expected = totals(&client, one_by_one(&server, &history, &mut random)).await;

        let in_one = Uuid::now_v7();
        let events: Vec<Value> =
            history.iter().enumerate().map(|(place, deed)| deed.event(place, in_one, &mut random)).collect();
        deliver(&server, &events);
        assert_eq!(totals(&client, in_one).await, expected, "in one batch: {history:?}");

        let shuffled = Uuid::now_v7();
        let mut parts: Vec<Vec<Value>> = Vec::new();
        for _ in 0..3 {
            let mut events: Vec<Value> = history
                .iter()
                .enumerate()
                .map(|(place, deed)| deed.event(place, shuffled, &mut random))
                .collect();
            random.shuffle(&mut events);
            parts.push(events);
        }
        std::thread::scope(|scope| {
            for events in &parts {
                let server = &server;
                scope.spawn(move || events.chunks(4).for_each(|part| deliver(server, part)));
            }
        });
        assert_eq!(totals(&client, shuffled).await, expected, "shuffled, repeated, at once: {history:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn short_histories_end_at_the_same_totals_in_every_order() {
    let campaign = Campaign::new("R2, every order", 4, 60);
    let database = TestDatabase::empty().await;
    let server = TestServer::on(&database);
    let client = database.client().await;
    for round in 0..campaign.rounds() {
        let mut random = campaign.random(u64::from(round));
        // Changes of one like, which order matters to, and something beside them.
        let like = |minute, sequence| Deed::Like { post: 0, liker: 3, author: 0, minute, sequence };
        let unlike = |minute, sequence| Deed::Unlike { post: 0, liker: 3, author: 0, minute, sequence };
        let any = Deed::at_random(&mut random);
        let sequence = |number: u8| (round % 2 == 1).then_some(number);
        let history = [like(1, sequence(1)), unlike(2, sequence(2)), like(3, None), any];
        let expected = totals(&client, one_by_one(&server, &history, &mut random)).await;
        for order in orders(&[0, 1, 2, 3]) {
            let community = Uuid::now_v7();
            for place in &order {
                deliver(&server, &[history[*place].event(*place, community, &mut random)]);
            }
            assert_eq!(totals(&client, community).await, expected, "{order:?} of {history:?}");
        }
    }
}

/// Every order of some places.
fn orders(places: &[usize]) -> Vec<Vec<usize>> {
    if places.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for first in places {
        let rest: Vec<usize> = places.iter().copied().filter(|place| place != first).collect();
        for mut order in orders(&rest) {
            order.insert(0, *first);
            all.push(order);
        }
    }
    all
}
