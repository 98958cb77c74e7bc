use std::net::SocketAddr;

use gamification_domain::{CommunityId, DomainEvent, PointSource, Points, PointsAwarded, UserId};
use time::OffsetDateTime;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use uuid::Uuid;

use super::*;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
/// Far longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(30);

fn event() -> PendingEvent {
    let event = DomainEvent::PointsAwarded(PointsAwarded {
        member_id: UserId::new(Uuid::from_u128(1)),
        community_id: CommunityId::new(Uuid::from_u128(2)),
        points: Points::new(2).unwrap(),
        new_total: Points::new(4).unwrap(),
        source: PointSource::PostCreated,
    });
    let created_at = OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap();
    PendingEvent { id: Uuid::from_u128(3), sequence: 7, event, created_at, failure: None }
}

fn webhook(address: SocketAddr) -> Webhook {
    let url = format!("http://{address}/hooks?token=hunter2").parse().unwrap();
    Webhook::new(url, SECRET.parse().unwrap()).unwrap().with_timeout(PATIENCE)
}

/// A request as it came.
struct Request {
    line: String,
    headers: HeaderMap,
    body: String,
}

/// Reads one request, whose end is where its `content-length` says.
async fn read(stream: &mut TcpStream) -> Request {
    let mut bytes = Vec::new();
    loop {
        assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0, "the request ended too early");
        let text = std::str::from_utf8(&bytes).unwrap();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let (line, fields) = head.split_once("\r\n").unwrap();
        let mut headers = HeaderMap::new();
        for field in fields.lines() {
            let (name, value) = field.split_once(": ").unwrap();
            let name: reqwest::header::HeaderName = name.parse().unwrap();
            headers.insert(name, value.parse().unwrap());
        }
        let length: usize = headers["content-length"].to_str().unwrap().parse().unwrap();
        if body.len() == length {
            return Request { line: line.to_owned(), headers, body: body.to_owned() };
        }
    }
}

/// Delivers an event to a receiver with one answer, and gives what came, and what became of it.
async fn deliver(answer: &str) -> (Request, Result<(), DeliveryError>) {
    let receiver = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let webhook = webhook(receiver.local_addr().unwrap());
    let receive = async {
        let (mut stream, _) = receiver.accept().await.unwrap();
        let request = read(&mut stream).await;
        stream.write_all(answer.as_bytes()).await.unwrap();
        request
    };
    let event = event();
    tokio::join!(receive, webhook.deliver(&event))
}

#[tokio::test]
async fn an_event_is_one_request_whose_signature_libraries_of_the_standard_accept() {
    let (Request { line, headers, body }, outcome) = deliver("HTTP/1.1 204 No Content\r\n\r\n").await;
    assert_eq!(outcome, Ok(()));
    assert_eq!(line, "POST /hooks?token=hunter2 HTTP/1.1");
    assert_eq!(headers["content-type"], "application/cloudevents+json");
    assert_eq!(headers["webhook-id"], event().id.to_string());
    assert_eq!(body, outgoing_event(&event()).unwrap());
    let receivers = standardwebhooks::Webhook::new(SECRET).unwrap();
    receivers.verify(body.as_bytes(), &headers).expect("the signature is good");
    assert!(receivers.verify(b"{}", &headers).is_err(), "and only for this body");
    let other = standardwebhooks::Webhook::new("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").unwrap();
    assert!(other.verify(body.as_bytes(), &headers).is_err(), "and only with this secret");
    assert!(!headers.contains_key("traceparent"), "no traces are exported here");
}

/// A clock that stands still.
#[derive(Clone, Copy, Debug)]
struct Noon;

impl Clock for Noon {
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(1_800_043_200).unwrap()
    }
}

#[tokio::test]
async fn the_time_of_a_signature_is_the_clock_s() {
    let receiver = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let webhook = webhook(receiver.local_addr().unwrap()).with_clock(Noon);
    let receive = async {
        let (mut stream, _) = receiver.accept().await.unwrap();
        let request = read(&mut stream).await;
        stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
        request
    };
    let event = event();
    let (request, outcome) = tokio::join!(receive, webhook.deliver(&event));
    assert_eq!(outcome, Ok(()));
    assert_eq!(request.headers["webhook-timestamp"], "1800043200");
}

#[tokio::test]
async fn any_2xx_is_a_delivery_and_every_other_answer_is_none() {
    for status in ["200 OK", "202 Accepted", "299 Fine"] {
        let (_, outcome) = deliver(&format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n")).await;
        assert_eq!(outcome, Ok(()), "{status}");
    }
    for status in [
        "304 Not Modified",
        "400 Bad Request",
        "410 Gone",
        "429 Too Many Requests",
        "500 Internal Server Error",
    ] {
        let (_, outcome) = deliver(&format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n")).await;
        assert_eq!(outcome, Err(DeliveryError(format!("the receiver answered {status}"))));
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = elsewhere.local_addr().unwrap();
    for status in ["301 Moved Permanently", "307 Temporary Redirect"] {
        let answer = format!("HTTP/1.1 {status}\r\nlocation: http://{address}/\r\ncontent-length: 0\r\n\r\n");
        tokio::select! {
            (_, outcome) = deliver(&answer) => {
                assert_eq!(outcome, Err(DeliveryError(format!("the receiver answered {status}"))));
            }
            _ = elsewhere.accept() => panic!("an event went where nobody had said"),
        }
    }
}

#[tokio::test]
async fn a_receiver_that_does_not_answer_in_time_has_not_taken_the_event_and_its_address_is_not_told() {
    // Connections are taken by the system, and nothing is ever answered.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = silent.local_addr().unwrap();
    let webhook = webhook(address).with_timeout(Duration::from_millis(200));
    let outcome = tokio::time::timeout(PATIENCE, webhook.deliver(&event())).await.expect("it gives up");
    let DeliveryError(cause) = outcome.unwrap_err();
    assert!(cause.contains("timed out"), "{cause}");
    drop(silent);
    let DeliveryError(cause) = webhook.deliver(&event()).await.unwrap_err();
    assert!(cause.contains("refused"), "{cause}");
    assert!(!cause.contains("hunter2"), "{cause}");
}
