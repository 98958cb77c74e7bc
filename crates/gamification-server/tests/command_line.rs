//! The command line, for people who get it wrong.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test that can't go on should panic")]

use std::process::{Command, Output};

fn run(arguments: &[&str], system: &[(&str, &str)]) -> (Output, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_gamification-server"))
        .args(arguments)
        .env_clear()
        .envs(system.iter().copied())
        .output()
        .expect("the program can't be started");
    let error = String::from_utf8(output.stderr.clone()).unwrap();
    (output, error)
}

const SECRET: (&str, &str) = ("GAMIFICATION_JWT_HS256_SECRET", "a secret of more than thirty-two bytes");

#[test]
fn a_wrong_value_stops_the_start_with_one_sentence_that_names_the_variable() {
    for (system, sentence) in [
        (
            ("GAMIFICATION_LISTEN", "8080"),
            "GAMIFICATION_LISTEN must be an IP address and a port such as 127.0.0.1:8080, not \"8080\"",
        ),
        (
            ("GAMIFICATION_DB_POOL_SIZE", "many"),
            "GAMIFICATION_DB_POOL_SIZE must be a number from 1 to 1000, not \"many\"",
        ),
        (
            ("GAMIFICATION_OPS_LISTEN", "9090"),
            "GAMIFICATION_OPS_LISTEN must be an IP address and a port such as 127.0.0.1:8080, not \"9090\"",
        ),
        (
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317"),
            "OTEL_EXPORTER_OTLP_ENDPOINT is not usable: it must be a URL such as http://127.0.0.1:4318",
        ),
        (("GAMIFICATION_LOG_FORMAT", "xml"), "GAMIFICATION_LOG_FORMAT must be pretty or json, not \"xml\""),
        (("RUST_LOG", "a=b=c"), "RUST_LOG must be a filter such as info or gamification_app=debug"),
        (
            ("DATABASE_URL", "db"),
            "DATABASE_URL is not usable: it must start with postgres:// or postgresql://",
        ),
        (
            ("GAMIFICATION_JWT_HS256_SECRET", "short"),
            "GAMIFICATION_JWT_HS256_SECRET is not usable: it must be at least 32 bytes long, and is 5",
        ),
    ] {
        let (output, error) = run(&[], &[SECRET, ("GAMIFICATION_DATA_DIR", "/nonexistent"), system]);
        assert_eq!(output.status.code(), Some(1), "{system:?}");
        assert_eq!(error, format!("gamification-server: {sentence}\n"));
    }
}

#[test]
fn a_database_without_a_secret_is_refused_and_the_password_is_never_told() {
    let url = ("DATABASE_URL", "postgres://me:hunter2@127.0.0.1:1/app");
    let (output, error) = run(&[], &[url]);
    assert!(!output.status.success());
    assert!(error.contains("GAMIFICATION_JWT_HS256_SECRET must be set when DATABASE_URL is"), "{error}");
    let (output, error) = run(&["serve"], &[url, SECRET]);
    assert!(!output.status.success());
    assert!(error.contains("the database can't be reached; check DATABASE_URL"), "{error}");
    assert!(!error.contains("hunter2"), "{error}");
    let (_, help) = run(&["--help"], &[url, SECRET]);
    assert!(!help.contains("hunter2"));
}

#[test]
fn help_names_every_command_and_every_variable() {
    let (output, _) = run(&["--help"], &[]);
    let help = String::from_utf8(output.stdout).unwrap();
    for word in [
        "serve",
        "migrate",
        "import",
        "verify",
        "explain",
        "token",
        "DATABASE_URL",
        "GAMIFICATION_LISTEN",
        "GAMIFICATION_DATA_DIR",
        "GAMIFICATION_PG_BIN",
        "GAMIFICATION_JWT_HS256_SECRET",
        "GAMIFICATION_JWT_ISSUER",
        "GAMIFICATION_JWT_AUDIENCE",
        "GAMIFICATION_DB_POOL_SIZE",
        "GAMIFICATION_OPS_LISTEN",
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "GAMIFICATION_LOG_FORMAT",
        "RUST_LOG",
    ] {
        assert!(help.contains(word), "{word} is not in the help");
    }
}

#[test]
fn a_token_is_for_a_user_or_for_a_service() {
    let user = "0192f0c1-5c1e-7f4e-8f4b-4b1d3c7a9e01";
    for arguments in
        [&["token", "--user", user][..], &["token", "--user", "platform", "--service", "--ttl", "7d"]]
    {
        let (output, error) = run(arguments, &[SECRET]);
        assert!(output.status.success(), "{error}");
        let token = String::from_utf8(output.stdout).unwrap();
        assert_eq!(token.trim().split('.').count(), 3);
    }
    let (output, error) = run(&["token", "--user", "ada"], &[SECRET]);
    assert!(!output.status.success());
    assert!(error.contains("--user must be a UUID"), "{error}");
    let (output, error) = run(&["token", "--user", user, "--ttl", "100000y"], &[SECRET]);
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(error.contains("--ttl is too long"), "{error}");
}
