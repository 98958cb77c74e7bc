//! R2: one history, delivered in any order, repeatedly, at once and under new event ids, ends at the same totals.

use std::collections::BTreeMap;

use gamification_tests::{
    Campaign, Launch, LevelWatch, Random, TestDatabase, TestServer, assert_verify_finds_nothing, block_until,
};
use serde_json::{Value, json};
use tokio_postgres::Client;
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
            // Each content has one author, whichever event names it.
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

type Totals = BTreeMap<Uuid, Vec<(Uuid, i32)>>;

/// What everybody has, in each of these communities.
async fn totals(database: &Client, communities: &[Uuid]) -> Totals {
    let query = "SELECT community_id, user_id, total_points FROM member_points
                 WHERE community_id = ANY($1) AND total_points > 0 ORDER BY community_id, user_id";
    let mut totals: Totals = communities.iter().map(|community| (*community, Vec::new())).collect();
    for row in database.query(query, &[&communities]).await.unwrap() {
        totals.entry(row.get(0)).or_default().push((row.get(1), row.get(2)));
    }
    totals
}

/// Until it is recorded: deliveries at once are in one another's way, and one that has waited for too long is asked to
/// come again.
fn deliver(server: &TestServer, events: &[Value]) {
    block_until("a batch is recorded", || {
        let answer = server.send_batch(events);
        let is_whole = (answer.status, answer.body["rejected"].as_u64()) == (200, Some(0));
        assert!(is_whole || answer.status == 503, "{answer:?}");
        is_whole
    });
}

/// The events of histories, each history in a community of its own.
fn events(histories: &[Vec<Deed>], communities: &[Uuid], random: &mut Random) -> Vec<Vec<Value>> {
    let told = |(history, community): (&Vec<Deed>, &Uuid)| {
        history.iter().enumerate().map(|(place, deed)| deed.event(place, *community, random)).collect()
    };
    histories.iter().zip(communities).map(told).collect()
}

/// Histories in order, in each community one event a transaction: what all the others are held against. Communities
/// know nothing of one another, so their first events may share a transaction, and then their second ones.
fn one_by_one(server: &TestServer, histories: &[Vec<Value>]) {
    let longest = histories.iter().map(Vec::len).max().unwrap_or_default();
    for place in 0..longest {
        let step: Vec<Value> = histories.iter().filter_map(|events| events.get(place)).cloned().collect();
        deliver(server, &step);
    }
}

fn communities(number: usize) -> Vec<Uuid> {
    (0..number).map(|_| Uuid::now_v7()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn random_histories_end_at_the_same_totals_however_they_are_delivered() {
    /// How many histories are delivered side by side.
    const ABREAST: u32 = 25;
    let campaign = Campaign::new("R2", 500, 10_000);
    let database = TestDatabase::empty().await;
    let server = Launch::on(database.url()).env("RUST_LOG", "warn").serve();
    let (client, watch) = (database.client().await, LevelWatch::start(database.url()));
    for first in (0..campaign.rounds()).step_by(ABREAST as usize) {
        let mut random = campaign.random(u64::from(first));
        let histories: Vec<Vec<Deed>> = (0..ABREAST)
            .map(|_| {
                let length = 3 + random.below(12);
                history(&mut random, length)
            })
            .collect();
        let [alone, in_one, shuffled] = [(); 3].map(|()| communities(histories.len()));
        one_by_one(&server, &events(&histories, &alone, &mut random));
        deliver(&server, &events(&histories, &in_one, &mut random).concat());
        // Three times each, in three orders, at once.
        let parts = [(); 3].map(|()| {
            let mut part = events(&histories, &shuffled, &mut random).concat();
            random.shuffle(&mut part);
            part
        });
        std::thread::scope(|scope| {
            for part in &parts {
                let server = &server;
                scope.spawn(move || part.chunks(60).for_each(|some| deliver(server, some)));
            }
        });
        let [expected, in_one_batch, at_once] =
            [totals(&client, &alone).await, totals(&client, &in_one).await, totals(&client, &shuffled).await]
                .map(|totals| totals.into_values().collect::<Vec<_>>());
        for (place, history) in histories.iter().enumerate() {
            assert_eq!(in_one_batch[place], expected[place], "in one batch: {history:?}");
            assert_eq!(at_once[place], expected[place], "shuffled, repeated, at once: {history:?}");
        }
    }
    watch.end();
    assert_verify_finds_nothing(database.url());
}

/// What leaves the one whose like is given and taken back a point below level 2.
fn nine_points(community: Uuid) -> Vec<Value> {
    let (author, id) = (Uuid::from_u128((1 << 64) + 1), |number: u128| Uuid::from_u128((9 << 64) + number));
    let mut events: Vec<Value> = (0..4)
        .map(|post| {
            let data = json!({"community_id": community, "post_id": id(post), "author_id": author});
            event("PostCreated", &format!("before {post}"), 0, &data)
        })
        .collect();
    let data = json!({"community_id": community, "comment_id": id(0), "author_id": author});
    events.push(event("CommentAdded", "before", 0, &data));
    events
}

#[tokio::test(flavor = "multi_thread")]
async fn short_histories_end_at_the_same_totals_in_every_order() {
    let campaign = Campaign::new("R2, every order", 20, 200);
    let database = TestDatabase::empty().await;
    let server = Launch::on(database.url()).env("RUST_LOG", "warn").serve();
    let (client, watch) = (database.client().await, LevelWatch::start(database.url()));
    for round in 0..campaign.rounds() {
        let mut random = campaign.random(u64::from(round));
        // Changes of one like, which order matters to, and something beside them.
        let like = |minute, sequence| Deed::Like { post: 0, liker: 3, author: 0, minute, sequence };
        let unlike = |minute, sequence| Deed::Unlike { post: 0, liker: 3, author: 0, minute, sequence };
        let any = Deed::at_random(&mut random);
        let sequence = |number: u8| (round % 2 == 1).then_some(number);
        let history = [like(1, sequence(1)), unlike(2, sequence(2)), like(3, None), any];
        let orders = orders(&[0, 1, 2, 3]);
        let communities = communities(orders.len());
        let ordered: Vec<Vec<Value>> = orders
            .iter()
            .zip(&communities)
            .map(|(order, community)| {
                order.iter().map(|place| history[*place].event(*place, *community, &mut random)).collect()
            })
            .collect();
        let before = communities.iter().flat_map(|community| nine_points(*community));
        deliver(&server, &before.collect::<Vec<Value>>());
        one_by_one(&server, &ordered);
        let totals: Vec<_> = totals(&client, &communities).await.into_values().collect();
        for (order, total) in orders.iter().zip(&totals) {
            assert_eq!(*total, totals[0], "{order:?} of {history:?}");
        }
    }
    watch.end();
    assert_verify_finds_nothing(database.url());
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
