//! From Diesel's errors to those of the ports.

use diesel::result::{
    DatabaseErrorInformation,
    DatabaseErrorKind::{
        CheckViolation, ClosedConnection, ExclusionViolation, ForeignKeyViolation, NotNullViolation,
        ReadOnlyTransaction, RestrictViolation, SerializationFailure, UnableToSendCommand, UniqueViolation,
    },
    Error as DieselError,
};
use gamification_app::ports::{BoxedError, StoreError};
use uuid::Uuid;

/// Unique keys that a row may hit only because another transaction wrote the same fact a moment ago: it was not there
/// when this transaction looked. Tried again, it is found and known.
const KEYS_OF_CONCURRENT_FACTS: [&str; 2] = ["point_transactions_once", "like_switches_pkey"];

/// Shards are numbered from 102,008 on; no key of ours ends with so many digits.
const SHARD_DIGITS: usize = 6;

/// Of a statement that locks, when the communities that it names are in several shards of Citus's, as after a shard was split.
pub(crate) const SEVERAL_SHARDS: &str = "could not run distributed query with FOR UPDATE/SHARE commands";

pub(crate) fn store_error(error: DieselError) -> StoreError {
    let DieselError::DatabaseError(kind, information) = &error else {
        return match error {
            DieselError::BrokenTransactionManager => StoreError::Unavailable(error.into()),
            other => StoreError::Corrupt(other.into()),
        };
    };
    match kind {
        UniqueViolation => match information.constraint_name().map(key_of_shard) {
            Some(key) if KEYS_OF_CONCURRENT_FACTS.contains(&key) => StoreError::Contention(error.into()),
            _ => conflict(information.as_ref()),
        },
        ForeignKeyViolation | NotNullViolation | CheckViolation | RestrictViolation | ExclusionViolation => {
            conflict(information.as_ref())
        }
        SerializationFailure => StoreError::Contention(error.into()),
        UnableToSendCommand | ClosedConnection | ReadOnlyTransaction => StoreError::Unavailable(error.into()),
        _ => match cause_by_message(information.message()) {
            Some(Cause::Conflict(key)) => StoreError::Conflict { constraint: key.to_owned() },
            Some(Cause::Contention) => StoreError::Contention(error.into()),
            Some(Cause::Unavailable) => StoreError::Unavailable(error.into()),
            None => StoreError::Corrupt(error.into()),
        },
    }
}

fn conflict(information: &(dyn DatabaseErrorInformation + Send + Sync)) -> StoreError {
    let constraint = information.constraint_name().map_or(information.message(), key_of_shard);
    StoreError::Conflict { constraint: constraint.to_owned() }
}

pub(crate) fn unavailable(error: impl Into<BoxedError>) -> StoreError {
    StoreError::Unavailable(error.into())
}

pub(crate) fn corrupt(error: impl Into<BoxedError>) -> StoreError {
    StoreError::Corrupt(error.into())
}

/// Something stored that can't be understood, with its place.
#[derive(Debug, thiserror::Error)]
#[error("{table}.{column} of {key} can't be understood")]
struct Misread {
    table: &'static str,
    column: &'static str,
    key: String,
    #[source]
    cause: BoxedError,
}

/// The value of a column can't be understood, in the row that has a key.
pub(crate) fn misread_at(
    table: &'static str,
    column: &'static str,
    key: &[Uuid],
    cause: impl Into<BoxedError>,
) -> StoreError {
    let key: Vec<String> = key.iter().map(ToString::to_string).collect();
    StoreError::Corrupt(Misread { table, column, key: key.join(", "), cause: cause.into() }.into())
}

/// Turns an error into one that names the column, which the schema must have, and the key of the row.
macro_rules! misread {
    ($table:ident::$column:ident, $key:expr) => {
        |cause| {
            let _ = $crate::schema::$table::$column;
            $crate::error::misread_at(stringify!($table), stringify!($column), &$key, cause)
        }
    };
}

pub(crate) use misread;

#[derive(Debug, PartialEq, Eq)]
enum Cause<'a> {
    /// A key that a row hits.
    Conflict(&'a str),
    Contention,
    Unavailable,
}

/// Diesel does not pass SQLSTATE on, so the remaining kinds are known by PostgreSQL's own words; connections ask for
/// them in English (see `connection::session`).
///
/// Citus has words of its own, and neither the key nor, from `COPY`, the SQLSTATE of an error that a shard told it.
fn cause_by_message(message: &str) -> Option<Cause<'_>> {
    const CONTENTION: [&str; 6] = [
        // Of a statement behind the one that failed, when its answer is seen first.
        "current transaction is aborted",
        "deadlock detected",
        "canceling statement due to lock timeout",
        "could not obtain lock",
        "canceling the transaction since it was involved in a distributed deadlock",
        SEVERAL_SHARDS,
    ];
    const UNAVAILABLE: [&str; 13] = [
        "connection to the remote node",
        "could not establish any connections to the node",
        "canceling statement due to",
        "terminating connection due to",
        "terminating connection because of",
        "failure on connection marked as essential",
        "postmaster was shut down",
        "the database system is",
        "sorry, too many clients",
        "remaining connection slots are reserved",
        "too many connections",
        "could not extend file",
        "out of memory",
    ];
    if let Some(key) = message.strip_prefix("duplicate key value violates unique constraint \"") {
        let key = key_of_shard(key.split('"').next().unwrap_or_default());
        let is_of_facts = KEYS_OF_CONCURRENT_FACTS.contains(&key);
        return Some(if is_of_facts { Cause::Contention } else { Cause::Conflict(key) });
    }
    // Of a shard's check or foreign key.
    if let Some((_, key)) =
        message.split_once(" constraint \"").filter(|(what, _)| what.contains(" violates "))
    {
        return Some(Cause::Conflict(key_of_shard(key.split('"').next().unwrap_or_default())));
    }
    let is_one_of = |known: &[&str]| known.iter().any(|start| message.starts_with(start));
    if is_one_of(&CONTENTION) {
        Some(Cause::Contention)
    } else if is_one_of(&UNAVAILABLE) {
        Some(Cause::Unavailable)
    } else {
        None
    }
}

/// A key's name without the number of the shard, which Citus appends.
fn key_of_shard(key: &str) -> &str {
    match key.rsplit_once('_') {
        Some((name, shard))
            if shard.len() >= SHARD_DIGITS && shard.bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            name
        }
        _ => key,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_behind_a_refusal_is_tried_again_as_that_is() {
        let refused = "current transaction is aborted, commands ignored until end of transaction block";
        assert!(matches!(cause_by_message(refused), Some(Cause::Contention)));
    }

    #[test]
    fn what_citus_says_is_understood() {
        // Verbatim from Citus 13.2.
        for (message, cause) in [
            (
                "duplicate key value violates unique constraint \"point_transactions_once_102169\"",
                Cause::Contention,
            ),
            (
                "duplicate key value violates unique constraint \"like_switches_pkey_102201\"",
                Cause::Contention,
            ),
            (
                "duplicate key value violates unique constraint \"member_points_pkey_102105\"",
                Cause::Conflict("member_points_pkey"),
            ),
            (
                "new row for relation \"level_counts_102144\" violates check constraint \"level_counts_members_check_102144\"",
                Cause::Conflict("level_counts_members_check"),
            ),
            ("canceling the transaction since it was involved in a distributed deadlock", Cause::Contention),
            (
                "connection to the remote node postgres@127.0.0.1:7401 failed with the following error: Connection refused",
                Cause::Unavailable,
            ),
            (
                "could not establish any connections to the node 127.0.0.1:7402 after 5000 ms",
                Cause::Unavailable,
            ),
            ("failure on connection marked as essential: 127.0.0.1:7402", Cause::Unavailable),
            ("postmaster was shut down, exiting", Cause::Unavailable),
            ("could not run distributed query with FOR UPDATE/SHARE commands", Cause::Contention),
        ] {
            assert_eq!(cause_by_message(message), Some(cause), "{message}");
        }
        assert_eq!(cause_by_message("cannot push down this subquery"), None);
    }

    #[test]
    fn a_key_of_a_shard_is_that_of_its_table() {
        for (key, name) in [
            ("point_transactions_once_102169", "point_transactions_once"),
            ("point_transactions_once", "point_transactions_once"),
            ("board_7", "board_7"),
            ("_102169", ""),
        ] {
            assert_eq!(key_of_shard(key), name);
        }
    }
}
