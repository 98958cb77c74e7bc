//! Log lines on standard error, announcements on standard output; metrics and traces.

pub(crate) mod metrics;
pub(crate) mod traces;

use std::{io::Write, panic};

use anyhow::{Context, Result, anyhow};
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt, layer::SubscriberExt, util::SubscriberInitExt};

use crate::config::{LogFormat, TraceCollector};
use traces::Traces;

/// What a server logs when `RUST_LOG` does not say. The web server's own messages are about its inside, and those of its
/// dispatcher call it an error of ours when a client sends nonsense.
pub(crate) const SERVING: &str = "info,actix_server=warn,actix_http::h1::dispatcher=off";
/// What a command that ends by itself logs when `RUST_LOG` does not say: its summary is enough, without a line for every
/// point.
pub(crate) const WORKING: &str = "info,gamification_app=warn";

/// What must be ended when the program does.
pub(crate) struct Telemetry {
    traces: Option<Traces>,
}

/// Starts logging, of what `default_filter` lets through unless `RUST_LOG` says otherwise, and tracing, where there is a
/// collector.
pub(crate) fn init(
    format: LogFormat,
    default_filter: &str,
    collector: Option<&TraceCollector>,
) -> Result<Telemetry> {
    let directives = std::env::var("RUST_LOG").ok().filter(|text| !text.is_empty());
    let filter = EnvFilter::try_new(directives.as_deref().unwrap_or(default_filter))
        .map_err(|_| anyhow!("RUST_LOG must be a filter such as info or gamification_app=debug"))?;
    let lines = fmt::layer().with_writer(std::io::stderr);
    let lines = match format {
        LogFormat::Pretty => lines.boxed(),
        // The innermost span is the last of the list.
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(false).boxed(),
    };
    let traces = collector.map(Traces::start).transpose()?;
    let mut layers: Vec<Box<dyn Layer<Registry> + Send + Sync>> = vec![lines.with_filter(filter).boxed()];
    layers.extend(traces.as_ref().map(|traces| traces.layer().boxed()));
    tracing_subscriber::registry().with(layers).try_init().context("logging can't be started")?;
    if format == LogFormat::Json {
        panic::set_hook(Box::new(log_panic));
    }
    Ok(Telemetry { traces })
}

impl Telemetry {
    /// Brings out what waits to leave; returns soon, whether that goes or not.
    pub(crate) async fn flush(self) {
        if let Some(traces) = self.traces {
            // It blocks, and requests of its own thread need the runtime meanwhile.
            let _ = tokio::task::spawn_blocking(move || traces.flush()).await;
        }
    }
}

/// A panic is one line as well; by itself it would write several, none of them JSON.
fn log_panic(panic: &panic::PanicHookInfo<'_>) {
    let location = panic.location().map(tracing::field::display);
    let cause = panic.payload_as_str().unwrap_or("no text");
    tracing::error!(location, cause, "a panic: this is a fault of ours");
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
