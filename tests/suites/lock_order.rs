//! Members are inserted and locked in the order of their keys, whatever order they are asked for in: two transactions
//! that took them in different orders could wait for one another.
//!
//! Facts can't show it: a batch sorts what it asks for.

use gamification_app::ports::{Repository, Store, StoreError, UnitOfWork};
use gamification_domain::{CommunityId, MemberPoints, MemberPointsId, UserId};
use gamification_pg::{
    PgStore,
    connection::{Connector, DatabaseUrl},
};
use gamification_tests::TestDatabase;
use time::OffsetDateTime;
use tokio_postgres::{Client, error::SqlState};
use uuid::Uuid;

const COMMUNITY: u128 = 1;
const FIRST: u128 = 10;
const MIDDLE: u128 = 20;
const LAST: u128 = 30;

fn member(key: u128) -> MemberPoints {
    let (community_id, user_id) =
        (CommunityId::new(Uuid::from_u128(COMMUNITY)), UserId::new(Uuid::from_u128(key)));
    MemberPoints::new(MemberPointsId::new(Uuid::now_v7()), community_id, user_id)
}

async fn lock(store: &PgStore, keys: &[u128]) -> Result<(), StoreError> {
    let members: Vec<MemberPoints> = keys.iter().copied().map(member).collect();
    let mut tx = store.begin().await?;
    tx.lock(&members, OffsetDateTime::now_utc()).await?;
    tx.commit().await
}

/// Inserts a member, in a transaction of its own or the client's.
fn insert(key: u128) -> String {
    let [community, user] = [COMMUNITY, key].map(Uuid::from_u128);
    format!(
        "INSERT INTO member_points
             (community_id, id, user_id, total_points, current_level, is_present, created_at, updated_at)
         VALUES ('{community}', gen_random_uuid(), '{user}', 0, 1, false, now(), now())"
    )
}

/// Locks a member.
fn select(key: u128) -> String {
    let [community, user] = [COMMUNITY, key].map(Uuid::from_u128);
    format!("SELECT FROM member_points WHERE community_id = '{community}' AND user_id = '{user}' FOR UPDATE")
}

/// Asks for the last member before the middle one, whom another transaction holds by `statement`, and sees to it that
/// the last one can be had all the time, by the same statement.
async fn the_last_is_free_while_the_middle_is_waited_for(
    database: &TestDatabase,
    statement: impl Fn(u128) -> String,
) {
    let (mut holder, mut prober): (Client, Client) = (database.client().await, database.client().await);
    let hold = holder.transaction().await.unwrap();
    hold.batch_execute(&statement(MIDDLE)).await.unwrap();
    prober.batch_execute("SET lock_timeout = '1ms'").await.unwrap();
    // Only a plan that follows the table shows that nothing but the statement sorts: what is asked for is sorted before.
    let along_the_table = "&options=-c%20enable_nestloop%3Doff%20-c%20enable_mergejoin%3Doff\
                           %20-c%20enable_indexscan%3Doff%20-c%20enable_indexonlyscan%3Doff\
                           %20-c%20enable_bitmapscan%3Doff";
    let url = DatabaseUrl::parse(&format!("{}{along_the_table}", database.url())).unwrap();
    let store = PgStore::new(Connector::new(url).unwrap(), 1).unwrap();
    let waiting = tokio::spawn(async move { lock(&store, &[LAST, MIDDLE, FIRST]).await });
    while !waiting.is_finished() {
        let probe = prober.transaction().await.unwrap();
        let probed = probe.batch_execute(&statement(LAST)).await;
        let is_locked = probed.is_err_and(|error| error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE));
        assert!(!is_locked, "the last member was taken before the middle one");
        probe.rollback().await.unwrap();
    }
    let waited = waiting.await.unwrap();
    assert!(matches!(waited, Err(StoreError::Contention(_))), "it waited for the middle one: {waited:?}");
    hold.rollback().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn new_members_are_inserted_in_the_order_of_their_keys() {
    let database = TestDatabase::migrated().await;
    the_last_is_free_while_the_middle_is_waited_for(&database, insert).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn members_are_locked_in_the_order_of_their_keys() {
    let database = TestDatabase::migrated().await;
    let store = database.store(1);
    // On disk they lie the other way round.
    for key in [LAST, MIDDLE, FIRST] {
        lock(&store, &[key]).await.unwrap();
    }
    the_last_is_free_while_the_middle_is_waited_for(&database, select).await;
}
