//! Transactions whose last statements leave together with the commit: all of them count, or none.

use diesel::{
    ExpressionMethods, QueryDsl,
    pg::Pg,
    serialize::{self, Output, ToSql},
    sql_types::Integer,
};
use gamification_app::ports::{StoreError, UnitOfWork};
use time::OffsetDateTime;

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
        let session =
            async || store.load(diesel::select(diesel::dsl::sql::<Integer>("pg_backend_pid()"))).await;
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

            let (committed, names) = registered(&store, |_| {}).await;
            assert!(committed.is_ok(), "{committed:?}");
            assert_eq!(names, ["before", "behind"]);
            client.batch_execute("DELETE FROM channels").await.expect("it can be emptied");
        }
        assert_eq!(session().await.expect("a number"), begun, "a refusal costs no connection");
    })
    .await;
}
