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

pub(crate) fn store_error(error: DieselError) -> StoreError {
    let DieselError::DatabaseError(kind, information) = &error else {
        return match error {
            DieselError::BrokenTransactionManager => StoreError::Unavailable(error.into()),
            other => StoreError::Corrupt(other.into()),
        };
    };
    match kind {
        UniqueViolation => match information.constraint_name() {
            Some(key) if KEYS_OF_CONCURRENT_FACTS.contains(&key) => StoreError::Contention(error.into()),
            _ => conflict(information.as_ref()),
        },
        ForeignKeyViolation | NotNullViolation | CheckViolation | RestrictViolation | ExclusionViolation => {
            conflict(information.as_ref())
        }
        SerializationFailure => StoreError::Contention(error.into()),
        UnableToSendCommand | ClosedConnection | ReadOnlyTransaction => StoreError::Unavailable(error.into()),
        _ => match cause_by_message(information.message()) {
            Some(Cause::Contention) => StoreError::Contention(error.into()),
            Some(Cause::Unavailable) => StoreError::Unavailable(error.into()),
            None => StoreError::Corrupt(error.into()),
        },
    }
}

fn conflict(information: &(dyn DatabaseErrorInformation + Send + Sync)) -> StoreError {
    let constraint = information.constraint_name().unwrap_or_else(|| information.message());
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

enum Cause {
    Contention,
    Unavailable,
}

/// Diesel does not pass SQLSTATE on, so the remaining kinds are known by PostgreSQL's own words; connections ask for
/// them in English (see `connection::session`).
fn cause_by_message(message: &str) -> Option<Cause> {
    const CONTENTION: [&str; 3] =
        ["deadlock detected", "canceling statement due to lock timeout", "could not obtain lock"];
    const UNAVAILABLE: [&str; 8] = [
        "canceling statement due to",
        "terminating connection due to",
        "the database system is",
        "sorry, too many clients",
        "remaining connection slots are reserved",
        "too many connections",
        "could not extend file",
        "out of memory",
    ];
    let is_one_of = |known: &[&str]| known.iter().any(|start| message.starts_with(start));
    if is_one_of(&CONTENTION) {
        Some(Cause::Contention)
    } else if is_one_of(&UNAVAILABLE) {
        Some(Cause::Unavailable)
    } else {
        None
    }
}
