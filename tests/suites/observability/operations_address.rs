//! The address where operators find metrics and health.

use std::net::TcpListener;

use gamification_tests::{
    Launch, TestDatabase, block_until,
    event::{id, post_created},
};

use super::{AWARDED, History};

#[tokio::test(flavor = "multi_thread")]
async fn operators_may_have_an_address_of_their_own() {
    let database = TestDatabase::empty().await;
    let server = Launch::on(database.url()).env("GAMIFICATION_OPS_LISTEN", "127.0.0.1:0").serve();
    let operations = server.operations().expect("it is announced").to_owned();
    assert_ne!(operations, server.url());
    let get = |url: String| {
        let mut answer = ureq::get(url).config().http_status_as_error(false).build().call().unwrap();
        let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
        (answer.status().as_u16(), kind, answer.body_mut().read_to_string().unwrap())
    };
    let problem = "application/problem+json";
    for path in ["/metrics", "/livez", "/readyz"] {
        server.get(path, None).problem(404, "NOT_FOUND");
        assert_eq!(get(format!("{operations}{path}")).0, 200, "{path}");
    }
    for path in ["/api/events", "/openapi.json", "/docs/", "/"] {
        let (status, kind, _) = get(format!("{operations}{path}"));
        assert_eq!((status, kind.as_str()), (404, problem), "{path}");
    }
    let (_, kind, _) = get(format!("{operations}/metrics"));
    assert_eq!(kind, "text/plain; version=0.0.4");
    let document = server.get("/openapi.json", None).body;
    for path in ["/metrics", "/livez", "/readyz"] {
        assert!(document["paths"].get(path).is_none(), "the document is of what is there: {path}");
    }
    // What the API's address counts is seen at the other.
    let history = History::play(&server);
    assert_eq!(server.scrape().value(AWARDED, &[("source", "post_created")]), 4.0);
    // Operators can watch a stop to its end.
    let mut client = database.client().await;
    let blocker = client.transaction().await.unwrap();
    blocker.batch_execute("LOCK TABLE member_points").await.unwrap();
    std::thread::scope(|scope| {
        let late = scope.spawn(|| server.send(&post_created(history.community, id(), history.ada)).status);
        block_until("it waits", || server.scrape().value("gamification_db_pool_in_use", &[]) >= 1.0);
        rustix::process::kill_process(server.process(), rustix::process::Signal::TERM).unwrap();
        block_until("it drains", || get(format!("{operations}/readyz")).0 == 503);
        assert_eq!(get(format!("{operations}/livez")).0, 200);
        tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(blocker.rollback()).unwrap();
        });
        assert_eq!(late.join().unwrap(), 200);
    });
    assert!(server.terminate().0.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_for_operators_that_is_taken_stops_the_start() {
    let database = TestDatabase::empty().await;
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (status, _, error) = Launch::on(database.url()).env("GAMIFICATION_OPS_LISTEN", &address).run();
    assert!(!status.success());
    assert!(error.contains(&format!("GAMIFICATION_OPS_LISTEN: {address} can't be listened on")), "{error}");
}
