use time::macros::datetime;

use super::*;

const NOON: OffsetDateTime = datetime!(2026-11-22 12:00 UTC);
const DATA: &str = r#"{"community_id":"0192f0c1-5c1e-7f4e-8f4b-4b1d3c7a9e01","post_id":"0192f0c1-5c1e-7f4e-8f4b-4b1d3c7a9e02",
    "author_id":"0192f0c1-5c1e-7f4e-8f4b-4b1d3c7a9e03"}"#;

fn read_with(headers: &[(&str, &str)], payload: &str) -> IncomingEvent {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(*name, *value);
    }
    let message = Message {
        subject: "feed.x.PostCreated".into(),
        reply: None,
        payload: payload.to_owned().into(),
        headers: Some(map).filter(|map| !map.is_empty()),
        status: None,
        description: None,
        length: 0,
    };
    read(&message, NOON)
}

fn structured() -> String {
    format!(r#"{{"specversion":"1.0","id":"e","source":"/s","type":"PostCreated","data":{DATA}}}"#)
}

#[test]
fn an_event_is_read_with_its_attributes_in_the_body_or_in_headers() {
    let plain = read_with(&[], &structured());
    assert!(matches!(plain.content, EventContent::Fact(_)), "{plain:?}");
    let told = read_with(&[("Content-Type", "application/cloudevents+json; charset=UTF-8")], &structured());
    assert_eq!(told, plain);
    let attributes =
        [("ce-specversion", "1.0"), ("ce-id", "%65"), ("ce-source", "/s"), ("ce-type", "PostCreated")];
    assert_eq!(read_with(&attributes, DATA), plain);
    // As clients write them that know HTTP.
    let capital =
        [("Ce-Specversion", "1.0"), ("Ce-Id", "e"), ("Ce-Source", "/s"), ("Ce-Type", "PostCreated")];
    assert_eq!(read_with(&capital, DATA), plain);
    let beside_others = [("content-type", "application/json"), ("Nats-Msg-Id", "7"), ("traceparent", "00-…")];
    assert_eq!(read_with(&[&attributes[..], &beside_others[..]].concat(), DATA), plain);
}

#[test]
fn a_message_without_an_event_is_an_event_that_can_t_be_understood() {
    let reason = |headers: &[(&str, &str)], payload: &str| {
        let event = read_with(headers, payload);
        let EventContent::Invalid { event_type: None, mistake } = event.content else { panic!("{event:?}") };
        mistake.detail
    };
    assert!(reason(&[], "").starts_with("the message is not JSON: "));
    assert!(reason(&[], "{").starts_with("the message is not JSON: "));
    assert_eq!(reason(&[], "[]"), "an event must be a JSON object");
    assert_eq!(
        reason(&[("content-type", "application/cloudevents-batch+json")], "[]"),
        "a message holds one event, not a batch"
    );
    assert_eq!(
        reason(&[("content-type", "text/plain")], "hello"),
        "the message is neither application/cloudevents+json nor has it ce-* headers"
    );
    assert_eq!(reason(&[("ce-specversion", "1.0"), ("ce-id", "%FF")], DATA), "the header ce-id is not text");
    assert_eq!(
        reason(&[("ce-specversion", "1.0"), ("ce-id", "a"), ("ce-id", "b")], DATA),
        "the attribute id is there twice"
    );
}
