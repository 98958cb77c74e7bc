//! Commands are tried again, whole, when other transactions are in the way.

use std::future::Future;

use crate::ports::StoreError;

/// How often a command is tried. Each try waits for the others' locks as long as the database lets it, half a second;
/// without a bound, a fault in the locking would look like a slow server.
const MAX_TRIES: usize = 20;

/// The error of a command that may be tried again.
pub(crate) trait CommandError {
    /// What the database said, where it was the database that failed.
    fn store_error(&self) -> Option<&StoreError>;
}

impl CommandError for StoreError {
    fn store_error(&self) -> Option<&StoreError> {
        Some(self)
    }
}

/// Tries a command until other transactions are not in its way.
///
/// # Errors
/// That of the command; contention only after it was tried [`MAX_TRIES`] times.
pub(crate) async fn retry<T, E, F>(mut command: impl FnMut() -> F) -> Result<T, E>
where
    E: CommandError,
    F: Future<Output = Result<T, E>>,
{
    let mut tries = 1;
    loop {
        let outcome = command().await;
        let contention = outcome.as_ref().err().and_then(CommandError::store_error);
        let Some(StoreError::Contention(cause)) = contention else {
            return outcome;
        };
        tracing::debug!(tries, cause, "other transactions were in the way");
        if tries == MAX_TRIES {
            return outcome;
        }
        tries += 1;
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn tries_until(outcome: impl Fn(usize) -> Result<(), StoreError>) -> (usize, Result<(), StoreError>) {
        let tries = Cell::new(0);
        let command = || {
            tries.set(tries.get() + 1);
            std::future::ready(outcome(tries.get()))
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let outcome = runtime.block_on(retry(command));
        (tries.get(), outcome)
    }

    #[test]
    fn only_contention_is_tried_again_and_not_for_ever() {
        let busy = || Err(StoreError::Contention("busy".into()));
        let (tries, outcome) = tries_until(|tries| if tries < 3 { busy() } else { Ok(()) });
        assert!(tries == 3 && outcome.is_ok());
        let (tries, outcome) = tries_until(|_| Err(StoreError::Unavailable("away".into())));
        assert!(tries == 1 && matches!(outcome, Err(StoreError::Unavailable(_))));
        let (tries, outcome) = tries_until(|_| busy());
        assert!(tries == MAX_TRIES && matches!(outcome, Err(StoreError::Contention(_))));
    }
}
