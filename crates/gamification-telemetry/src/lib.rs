//! Log lines on standard error, and traces to a collector: how what the other crates tell through `tracing` leaves the
//! process.
//!
//! [`init`] starts both, and [`join_trace`] lets a request continue its caller's trace. The other crates write spans and
//! lines with `tracing`; of OpenTelemetry they know at most how to hand a trace on to whom they call, as
//! `gamification-webhook` does. This crate knows nothing of points, the web or the database.

mod collector;
mod traces;

use std::panic;

use tracing_subscriber::{EnvFilter, Layer, Registry, fmt, layer::SubscriberExt, util::SubscriberInitExt};

pub use collector::{InvalidCollector, TraceCollector};
use traces::Traces;
pub use traces::join_trace;

/// The format of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// Lines for people, with colours on a terminal.
    Pretty,
    /// One JSON object a line.
    Json,
}

/// What must be ended when the program does.
#[must_use]
pub struct Telemetry {
    traces: Option<Traces>,
}

/// Why telemetry could not be started.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The environment's filter is none.
    #[error("RUST_LOG must be a filter such as info or gamification_app=debug")]
    InvalidFilter,
    /// The exporter can't be built.
    #[error("traces can't be exported")]
    Exporter(#[from] opentelemetry_otlp::ExporterBuildError),
    /// The process has a logger already.
    #[error("logging can't be started")]
    AlreadyStarted(#[from] tracing_subscriber::util::TryInitError),
}

/// Starts logging, of what `default_filter` lets through unless `RUST_LOG` says otherwise, and tracing, where there is a
/// collector.
///
/// # Errors
/// [`TelemetryError`], the first that applies.
pub fn init(
    format: LogFormat,
    default_filter: &str,
    collector: Option<&TraceCollector>,
) -> Result<Telemetry, TelemetryError> {
    let directives = std::env::var("RUST_LOG").ok().filter(|text| !text.is_empty());
    let filter = EnvFilter::try_new(directives.as_deref().unwrap_or(default_filter))
        .map_err(|_| TelemetryError::InvalidFilter)?;
    let lines = fmt::layer().with_writer(std::io::stderr);
    let lines = match format {
        LogFormat::Pretty => lines.boxed(),
        // The innermost span is the last of the list.
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(false).boxed(),
    };
    let traces = collector.map(Traces::start).transpose()?;
    let mut layers: Vec<Box<dyn Layer<Registry> + Send + Sync>> = vec![lines.with_filter(filter).boxed()];
    layers.extend(traces.as_ref().map(|traces| traces.layer().boxed()));
    tracing_subscriber::registry().with(layers).try_init()?;
    if format == LogFormat::Json {
        panic::set_hook(Box::new(log_panic));
    }
    Ok(Telemetry { traces })
}

impl Telemetry {
    /// Exports the spans that wait; returns soon, whether that succeeds or not.
    pub async fn flush(self) {
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
