//! Commands are tried again, whole, when other transactions are in the way.

use crate::ports::StoreError;

/// How often a command is tried. Each try waits for the others' locks as long as the database lets it, half a second;
/// without a bound, a fault in the locking would look like a slow server.
const MAX_TRIES: usize = 20;

/// Counts the tries of one command.
#[derive(Debug, Default)]
pub(crate) struct Tries(usize);

impl Tries {
    /// Whether a command that failed like this shall be tried once more.
    pub(crate) fn allow_another(&mut self, error: &StoreError) -> bool {
        self.0 += 1;
        let StoreError::Contention(cause) = error else {
            return false;
        };
        tracing::debug!(tries = self.0, cause, "other transactions were in the way");
        self.0 < MAX_TRIES
    }
}
