//! Rows as records: what their fields are called, and which SQL types they have.

use std::{collections::BTreeSet, fmt::Debug};

use diesel::{
    deserialize::{self, FromSql, FromSqlRow},
    expression::Expression,
    pg::{Pg, PgValue},
    query_builder::AstPass,
    query_source::Column,
    result::QueryResult,
    serialize::{self, Output, ToSql},
    sql_types::{Array, HasSqlType, Nullable, Record as SqlRecord, SqlType, Uuid as SqlUuid},
};
use uuid::Uuid;

/// What says which SQL type a value has: a column of the schema, or one of the types below.
pub(crate) trait Typed {
    /// The type of the values in Diesel.
    type SqlType: 'static;

    /// Adds what a test compares with the columns that PostgreSQL gives.
    #[cfg(test)]
    fn columns(name: &'static str, columns: &mut Vec<super::checks::Column>);
}

impl<C: Column> Typed for C
where
    Pg: HasSqlType<<C as Expression>::SqlType>,
    <C as Expression>::SqlType: 'static,
{
    type SqlType = <C as Expression>::SqlType;

    #[cfg(test)]
    fn columns(name: &'static str, columns: &mut Vec<super::checks::Column>) {
        columns.push(super::checks::Column::of::<Self::SqlType>(name));
    }
}

/// A value of no column: a limit, a sum.
pub(crate) struct Plain<T>(std::marker::PhantomData<T>);

impl<T: 'static> Typed for Plain<T>
where
    Pg: HasSqlType<T>,
{
    type SqlType = T;

    #[cfg(test)]
    fn columns(name: &'static str, columns: &mut Vec<super::checks::Column>) {
        columns.push(super::checks::Column::of::<Self::SqlType>(name));
    }
}

/// What may be NULL here although its column may not.
pub(crate) struct OrNull<T>(std::marker::PhantomData<T>);

impl<T: Typed> Typed for OrNull<T> {
    type SqlType = Nullable<T::SqlType>;

    #[cfg(test)]
    fn columns(name: &'static str, columns: &mut Vec<super::checks::Column>) {
        T::columns(name, columns);
    }
}

/// What is never NULL here although its column may be.
pub(crate) struct NotNull<T>(std::marker::PhantomData<T>);

impl<T, S> Typed for NotNull<T>
where
    T: Typed<SqlType = Nullable<S>>,
    S: SqlType + 'static,
    Pg: HasSqlType<S>,
{
    type SqlType = S;

    #[cfg(test)]
    fn columns(name: &'static str, columns: &mut Vec<super::checks::Column>) {
        columns.push(super::checks::Column::of::<S>(name));
    }
}

/// An array of values, sent as one parameter.
impl<T: Typed> Typed for [T]
where
    Pg: HasSqlType<T::SqlType>,
{
    type SqlType = Array<T::SqlType>;

    #[cfg(test)]
    fn columns(name: &'static str, columns: &mut Vec<super::checks::Column>) {
        columns.push(super::checks::Column::of::<Self::SqlType>(name));
    }
}

/// All columns of another record, in their order.
pub(crate) struct Nested<R>(std::marker::PhantomData<R>);

impl<R: Record> Typed for Nested<R> {
    type SqlType = R::SqlTypes;

    #[cfg(test)]
    fn columns(_: &'static str, columns: &mut Vec<super::checks::Column>) {
        columns.extend(R::columns());
    }
}

/// A row whose columns are known by name and SQL type: declared with [`record!`].
pub(crate) trait Record: Sized {
    /// The SQL types of its columns, a tuple.
    type SqlTypes: 'static;
    /// The Rust types of its columns, a tuple.
    type Fields;

    /// The record, from the values of its columns in the order of its declaration.
    fn from_fields(fields: Self::Fields) -> Self;

    /// What a test compares with the columns that PostgreSQL gives.
    #[cfg(test)]
    fn columns() -> Vec<super::checks::Column>;
}

/// A record that can be sent: each of its columns as one array.
pub(crate) trait Written: Record + Debug {
    /// What its columns are called.
    const NAMES: &'static [&'static str];

    /// Of which community it is, where it says so.
    fn community_id(&self) -> Option<Uuid>;

    /// Binds the columns of a set, separated by commas.
    fn bind<'b>(rows: &'b Rows<Self>, out: AstPass<'_, 'b, Pg>) -> QueryResult<()>;
}

/// The set of rows that a statement works through. In the text it stands where a table would, under the parameter's
/// name: `FROM :wanted`.
///
/// A statement whose set is empty has nothing to do, and is not sent.
#[derive(Debug)]
pub(crate) struct Rows<R>(Vec<R>);

impl<R> Rows<R> {
    pub(crate) fn as_slice(&self) -> &[R] {
        &self.0
    }

    pub(crate) const fn is_idle(&self) -> bool {
        self.0.is_empty()
    }
}

impl<R: Written> Rows<R> {
    /// What its columns are called, for each of which an array is bound.
    pub(crate) const COLUMNS: &'static [&'static str] = R::NAMES;

    /// The table that the set stands for.
    pub(crate) fn walk<'b>(&'b self, name: &str, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("UNNEST(");
        R::bind(self, out.reborrow())?;
        out.push_sql(") AS ");
        out.push_sql(name);
        let mut separator = " (";
        for column in R::NAMES {
            out.push_sql(separator);
            out.push_sql(column);
            separator = ", ";
        }
        out.push_sql(")");
        Ok(())
    }

    /// The communities of the set, each once.
    pub(crate) fn walk_communities<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_bind_param::<Communities, _>(self)
    }
}

/// The SQL type of the distinct communities of a set, a type of its own so that it has its own way to be bound.
pub(crate) struct Communities {}

impl HasSqlType<Communities> for Pg {
    fn metadata(lookup: &mut Self::MetadataLookup) -> Self::TypeMetadata {
        <Self as HasSqlType<Array<SqlUuid>>>::metadata(lookup)
    }
}

impl<R: Written> ToSql<Communities, Pg> for Rows<R> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        let communities: BTreeSet<Uuid> = self.0.iter().filter_map(Written::community_id).collect();
        let communities: Vec<Uuid> = communities.into_iter().collect();
        <[Uuid] as ToSql<Array<SqlUuid>, Pg>>::to_sql(&communities, &mut out.reborrow())
    }
}

impl<R, T> FromIterator<T> for Rows<R>
where
    R: From<T>,
{
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Self(items.into_iter().map(R::from).collect())
    }
}

impl<'a, R, T> From<&'a [T]> for Rows<R>
where
    R: From<&'a T>,
{
    fn from(items: &'a [T]) -> Self {
        items.iter().collect()
    }
}

/// A set of rows like [`Rows`], in a statement that has something to do even when it is empty.
#[derive(Debug)]
pub(crate) struct AnyRows<R>(Rows<R>);

impl<R> AnyRows<R> {
    #[expect(clippy::unused_self, reason = "the same method as that of Rows")]
    pub(crate) const fn is_idle(&self) -> bool {
        false
    }
}

impl<R: Written> AnyRows<R> {
    pub(crate) const COLUMNS: &'static [&'static str] = R::NAMES;

    pub(crate) fn walk<'b>(&'b self, name: &str, out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.0.walk(name, out)
    }

    pub(crate) fn walk_communities<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.0.walk_communities(out)
    }
}

impl<R: From<T>, T> FromIterator<T> for AnyRows<R> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Self(items.into_iter().collect())
    }
}

/// Any number of records in one column. In the text it is written `[[array_send(]]array_agg(answer)[[)]]`, over a subselect
/// `answer` that has the records' columns: Citus can't take records without a type from one machine to another, but the bytes
/// that they are sent as.
#[derive(Debug, FromSqlRow)]
pub(crate) struct Records<R>(Vec<R>);

impl<R> IntoIterator for Records<R> {
    type Item = R;
    type IntoIter = std::vec::IntoIter<R>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<R: Record> Typed for Records<R> {
    type SqlType = Array<SqlRecord<R::SqlTypes>>;

    #[cfg(test)]
    fn columns(_: &'static str, columns: &mut Vec<super::checks::Column>) {
        columns.extend(R::columns());
    }
}

impl<R: Record> FromSql<Array<SqlRecord<R::SqlTypes>>, Pg> for Records<R>
where
    R::Fields: FromSql<SqlRecord<R::SqlTypes>, Pg>,
{
    fn from_sql(bytes: PgValue<'_>) -> deserialize::Result<Self> {
        let records = <Vec<R::Fields> as FromSql<Array<SqlRecord<R::SqlTypes>>, Pg>>::from_sql(bytes)?;
        Ok(Self(records.into_iter().map(R::from_fields).collect()))
    }

    /// PostgreSQL aggregates no rows to NULL.
    fn from_nullable_sql(bytes: Option<PgValue<'_>>) -> deserialize::Result<Self> {
        bytes.map_or_else(|| Ok(Self(Vec::new())), Self::from_sql)
    }
}

/// A row, and in its last column any number of records that belong to it.
impl<R: Record, M: Record> Record for (R, Records<M>) {
    type SqlTypes = (R::SqlTypes, Array<SqlRecord<M::SqlTypes>>);
    type Fields = Self;

    fn from_fields(fields: Self) -> Self {
        fields
    }

    #[cfg(test)]
    fn columns() -> Vec<super::checks::Column> {
        [R::columns(), M::columns()].concat()
    }
}

/// A row, and in its last two columns any number of records of two kinds that belong to it.
impl<R: Record, M: Record, N: Record> Record for (R, Records<M>, Records<N>) {
    type SqlTypes = (R::SqlTypes, Array<SqlRecord<M::SqlTypes>>, Array<SqlRecord<N::SqlTypes>>);
    type Fields = Self;

    fn from_fields(fields: Self) -> Self {
        fields
    }

    #[cfg(test)]
    fn columns() -> Vec<super::checks::Column> {
        [R::columns(), M::columns(), N::columns()].concat()
    }
}

/// Nothing but records of three kinds, in one row.
impl<A: Record, B: Record, C: Record> Record for (Records<A>, Records<B>, Records<C>) {
    type SqlTypes =
        (Array<SqlRecord<A::SqlTypes>>, Array<SqlRecord<B::SqlTypes>>, Array<SqlRecord<C::SqlTypes>>);
    type Fields = Self;

    fn from_fields(fields: Self) -> Self {
        fields
    }

    #[cfg(test)]
    fn columns() -> Vec<super::checks::Column> {
        [A::columns(), B::columns(), C::columns()].concat()
    }
}

/// Declares a record: each field with its type in Rust and, after `=>`, what gives its SQL type.
///
/// `Read` is for what statements give, `Written` for sets that are sent. What is read has its columns in the order of
/// the fields, and under their names; a test compares them.
macro_rules! record {
    ($(#[$attribute:meta])* $visibility:vis struct $name:ident: Read & Written $fields:tt) => {
        $crate::statement::record!(@Struct [$(#[$attribute])* $visibility] $name $fields);
        $crate::statement::record!(@Read $name $fields);
        $crate::statement::record!(@Written $name $fields);
    };
    ($(#[$attribute:meta])* $visibility:vis struct $name:ident: $ability:ident $fields:tt) => {
        $crate::statement::record!(@Struct [$(#[$attribute])* $visibility] $name $fields);
        $crate::statement::record!(@$ability $name $fields);
    };

    (@Struct [$(#[$attribute:meta])* $visibility:vis] $name:ident {
        $($(#[$field_attribute:meta])* $field:ident: $rust:ty => $sql:ty),+ $(,)?
    }) => {
        $(#[$attribute])*
        #[derive(Debug)]
        $visibility struct $name {
            $($(#[$field_attribute])* pub(crate) $field: $rust),+
        }

        impl $crate::statement::Record for $name {
            type SqlTypes = ($(<$sql as $crate::statement::Typed>::SqlType,)+);
            type Fields = ($($rust,)+);

            fn from_fields(($($field,)+): Self::Fields) -> Self {
                Self { $($field),+ }
            }

            #[cfg(test)]
            fn columns() -> Vec<$crate::statement::checks::Column> {
                let mut columns = Vec::new();
                $(<$sql as $crate::statement::Typed>::columns(stringify!($field), &mut columns);)+
                columns
            }
        }
    };

    (@Read $name:ident $fields:tt) => {
        impl diesel::deserialize::Queryable<<$name as $crate::statement::Record>::SqlTypes, diesel::pg::Pg>
            for $name
        {
            type Row = <$name as $crate::statement::Record>::Fields;

            fn build(fields: Self::Row) -> diesel::deserialize::Result<Self> {
                Ok(<$name as $crate::statement::Record>::from_fields(fields))
            }
        }
    };

    (@Written $name:ident {
        $($(#[$field_attribute:meta])* $field:ident: $rust:ty => $sql:ty),+ $(,)?
    }) => {
        const _: () = {
            use diesel::{pg::Pg, query_builder::AstPass, serialize::{self, Output, ToSql}, sql_types::{Array, HasSqlType}};
            use $crate::statement::{Rows, Typed, Written};

            /// The SQL types of the columns as arrays: a type each, so that each has its own way to be bound.
            mod arrays {
                $(
                    #[expect(non_camel_case_types, reason = "named as its field")]
                    pub(super) struct $field {}
                )+
            }

            $(
                impl HasSqlType<arrays::$field> for Pg {
                    fn metadata(lookup: &mut Self::MetadataLookup) -> Self::TypeMetadata {
                        <Pg as HasSqlType<Array<<$sql as Typed>::SqlType>>>::metadata(lookup)
                    }
                }

                impl ToSql<arrays::$field, Pg> for Rows<$name> {
                    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
                        let column: Vec<&$rust> = self.as_slice().iter().map(|row| &row.$field).collect();
                        <[&$rust] as ToSql<Array<<$sql as Typed>::SqlType>, Pg>>::to_sql(&column, &mut out.reborrow())
                    }
                }
            )+

            impl Written for $name {
                const NAMES: &'static [&'static str] = &[$(stringify!($field)),+];

                fn community_id(&self) -> Option<uuid::Uuid> {
                    None$(.or($crate::statement::community!(self $field)))+
                }

                fn bind<'b>(rows: &'b Rows<Self>, mut out: AstPass<'_, 'b, Pg>) -> diesel::QueryResult<()> {
                    let mut separator = "";
                    $(
                        out.push_sql(separator);
                        out.push_bind_param::<arrays::$field, _>(rows)?;
                        separator = ", ";
                    )+
                    let _ = separator;
                    Ok(())
                }
            }
        };
    };
}

/// The community of a row, where the field is the one that says it.
macro_rules! community {
    ($row:ident community_id) => {
        Some($row.community_id)
    };
    ($row:ident $field:ident) => {
        None
    };
}

pub(crate) use {community, record};
