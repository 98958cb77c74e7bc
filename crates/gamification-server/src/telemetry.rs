//! Log lines on standard error, announcements on standard output.

use std::io::Write;

use anyhow::{Context, Result, anyhow};
use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

use crate::config::LogFormat;

/// What is logged when `RUST_LOG` does not say. The web server's own messages are about its inside, and those of its
/// dispatcher call it an error of ours when a client sends nonsense.
const DEFAULT_FILTER: &str = "info,actix_server=warn,actix_http::h1::dispatcher=off";

/// Starts logging, at `info` unless `RUST_LOG` says otherwise.
pub(crate) fn init(format: LogFormat) -> Result<()> {
    let directives = std::env::var("RUST_LOG").ok().filter(|text| !text.is_empty());
    let filter = EnvFilter::try_new(directives.as_deref().unwrap_or(DEFAULT_FILTER))
        .map_err(|_| anyhow!("RUST_LOG must be a filter such as info or gamification_app=debug"))?;
    let registry = tracing_subscriber::registry().with(filter);
    let started = match format {
        LogFormat::Pretty => registry.with(fmt::layer().with_writer(std::io::stderr)).try_init(),
        LogFormat::Json => {
            registry.with(fmt::layer().json().flatten_event(true).with_writer(std::io::stderr)).try_init()
        }
    };
    started.context("logging can't be started")
}

/// Tells whoever started the program something they wait for, in the form that log lines have.
pub(crate) fn announce(format: LogFormat, message: &str) {
    let line = match format {
        LogFormat::Pretty => message.to_owned(),
        LogFormat::Json => serde_json::json!({"level": "INFO", "message": message}).to_string(),
    };
    print(&line);
}

/// Writes a line of a command's result on standard output: plain text, whatever form log lines have.
pub(crate) fn print(line: &str) {
    // Nobody may be listening, which is no reason to stop.
    let mut stdout = std::io::stdout().lock();
    let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
}
