//! Statements whose text never changes, with typed parameters and typed rows.

/// Declares a statement as a type: its parameters in the order of the `?` in its text, and the SQL types of its rows.
///
/// Diesel's own query builder can't express `UNNEST` with several arrays, and `sql_query` is never prepared; a type
/// with a static id is prepared once per connection.
macro_rules! statement {
    (
        $(#[$doc:meta])*
        $name:ident { $($parameter:ident: $rust:ty => $sql:ty),* $(,)? }
        -> ($($row:ty),* $(,)?)
        $text:expr
    ) => {
        $(#[$doc])*
        struct $name {
            $($parameter: $rust),*
        }

        impl diesel::query_builder::QueryFragment<diesel::pg::Pg> for $name {
            fn walk_ast<'b>(
                &'b self,
                mut out: diesel::query_builder::AstPass<'_, 'b, diesel::pg::Pg>,
            ) -> diesel::QueryResult<()> {
                let mut text = $text.split('?');
                out.push_sql(text.next().unwrap_or_default());
                $(
                    out.push_bind_param::<$sql, _>(&self.$parameter)?;
                    out.push_sql(text.next().unwrap_or_default());
                )*
                Ok(())
            }
        }

        impl diesel::query_builder::QueryId for $name {
            type QueryId = Self;
            const HAS_STATIC_QUERY_ID: bool = true;
        }

        impl diesel::query_builder::Query for $name {
            type SqlType = ($($row,)*);
        }

        impl diesel::RunQueryDsl<diesel_async::AsyncPgConnection> for $name {}
    };
}

pub(crate) use statement;
