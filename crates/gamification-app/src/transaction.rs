//! How a command's transaction ends.

use std::{future::Future, time::Duration};

use crate::ports::{BoxedError, StoreError, UnitOfWork};

/// What a command's steps came to, once they have gone through.
pub(crate) enum Ending<T> {
    /// What they wrote shall stay.
    Commit(T),
    /// They wrote nothing, or nothing that shall stay.
    Rollback(T),
}

/// Ends a transaction as its steps say. After an error everything is taken back. Either way the connection goes back to
/// the pool: a transaction that is merely dropped costs it.
///
/// # Errors
/// That of the steps, else that of the commit or the rollback.
pub(crate) async fn end<T, E: From<StoreError>>(
    tx: impl UnitOfWork,
    steps: Result<Ending<T>, E>,
) -> Result<T, E> {
    match steps {
        Ok(Ending::Commit(value)) => {
            tx.commit().await?;
            Ok(value)
        }
        Ok(Ending::Rollback(value)) => {
            tx.rollback().await?;
            Ok(value)
        }
        Err(error) => {
            // Where this fails as well, the connection is closed, and there is nothing to add to the first error.
            let _ = tx.rollback().await;
            Err(error)
        }
    }
}

/// How long one transaction of an admin's change may take before the database counts as away: a chunk of members takes
/// far less, and the database itself ends a statement after 4 seconds.
const DEADLINE: Duration = Duration::from_secs(5);

/// Bounds one transaction: a database that has stopped answering says nothing by itself.
///
/// # Errors
/// [`StoreError::Unavailable`] when it takes too long, else that of the transaction.
pub(crate) async fn within_deadline<T, E: From<StoreError>>(
    transaction: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    match tokio::time::timeout(DEADLINE, transaction).await {
        Ok(outcome) => outcome,
        Err(elapsed) => Err(StoreError::Unavailable(BoxedError::from(elapsed)).into()),
    }
}
