//! The program's own audit, as operators run it.

use crate::Launch;

/// Runs `verify` on a database, and sees to it that it ends well.
pub fn assert_verify_finds_nothing(url: &str) {
    let (status, said, error) = Launch::on(url).arg("verify").run();
    let is_clean = said.lines().last().is_some_and(|summary| summary.ends_with(": nothing is off"));
    assert!(status.success() && is_clean, "{said}{error}");
}
