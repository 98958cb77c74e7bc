//! What configures the program, read: what it means, and the sentence about each mistake.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that can't go on should panic")]

use std::path::PathBuf;

use anyhow::Result;
use gamification_http::TokenClaims;
use gamification_nats::NatsOptions;
use gamification_server::{
    channels::ChannelOptions,
    cli::Options,
    config::{Config, Database},
};
use gamification_webhook::WebhookOptions;

fn options(change: impl FnOnce(&mut Options)) -> Options {
    let mut options = Options::default();
    change(&mut options);
    options
}

fn mistake<T>(outcome: Result<T>) -> String {
    format!("{:#}", outcome.err().unwrap())
}

#[test]
fn defaults_are_those_of_the_contract() {
    let options = Options::default();
    let config = Config::new(&options);
    assert_eq!(config.listen().unwrap().to_string(), "127.0.0.1:8080");
    assert_eq!(config.db_pool_size().unwrap(), 10);
    assert_eq!(config.token_claims(), TokenClaims::default());
    assert!(config.console().unwrap(), "with a database of its own");
    assert!(config.replica().unwrap().is_none());
}

#[test]
fn the_console_is_off_on_a_database_that_is_given_unless_it_is_asked_for() {
    for (database_url, console, expected) in [
        (None, None, true),
        (None, Some("off"), false),
        (Some("postgres://db/app"), None, false),
        (Some("postgres://db/app"), Some("on"), true),
    ] {
        let options = options(|options| {
            options.database_url = database_url.map(ToOwned::to_owned);
            options.console = console.map(ToOwned::to_owned);
        });
        assert_eq!(Config::new(&options).console().unwrap(), expected, "{database_url:?} {console:?}");
    }
}

#[test]
fn an_empty_value_is_as_good_as_none() {
    let options = options(|options| {
        options.listen = Some(String::new());
        options.ops_listen = Some(String::new());
        options.otlp_endpoint = Some(String::new());
        options.database_url = Some(String::new());
        options.data_dir = Some(PathBuf::from("/data"));
    });
    assert_eq!(Config::new(&options).listen().unwrap().port(), 8080);
    assert_eq!(Config::new(&options).ops_listen().unwrap(), None);
    assert_eq!(Config::new(&options).trace_collector().unwrap(), None);
    assert!(matches!(Config::new(&options).database().unwrap(), Database::Embedded(_)));
}

#[test]
fn a_wrong_value_is_one_sentence_that_names_the_variable() {
    let wrong = options(|options| {
        options.listen = Some("localhost".into());
        options.db_pool_size = Some("0".into());
        options.log_format = Some("xml".into());
        options.console = Some("yes".into());
        options.read_max_lag = Some("1ms".into());
        options.database_url = Some("mysql://me:topsecret@db/app".into());
    });
    let config = Config::new(&wrong);
    assert_eq!(
        mistake(config.listen()),
        "GAMIFICATION_LISTEN must be an IP address and a port such as 127.0.0.1:8080, not \"localhost\""
    );
    assert_eq!(
        mistake(config.db_pool_size()),
        "GAMIFICATION_DB_POOL_SIZE must be a number from 1 to 1000, not \"0\""
    );
    assert_eq!(mistake(config.log_format()), "GAMIFICATION_LOG_FORMAT must be pretty or json, not \"xml\"");
    assert_eq!(mistake(config.replica()), "GAMIFICATION_READ_MAX_LAG must be from 50ms to 1h, not \"1ms\"");
    assert_eq!(mistake(config.console()), "GAMIFICATION_CONSOLE must be on or off, not \"yes\"");
    assert_eq!(
        mistake(config.database()),
        "DATABASE_URL is not usable: it must start with postgres:// or postgresql://"
    );
    let secret = config.jwt_secret().unwrap_err().to_string();
    assert!(secret.starts_with("GAMIFICATION_JWT_HS256_SECRET must be set when DATABASE_URL is"), "{secret}");
}

const URL: &str = "https://platform.example/hooks";
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

#[test]
fn each_channel_has_a_name_of_its_own_that_never_changes() {
    // Every option is given.
    let nats = NatsOptions {
        nats_url: Some("nats://broker".into()),
        nats_publish_prefix: Some("gamification".into()),
        ..NatsOptions::default()
    };
    let webhook = WebhookOptions { webhook_url: Some(URL.into()), webhook_secret: Some(SECRET.into()) };
    let options = ChannelOptions { webhook, nats };
    let channels = options.channels().unwrap();
    let names: Vec<_> = channels.outgoing.iter().map(|channel| channel.name.as_str()).collect();
    assert_eq!(names, ["webhook", "nats"]);
}
