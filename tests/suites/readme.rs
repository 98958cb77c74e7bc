//! The README's tour, pasted line by line, as a stranger would.

use std::{collections::BTreeSet, fs, os::unix::fs::PermissionsExt, process::Command};

use gamification_domain::EventType;
use gamification_tests::{
    Launch, Reaction, Receiver, SECRET, TestDatabase, WEBHOOK_SECRET, binary, broker::Broker, until,
};
use serde_json::Value;

/// What the README shows under a heading, in blocks of a language, in order.
fn blocks(heading: &str, language: &str) -> Vec<String> {
    let readme = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md")).unwrap();
    let section = readme.split("\n## ").find(|section| section.starts_with(heading)).expect(heading);
    let fence = format!("```{language}\n");
    section.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tour_ends_at_level_two_and_its_answers_are_those_shown() {
    let database = TestDatabase::empty().await;
    let server = Launch::on(database.url()).serve();
    // The tour's `cargo run --release --quiet -- …` means the program that was just built.
    let programs = tempfile::tempdir().unwrap();
    let cargo = programs.path().join("cargo");
    fs::write(&cargo, format!("#!/bin/sh\n[ \"$1\" = run ] || exit 1\nwhile [ \"$1\" != -- ]; do shift; done\nshift\nexec '{}' \"$@\"\n", binary().display())).unwrap();
    fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755)).unwrap();

    let tour = blocks("A first tour", "sh").concat().replace("http://127.0.0.1:8080", server.url());
    let path = format!("{}:{}", programs.path().display(), std::env::var("PATH").unwrap());
    let output = Command::new("bash")
        .args(["-eu", "-c", &tour])
        .env("PATH", path)
        .env("GAMIFICATION_JWT_HS256_SECRET", SECRET)
        .output()
        .expect("bash and curl are needed");
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let levels: Vec<&str> = said.lines().filter(|line| line.contains("\"level\"")).collect();
    let shown = blocks("A first tour", "json");
    assert_eq!(levels, shown.iter().map(|answer| answer.trim()).collect::<Vec<_>>());
    assert_eq!(said.matches(r#""status":"applied""#).count(), 12, "{said}");
}

/// A text with its tokens left out, which are new every time.
fn without_tokens(text: &str) -> String {
    let hidden = text.lines().map(|line| match line.split_once("=eyJ") {
        Some((name, _)) => format!("{name}=eyJ…"),
        None => line.to_owned(),
    });
    hidden.map(|line| line + "\n").collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_prints_what_is_shown_and_its_requests_are_answered_as_shown() {
    let database = TestDatabase::empty().await;
    let server = Launch::on(database.url()).serve();
    let listen = server.url().trim_start_matches("http://");
    let demo = || {
        let (status, said, error) = Launch::on(database.url())
            .env("GAMIFICATION_LISTEN", listen)
            .env("GAMIFICATION_CONSOLE", "on")
            .arg("demo")
            .run();
        assert!(status.success(), "{error}");
        said
    };
    let said = demo();
    let shown = blocks("Look around", "text");
    assert_eq!(without_tokens(&said).replace(listen, "127.0.0.1:8080"), shown[0]);

    let to_paste = said.split_once("API=").map(|(_, rest)| format!("API={rest}")).unwrap();
    let output =
        Command::new("bash").args(["-eu", "-c", &to_paste]).output().expect("bash and curl are needed");
    let answers = String::from_utf8(output.stdout).unwrap();
    // The problem's id is a new one every time.
    let answers: Vec<&str> =
        answers.lines().map(|line| line.split(",\"request_id\"").next().unwrap()).collect();
    let shown = blocks("Look around", "json").concat();
    for answer in shown.lines() {
        let answer = answer.split(",\"request_id\"").next().unwrap();
        assert!(answers.contains(&answer), "{answer} is not among {answers:#?}");
    }
    assert_eq!(answers.len(), 11, "{answers:#?}");
    assert!(demo().contains("(0 of them new)"), "a second run finds everything done");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_five_minutes_with_nats_work_as_pasted() {
    let Some(broker) = Broker::start() else { return };
    let address = broker.url().replace("nats://", "");
    let [start, serve, event] = &blocks("Events through NATS", "sh")[..] else { panic!("three blocks") };
    // The broker is there already.
    let (_, streams) = start.split_once("sleep 1\n").unwrap();
    let paste = |text: &str| {
        let text = text.replace("127.0.0.1:4223", &address);
        let output =
            Command::new("bash").args(["-eu", "-c", &text]).output().expect("bash and curl are needed");
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
        said
    };
    let said = paste(streams);
    assert_eq!(said.matches("_create_response").count(), 4, "{said}");
    assert!(!said.contains("\"error\""), "{said}");
    let database = TestDatabase::empty().await;
    let launch = || {
        let exports = serve.lines().filter_map(|line| line.strip_prefix("export "));
        let variables = exports.flat_map(|line| line.split(' ')).filter_map(|pair| pair.split_once('='));
        variables.fold(Launch::on(database.url()), |launch, (name, value)| {
            launch.env(name, value.replace("127.0.0.1:4223", &address))
        })
    };
    let (status, said, _) = launch().arg("check-nats").run();
    assert!(status.success() && said == "nothing is off\n", "{said}");
    let _server = launch().serve();
    let (helper, _) = streams.split_once("js '$JS").unwrap();
    let said = paste(&format!("{helper}{event}"));
    assert!(said.contains("\"type\":\"PointsAwarded\"") && said.contains("\"new_total\":2"), "{said}");
}

#[test]
fn every_variable_of_the_help_is_in_the_table_and_the_other_way_round() {
    let (_, help, _) = Launch::bare().arg("--help").run();
    let variables = |text: &str| {
        let is_name = |character: char| {
            character.is_ascii_uppercase() || character.is_ascii_digit() || character == '_'
        };
        let words = text.split(|character: char| !is_name(character));
        words
            .filter(|word| {
                word.starts_with("GAMIFICATION_")
                    || ["DATABASE_URL", "RUST_LOG", "OTEL_EXPORTER_OTLP_ENDPOINT"].contains(word)
            })
            .map(ToOwned::to_owned)
            .collect::<BTreeSet<String>>()
    };
    let readme = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md")).unwrap();
    assert_eq!(variables(&help), variables(&readme));
}

/// The long flags that a text names.
fn flags(text: &str) -> BTreeSet<String> {
    let is_flag = |character: char| character.is_ascii_lowercase() || character == '-';
    let words = text.split(|character| !is_flag(character));
    words.filter(|word| word.starts_with("--") && word.len() > 2).map(ToOwned::to_owned).collect()
}

#[test]
fn every_flag_of_a_command_is_in_the_readme() {
    let help = |command: Option<&str>| {
        let launch = command.into_iter().fold(Launch::bare(), Launch::arg);
        let (status, help, error) = launch.arg("--help").run();
        assert!(status.success(), "{command:?}: {error}");
        help
    };
    let general = help(None);
    let commands = general.split_once("Commands:\n").and_then(|(_, rest)| rest.split_once("\n\n")).unwrap().0;
    // What a command does may go on in the next line.
    let names = commands.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    let commands: Vec<&str> = names.filter(|name| !["", "help"].contains(name)).collect();
    assert!(commands.contains(&"token") && commands.len() > 8, "{commands:?}");
    let readme = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md")).unwrap();
    // Those that all commands share go by their variables.
    let (shared, named) = (flags(&general), flags(&readme));
    for command in commands {
        let of_command: Vec<String> = flags(&help(Some(command))).difference(&shared).cloned().collect();
        for flag in of_command {
            assert!(named.contains(&flag), "{command} {flag}");
        }
    }
}

#[test]
fn every_event_type_is_in_the_table_of_events() {
    let readme = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md")).unwrap();
    let rows: Vec<&str> = readme.lines().filter(|line| line.starts_with("| `")).collect();
    for event_type in EventType::ALL {
        assert!(rows.iter().any(|row| row.contains(&format!("`{event_type}`"))), "{event_type}");
    }
}

#[test]
fn the_table_of_addresses_has_every_operation_of_the_document_and_no_other() {
    const COMMUNITY: &str = "/api/communities/{community_id}";
    let (status, document, error) = Launch::bare().arg("openapi").run();
    assert!(status.success(), "{error}");
    let document: Value = serde_json::from_str(&document).unwrap();
    let paths = document["paths"].as_object().unwrap().iter();
    let operations = paths.flat_map(|(path, methods)| {
        methods.as_object().unwrap().keys().map(move |method| (method.to_uppercase(), path.clone()))
    });
    let (of_communities, others): (Vec<_>, Vec<_>) =
        operations.partition(|(_, path)| path.starts_with(COMMUNITY));
    let readme = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md")).unwrap();
    let table =
        readme.split("\n## ").find(|section| section.starts_with("Reading and setting levels")).unwrap();
    let mut shown = Vec::new();
    for row in table.lines().filter_map(|line| line.strip_prefix("| ")) {
        let mut cells = row.split(" | ");
        let (Some(methods), Some(address)) = (cells.next(), cells.next()) else { continue };
        let address = address.trim_matches('`').split('?').next().unwrap();
        let rest = if address == "the address itself" { "" } else { address };
        for method in methods.split(", ").filter(|method| ["GET", "PUT", "POST", "DELETE"].contains(method)) {
            shown.push((method.to_owned(), format!("{COMMUNITY}{rest}")));
        }
    }
    assert_eq!(shown.iter().collect::<BTreeSet<_>>(), of_communities.iter().collect());
    assert_eq!(shown.len(), of_communities.len(), "each is there once");
    for (method, path) in others {
        let is_named =
            [format!("`{method} {path}`"), format!("`{path}`")].iter().any(|name| readme.contains(name));
        assert!(is_named, "{method} {path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_metric_is_in_the_table_of_what_to_watch() {
    let database = TestDatabase::empty().await;
    let receiver = Receiver::start(|_| Reaction::TAKEN);
    let server = Launch::on(database.url())
        .env("GAMIFICATION_WEBHOOK_URL", receiver.url())
        .env("GAMIFICATION_WEBHOOK_SECRET", WEBHOOK_SECRET)
        // A broker need not be there to be counted on.
        .env("GAMIFICATION_NATS_URL", format!("nats://{}", Receiver::free_address()))
        .env("GAMIFICATION_NATS_STREAM", "FEED")
        .env("GAMIFICATION_NATS_CONSUMER", "points")
        .env("GAMIFICATION_NATS_DEAD_LETTER_SUBJECT", "dead")
        // Nor need a standby.
        .env("GAMIFICATION_READ_DATABASE_URL", database.url())
        .serve();
    let readme = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md")).unwrap();
    let pending = "gamification_outbox_pending";
    until("channels are looked up", async || !server.scrape().all(pending).is_empty()).await;
    let scrape = server.scrape();
    let names = scrape.text().lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next());
    for name in names.filter(|name| !name.starts_with("process_")) {
        // Those of the pool are shortened after the first.
        let shown = name.replace("gamification_db_pool", "");
        assert!(readme.contains(&format!("`{name}`")) || readme.contains(&format!("`{shown}`")), "{name}");
    }
}
