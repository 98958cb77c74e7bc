//! Batches on their way into the database, tried again while that is away.

use std::time::Duration;

use gamification_app::{FactQueue, RecordError};
use gamification_domain::{FactRecord, Verdict};
use tokio::time::{Instant, sleep};

use super::lines::FactLine;

/// The pauses between tries: the first, and the longest they grow to.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Where a batch is tried in parts, these are no smaller. A database that is too slow for a whole batch is fast enough
/// for so few.
const SMALLEST_PART: usize = 20;

/// What became of a line's fact.
#[derive(Clone, Debug)]
pub(super) enum Delivered {
    /// It was judged.
    Judged(Verdict),
    /// It can't be recorded, by a fault of ours.
    Fault,
}

/// The database was away for too long.
#[derive(Debug)]
pub(super) struct GaveUp {
    /// The first line that is not recorded.
    pub(super) line: u64,
}

/// Records facts, and gives what became of each line.
///
/// What does not go through is tried again, until nothing of it went through for as long as `patience`.
pub(super) async fn deliver(
    facts: &FactQueue,
    lines: Vec<FactLine>,
    patience: Duration,
) -> Result<Vec<(FactLine, Delivered)>, GaveUp> {
    let mut delivered = Vec::with_capacity(lines.len());
    let mut waiting = lines;
    let mut part = waiting.len();
    let (mut pause, mut progress) = (FIRST_PAUSE, Instant::now());
    loop {
        let before = waiting.len();
        waiting = submit(facts, waiting, part, &mut delivered).await;
        let Some(first) = waiting.first() else {
            return Ok(delivered);
        };
        if waiting.len() < before {
            (pause, progress) = (FIRST_PAUSE, Instant::now());
        } else if progress.elapsed() >= patience {
            return Err(GaveUp { line: first.line });
        }
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
        part = (part / 2).max(SMALLEST_PART);
    }
}

/// Submits lines in parts, and gives back those that must be tried again. It stops at the first part with such lines:
/// the others would fare no better.
async fn submit(
    facts: &FactQueue,
    lines: Vec<FactLine>,
    part: usize,
    delivered: &mut Vec<(FactLine, Delivered)>,
) -> Vec<FactLine> {
    let mut again = Vec::new();
    let mut rest = lines;
    while again.is_empty() && !rest.is_empty() {
        let later = rest.split_off(part.min(rest.len()));
        let records: Vec<FactRecord> = rest.iter().map(|line| line.record.clone()).collect();
        let outcomes = facts.record(records).await;
        for (line, outcome) in rest.into_iter().zip(outcomes) {
            match outcome {
                Ok(verdict) => delivered.push((line, Delivered::Judged(verdict))),
                Err(RecordError::Internal) => delivered.push((line, Delivered::Fault)),
                Err(RecordError::QueueFull | RecordError::Unavailable) => again.push(line),
            }
        }
        rest = later;
    }
    again.append(&mut rest);
    again
}
