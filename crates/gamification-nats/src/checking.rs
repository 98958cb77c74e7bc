//! Whether streams and consumer are made so that nothing is lost or held up.

use std::time::Duration;

use async_nats::jetstream::{
    Context,
    consumer::{AckPolicy, Config, pull},
    stream::{self, DiscardPolicy},
};
use gamification_app::Chain;

use crate::{ConsumerSettings, Nats, Subject, connection::is_connected, source::PULL};

/// A batch is recorded within four seconds, or tried again; a message must stay ours for twice as long.
const LEAST_ACK_WAIT: Duration = Duration::from_secs(8);
/// JetStream counts what waits to come again among what is in flight: a bulk of lessons whose course is not known yet
/// must not keep all other messages back.
const LEAST_ACK_PENDING: i64 = 100_000;
/// How many messages are asked for at once.
const LEAST_BATCH: i64 = 500;
/// A community that need not exist, to ask for the stream of a subject.
const SOME_COMMUNITY: &str = "00000000-0000-0000-0000-000000000000";

/// What is off, a sentence each; nothing when all is well. Nothing is changed.
///
/// `consumer` is where events come from, `publish_prefix` what they are published under, as far as they are configured.
pub async fn check(
    nats: &Nats,
    consumer: Option<&ConsumerSettings>,
    publish_prefix: Option<&Subject>,
) -> Vec<String> {
    let jetstream = match nats.jetstream().await {
        Ok(jetstream) => jetstream,
        Err(error) => return vec![format!("NATS can't be reached: {}", Chain(&error))],
    };
    if !is_connected(jetstream).await {
        return vec!["NATS can't be reached".to_owned()];
    }
    let mut findings = Vec::new();
    if let Some(settings) = consumer {
        findings.extend(check_source(jetstream, settings).await);
    }
    if let Some(prefix) = publish_prefix {
        let subject = format!("{prefix}.{SOME_COMMUNITY}.PointsAwarded");
        if let Err(error) = jetstream.stream_by_subject(subject).await {
            findings
                .push(format!("no stream takes {prefix}.*.*, where events are published: {}", Chain(&error)));
        }
    }
    findings
}

async fn check_source(jetstream: &Context, settings: &ConsumerSettings) -> Vec<String> {
    let ConsumerSettings { stream, consumer, dead_letter } = settings;
    let mut findings = Vec::new();
    match jetstream.get_stream(stream).await {
        Ok(found) => {
            findings.extend(off_in_stream(&found.cached_info().config));
            match found.get_consumer::<pull::Config>(consumer).await {
                Ok(found) => findings.extend(off_in_consumer(&found.cached_info().config)),
                Err(error) => {
                    findings.push(format!("the stream {stream} has no pull consumer {consumer}: {error}"));
                }
            }
        }
        Err(error) => findings.push(format!("there is no stream {stream}: {}", Chain(&error))),
    }
    match jetstream.stream_by_subject(dead_letter.as_str()).await {
        Ok(dead) if dead == *stream => findings.push(format!(
            "the dead-letter subject {dead_letter} is one of the stream {stream}: what is set aside would come in again"
        )),
        Ok(_) => {}
        Err(error) => findings.push(format!(
            "no stream takes {dead_letter}, where messages are set aside; they come again and again: {}",
            Chain(&error)
        )),
    }
    findings
}

fn off_in_stream(config: &stream::Config) -> Vec<String> {
    let name = &config.name;
    let is_limited = config.max_messages > 0 || config.max_bytes > 0;
    let discards_old = config.discard == DiscardPolicy::Old;
    off([
        (
            is_limited && discards_old,
            format!(
                "the stream {name} is limited and discards its oldest messages, read or not: set discard to new"
            ),
        ),
        (
            config.max_messages_per_subject > 0 && (discards_old || !config.discard_new_per_subject),
            format!(
                "the stream {name} discards the oldest messages of a subject, read or not: set max_msgs_per_subject to -1"
            ),
        ),
        (
            !config.max_age.is_zero(),
            format!(
                "the stream {name} discards messages after {} s, read or not: set max_age to 0",
                config.max_age.as_secs()
            ),
        ),
    ])
}

fn off_in_consumer(config: &Config) -> Vec<String> {
    let name = config.durable_name.as_deref().or(config.name.as_deref()).unwrap_or("(without a name)");
    off([
        (
            config.durable_name.is_none() || !config.inactive_threshold.is_zero(),
            format!("the consumer {name} is not durable: it is forgotten when no server reads it"),
        ),
        (
            config.ack_policy != AckPolicy::Explicit,
            format!(
                "the consumer {name} does not have each message acknowledged: set ack_policy to explicit"
            ),
        ),
        (config.headers_only, format!("the consumer {name} leaves bodies out: set headers_only to false")),
        (
            config.max_deliver > 0,
            format!(
                "the consumer {name} gives a message up after {} deliveries, without a word: set max_deliver to -1",
                config.max_deliver
            ),
        ),
        (
            (1..LEAST_ACK_PENDING).contains(&config.max_ack_pending),
            format!(
                "the consumer {name} hands out only {} messages at once: set max_ack_pending to -1, or to \
                 {LEAST_ACK_PENDING} or more",
                config.max_ack_pending
            ),
        ),
        (
            (1..LEAST_BATCH).contains(&config.max_batch)
                || (!config.max_expires.is_zero() && config.max_expires < PULL),
            format!(
                "the consumer {name} refuses requests for {LEAST_BATCH} messages within {} s: set max_batch and \
                 max_expires to 0",
                PULL.as_secs()
            ),
        ),
        (
            config.ack_wait < LEAST_ACK_WAIT,
            format!(
                "the consumer {name} waits only {} ms for a message before it hands it out again: set ack_wait to 30 s",
                config.ack_wait.as_millis()
            ),
        ),
    ])
}

/// What is off, of all that may be.
fn off<const N: usize>(possible: [(bool, String); N]) -> Vec<String> {
    possible.into_iter().filter(|(is_off, _)| *is_off).map(|(_, finding)| finding).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_that_discards_what_nobody_has_read_is_off() {
        let sound =
            stream::Config { name: "feed".to_owned(), discard: DiscardPolicy::New, ..Default::default() };
        let limited = stream::Config { max_messages: 10_000, ..sound.clone() };
        assert!(off_in_stream(&sound).is_empty() && off_in_stream(&limited).is_empty());
        let unlimited = stream::Config { discard: DiscardPolicy::Old, ..sound.clone() };
        assert!(off_in_stream(&unlimited).is_empty());
        let lossy =
            stream::Config { discard: DiscardPolicy::Old, max_age: Duration::from_secs(3_600), ..limited };
        assert_eq!(
            off_in_stream(&lossy),
            [
                "the stream feed is limited and discards its oldest messages, read or not: set discard to new",
                "the stream feed discards messages after 3600 s, read or not: set max_age to 0",
            ]
        );
    }

    #[test]
    fn a_consumer_that_gives_messages_up_or_hands_out_few_is_off() {
        let sound = Config {
            durable_name: Some("points".to_owned()),
            ack_policy: AckPolicy::Explicit,
            ack_wait: Duration::from_secs(30),
            max_deliver: -1,
            max_ack_pending: LEAST_ACK_PENDING,
            ..Default::default()
        };
        assert!(off_in_consumer(&sound).is_empty());
        assert!(off_in_consumer(&Config { max_ack_pending: -1, ..sound.clone() }).is_empty());
        let off = Config {
            durable_name: None,
            name: Some("points".to_owned()),
            ack_policy: AckPolicy::None,
            ack_wait: Duration::from_secs(1),
            max_deliver: 5,
            max_ack_pending: 1_000,
            headers_only: true,
            max_batch: 100,
            ..sound.clone()
        };
        let findings = off_in_consumer(&off);
        let parts = [
            "is not durable",
            "ack_policy",
            "headers_only",
            "after 5 deliveries",
            "only 1000 messages",
            "max_batch",
            "only 1000 ms",
        ];
        assert_eq!(findings.len(), parts.len(), "{findings:?}");
        for (finding, part) in findings.iter().zip(parts) {
            assert!(finding.contains(part), "{findings:?}");
        }
        for other in [
            Config { inactive_threshold: Duration::from_secs(60), ..sound.clone() },
            Config { max_expires: Duration::from_secs(1), ..sound },
        ] {
            assert_eq!(off_in_consumer(&other).len(), 1);
        }
    }
}
