//! Statements whose text never changes, with named parameters, and rows that are records.
//!
//! Diesel's query builder can't express statements over sets of rows, and prepares no `UPDATE` once for all; a type with
//! a static id is prepared once for each connection. [`statements!`] declares such types.

#[cfg(test)]
pub(crate) mod checks;
mod record;
mod text;

use diesel::{
    pg::Pg,
    query_builder::{Query, QueryFragment, QueryId},
};

pub(crate) use record::{
    AnyRows, Nested, NotNull, OrNull, Plain, Record, Records, Rows, Typed, Written, record,
};
pub(crate) use text::{Declared, Part, Then, count_parts, index_of, parts};

/// A statement that [`statements!`] declared.
pub(crate) trait Statement: QueryFragment<Pg> + QueryId + Send + 'static {
    /// Whether the set that it works through is empty.
    fn is_idle(&self) -> bool;
}

/// A statement that gives rows.
pub(crate) trait Select: Statement + Query<SqlType = <Self::Row as Record>::SqlTypes> {
    /// The record that each of its rows is read into.
    type Row: Record;
}

/// Declares the statements of a module; a test prepares each of them on a migrated database.
///
/// A statement has named parameters, each with its type in Rust and, after `=>`, what gives its SQL type: a column of the
/// schema, `[column]` for an array, [`OrNull`] for what may be missing, [`Plain`] for what is in no column. A parameter
/// of type [`Rows`] or [`AnyRows`] is a set of records. In the text parameters are written `:name`, as often as needed;
/// that each is declared and each occurs is checked while the program is compiled.
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
                impl diesel::query_builder::Query for $name {
                    type SqlType = <$row as $crate::statement::Record>::SqlTypes;
                }

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
            use diesel::{pg::Pg, query_builder::{AstPass, QueryFragment, QueryId}};
            use $crate::statement::{Declared, Part, Statement, Then, count_parts, parts};

            const TEXT: &str = $text;
            const DECLARED: &[Declared] = &[$($crate::statement::parameter!(declared $parameter: $rust $(=> $sql)?)),*];

            // Of the type, so that the compiler's errors name it; used here, so that they come in any case.
            impl $name {
                const PARTS: [Part; count_parts(TEXT)] = parts(TEXT, DECLARED);
            }
            const _: [Part; count_parts(TEXT)] = $name::PARTS;

            impl QueryFragment<Pg> for $name {
                fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> diesel::QueryResult<()> {
                    for part in &Self::PARTS {
                        out.push_sql(part.text);
                        match part.then {
                            $(
                                Then::Bind(index)
                                    if index == const { $crate::statement::index_of(stringify!($parameter), DECLARED) } =>
                                {
                                    $crate::statement::parameter!(bind self out $parameter: $rust $(=> $sql)?);
                                }
                            )*
                            Then::Repeat(number) => out.push_sql(number),
                            Then::Bind(_) | Then::End => {}
                        }
                    }
                    Ok(())
                }
            }

            impl QueryId for $name {
                type QueryId = Self;
                const HAS_STATIC_QUERY_ID: bool = true;
            }

            impl Statement for $name {
                fn is_idle(&self) -> bool {
                    false $(|| $crate::statement::parameter!(is_idle self $parameter: $rust $(=> $sql)?))*
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
        $crate::statement::Declared { name: stringify!($name), values: <$rust>::COLUMNS, is_set: true }
    };
    (declared $name:ident: $rust:ty => $sql:ty) => {
        $crate::statement::Declared { name: stringify!($name), values: 1, is_set: false }
    };
    (bind $self:ident $out:ident $name:ident: $rust:ty) => {
        $self.$name.walk(stringify!($name), $out.reborrow())?
    };
    (bind $self:ident $out:ident $name:ident: $rust:ty => $sql:ty) => {
        $out.push_bind_param::<<$sql as $crate::statement::Typed>::SqlType, $rust>(&$self.$name)?
    };
    (is_idle $self:ident $name:ident: $rust:ty) => {
        $self.$name.is_idle()
    };
    (is_idle $self:ident $name:ident: $rust:ty => $sql:ty) => {
        false
    };
}

pub(crate) use {parameter, single_statement, statements};
