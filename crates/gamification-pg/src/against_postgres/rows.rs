//! What writing rows leaves in them, and what reading damaged ones says.

use gamification_app::ports::{
    CommunityRulesRepository, ConfigurationLock, ConfigurationRepository, CourseLevelRequirementRepository,
    LikeSwitchRepository, MembershipQueries, RecalculationRepository, Repository, Store, StoreError,
    UnitOfWork,
};
use gamification_domain::{
    Community, CommunityConfiguration, CommunityId, CommunityMember, Content, Course, CourseId,
    CourseLevelRequirement, CourseLevelRequirementId, EventId, EventMetadata, LevelConfiguration,
    LevelConfigurationId, LevelDraft, LevelNumber, LikeKey, LikeSwitch, MemberPoints, MemberPointsId, PostId,
    RulesDraft, UserId,
};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::{Migrated, on_a_migrated_database};
use crate::{PgStore, PgTx};

const ID: Uuid = Uuid::from_u128(1);
const COMMUNITY: CommunityId = CommunityId::new(ID);
const USER: UserId = UserId::new(ID);
const COURSE: CourseId = CourseId::new(ID);
const CREATED: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;
const UPDATED: OffsetDateTime = OffsetDateTime::UNIX_EPOCH.saturating_add(Duration::HOUR);

impl Migrated {
    pub(super) fn store(&self) -> PgStore {
        PgStore::new(self.connector.clone(), 1).expect("a runtime is here")
    }
}

#[expect(clippy::disallowed_methods, reason = "the repositories themselves are tested")]
pub(super) async fn begin(store: &PgStore) -> PgTx {
    store.begin().await.expect("the database can be reached")
}

/// Writes one row of every table that notes when it was changed last.
async fn write(tx: &mut PgTx, now: OffsetDateTime) -> Result<(), StoreError> {
    let community = Community::new(COMMUNITY);
    tx.lock(std::slice::from_ref(&community), now).await?;
    tx.save(&[community], now).await?;
    let membership = CommunityMember::new(COMMUNITY, USER);
    tx.lock(std::slice::from_ref(&membership), now).await?;
    tx.save(&[membership], now).await?;
    let course = Course::new(COMMUNITY, COURSE);
    tx.lock(std::slice::from_ref(&course), now).await?;
    tx.save(&[course], now).await?;
    let member = MemberPoints::new(MemberPointsId::new(ID), COMMUNITY, USER);
    tx.lock(std::slice::from_ref(&member), now).await?;
    tx.save(&[member], now).await?;
    let levels = LevelConfiguration::default_for(LevelConfigurationId::new(ID), COMMUNITY);
    let mut found =
        tx.lock_configurations(ConfigurationLock::Shared, std::slice::from_ref(&levels), now).await?;
    let CommunityConfiguration { mut levels, mut rules } = found.remove(0);
    // Another version, each time.
    let mut drafts: Vec<LevelDraft> = levels.levels().iter().map(LevelDraft::from).collect();
    drafts[0].name = Some(format!("Since {now}").chars().take(30).collect());
    levels.update_levels(&drafts).expect("these are levels");
    tx.save_level_configuration(&levels, USER, now).await?;
    let mut draft = RulesDraft::from(&rules);
    draft.rules[0].points = Some(i64::from(rules.version()) + 10);
    rules.update(&draft, now).expect("these are rules");
    tx.save_community_rules(&rules, USER, now).await?;
    let requirement = CourseLevelRequirement {
        id: CourseLevelRequirementId::new(ID),
        community_id: COMMUNITY,
        course_id: COURSE,
        minimum_level: LevelNumber::MIN,
    };
    tx.put_course_level_requirement(&requirement, now).await?;
    let key = LikeKey { community_id: COMMUNITY, content: Content::Post(PostId::new(ID)), liker_id: USER };
    let mut switch = LikeSwitch::new(key);
    let event_id = EventId::parse("a like").expect("a label");
    switch.like(USER, &EventMetadata { event_id, sequence: None, time: None, received_at: CREATED });
    if tx.lock_like_switches(&[key].into()).await?.is_empty() {
        tx.insert_like_switches(&[switch], now).await?;
    } else {
        tx.save_like_switches(&[switch], now).await?;
    }
    if tx.lock_recalculation(COMMUNITY).await?.is_none() {
        tx.insert_recalculation(COMMUNITY, ID, now).await?;
    }
    tx.save_recalculation(COMMUNITY, USER, 1, now).await
}

/// The times of the only row of each table that has them.
async fn times(database: &Migrated) -> Vec<(String, OffsetDateTime, OffsetDateTime)> {
    let tables = "SELECT table_name::text FROM information_schema.columns
                  WHERE table_schema = 'public' AND column_name = 'updated_at' ORDER BY 1";
    let mut times = Vec::new();
    for row in database.client.query(tables, &[]).await.expect(tables) {
        let table: String = row.get(0);
        let query = format!(
            "SELECT EXTRACT(epoch FROM created_at)::bigint, EXTRACT(epoch FROM updated_at)::bigint FROM {table}"
        );
        let row =
            database.client.query_one(&query, &[]).await.unwrap_or_else(|error| panic!("{query}: {error}"));
        let time = |column| OffsetDateTime::from_unix_timestamp(row.get(column)).expect("a time");
        times.push((table, time(0), time(1)));
    }
    times
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_moves_updated_at_and_leaves_created_at() {
    on_a_migrated_database(|database| async move {
        let store = database.store();
        for now in [CREATED, UPDATED] {
            let mut tx = begin(&store).await;
            write(&mut tx, now).await.expect("every row can be written");
            tx.commit().await.expect("the transaction can be committed");
            let times = times(&database).await;
            assert!(times.len() >= 8, "{times:?}");
            for (table, created_at, updated_at) in times {
                assert_eq!((created_at, updated_at), (CREATED, now), "{table}");
            }
        }
        // Members are leveled up by another statement.
        let later = UPDATED + Duration::HOUR;
        database.client.batch_execute("UPDATE member_points SET total_points = 10").await.expect("an update");
        let levels = LevelConfiguration::default_for(LevelConfigurationId::new(ID), COMMUNITY);
        let mut tx = begin(&store).await;
        let level_ups =
            tx.level_up_members(&levels, USER, vec![ID], later).await.expect("a member levels up");
        tx.commit().await.expect("the transaction can be committed");
        assert_eq!(level_ups.level_ups.len(), 1);
        let times = times(&database).await;
        assert!(times.contains(&("member_points".to_owned(), CREATED, later)), "{times:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_be_understood_is_named_by_table_column_and_key() {
    on_a_migrated_database(|database| async move {
        let store = database.store();
        let mut tx = begin(&store).await;
        write(&mut tx, CREATED).await.expect("every row can be written");
        tx.commit().await.expect("the transaction can be committed");
        let damage = "UPDATE community_members SET role = 'KING', is_present = true;
                      UPDATE level_configurations SET levels = '{}'";
        database.client.batch_execute(damage).await.expect("no check is in the way");
        let told = |error: Option<StoreError>| match error {
            Some(StoreError::Corrupt(cause)) => cause.to_string(),
            other => panic!("{other:?}"),
        };
        let error = store.membership((COMMUNITY, USER)).await.err();
        assert_eq!(told(error), format!("community_members.role of {ID}, {ID} can't be understood"));
        let mut tx = begin(&store).await;
        let error = tx.lock_configuration(COMMUNITY).await.err();
        assert_eq!(told(error), format!("level_configurations.levels of {ID} can't be understood"));
    })
    .await;
}
