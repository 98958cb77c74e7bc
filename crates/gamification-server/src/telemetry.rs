//! Announcements on standard output, and metrics. Log lines and traces are those of `gamification-telemetry`.

pub(crate) mod metrics;

use std::io::Write;

use gamification_telemetry::LogFormat;

/// Says what the person who started the program waits for, in the form that log lines have.
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
