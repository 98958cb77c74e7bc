//! Transactions whose last statements leave together with the commit: all of them count, or none. And what becomes of
//! sessions afterwards.

use std::time::Duration;

use diesel::{
    ExpressionMethods, QueryDsl,
    dsl::sql,
    pg::Pg,
    serialize::{self, Output, ToSql},
    sql_types::Integer,
};
use gamification_app::ports::{StoreError, UnitOfWork};
use time::OffsetDateTime;
use tokio::time::timeout;

use super::{Migrated, on_a_migrated_database, rows::begin};
use crate::{PgStore, PgTx, schema::channels};

/// A value that has no form on the wire: the statement is never sent.
#[derive(Debug)]
struct Formless;

impl ToSql<Integer, Pg> for Formless {
    fn to_sql<'b>(&'b self, _: &mut Output<'b, '_, Pg>) -> serialize::Result {
        Err("it has no form".into())
    }
}

fn register(tx: &mut PgTx, name: &'static str) {
    let channel = (channels::name.eq(name), channels::registered_at.eq(OffsetDateTime::UNIX_EPOCH));
    tx.execute(diesel::insert_into(channels::table).values(channel));
}

/// Registers two channels with something in between, and looks what is there.
async fn registered(store: &PgStore, between: impl Fn(&mut PgTx)) -> (Result<(), StoreError>, Vec<String>) {
    let mut tx = begin(store).await;
    register(&mut tx, "before");
    between(&mut tx);
    register(&mut tx, "behind");
    let committed = tx.commit().await;
    let names = store.load(channels::table.select(channels::name).order(channels::name)).await;
    (committed, names.expect("the database can be asked"))
}

#[tokio::test(flavor = "multi_thread")]
async fn of_statements_that_leave_with_the_commit_all_count_or_none() {
    on_a_migrated_database(|database| async move {
        let Migrated { client, .. } = &database;
        let store = database.store();
        let session = async || store.load(diesel::select(sql::<Integer>("pg_backend_pid()"))).await;
        let begun: Vec<i32> = session().await.expect("a number");
        // First when they are prepared on the way, then when they have been.
        for _ in 0..2 {
            let (refused, names) = registered(&store, |tx| register(tx, "before")).await;
            assert!(matches!(refused, Err(StoreError::Conflict { .. })), "{refused:?}");
            assert_eq!(names, [""; 0]);

            let formless = || diesel::sql_query("SELECT $1").bind::<Integer, _>(Formless);
            let (not_sent, names) = registered(&store, |tx| tx.execute(formless())).await;
            assert!(matches!(not_sent, Err(StoreError::Corrupt(_))), "{not_sent:?}");
            assert_eq!(names, [""; 0]);

            // Behind more of them than leave side by side.
            let (not_sent, names) = registered(&store, |tx| {
                (0..40).for_each(|_| tx.execute(channels::table.select(channels::id)));
                tx.execute(formless());
                (0..40).for_each(|_| tx.execute(channels::table.select(channels::id)));
            })
            .await;
            assert!(matches!(not_sent, Err(StoreError::Corrupt(_))), "{not_sent:?}");
            assert_eq!(names, [""; 0]);

            let (committed, names) = registered(&store, |_| {}).await;
            assert!(committed.is_ok(), "{committed:?}");
            assert_eq!(names, ["before", "behind"]);
            client.batch_execute("DELETE FROM channels").await.expect("it can be emptied");
        }
        assert_eq!(session().await.expect("a number"), begun, "a refusal costs no connection");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_whose_answer_nobody_waits_for_is_not_the_next_callers() {
    on_a_migrated_database(|database| async move {
        let store = database.store();
        let session = || diesel::select(sql::<Integer>("pg_backend_pid()"));
        let first: Vec<i32> = store.load(session()).await.expect("a number");
        let again: Vec<i32> = store.load(session()).await.expect("a number");
        assert_eq!(first, again, "one that was answered works again");
        let slow = store.load::<_, i32>(diesel::select(sql::<Integer>("length(pg_sleep(3)::text)")));
        assert!(timeout(Duration::from_millis(100), slow).await.is_err(), "it takes longer");
        let next: Vec<i32> = store.load(session()).await.expect("a number");
        assert_ne!(first, next);
    })
    .await;
}
