//! What operators see of commands: counts and log lines, always after the commit.
//!
//! Metrics go to whatever recorder of the `metrics` crate the process has installed; without one, counting costs next to
//! nothing. Labels are names of types, sources and outcomes, never ids: their number must not grow with the data.

use std::collections::BTreeMap;

use gamification_domain::{
    CommunityId, DomainEvent, EventType, Fact, FactKind, FactRecord, LevelNumber, MemberLeveledUp,
    PointSource, PointsAwarded, PointsDeducted, UserId, Verdict,
};
use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use time::OffsetDateTime;

use crate::{EventStatus, jobs::Settlement, ports::LevelUp};

const POINTS_AWARDED: &str = "gamification_points_awarded_total";
const POINTS_DEDUCTED: &str = "gamification_points_deducted_total";
const LEVEL_UPS: &str = "gamification_levelups_total";
const EVENTS_PROCESSED: &str = "gamification_events_processed_total";
const EVENT_LAG: &str = "gamification_event_lag_seconds";
const BATCH_SIZE: &str = "gamification_ingest_batch_size";
pub(crate) const LEVEL_DISTRIBUTION: &str = "gamification_level_distribution";
pub(crate) const LEADERBOARDS_AGE: &str = "gamification_leaderboards_age_seconds";
const STREAMS_OPEN: &str = "gamification_streams_open";
pub(crate) const OUTBOX_PENDING: &str = "gamification_outbox_pending";
pub(crate) const OUTBOX_OLDEST_AGE: &str = "gamification_outbox_oldest_age_seconds";
const SOURCE_BACKLOG: &str = "gamification_source_backlog";
const SOURCE_MESSAGES: &str = "gamification_source_messages_total";
const SOURCE_REDELIVERED: &str = "gamification_source_redelivered_total";

/// The type of events whose type means nothing here, or can't be read.
const UNKNOWN_EVENT_TYPE: &str = "unknown";

/// The histograms that commands fill, each with the upper ends of its buckets.
///
/// A lag is a fraction of a second on a live feed, minutes after an outage of the sender, days in a backfill. Batches
/// end at about two thousand facts: one that is nearly full, and a submission of a thousand more.
pub const HISTOGRAMS: [(&str, &[f64]); 2] = [
    (
        EVENT_LAG,
        &[
            0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1_800.0, 3_600.0, 21_600.0,
            86_400.0,
        ],
    ),
    (BATCH_SIZE, &[1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1_000.0, 2_000.0]),
];

/// Describes every metric of commands, and lets every known value of a label begin at 0: a rate can only be told from
/// the second value on, and the first failure must not be the one that is missed.
pub fn describe_metrics() {
    describe_counter!(POINTS_AWARDED, "Points awarded, by what they are for");
    describe_counter!(POINTS_DEDUCTED, "Points taken back, by what they had been for");
    describe_counter!(
        LEVEL_UPS,
        "Members who reached a higher level, by points or by a change of thresholds"
    );
    describe_counter!(EVENTS_PROCESSED, "Events of the platform, by type and by what became of them");
    describe_histogram!(EVENT_LAG, Unit::Seconds, "From an event's own time to its being recorded");
    describe_histogram!(BATCH_SIZE, Unit::Count, "Facts recorded in one transaction");
    describe_gauge!(
        LEVEL_DISTRIBUTION,
        "Present members at each level, over all communities; refreshed every 15 seconds"
    );
    describe_gauge!(
        LEADERBOARDS_AGE,
        Unit::Seconds,
        "How long ago the moment is that leaderboards are complete until; refreshed every 15 seconds"
    );
    describe_gauge!(STREAMS_OPEN, "Streams of communities that are open");
    describe_gauge!(OUTBOX_PENDING, "Events that a channel has to deliver; refreshed every 15 seconds");
    describe_gauge!(
        OUTBOX_OLDEST_AGE,
        Unit::Seconds,
        "How long ago the oldest of them happened; 0 when there is none"
    );
    describe_gauge!(
        SOURCE_BACKLOG,
        "Messages that wait in a broker; refreshed every 15 seconds while it is there"
    );
    describe_counter!(SOURCE_MESSAGES, "Messages of a broker, by what became of them");
    describe_counter!(SOURCE_REDELIVERED, "Messages that a broker had handed out before");
    for source in PointSource::ALL {
        counter!(POINTS_AWARDED, "source" => source.as_str()).increment(0);
        counter!(POINTS_DEDUCTED, "source" => source.as_str()).increment(0);
    }
    counter!(LEVEL_UPS).increment(0);
    let known = EventType::ALL.iter().map(|event_type| event_type.as_str());
    for event_type in known.chain([UNKNOWN_EVENT_TYPE]) {
        for status in EventStatus::ALL {
            count_events(event_type, status, 0);
        }
    }
    gauge!(LEADERBOARDS_AGE).set(0.0);
    streams_open(0);
    for level in LevelNumber::all() {
        gauge!(LEVEL_DISTRIBUTION, "level" => level.get().to_string()).set(0.0);
    }
    for (name, _) in HISTOGRAMS {
        drop(histogram!(name));
    }
}

/// Lets the metrics of a source begin at 0.
pub(crate) fn describe_source(source: &'static str) {
    observe_backlog(source, 0);
    SettledMessages::of(source).record();
}

/// Shows operators how many messages wait in a source, without those in flight.
pub fn observe_backlog(source: &'static str, messages: u64) {
    gauge!(SOURCE_BACKLOG, "source" => source).set(messages as f64);
}

/// Messages of a source, counted by what became of them.
pub(crate) struct SettledMessages {
    source: &'static str,
    done: u64,
    again: u64,
    set_aside: u64,
    redelivered: u64,
}

impl SettledMessages {
    /// Of this source; no message is counted yet.
    pub(crate) const fn of(source: &'static str) -> Self {
        Self { source, done: 0, again: 0, set_aside: 0, redelivered: 0 }
    }

    /// Counts one, which was handed out so often.
    pub(crate) const fn count(&mut self, settlement: &Settlement, attempts: u64) {
        match settlement {
            Settlement::Done => self.done += 1,
            Settlement::Again { .. } => self.again += 1,
            Settlement::SetAside { .. } => self.set_aside += 1,
        }
        if attempts > 1 {
            self.redelivered += 1;
        }
    }

    /// Adds them to what operators see.
    pub(crate) fn record(self) {
        let Self { source, done, again, set_aside, redelivered } = self;
        for (outcome, number) in [("done", done), ("again", again), ("set_aside", set_aside)] {
            counter!(SOURCE_MESSAGES, "source" => source, "outcome" => outcome).increment(number);
        }
        counter!(SOURCE_REDELIVERED, "source" => source).increment(redelivered);
    }
}

/// Shows operators how many streams are open.
pub(crate) fn streams_open(number: usize) {
    gauge!(STREAMS_OPEN).set(u32::try_from(number).map_or(f64::INFINITY, f64::from));
}

/// Counts an event that never became a fact because its type means nothing here.
pub(crate) fn count_ignored_event() {
    count_events(UNKNOWN_EVENT_TYPE, EventStatus::Ignored, 1);
}

/// Counts an event that could not be understood, or recorded; `event_type` is `None` where its type means nothing here.
pub(crate) fn count_rejected_event(event_type: Option<EventType>) {
    count_events(event_type.map_or(UNKNOWN_EVENT_TYPE, EventType::as_str), EventStatus::Rejected, 1);
}

fn count_events(event_type: &'static str, status: EventStatus, number: u64) {
    counter!(EVENTS_PROCESSED, "event_type" => event_type, "outcome" => status.as_str()).increment(number);
}

/// Counts and logs the facts that a transaction has recorded. `now` is after its commit.
pub(crate) fn facts_recorded(records: &[FactRecord], verdicts: &[Verdict], now: OffsetDateTime) {
    count_facts(records, verdicts, now);
    log_adjustments(records, verdicts);
    if tracing::enabled!(tracing::Level::DEBUG) {
        log_repeated_lessons(records, verdicts);
    }
}

/// Who asked to add points or to take them away, and why. How many were really taken is in the line about the points.
fn log_adjustments(records: &[FactRecord], verdicts: &[Verdict]) {
    let applied = records.iter().zip(verdicts).filter(|(_, verdict)| **verdict == Verdict::Applied);
    for (FactRecord { fact: Fact { community_id, kind }, .. }, _) in applied {
        let FactKind::PointsAdjusted { adjustment_id, user_id, adjustment, admin_id } = kind else {
            continue;
        };
        let community_id = community_id.map(tracing::field::display);
        // A service may act for nobody.
        let admin_id =
            Some(admin_id).filter(|admin_id| !admin_id.as_uuid().is_nil()).map(tracing::field::display);
        tracing::info!(
            community_id, %user_id, admin_id, %adjustment_id, requested_points = adjustment.points().signed(),
            reason = %adjustment.reason(), "points adjusted"
        );
    }
}

/// Counts and logs changes of points that are committed, and the level-ups by them.
pub(crate) fn points_changed<'a>(events: impl Iterator<Item = &'a DomainEvent>) {
    let mut points: BTreeMap<(&'static str, PointSource), u64> = BTreeMap::new();
    let mut level_ups = 0;
    for event in events {
        match event {
            DomainEvent::PointsAwarded(PointsAwarded { points: awarded, source, .. }) => {
                *points.entry((POINTS_AWARDED, *source)).or_default() +=
                    u64::from(awarded.get().unsigned_abs());
            }
            DomainEvent::PointsDeducted(PointsDeducted { points: deducted, source, .. }) => {
                *points.entry((POINTS_DEDUCTED, *source)).or_default() +=
                    u64::from(deducted.get().unsigned_abs());
            }
            DomainEvent::MemberLeveledUp(_) => level_ups += 1,
        }
        log_event(event);
    }
    for ((name, source), points) in points {
        counter!(name, "source" => source.as_str()).increment(points);
    }
    count_level_ups(level_ups);
}

fn count_facts(records: &[FactRecord], verdicts: &[Verdict], now: OffsetDateTime) {
    let mut outcomes: BTreeMap<(EventType, EventStatus), u64> = BTreeMap::new();
    let lag = histogram!(EVENT_LAG);
    for (record, verdict) in records.iter().zip(verdicts) {
        *outcomes.entry((record.fact.event_type(), EventStatus::of(verdict))).or_default() += 1;
        if let Some(time) = record.metadata.time {
            // A producer's clock may be ahead of ours.
            lag.record((now - time).as_seconds_f64().max(0.0));
        }
    }
    for ((event_type, status), number) in outcomes {
        count_events(event_type.as_str(), status, number);
    }
    if let Ok(size) = u32::try_from(records.len()) {
        histogram!(BATCH_SIZE).record(size);
    }
}

fn count_level_ups(number: u64) {
    if number > 0 {
        counter!(LEVEL_UPS).increment(number);
    }
}

fn log_event(event: &DomainEvent) {
    match event {
        DomainEvent::PointsAwarded(PointsAwarded { member_id, community_id, points, new_total, source }) => {
            tracing::info!(
                user_id = %member_id, %community_id, points = points.get(), new_total = new_total.get(),
                source = source.as_str(), "points awarded"
            );
        }
        DomainEvent::PointsDeducted(PointsDeducted {
            member_id,
            community_id,
            points,
            new_total,
            source,
        }) => {
            tracing::info!(
                user_id = %member_id, %community_id, points = points.get(), new_total = new_total.get(),
                source = source.as_str(), "points deducted"
            );
        }
        DomainEvent::MemberLeveledUp(MemberLeveledUp {
            member_id,
            community_id,
            old_level,
            new_level,
            new_level_name: _,
        }) => log_level_up(*community_id, *member_id, *old_level, *new_level),
    }
}

fn log_level_up(community_id: CommunityId, user_id: UserId, old_level: LevelNumber, new_level: LevelNumber) {
    // A change of thresholds may level hundreds of thousands up: the request behind it is logged once, with the change.
    tracing::info!(
        parent: None, %user_id, %community_id, old_level = old_level.get(), new_level = new_level.get(),
        "member leveled up"
    );
}

fn log_repeated_lessons(records: &[FactRecord], verdicts: &[Verdict]) {
    for (record, verdict) in records.iter().zip(verdicts) {
        if let (FactKind::LessonCompleted { course_id, lesson_id, user_id }, Verdict::Duplicate) =
            (&record.fact.kind, verdict)
        {
            let community_id = record.fact.community_id.map(tracing::field::display);
            tracing::debug!(
                %user_id, community_id, %course_id, %lesson_id, "duplicate lesson completion ignored"
            );
        }
    }
}

/// Counts and logs the level-ups by a change of thresholds. Their transaction is committed.
pub(crate) fn members_leveled_up(community_id: CommunityId, level_ups: &[LevelUp]) {
    count_level_ups(level_ups.len() as u64);
    for LevelUp { user_id, old_level, new_level, is_present: _ } in level_ups {
        log_level_up(community_id, *user_id, *old_level, *new_level);
    }
}
