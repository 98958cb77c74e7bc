//! `verify`: compares what is derived with what it is derived from, and repairs it where that can be.

use std::{collections::BTreeMap, pin::pin, time::Instant};

use anyhow::{Result, bail, ensure};
use gamification_app::{
    System,
    audit::{AuditEvent, AuditProgress, Finding, Invariant, VerifyError, repair, verify as audit},
};
use gamification_domain::CommunityId;
use gamification_pg::{PgStore, connection::Connector};
use gamification_telemetry::LogFormat;

use super::{current_store, interruption, with_database};
use crate::{cli::Options, config::Config, progress::Progress, telemetry::print};

/// How many findings of one kind are printed: enough to see what they have in common.
const PRINTED: u64 = 20;

pub(super) async fn verify(
    options: &Options,
    log_format: LogFormat,
    community_id: Option<CommunityId>,
    with_repair: bool,
) -> Result<()> {
    let pool_size = Config::new(options).db_pool_size()?;
    with_database(options, log_format, async |connector| {
        tokio::select! {
            () = pin!(interruption()?) => bail!("interrupted"),
            outcome = verify_on(connector, pool_size, community_id, with_repair) => outcome,
        }
    })
    .await
}

async fn verify_on(
    connector: Connector,
    pool_size: usize,
    community_id: Option<CommunityId>,
    with_repair: bool,
) -> Result<()> {
    let store = current_store(connector, pool_size).await?;
    if with_repair {
        repair_and_report(&store, community_id).await?;
    }
    // Whatever was repaired is looked at again: the verdict is about the database as it is left.
    let started = Instant::now();
    let mut report = Report::new("off");
    audit(&store, community_id, &mut |seen| report.take(seen)).await?;
    let Report { progress: AuditProgress { communities, members, transactions }, off, .. } = report.end();
    let seconds = started.elapsed().as_secs_f64();
    let count: u64 = off.values().sum();
    let verdict = if count == 0 { "nothing is off".to_owned() } else { format!("{count} off") };
    print(&format!(
        "looked at {communities} communities, {members} members and {transactions} transactions in {seconds:.1} s: {verdict}"
    ));
    ensure!(count == 0, "{}", sentence(&off, with_repair));
    Ok(())
}

async fn repair_and_report(store: &PgStore, community_id: Option<CommunityId>) -> Result<(), VerifyError> {
    let mut report = Report::new("repaired");
    let outcome = repair(store, &System, community_id, &mut |seen| report.take(seen)).await;
    let repaired: u64 = report.end().off.values().sum();
    print(&format!("repaired {repaired}"));
    outcome
}

/// What is off, and what can be done about it.
fn sentence(off: &BTreeMap<Invariant, u64>, was_repaired: bool) -> String {
    let kinds: Vec<String> = off.iter().map(|(invariant, count)| format!("{invariant} ({count})")).collect();
    let mut sentence = format!("off: {}", kinds.join(", "));
    let repairable: u64 =
        off.iter().filter(|(invariant, _)| invariant.is_derived()).map(|(_, count)| count).sum();
    if repairable > 0 && !was_repaired {
        sentence.push_str(&format!("; --repair repairs {repairable}"));
    }
    sentence
}

/// Prints what is seen, as far as people want to read it, and counts all of it.
struct Report {
    /// What became of findings: `off`, or `repaired`.
    word: &'static str,
    bar: Option<Progress>,
    progress: AuditProgress,
    off: BTreeMap<Invariant, u64>,
    awaiting_level_up: BTreeMap<CommunityId, u64>,
}

impl Report {
    const fn new(word: &'static str) -> Self {
        Self {
            word,
            bar: None,
            progress: AuditProgress { communities: 0, members: 0, transactions: 0 },
            off: BTreeMap::new(),
            awaiting_level_up: BTreeMap::new(),
        }
    }

    fn take(&mut self, seen: AuditEvent) {
        match seen {
            AuditEvent::MemberCount(members) => self.bar = Some(Progress::towards(members)),
            AuditEvent::Progress(more) => self.look(more),
            AuditEvent::Finding(finding) | AuditEvent::Repaired(finding) => self.find(&finding),
            AuditEvent::Omitted(invariant, count) => *self.off.entry(invariant).or_default() += count,
            AuditEvent::AwaitingLevelUp(community_id, members) => {
                *self.awaiting_level_up.entry(community_id).or_default() += members;
            }
        }
    }

    fn look(&mut self, more: AuditProgress) {
        self.progress.communities += more.communities;
        self.progress.members += more.members;
        self.progress.transactions += more.transactions;
        if let Some(bar) = &self.bar {
            bar.advance(more.members, format!("{} members", self.progress.members));
        }
    }

    fn find(&mut self, finding: &Finding) {
        let count = self.off.entry(finding.invariant).or_default();
        *count += 1;
        if *count <= PRINTED {
            self.say(&format!("{}: {finding}", self.word));
        }
    }

    fn say(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.above(|| print(line)),
            None => print(line),
        }
    }

    /// Says what was only counted so far, and takes the progress off the screen.
    fn end(mut self) -> Self {
        self.bar = None;
        for (invariant, count) in &self.off {
            if *count > PRINTED {
                self.say(&format!("{}: {invariant}: and {} more", self.word, count - PRINTED));
            }
        }
        for (community_id, members) in &self.awaiting_level_up {
            self.say(&format!(
                "note: community {community_id}: levels are being recalculated, {members} members are still to be leveled up"
            ));
        }
        self
    }
}
