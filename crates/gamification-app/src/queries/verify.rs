//! An operator has everything that is derived compared with what it is derived from.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use gamification_domain::{CommunityId, LevelNumber, MemberKey, Points, UserId};
use uuid::Uuid;

use crate::ports::{
    BrokenEvent, CommunityRange, RepeatedAward, Sample, Snapshot, StoreError, StoredLevelConfiguration,
    StoredMember, Verification, WrongLevelCount, WrongLike,
};

/// How many communities are looked at together: small ones cost little more than one.
const COMMUNITIES: i64 = 100;

/// How many members are looked at together; each has their lines in the ledger summed up.
const MEMBERS: i64 = 5_000;

/// How many of each kind are asked for where there may be any number; the others are counted.
const SAMPLE: i64 = 100;

/// What must hold, always.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Invariant {
    /// A total is the sum of the member's lines in the ledger.
    Total,
    /// A level is at least the one that the points reach.
    Level,
    /// A post or a comment is awarded once, a lesson once for each member.
    OnceOnlyAward,
    /// A like holds one point while its switch stands, none otherwise, for the author whom the switch names.
    Like,
    /// Members count in the distribution while the directory has them as present.
    Presence,
    /// The number noted for a level is that of the present members at it.
    LevelCount,
    /// Everybody whom the directory ever had as a member has a record of points.
    RecordOfPoints,
    /// Every community has nine levels, with thresholds that rise.
    LevelConfiguration,
    /// Outgoing events follow from one another, and the newest says where the member is.
    OutgoingEvent,
}

impl fmt::Display for Invariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Total => "total",
            Self::Level => "level",
            Self::OnceOnlyAward => "once-only award",
            Self::Like => "like",
            Self::Presence => "presence",
            Self::LevelCount => "level count",
            Self::RecordOfPoints => "record of points",
            Self::LevelConfiguration => "level configuration",
            Self::OutgoingEvent => "outgoing event",
        })
    }
}

/// Something that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What does not hold.
    pub invariant: Invariant,
    /// Where.
    pub community_id: CommunityId,
    /// Of whom or what: `member 0192…`, `level 3`; `None` where it is the community itself.
    pub subject: Option<String>,
    /// What is stored.
    pub found: String,
    /// What should be.
    pub expected: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { invariant, community_id, subject, found, expected } = self;
        write!(f, "{invariant}: community {community_id}")?;
        if let Some(subject) = subject {
            write!(f, ", {subject}")?;
        }
        write!(f, ": found {found}, expected {expected}")
    }
}

/// What is seen while everything is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuditEvent {
    /// So many members are to be looked at, more or less: others may join meanwhile.
    MemberCount(u64),
    /// So much was looked at since the last time.
    Progress(AuditProgress),
    /// Something is off.
    Finding(Finding),
    /// So many more are off in the same way.
    Omitted(Invariant, u64),
    /// So many members are below the level that their points reach, and are being lifted after a change of thresholds.
    AwaitingLevelUp(CommunityId, u64),
    /// Something was off, and was put right.
    Repaired(Finding),
}

/// How much was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AuditProgress {
    /// Communities, known or not.
    pub communities: u64,
    /// Members who have a record of points.
    pub members: u64,
    /// Lines of the ledger.
    pub transactions: u64,
}

/// Why an audit did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// Nothing is stored of the community.
    #[error("nothing is stored of the community {0}")]
    CommunityUnknown(CommunityId),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Looks at everything, or at one community, and tells what it sees.
///
/// Whatever is compared is of one moment, so awards may go on meanwhile. Memory is bounded: communities and members are
/// looked at in chunks, each at a moment of its own.
///
/// # Errors
/// [`VerifyError`]; what was seen until then was told.
pub async fn verify(
    verification: &impl Verification,
    community_id: Option<CommunityId>,
    emit: &mut (impl FnMut(AuditEvent) + Send),
) -> Result<(), VerifyError> {
    let mut cursor = CommunityCursor::begin(verification, community_id, emit).await?;
    while let Some(communities) = cursor.next(verification).await? {
        verify_communities(verification, &communities, emit).await?;
        let mut members = Members::of(communities.range);
        while let Some(chunk) = members.next(verification).await? {
            for finding in chunk.findings() {
                emit(AuditEvent::Finding(finding));
            }
            for (community_id, members) in chunk.awaiting_level_up() {
                emit(AuditEvent::AwaitingLevelUp(community_id, members));
            }
            emit(AuditEvent::Progress(chunk.progress()));
        }
        emit(AuditEvent::Progress(AuditProgress {
            communities: communities.count(),
            ..AuditProgress::default()
        }));
    }
    Ok(())
}

/// Communities, group by group.
pub(crate) struct CommunityCursor {
    first: Option<CommunityId>,
    last: CommunityId,
}

/// Some communities that follow one another.
pub(crate) struct Communities {
    ids: BTreeSet<CommunityId>,
    pub(crate) range: CommunityRange,
}

impl Communities {
    fn count(&self) -> u64 {
        u64::try_from(self.ids.len()).unwrap_or(u64::MAX)
    }
}

impl CommunityCursor {
    /// Over one community, or all of them.
    pub(crate) async fn begin(
        verification: &impl Verification,
        only: Option<CommunityId>,
        emit: &mut (impl FnMut(AuditEvent) + Send),
    ) -> Result<Self, VerifyError> {
        let everything = (CommunityId::new(Uuid::nil()), CommunityId::new(Uuid::max()));
        let (first, last) = only.map_or(everything, |only| (only, only));
        let mut snapshot = verification.snapshot().await?;
        if let Some(only) = only
            && snapshot.communities(only, 1).await? != [only]
        {
            return Err(VerifyError::CommunityUnknown(only));
        }
        emit(AuditEvent::MemberCount(snapshot.count_members((first, last)).await?));
        snapshot.end().await?;
        Ok(Self { first: Some(first), last })
    }

    pub(crate) async fn next(
        &mut self,
        verification: &impl Verification,
    ) -> Result<Option<Communities>, StoreError> {
        let Some(first) = self.first else {
            return Ok(None);
        };
        let mut snapshot = verification.snapshot().await?;
        let ids = snapshot.communities(first, COMMUNITIES).await?;
        snapshot.end().await?;
        let ids: BTreeSet<CommunityId> = ids.into_iter().filter(|id| *id <= self.last).collect();
        let (Some(first), Some(last)) = (ids.first().copied(), ids.last().copied()) else {
            return Ok(None);
        };
        self.first = after(last.as_uuid()).map(CommunityId::new);
        Ok(Some(Communities { ids, range: (first, last) }))
    }
}

/// The next UUID; nothing comes after the greatest.
fn after(id: Uuid) -> Option<Uuid> {
    id.as_u128().checked_add(1).map(Uuid::from_u128)
}

async fn verify_communities(
    verification: &impl Verification,
    communities: &Communities,
    emit: &mut (impl FnMut(AuditEvent) + Send),
) -> Result<(), StoreError> {
    let range = communities.range;
    let mut snapshot = verification.snapshot().await?;
    let configurations = snapshot.level_configurations(range).await?;
    let level_counts = snapshot.wrong_level_counts(range, SAMPLE).await?;
    let awards = snapshot.repeated_awards(range, SAMPLE).await?;
    let likes = snapshot.wrong_likes(range, SAMPLE).await?;
    let members = snapshot.members_without_points(range, SAMPLE).await?;
    let events = snapshot.broken_events(range, SAMPLE).await?;
    snapshot.end().await?;

    for finding in level_configuration_findings(&communities.ids, &configurations) {
        emit(AuditEvent::Finding(finding));
    }
    emit_sample(level_counts, Invariant::LevelCount, |wrong| wrong_level_count(&wrong), emit);
    emit_sample(awards, Invariant::OnceOnlyAward, repeated_award, emit);
    emit_sample(likes, Invariant::Like, wrong_like, emit);
    emit_sample(members, Invariant::RecordOfPoints, member_without_points, emit);
    emit_sample(events, Invariant::OutgoingEvent, broken_event, emit);
    Ok(())
}

fn emit_sample<T>(
    Sample { first, count }: Sample<T>,
    invariant: Invariant,
    finding: impl Fn(T) -> Finding,
    emit: &mut impl FnMut(AuditEvent),
) {
    let told = u64::try_from(first.len()).unwrap_or(u64::MAX);
    for off in first {
        emit(AuditEvent::Finding(finding(off)));
    }
    if count > told {
        emit(AuditEvent::Omitted(invariant, count - told));
    }
}

/// Thresholds, level 1 first; `None` when this is no configuration.
fn thresholds(configuration: &StoredLevelConfiguration) -> Option<Vec<i64>> {
    let numbered = configuration.levels.iter().zip(LevelNumber::all());
    let thresholds = numbered.map(|((level, threshold), number)| {
        (*level == Some(i64::from(number.get()))).then_some(*threshold).flatten()
    });
    let thresholds: Vec<i64> = thresholds.collect::<Option<_>>()?;
    let is_complete =
        configuration.levels.len() == LevelNumber::COUNT && thresholds.len() == LevelNumber::COUNT;
    let is_rising = thresholds.is_sorted_by(|below, above| below < above);
    let ends = (thresholds.first().copied(), thresholds.last().copied());
    let fits = matches!(ends, (Some(0), Some(last)) if last <= i64::from(Points::MAX.get()));
    (is_complete && is_rising && fits).then_some(thresholds)
}

fn level_configuration_findings(
    communities: &BTreeSet<CommunityId>,
    configurations: &[StoredLevelConfiguration],
) -> Vec<Finding> {
    let finding = |community_id, found| Finding {
        invariant: Invariant::LevelConfiguration,
        community_id,
        subject: None,
        found,
        expected: "nine levels from 0 points on, with thresholds that rise".to_owned(),
    };
    let known: BTreeSet<CommunityId> =
        configurations.iter().map(|configuration| configuration.community_id).collect();
    let missing = communities.difference(&known).map(|community| finding(*community, "none".to_owned()));
    let wrong = configurations.iter().filter(|configuration| thresholds(configuration).is_none());
    let wrong = wrong.map(|configuration| {
        let number =
            |number: &Option<i64>| number.map_or_else(|| "?".to_owned(), |number| number.to_string());
        let level = |(level, threshold): &(Option<i64>, Option<i64>)| {
            format!("{} from {}", number(level), number(threshold))
        };
        let levels: Vec<String> = configuration.levels.iter().map(level).collect();
        finding(configuration.community_id, format!("levels {}", levels.join(", ")))
    });
    missing.chain(wrong).collect()
}

pub(crate) fn wrong_level_count(wrong: &WrongLevelCount) -> Finding {
    let WrongLevelCount { community_id, level, noted, counted } = *wrong;
    Finding {
        invariant: Invariant::LevelCount,
        community_id,
        subject: Some(format!("level {level}")),
        found: noted.to_string(),
        expected: counted.to_string(),
    }
}

fn repeated_award(repeated: RepeatedAward) -> Finding {
    let RepeatedAward { community_id, source, source_id, user_id, awards, wrong_scopes } = repeated;
    let (found, expected) = if awards > 1 {
        (format!("{awards} awards"), "1".to_owned())
    } else {
        (format!("{wrong_scopes} with another scope"), "the scope of the source's rule".to_owned())
    };
    let member = user_id.map_or_else(String::new, |user_id| format!(" by member {user_id}"));
    Finding {
        invariant: Invariant::OnceOnlyAward,
        community_id,
        subject: Some(format!("{source} {source_id}{member}")),
        found,
        expected,
    }
}

fn wrong_like(wrong: WrongLike) -> Finding {
    let WrongLike { community_id, source, content_id, liker_id, author_id, held, due } = wrong;
    Finding {
        invariant: Invariant::Like,
        community_id,
        subject: Some(format!("{source} {content_id} by {liker_id}, points of member {author_id}")),
        found: held.to_string(),
        expected: due.to_string(),
    }
}

fn member_without_points((community_id, user_id): MemberKey) -> Finding {
    Finding {
        invariant: Invariant::RecordOfPoints,
        community_id,
        subject: Some(format!("member {user_id}")),
        found: "none".to_owned(),
        expected: "one".to_owned(),
    }
}

fn broken_event(broken: BrokenEvent) -> Finding {
    let BrokenEvent { member, sequence, event_type, before, after, previous, now } = broken;
    let said = |text: &Option<String>| text.clone().unwrap_or_else(|| "nothing".to_owned());
    let expected = match (&previous, &now) {
        (Some(previous), _) if before != Some(previous.clone()) => format!("from {previous}"),
        (_, Some(now)) if after != Some(now.clone()) => format!("to {now}"),
        _ => "a change that its type allows, once".to_owned(),
    };
    Finding {
        invariant: Invariant::OutgoingEvent,
        community_id: member.0,
        subject: Some(format!("member {}, {event_type} at {sequence}", member.1)),
        found: format!("from {} to {}", said(&before), said(&after)),
        expected,
    }
}

/// The members of some communities, chunk by chunk.
pub(crate) struct Members {
    first: Option<MemberKey>,
    last: CommunityId,
}

/// Some members, and what they are judged by; all of it is of one moment.
pub(crate) struct MemberChunk {
    members: Vec<StoredMember>,
    thresholds: BTreeMap<CommunityId, Vec<i64>>,
    recalculating: BTreeSet<CommunityId>,
    told_levels: BTreeMap<MemberKey, i64>,
}

impl Members {
    pub(crate) fn of((first, last): CommunityRange) -> Self {
        Self { first: Some((first, UserId::new(Uuid::nil()))), last }
    }

    /// The next chunk.
    pub(crate) async fn next(
        &mut self,
        verification: &impl Verification,
    ) -> Result<Option<MemberChunk>, StoreError> {
        let Some(first) = self.first else {
            return Ok(None);
        };
        let mut snapshot = verification.snapshot().await?;
        let members = snapshot.members(first, self.last, MEMBERS).await?;
        let ends = (members.first().map(|row| row.member), members.last().map(|row| row.member));
        let (Some(first), Some(last)) = ends else {
            snapshot.end().await?;
            return Ok(None);
        };
        let range = (first.0, last.0);
        let configurations = snapshot.level_configurations(range).await?;
        let thresholds = configurations
            .iter()
            .filter_map(|configuration| Some((configuration.community_id, thresholds(configuration)?)));
        let mut chunk = MemberChunk {
            members,
            thresholds: thresholds.collect(),
            recalculating: snapshot.recalculating(range).await?,
            told_levels: BTreeMap::new(),
        };
        chunk.ask_for_details(&mut snapshot).await?;
        snapshot.end().await?;
        self.first = match after(last.1.as_uuid()) {
            Some(user) => Some((last.0, UserId::new(user))),
            None => after(last.0.as_uuid())
                .map(|community| (CommunityId::new(community), UserId::new(Uuid::nil()))),
        };
        Ok(Some(chunk))
    }
}

impl MemberChunk {
    /// What is of interest only where something is off.
    async fn ask_for_details(&mut self, snapshot: &mut impl Snapshot) -> Result<(), StoreError> {
        let keys = |rows: &mut dyn Iterator<Item = &StoredMember>| rows.map(|row| row.member).collect();
        let rising: BTreeSet<MemberKey> =
            keys(&mut self.to_repair().filter(|row| self.below_level(row).is_some()));
        if !rising.is_empty() {
            self.told_levels = snapshot.told_levels(&rising).await?.into_iter().collect();
        }
        Ok(())
    }

    /// The level that some points reach, where that is known.
    fn level_for(&self, community_id: CommunityId, points: i64) -> Option<i64> {
        let reached = self.thresholds.get(&community_id)?.iter().filter(|threshold| **threshold <= points);
        i64::try_from(reached.count()).ok()
    }

    /// Members of whom something is off that can be put right. Where levels are not known, nothing is.
    pub(crate) fn to_repair(&self) -> impl Iterator<Item = &StoredMember> {
        self.members.iter().filter(|row| {
            self.thresholds.contains_key(&row.member.0) && self.member_findings(row).next().is_some()
        })
    }

    /// The level that a member was last told to be at, if an event that says so is still there.
    pub(crate) fn told_level(&self, member: MemberKey) -> Option<i64> {
        self.told_levels.get(&member).copied()
    }

    fn findings(&self) -> impl Iterator<Item = Finding> {
        self.members.iter().flat_map(|row| self.member_findings(row))
    }

    fn member_findings(&self, row: &StoredMember) -> impl Iterator<Item = Finding> + use<> {
        let finding = |invariant, found, expected| member_finding(invariant, row.member, found, expected);
        let total = (i64::from(row.total_points) != row.ledger_points)
            .then(|| finding(Invariant::Total, row.total_points.to_string(), row.ledger_points.to_string()));
        let level = self.below_level(row).filter(|_| !self.recalculating.contains(&row.member.0));
        let level =
            level.map(|level| finding(Invariant::Level, row.current_level.to_string(), level.to_string()));
        let presence = (row.is_present != row.is_present_in_directory).then(|| {
            finding(Invariant::Presence, presence(row.is_present), presence(row.is_present_in_directory))
        });
        [total, level, presence].into_iter().flatten()
    }

    /// The level that a member's points reach, when they are below it. What counts is the ledger: where the total is
    /// off, that is told by itself.
    fn below_level(&self, row: &StoredMember) -> Option<i64> {
        let level = self.level_for(row.member.0, row.ledger_points)?;
        (level > i64::from(row.current_level)).then_some(level)
    }

    fn awaiting_level_up(&self) -> BTreeMap<CommunityId, u64> {
        let mut members = BTreeMap::new();
        let rows = self.members.iter().filter(|row| self.recalculating.contains(&row.member.0));
        for row in rows.filter(|row| self.below_level(row).is_some()) {
            *members.entry(row.member.0).or_default() += 1;
        }
        members
    }

    pub(crate) fn progress(&self) -> AuditProgress {
        let entries: i64 = self.members.iter().map(|row| row.ledger_entries).sum();
        AuditProgress {
            communities: 0,
            members: u64::try_from(self.members.len()).unwrap_or(u64::MAX),
            transactions: u64::try_from(entries).unwrap_or_default(),
        }
    }
}

pub(crate) fn member_finding(
    invariant: Invariant,
    (community_id, user_id): MemberKey,
    found: String,
    expected: String,
) -> Finding {
    Finding { invariant, community_id, subject: Some(format!("member {user_id}")), found, expected }
}

pub(crate) fn presence(is_present: bool) -> String {
    if is_present { "present" } else { "absent" }.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn configuration(thresholds: &[i64]) -> StoredLevelConfiguration {
        let levels = thresholds.iter().zip(1..).map(|(threshold, level)| (Some(level), Some(*threshold)));
        StoredLevelConfiguration { community_id: CommunityId::new(Uuid::nil()), levels: levels.collect() }
    }

    #[test]
    fn a_configuration_is_nine_levels_in_order_with_thresholds_that_rise_from_0() {
        let good = [0, 10, 30, 60, 100, 150, 210, 280, 360];
        assert_eq!(thresholds(&configuration(&good)).as_deref(), Some(&good[..]));
        for wrong in [
            &[][..],
            &good[..8],
            &[0, 10, 30, 60, 100, 150, 210, 280, 360, 400],
            &[1, 10, 30, 60, 100, 150, 210, 280, 360],
            &[0, 10, 10, 60, 100, 150, 210, 280, 360],
            &[0, 10, 30, 60, 100, 150, 210, 280, 3_000_000_000],
        ] {
            assert_eq!(thresholds(&configuration(wrong)), None, "{wrong:?}");
        }
        let mut unnumbered = configuration(&good);
        unnumbered.levels[4].0 = Some(4);
        assert_eq!(thresholds(&unnumbered), None);
        unnumbered.levels[4] = (Some(5), None);
        assert_eq!(thresholds(&unnumbered), None);
    }

    fn chunk(row: StoredMember, recalculating: bool) -> MemberChunk {
        let community = row.member.0;
        MemberChunk {
            members: vec![row],
            thresholds: BTreeMap::from([(community, vec![0, 10, 30, 60, 100, 150, 210, 280, 360])]),
            recalculating: if recalculating { BTreeSet::from([community]) } else { BTreeSet::new() },
            told_levels: BTreeMap::new(),
        }
    }

    fn member(total_points: i32, current_level: i16) -> StoredMember {
        StoredMember {
            member: (CommunityId::new(Uuid::nil()), UserId::new(Uuid::nil())),
            total_points,
            current_level,
            is_present: true,
            is_present_in_directory: true,
            ledger_points: i64::from(total_points),
            ledger_entries: 1,
        }
    }

    fn invariants(chunk: &MemberChunk) -> Vec<Invariant> {
        chunk.findings().map(|finding| finding.invariant).collect()
    }

    #[test]
    fn a_member_may_be_above_the_level_of_their_points_but_not_below() {
        for (total, level, below) in
            [(0, 1, false), (9, 1, false), (10, 1, true), (0, 9, false), (400, 8, true)]
        {
            let expected = if below { vec![Invariant::Level] } else { vec![] };
            assert_eq!(invariants(&chunk(member(total, level), false)), expected, "{total} at {level}");
        }
    }

    #[test]
    fn who_is_below_their_level_while_members_are_lifted_is_noted_and_not_off() {
        let lifting = chunk(member(10, 1), true);
        assert_eq!((invariants(&lifting), lifting.to_repair().count()), (vec![], 0));
        assert_eq!(lifting.awaiting_level_up().into_values().collect::<Vec<_>>(), [1]);
    }

    #[test]
    fn total_and_presence_are_compared_with_what_they_come_from() {
        let mut row = member(10, 2);
        row.ledger_points = 11;
        row.is_present_in_directory = false;
        let chunk = chunk(row, false);
        assert_eq!(invariants(&chunk), [Invariant::Total, Invariant::Presence]);
        let told: Vec<String> = chunk.findings().map(|finding| finding.to_string()).collect();
        let nil = Uuid::nil();
        assert_eq!(told[0], format!("total: community {nil}, member {nil}: found 10, expected 11"));
    }
}
