//! Progress on a terminal; nothing of it elsewhere.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// How often a bar moves by itself, so that it is seen that the program lives while the database is slow.
const TICK: Duration = Duration::from_millis(200);

/// How far work has come, drawn on standard error while that is a terminal.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// Towards an end that is known.
    pub(crate) fn towards(length: u64) -> Self {
        Self::new(ProgressBar::new(length), "[{bar:30}] {percent:>3}% {msg} · {elapsed} · {eta} left")
    }

    /// Progress towards an end that is not known.
    pub(crate) fn endless() -> Self {
        Self::new(ProgressBar::new_spinner(), "{spinner} {msg} · {elapsed}")
    }

    fn new(bar: ProgressBar, template: &str) -> Self {
        // The templates are constants; a mistake in one would cost its looks, not the work.
        let bar = match ProgressStyle::with_template(template) {
            Ok(style) => bar.with_style(style.progress_chars("=> ")),
            Err(_) => bar,
        };
        if !bar.is_hidden() {
            bar.enable_steady_tick(TICK);
        }
        Self(bar)
    }

    /// So much further, and what that is in words.
    pub(crate) fn advance(&self, by: u64, message: String) {
        self.0.inc(by);
        self.0.set_message(message);
    }

    /// Writes something that stays, above the bar.
    pub(crate) fn above(&self, write: impl FnOnce()) {
        self.0.suspend(write);
    }
}

impl Drop for Progress {
    /// What stays on the screen is the result.
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
