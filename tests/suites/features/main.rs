//! Behaviour, told in `tests/features`: each rule of the product with scenarios that show it, against the real server.
//!
//! A `Rule:` quotes the product's rules or the contract, and its scenarios show it; the audit of the database, when
//! all are over, shows for everybody that appeared in them what no single scenario can: totals are the sum of the ledger.
//!
//! To add a scenario, write it with the steps that are there. A step lies in the file of its subject: what the
//! platform reports in `events`, what members see in `members` and `history`, what admins change in `levels` and `gates` and
//! try in `preview`, who may do what in `access` and `services`, leaderboards in `leaderboards`, the list of members in `communities`, points that people add in
//! `adjustments`, what members earn points by in `rules`, who is erased and what is exported in `privacy`, reads that are repeated in
//! `polling`, and the answer that the scenario got in `answers`. An undefined step fails the run.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that can't go on should panic"
)]
#![allow(clippy::needless_pass_by_value, reason = "a step is given what it matched by value")]

mod access;
mod adjustments;
mod answers;
mod arguments;
mod communities;
mod events;
mod gates;
mod history;
mod leaderboards;
mod levels;
mod members;
mod polling;
mod preview;
mod privacy;
mod rules;
mod scene;
mod services;

use std::{path::Path, sync::Arc};

use arguments::Arguments;
use cucumber::{World as _, writer::Stats as _};
use scene::{Scene, Stage};

const FEATURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/features");

/// The name that a feature goes by in arguments and lists: its file's.
fn name_of(feature: &Path) -> String {
    feature.file_stem().expect("a feature is a file").to_string_lossy().into_owned()
}

fn names() -> Vec<String> {
    let files = std::fs::read_dir(FEATURES).expect("the features are there");
    let mut names: Vec<String> = files
        .map(|file| file.expect("it can be read").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "feature"))
        .map(|path| name_of(&path))
        .collect();
    names.sort();
    names
}

#[tokio::main]
async fn main() {
    let arguments = Arguments::read(std::env::args().skip(1));
    if arguments.list {
        names().iter().filter(|name| arguments.wants(name, &[])).for_each(|name| println!("{name}: test"));
        return;
    }
    let everything = arguments.is_everything();
    let stage = Stage::set().await;
    let outcome = Scene::cucumber()
        .with_default_cli()
        // Steps block on their requests, so scenarios side by side would win nothing and blur the output.
        .max_concurrent_scenarios(1)
        .fail_on_skipped()
        .filter_run(FEATURES, move |feature, _, scenario| {
            let path = feature.path.as_deref().expect("it was read from a file");
            arguments.wants(&name_of(path), &[&feature.name, &scenario.name])
        })
        .await;
    // With the stage alive: a failure shows the server's log.
    assert!(!outcome.execution_has_failed(), "some scenarios failed");
    assert!(!everything || outcome.passed_steps() > 0, "no scenario was found");
    // The server ends, then the database is audited.
    drop(Arc::into_inner(stage).expect("every scenario has left the stage"));
}
