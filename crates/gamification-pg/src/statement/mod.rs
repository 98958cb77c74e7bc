//! Statements whose text never changes, with named parameters, and rows that are records.
//!
//! Diesel's query builder can't express statements over sets of rows, and prepares no `UPDATE` once for all; a type with
//! a static id is prepared once for each connection. [`statements!`] declares such types.

#[cfg(test)]
pub(crate) mod checks;
mod record;
mod text;

use diesel::{
    QueryResult,
    pg::Pg,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
};

pub(crate) use record::{
    AnyRows, Nested, NotNull, OrNull, Plain, Record, Records, Rows, Typed, Written, community, record,
};
pub(crate) use text::{Declared, Part, Then, count_parts, index_of, parts};

/// A statement that [`statements!`] declared.
pub(crate) trait Statement: Send + Sized + 'static {
    /// Whether the set that it works through is empty.
    fn is_idle(&self) -> bool;

    /// Its text, with the parts that only a distributed database needs or without them, and its values.
    fn walk<'b>(&'b self, is_distributed: bool, out: AstPass<'_, 'b, Pg>) -> QueryResult<()>;

    /// The statement as a database is sent it.
    fn sent_to(self, is_distributed: bool) -> Sent<Self> {
        Sent { statement: self, is_distributed }
    }
}

/// A statement that gives rows.
pub(crate) trait Select: Statement {
    /// The record that each of its rows is read into.
    type Row: Record + Send;
}

/// A statement for a database. It is prepared once for each connection, and a connection leads to one database for good.
#[derive(Debug)]
pub(crate) struct Sent<S> {
    statement: S,
    is_distributed: bool,
}

impl<S: Statement> Sent<S> {
    pub(crate) fn is_idle(&self) -> bool {
        self.statement.is_idle()
    }
}

impl<S: Statement> QueryFragment<Pg> for Sent<S> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.statement.walk(self.is_distributed, out)
    }
}

impl<S: Statement> QueryId for Sent<S> {
    type QueryId = S;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<S: Select> Query for Sent<S> {
    type SqlType = <S::Row as Record>::SqlTypes;
}

/// Declares the statements of a module; a test prepares each of them on a migrated database.
///
/// A statement has named parameters, each with its type in Rust and, after `=>`, what gives its SQL type: a column of the
/// schema, `[column]` for an array, [`OrNull`] for what may be missing, [`Plain`] for what is in no column. A parameter
/// of type [`Rows`] or [`AnyRows`] is a set of records. In the text parameters are written `:name`, as often as needed;
/// that each is declared and each occurs is checked while the program is compiled.
///
/// What stands in `[[…]]` is sent to a [distributed](crate::distribution) database only, and what stands in `{{…}}` to any
/// other only. In a distributed one each table of a statement that locks or changes rows says its communities once more, so
/// that the statement goes to one machine: `[[AND m.community_id = ANY (:wanted.communities)]]`, or `= :community_id`. Of a
/// set these are its distinct communities: each is looked for once, however many rows are of it.
///
/// ```text
/// statements! {
///     struct SelectLevels { wanted: Rows<MemberRow>, above: i16 => member_points::current_level } -> LevelRow
///     = "SELECT m.user_id, m.current_level FROM member_points AS m JOIN :wanted USING (community_id, user_id)
///        WHERE m.current_level > :above";
/// }
/// ```
macro_rules! statements {
    ($(
        $(#[$attribute:meta])*
        $visibility:vis struct $name:ident $parameters:tt $(-> $row:ty)? = $text:expr;
    )+) => {
        $(
            $crate::statement::single_statement!([$(#[$attribute])*] [$visibility] $name $parameters $text);
            $(
                impl $crate::statement::Select for $name {
                    type Row = $row;
                }
            )?
        )+

        /// Every statement of this module, for the test that prepares them.
        #[cfg(test)]
        pub(crate) fn declared() -> Vec<$crate::statement::checks::Checked> {
            vec![$($crate::statement::checks::Checked::of::<$name>(
                file!(),
                stringify!($name),
                &[$(<$row as $crate::statement::Record>::columns())?],
            )),+]
        }
    };
}

/// One statement without its rows.
macro_rules! single_statement {
    ([$(#[$attribute:meta])*] [$visibility:vis] $name:ident {
        $($parameter:ident: $rust:ty $(=> $sql:ty)?),* $(,)?
    } $text:expr) => {
        $(#[$attribute])*
        #[derive(Debug)]
        $visibility struct $name {
            $($visibility $parameter: $rust),*
        }

        const _: () = {
            use diesel::{QueryResult, pg::Pg, query_builder::AstPass};
            use $crate::statement::{Declared, Part, Statement, Then, count_parts, parts};

            const TEXT: &str = $text;
            const DECLARED: &[Declared] = &[$($crate::statement::parameter!(declared $parameter: $rust $(=> $sql)?)),*];

            // Of the type, so that the compiler's errors name it; used here, so that they come in any case.
            impl $name {
                const PARTS: [Part; count_parts(TEXT)] = parts(TEXT, DECLARED);
            }
            const _: [Part; count_parts(TEXT)] = $name::PARTS;

            impl Statement for $name {
                fn is_idle(&self) -> bool {
                    false $(|| $crate::statement::parameter!(is_idle self $parameter: $rust $(=> $sql)?))*
                }

                fn walk<'b>(&'b self, is_distributed: bool, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
                    let mut is_sent = true;
                    for part in &Self::PARTS {
                        if is_sent {
                            out.push_sql(part.text);
                        }
                        match part.then {
                            $(
                                Then::Bind(index)
                                    if index == const { $crate::statement::index_of(stringify!($parameter), DECLARED) } =>
                                {
                                    $crate::statement::parameter!(bind self out $parameter: $rust $(=> $sql)?);
                                }
                                Then::BindCommunities(index)
                                    if is_sent && index == const { $crate::statement::index_of(stringify!($parameter), DECLARED) } =>
                                {
                                    $crate::statement::parameter!(communities self out $parameter: $rust $(=> $sql)?);
                                }
                            )*
                            Then::Repeat(number, distributed) if is_sent => {
                                out.push_sql(if is_distributed { distributed } else { number });
                            }
                            Then::Distributed => is_sent = is_distributed,
                            Then::Undistributed => is_sent = !is_distributed,
                            Then::Everywhere => is_sent = true,
                            Then::Bind(_) | Then::BindCommunities(_) | Then::Repeat(..) | Then::End => {}
                        }
                    }
                    Ok(())
                }
            }

            #[cfg(test)]
            impl $crate::statement::checks::Sample for $name {
                fn sample() -> Self {
                    Self { $($parameter: $crate::statement::checks::Sample::sample()),* }
                }
            }
        };
    };
}

/// What a parameter is: a set of rows, or with `=>` a value.
macro_rules! parameter {
    (declared $name:ident: $rust:ty) => {
        $crate::statement::Declared { name: stringify!($name), columns: Some(<$rust>::COLUMNS) }
    };
    (declared $name:ident: $rust:ty => $sql:ty) => {
        $crate::statement::Declared { name: stringify!($name), columns: None }
    };
    (bind $self:ident $out:ident $name:ident: $rust:ty) => {
        $self.$name.walk(stringify!($name), $out.reborrow())?
    };
    (bind $self:ident $out:ident $name:ident: $rust:ty => $sql:ty) => {
        $out.push_bind_param::<<$sql as $crate::statement::Typed>::SqlType, $rust>(&$self.$name)?
    };
    (communities $self:ident $out:ident $name:ident: $rust:ty) => {
        $self.$name.walk_communities($out.reborrow())?
    };
    (communities $self:ident $out:ident $name:ident: $rust:ty => $sql:ty) => {
        unreachable!("a value has no communities")
    };
    (is_idle $self:ident $name:ident: $rust:ty) => {
        $self.$name.is_idle()
    };
    (is_idle $self:ident $name:ident: $rust:ty => $sql:ty) => {
        false
    };
}

pub(crate) use {parameter, single_statement, statements};
