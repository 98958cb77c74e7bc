//! What tests see of statements.

use diesel::{
    pg::{Pg, PgMetadataLookup, PgTypeMetadata},
    query_builder::{QueryBuilder, QueryFragment, bind_collector::RawBytesBindCollector},
    sql_types::HasSqlType,
};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{AnyRows, Rows, Statement};
use crate::json::Json;

/// A column of what a statement gives, as the program expects it.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) oid: u32,
}

impl Column {
    pub(crate) fn of<SqlType>(name: &'static str) -> Self
    where
        Pg: HasSqlType<SqlType>,
    {
        Self { name, oid: oid(&<Pg as HasSqlType<SqlType>>::metadata(&mut NoLookup)) }
    }
}

/// A statement as the program sends it.
pub(crate) struct Checked {
    /// The file it stands in.
    pub(crate) file: &'static str,
    pub(crate) name: &'static str,
    /// As any database is sent it …
    pub(crate) plain: Text,
    /// … and as a distributed one is.
    pub(crate) distributed: Text,
    pub(crate) columns: Vec<Column>,
}

/// What a database is sent.
pub(crate) struct Text {
    pub(crate) sql: String,
    /// The types of its parameters, by number.
    pub(crate) parameters: Vec<u32>,
}

impl Checked {
    pub(crate) fn of<S: Statement + Sample>(
        file: &'static str,
        name: &'static str,
        rows: &[Vec<Column>],
    ) -> Self {
        let text = |is_distributed| {
            let statement = S::sample().sent_to(is_distributed);
            let mut text = diesel::pg::PgQueryBuilder::default();
            statement.to_sql(&mut text, &Pg).expect("a statement has a text");
            let mut binds = RawBytesBindCollector::new();
            statement.collect_binds(&mut binds, &mut NoLookup, &Pg).expect("a statement can be bound");
            Text { sql: text.finish(), parameters: binds.metadata.iter().map(oid).collect() }
        };
        Self { file, name, plain: text(false), distributed: text(true), columns: rows.concat() }
    }
}

fn oid(metadata: &PgTypeMetadata) -> u32 {
    metadata.oid().expect("every type that we use is built into PostgreSQL")
}

/// Types of our own would have to be looked up; there are none.
struct NoLookup;

impl PgMetadataLookup for NoLookup {
    fn lookup_type(&mut self, name: &str, _: Option<&str>) -> PgTypeMetadata {
        panic!("{name} is not built into PostgreSQL")
    }

    fn as_any<'a>(&mut self) -> &mut (dyn std::any::Any + 'a)
    where
        Self: 'a,
    {
        self
    }
}

/// Any value: what is compared does not depend on it.
pub(crate) trait Sample {
    fn sample() -> Self;
}

macro_rules! samples {
    ($($type:ty),+ $(,)?) => {
        $(
            impl Sample for $type {
                fn sample() -> Self {
                    Self::default()
                }
            }
        )+
    };
}

samples!(bool, i16, i32, i64, String, Uuid);

impl Sample for OffsetDateTime {
    fn sample() -> Self {
        Self::UNIX_EPOCH
    }
}

impl<T> Sample for Option<T> {
    fn sample() -> Self {
        None
    }
}

impl<T> Sample for Vec<T> {
    fn sample() -> Self {
        Self::new()
    }
}

impl<R> Sample for Rows<R> {
    fn sample() -> Self {
        std::iter::empty::<R>().collect()
    }
}

impl<R> Sample for AnyRows<R> {
    fn sample() -> Self {
        std::iter::empty::<R>().collect()
    }
}

impl<T: std::fmt::Debug + Sample> Sample for Json<T> {
    fn sample() -> Self {
        Self::new(T::sample())
    }
}
