//! The rules of points and levels, and nothing else.
//!
//! Members of online communities earn [`Points`] for posts, comments, likes and lessons ([`PointSource`]); points make
//! nine levels ([`LevelConfiguration`]) that never fall again ([`MemberPoints`]); levels open courses
//! ([`CourseAccess`]). Facts may arrive late, twice and in any order: [`LwwRegister`] and [`OnceOnlyKey`] see to it that
//! the effect follows the fact and not the message, and [`Batch`] decides any number of them at once.
//!
//! This crate never does I/O, is never asynchronous, and has neither clock nor randomness: times and ids come in as
//! arguments. It is usable alone, in a unit test or in another service. With the feature `serde`, ids and values
//! (de)serialise as their plain numbers and texts, checked on the way in.
//!
//! ```
//! use gamification_domain::{CommunityId, LevelConfiguration, LevelConfigurationId, LevelDraft, Points};
//! use uuid::Uuid;
//!
//! // A community with levels of its own …
//! let drafts: Vec<LevelDraft> = ["Seed", "Sprout", "Sapling", "Shrub", "Tree", "Grove", "Wood", "Forest", "Taiga"]
//!     .into_iter()
//!     .zip(1..)
//!     .map(|(name, level)| LevelDraft::new(level, name, (level - 1) * 25))
//!     .collect();
//! let community = CommunityId::new(Uuid::from_u128(1));
//! let id = LevelConfigurationId::new(Uuid::from_u128(2));
//! let levels = LevelConfiguration::restore(id, community, 1, &drafts)?;
//!
//! // … and the level of a member with 60 points in it.
//! let points = Points::new(60)?;
//! let level = levels.level_for_points(points);
//! assert_eq!(levels.definition(level).name().as_str(), "Sapling");
//! assert_eq!(levels.points_to_next_level(level, points), Some(Points::new(15)?));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Glossary
//! One word for one concept, the same from the HTTP field to the column:
//!
//! | word | meaning |
//! |---|---|
//! | fact | something that happened on the platform ([`Fact`]), told by one of its events |
//! | event | a message: a CloudEvent of the platform coming in, or a [`DomainEvent`] of ours going out |
//! | ingestion | events coming in: read, turned into facts, recorded |
//! | delivery | events going out, through a channel |
//! | channel | a receiver of outgoing events with a name and a state of its own: a webhook, a bus in the process |
//! | batch | facts that are decided together, in one transaction ([`Batch`]) |
//! | verdict | what became of one fact ([`Verdict`]) |
//! | outcome | what became of one event: the verdict on its fact, or why it has none |
//! | status | the outcome in one word, as answers and metrics have it: `rejected` is a rejection, an invalid event, or a fault of ours |
//! | rejection | why a fact can never be recorded ([`Rejection`]); an event that can't even be understood is *invalid* |
//! | access denied | why a caller may not |
//! | contention | another transaction was in the way; the whole command is tried again |
//! | source, rule | what earns points, and how many how often ([`PointSource::rule`]) |
//! | once scope, once-only key | among which awards one may be made once ([`OnceScope`], [`OnceOnlyKey`]) |
//! | ledger, entry, transaction | the append-only list of what changed totals, and one line of it ([`PointTransaction`]) |
//! | adjustment | points that a person adds or takes away, with a reason ([`Adjustment`]) |
//! | worth, cap | the points of an award by a community's rules, and the most that count on one day ([`CommunityRules`]) |
//! | tally | what a member has earned from a source on a day, which caps go by ([`Tally`]) |
//! | cause | why an entry was posted ([`EntryCause`]) |
//! | member points | the aggregate of one member's total and level in one community ([`MemberPoints`]) |
//! | ratchet | a level once reached stays, whatever happens to points and thresholds |
//! | level-up | a member reached a higher level, by points or by a change of thresholds |
//! | recalculation | leveling a community's members up after a change of thresholds |
//! | level count | how many present members a level has ([`LevelCounts`]) |
//! | directory | who is in which community with which role, and which courses exist: learned from events |
//! | membership, present | whether a user is a member now; points and level of who left stay |
//! | erasure | a user is forgotten, at their request: the community keeps numbers that lead to nobody ([`FactKind::MemberErased`]) |
//! | pseudonym | the id that stands for an erased user in the ledger, made up for it |
//! | sweep | what is left of an erased user's id is replaced by the pseudonym, table by table, beside other work |
//! | like switch | a like, which is on or off; its point hangs on it ([`LikeSwitch`]) |
//! | register, version | a value of which the newest change wins, and the place of a change in that order ([`LwwRegister`], [`LwwVersion`]) |
//! | outbox | events that leave with the transaction that caused them |
//! | lease | the right of one relay at a time to deliver to a channel |
//! | leaderboard, board | the present members of a community by the points of a window of time ([`Leaderboard`]) |
//! | listed | whether a member is on leaderboards for others to see ([`Profile`]) |
//! | scope | what facts read or change, so that it can be locked beforehand ([`Scope`]) |
//! | gate, requirement | the level that a course asks for ([`CourseLevelRequirement`]) |
//!
//! # What a minor version may change
//! New functions, trait implementations and optional features may come. So may a variant of [`FactKind`],
//! [`DomainEvent`], [`PointSource`], [`OncePer`], [`EntryCause`], [`Verdict`] or an error while the major version is 0;
//! they are matched without a wildcard here, and code that does the same is told by the compiler. What stays within a
//! major version: the points of a source and its stable name, the default levels, the messages of mistakes, the
//! serialised forms, and how two changes of one register are ordered. A ledger that was written by an earlier version
//! means the same to a later one.
//!
//! # To add a source of points
//! 1. `point_source.rs`: its row in the table, and its rule. The ledger keeps the consequence of the rule, and one
//!    index guards it; a community's worth and caps by the day come with the row (a cap is a community's own: by default
//!    no source has one). The suite that records every source twice asks for a fact that earns the new one.
//! 2. If a new fact earns it: `event_type.rs`, its type, and `fact.rs`, its variant and its effect: points that it earns
//!    by itself are an award like the others. The compiler names the one other place: `facts.rs` in
//!    `gamification-events`.
//! 3. If its award depends on what was awarded before in another way than by a cap of the day: as caps do it, an aggregate
//!    (`tally.rs`) that [`AwardState`] has, locked behind the members, so that two batches can't both find room; its load
//!    in `load_awards` of `gamification-app`, `commands/record_facts.rs`, and its repository in `gamification-pg`. That a
//!    second batch counts what the first did is for its own test to show.
//! 4. `lib.rs` here exports what is new; the README's table of events, which a test asks for; its name in
//!    `gamification-web/src/locales`, and `npm run schema` there, which CI compares with the API's document.
//! 5. What tests know by themselves, on purpose: `tests/src/audit.rs`, which finds entries of a source it does not know,
//!    and `tests/src/model`.
//!
//! # To add a kind of entry
//! As adjustments are one: points that no rule of a source gives.
//! 1. `point_source.rs`: its source, which is not earned. `point_transaction.rs`: a variant of [`EntryCause`], and what it
//!    keeps in the ledger; the compiler names `member_points.rs`.
//! 2. `event_type.rs`, `fact.rs` and `batch.rs`: the fact that asks for it, and its effect; the compiler names `facts.rs` in
//!    `gamification-events`.
//! 3. `gamification-pg`: a migration for what it keeps, the record in `repositories/ledger.rs`, how a history shows it
//!    (`queries/history.rs`, where what has no reason and fewer points than it asked for was capped), what an erasure
//!    makes of its text and key (`SweepLedger` in `repositories/erasure_sweeps.rs`), and, if it takes points, what an audit
//!    of likes allows for it (`verification/like.rs`). A suite of its own shows these, as `adjustments` and `privacy` do.
//! 4. `observation.rs` of `gamification-app`, where it is to be logged who asked for it.

mod adjustment;
mod aggregate;
mod batch;
mod community_configuration;
mod community_rules;
mod course_level_requirement;
mod directory;
mod event_type;
mod events;
mod fact;
mod ids;
mod leaderboard;
mod level_changes;
mod level_configuration;
mod level_counts;
mod level_distribution;
mod level_mistakes;
mod level_name;
mod level_number;
mod like_switch;
mod lww_register;
mod member_points;
mod member_standing;
mod plain_text;
mod point_source;
mod point_transaction;
mod points;
mod rule_mistakes;
mod rules_draft;
mod search_name;
mod tally;
mod tracked;

pub use adjustment::{Adjustment, AdjustmentReason, AdjustmentReasonError, InvalidAdjustment};
pub use aggregate::Aggregate;
pub use batch::{
    AwardScope, AwardState, Batch, Changes, CourseKey, DirectoryEntries, DirectoryScope, EntryFactory,
    LedgerChanges, LikeChanges, Loaded, MemberKey, MemberNeeded, Rejection, Scope, Verdict,
};
pub use community_configuration::CommunityConfiguration;
pub use community_rules::{CommunityRules, CountedSince, SourceRule, StandingRule, day_of};
pub use course_level_requirement::{CourseAccess, CourseLevelRequirement};
pub use directory::{
    Community, CommunityMember, Course, CourseListing, DirectoryText, InvalidDirectoryText, Profile, Role,
    UnknownRole,
};
pub use event_type::{EventType, UnknownEventType};
pub use events::{DomainEvent, MemberLeveledUp, PointsAwarded, PointsDeducted};
pub use fact::{CourseCommunities, Fact, FactKind, FactRecord};
pub use ids::{
    AdjustmentId, CommentId, CommunityId, CourseId, CourseLevelRequirementId, InvalidId, LessonId,
    LevelConfigurationId, MemberPointsId, PointTransactionId, PostId, SourceId, UserId,
};
pub use leaderboard::{
    Leaderboard, LeaderboardEligibility, SortName, UNNAMED_MEMBER, UnknownLeaderboard, WindowStarts,
    shown_name,
};
pub use level_changes::{LevelChange, LevelChanges};
pub use level_configuration::{LevelBand, LevelConfiguration, LevelDefinition, LevelDraft};
pub use level_counts::{LevelCountChange, LevelCounts};
pub use level_distribution::LevelDistribution;
pub use level_mistakes::{LevelField, LevelMistake, LevelMistakes, LevelPlace, LevelProblem};
pub use level_name::{LevelName, LevelNameError};
pub use level_number::{LevelNumber, LevelOutOfRange};
pub use like_switch::{Content, LikeEffect, LikeKey, LikeSwitch};
pub use lww_register::{
    ChangeOutcome, EventId, EventMetadata, InvalidLabel, LwwRegister, LwwState, LwwVersion, Receipt,
    ReceiptKey, Sequence,
};
pub use member_points::{AppliedChange, MemberPoints, PointEntry};
pub use member_standing::MemberStanding;
pub use point_source::{OncePer, OnceScope, PointRule, PointSource, UnknownPointSource};
pub use point_transaction::{AwardedKeys, EntryCause, OnceOnlyKey, PointTransaction};
pub use points::{PointChange, Points, PointsOutOfRange, PointsOverflow};
pub use rule_mistakes::{RuleField, RuleMistake, RuleMistakes, RulePlace, RuleProblem};
pub use rules_draft::{CapDraft, RuleDraft, RulesDraft};
pub use search_name::SearchName;
pub use tally::{Tally, TallyKey};
