//! Traces: spans, and a collector that is away.

use std::{
    net::TcpListener,
    time::{Duration, Instant},
};

use gamification_tests::{
    Collector, Launch, PATIENCE, Reaction, Receiver, TestDatabase, WEBHOOK_SECRET,
    event::{id, post_created},
    service_token, user_token,
};

use super::{History, parsed, said};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";

#[tokio::test(flavor = "multi_thread")]
async fn spans_go_on_with_the_callers_trace_and_the_receiver_may_go_on_with_ours() {
    let database = TestDatabase::empty().await;
    let collector = Collector::start();
    let receiver = Receiver::start(|_| Reaction::TAKEN);
    let server = Launch::on(database.url())
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url())
        .env("GAMIFICATION_WEBHOOK_URL", receiver.url())
        .env("GAMIFICATION_WEBHOOK_SECRET", WEBHOOK_SECRET)
        // What is logged has nothing to do with what is traced.
        .env("RUST_LOG", "warn")
        .serve();
    let history = History::play(&server);
    let History { community, ada, course, .. } = history;
    let (service, user) = (format!("Bearer {}", service_token()), format!("Bearer {}", user_token(ada)));
    let traceparent = format!("00-{TRACE}-{PARENT}-01");
    let fact = post_created(community, id(), ada);
    let headers = [
        ("content-type", "application/cloudevents+json"),
        ("authorization", service.as_str()),
        ("traceparent", traceparent.as_str()),
    ];
    assert_eq!(server.post("/api/events", &headers, fact.to_string().as_bytes()).status, 200);
    let path = format!("/api/communities/{community}/courses/{course}/access");
    let headers =
        [("authorization", user), ("traceparent", traceparent.clone()), ("user-agent", "ada".into())];
    assert_eq!(server.with_headers("GET", &path, &headers).status, 200);
    history.set_thresholds(&server, 2);
    let written = database.number("SELECT COUNT(*) FROM outbox").await;
    receiver.wait_for(usize::try_from(written).unwrap()).await;
    assert!(server.terminate().0.success());

    let ours = |name: &str| {
        collector.spans_named(name).into_iter().filter(|span| span.trace_id == TRACE).collect::<Vec<_>>()
    };
    let awards = ours("gamification.award_points");
    assert_eq!(awards.len(), 1, "{:?}", collector.spans());
    let award = &awards[0];
    assert_eq!(award.attribute("community_id"), Some(community.to_string().as_str()));
    assert_eq!(award.attribute("event_type"), Some("PostCreated"));
    assert_eq!(award.attribute("event_id"), fact["id"].as_str());
    let request = &ours("POST /api/events")[0];
    assert_eq!((award.parent_id.as_str(), request.parent_id.as_str()), (request.span_id.as_str(), PARENT));
    assert_eq!(request.attribute("http.status_code"), Some("200"));
    let check = &ours("gamification.check_course_access")[0];
    assert_eq!(check.attribute("course_id"), Some(course.to_string().as_str()));
    assert_eq!(check.attribute("user_id"), Some(ada.to_string().as_str()));
    assert_eq!(check.attribute("has_access"), Some("true"));
    let recalculations = collector.spans_named("gamification.recalculate_levels");
    assert_eq!(recalculations.len(), 1);
    assert_eq!(recalculations[0].attribute("community_id"), Some(community.to_string().as_str()));
    assert_eq!(recalculations[0].attribute("level_ups"), Some("1"));
    for span in collector.spans() {
        assert!(span.attributes.iter().all(|(_, value)| value != "ada"), "{span:?}");
    }
    assert!(collector.resources().contains(&("service.name".into(), "gamification".into())));

    let deliveries = collector.spans_named("gamification.deliver_event");
    for delivery in receiver.deliveries() {
        let span = deliveries.iter().find(|span| span.attribute("event_id") == delivery.event["id"].as_str());
        let span = span.expect("each delivery has a span");
        assert_eq!(delivery.header("traceparent"), format!("00-{}-{}-01", span.trace_id, span.span_id));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_collector_nothing_is_traced() {
    let database = TestDatabase::empty().await;
    let receiver = Receiver::start(|_| Reaction::TAKEN);
    let server = Launch::on(database.url())
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", "")
        .env("GAMIFICATION_WEBHOOK_URL", receiver.url())
        .env("GAMIFICATION_WEBHOOK_SECRET", WEBHOOK_SECRET)
        .serve();
    assert_eq!(server.send(&post_created(id(), id(), id())).status, 200);
    receiver.wait_for(1).await;
    assert_eq!(receiver.deliveries()[0].header("traceparent"), "");
    let (_, log) = server.terminate();
    assert!(log.iter().all(|line| !line.contains("trace_id")), "{log:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_hangs_or_is_away_slows_nothing_down() {
    // Its connections are taken by the system, and nobody answers.
    let hanging = TcpListener::bind("127.0.0.1:0").unwrap();
    for address in [hanging.local_addr().unwrap(), Receiver::free_address()] {
        let database = TestDatabase::empty().await;
        let server = Launch::on(database.url())
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{address}/"))
            .env("OTEL_BSP_SCHEDULE_DELAY", "100")
            .serve();
        let started = Instant::now();
        // More spans than may wait.
        for _ in 0..3_000 {
            assert_eq!(server.get("/livez", None).status, 200);
        }
        assert_eq!(server.send(&post_created(id(), id(), id())).status, 200);
        assert!(started.elapsed() < PATIENCE, "{:?}", started.elapsed());
        let stopping = Instant::now();
        let (status, log) = server.terminate();
        assert!(status.success());
        assert!(stopping.elapsed() < Duration::from_secs(5), "{:?}", stopping.elapsed());
        let lost = said(&log, "spans are lost: the collector does not take them");
        assert!(lost.len() <= 1, "it is said once: {lost:?}");
        for line in &log {
            parsed(line);
        }
    }
}
