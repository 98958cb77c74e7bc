//! A store in memory for batches.

use super::*;

/// Aggregates by key.
#[derive(Clone)]
pub(super) struct Shelf<A: Aggregate>(pub(super) BTreeMap<A::Key, A>);

impl<A: Aggregate> Default for Shelf<A> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<A: Aggregate> Shelf<A> {
    pub(super) fn find(&self, keys: &BTreeSet<A::Key>) -> Vec<A> {
        keys.iter().filter_map(|key| self.0.get(key).cloned()).collect()
    }

    pub(super) fn save(&mut self, changed: Vec<A>) {
        self.0.extend(changed.into_iter().map(|value| (value.key(), value)));
    }
}

/// A store of values, so that batches can follow one another; the ledger is all it was ever told.
#[derive(Default)]
pub(super) struct Memory {
    pub(super) communities: Shelf<Community>,
    pub(super) community_members: Shelf<CommunityMember>,
    pub(super) courses: Shelf<Course>,
    pub(super) member_points: Shelf<MemberPoints>,
    pub(super) like_switches: Shelf<LikeSwitch>,
    pub(super) ledger: Vec<PointTransaction>,
    pub(super) events: Vec<DomainEvent>,
    pub(super) level_counts: BTreeMap<LevelNumber, i64>,
    pub(super) extra: BTreeSet<MemberKey>,
    pub(super) ids: u128,
    /// The rules, where they are not the default.
    pub(super) rules: Option<CommunityRules>,
    pub(super) tallies: Shelf<Tally>,
}

impl Memory {
    pub(super) fn load(&self, Scope { directory, awards, likes }: &Scope) -> Loaded {
        let new_member = |key: &MemberKey| {
            MemberPoints::new(MemberPointsId::new(Uuid::from_u128(key.1.as_uuid().as_u128())), key.0, key.1)
        };
        let member =
            |key: &MemberKey| self.member_points.0.get(key).cloned().unwrap_or_else(|| new_member(key));
        let key_of = |entry: &PointTransaction| {
            let owner = UserId::new(entry.member_points_id.as_uuid());
            OnceOnlyKey::of(entry.community_id, entry.source, entry.source_id, owner)
        };
        let configuration = |community: &CommunityId| CommunityConfiguration {
            levels: LevelConfiguration::default_for(LevelConfigurationId::new(Uuid::nil()), *community),
            rules: self.rules.clone().unwrap_or_else(|| CommunityRules::default_for(*community)),
        };
        Loaded {
            directory: DirectoryEntries {
                communities: self.communities.find(&directory.communities),
                members: self.community_members.find(&directory.members),
                courses: self.courses.find(&directory.courses),
            },
            awards: AwardState {
                configurations: awards.communities.iter().map(configuration).collect(),
                members: awards.members.union(&self.extra).map(member).collect(),
                awarded_keys: self.ledger.iter().filter_map(key_of).collect(),
                tallies: Vec::new(),
            },
            likes: self.like_switches.find(likes),
        }
    }

    pub(super) fn record(&mut self, records: &[FactRecord]) -> Vec<Verdict> {
        let mut ids = self.ids;
        let mut next_id = || {
            ids += 1;
            Uuid::from_u128(ids)
        };
        let mut entries = EntryFactory { recorded_at: NOON, next_id: &mut next_id };
        let mut loaded = self.load(&Scope::of(records));
        loaded.awards.tallies = self.tallies(records, &loaded.awards);
        let mut batch = Batch::new(loaded);
        let decided: Result<Vec<Verdict>, MemberNeeded> =
            records.iter().map(|record| batch.record(record, &mut entries)).collect();
        self.ids = ids;
        match decided {
            Err(MemberNeeded(member)) => {
                assert!(self.extra.insert(member), "asked for {member:?} twice");
                self.record(records)
            }
            Ok(verdicts) => {
                self.write(batch.into_changes());
                verdicts
            }
        }
    }

    pub(super) fn write(&mut self, Changes { directory, likes, ledger }: Changes) {
        self.communities.save(directory.communities);
        self.community_members.save(directory.members);
        self.courses.save(directory.courses);
        self.member_points.save(ledger.members);
        self.tallies.save(ledger.tallies);
        self.like_switches.save(likes.new);
        self.like_switches.save(likes.changed);
        for LevelCountChange { level, members, .. } in ledger.level_counts.into_changes() {
            assert_ne!(members, 0);
            *self.level_counts.entry(level).or_default() += members;
        }
        self.ledger.extend(ledger.transactions);
        self.events.extend(ledger.events);
    }

    /// What is kept, or what follows from the ledger for a cap that is new.
    pub(super) fn tallies(&self, records: &[FactRecord], awards: &AwardState) -> Vec<Tally> {
        let rules = awards.configurations.iter().map(|found| &found.rules);
        let now = |wanted: Tally| {
            let kept = self.tallies.0.get(&wanted.key);
            let kept = kept.filter(|kept| kept.counted_since == wanted.counted_since);
            kept.cloned().unwrap_or_else(|| Tally { earned: self.earned(&wanted), ..wanted })
        };
        Tally::of(records, rules, &awards.members, &awards.awarded_keys).into_iter().map(now).collect()
    }

    /// What the ledger says of a tally.
    pub(super) fn earned(&self, tally: &Tally) -> Points {
        let TallyKey { source, day, liker_id, .. } = tally.key;
        let counts = |line: &&PointTransaction| {
            line.member_points_id == tally.member_points_id
                && line.source == source
                && crate::day_of(line.occurred_at) == day
                && liker_id.is_none_or(|liker_id| liker_id == line.actor_id)
        };
        let earned = self.ledger.iter().filter(counts).map(|line| line.change.signed().max(0));
        Points::new(i64::from(earned.sum::<i32>())).unwrap()
    }

    pub(super) fn totals(&self) -> BTreeMap<UserId, (i32, u8)> {
        let members = self.member_points.0.values();
        members
            .filter(|member| {
                member.total_points() > Points::ZERO || member.current_level() > LevelNumber::MIN
            })
            .map(|member| (member.user_id(), (member.total_points().get(), member.current_level().get())))
            .collect()
    }

    pub(super) fn present(&self) -> Vec<UserId> {
        let present = self.member_points.0.values().filter(|member| member.is_present());
        present.map(MemberPoints::user_id).collect()
    }

    pub(super) fn points(&self) -> BTreeMap<UserId, i32> {
        self.totals()
            .into_iter()
            .map(|(user, (points, _))| (user, points))
            .filter(|(_, points)| *points > 0)
            .collect()
    }

    pub(super) fn check_ledger(&self) {
        let rules = self.rules.as_ref();
        for tally in self.tallies.0.values().filter(|tally| rules.is_some_and(|rules| rules.counts(tally))) {
            assert_eq!(tally.earned, self.earned(tally), "{tally:?}");
        }
        for (level, count) in &self.level_counts {
            let there = |member: &&MemberPoints| member.is_present() && member.current_level() == *level;
            let members = self.member_points.0.values().filter(there).count();
            assert_eq!(i64::try_from(members), Ok(*count), "at level {level}");
        }
        for member in self.member_points.0.values() {
            let lines = self.ledger.iter().filter(|line| line.member_points_id == member.id());
            let sum: i32 = lines.map(|line| line.change.signed()).sum();
            assert_eq!(sum, member.total_points().get());
        }
    }
}
