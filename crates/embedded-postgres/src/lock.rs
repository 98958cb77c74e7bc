//! Locks between processes, waited for without blocking the runtime, and how long anything is waited for.

use std::{
    fs::{File, TryLockError},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use crate::Error;

/// How long PostgreSQL may take to accept connections. After a crash it first replays its log.
pub(crate) const START_TIMEOUT: Duration = Duration::from_secs(60);
/// How long it may take to stop: it ends its sessions and writes a checkpoint.
pub(crate) const STOP_TIMEOUT: Duration = Duration::from_secs(20);
/// How long initdb or creating the database may take.
pub(crate) const CREATE_TIMEOUT: Duration = Duration::from_secs(60);
/// How long another program may start or stop: it may do all of that.
pub(crate) const LOCK_TIMEOUT: Duration = Duration::from_secs(200);
/// How often what is waited for is looked at.
pub(crate) const POLL: Duration = Duration::from_millis(20);

/// A locked file; released when dropped, or by the kernel when the process dies.
#[derive(Debug)]
pub(crate) struct Lock {
    file: File,
    path: PathBuf,
}

impl Lock {
    pub(crate) async fn exclusive(path: &Path, timeout: Duration) -> Result<Self, Error> {
        Self::acquire(path, timeout, File::try_lock).await
    }

    pub(crate) async fn shared(path: &Path, timeout: Duration) -> Result<Self, Error> {
        Self::acquire(path, timeout, File::try_lock_shared).await
    }

    async fn acquire(
        path: &Path,
        timeout: Duration,
        attempt: fn(&File) -> Result<(), TryLockError>,
    ) -> Result<Self, Error> {
        let cannot = |source| Error::File { file: path.to_owned(), source };
        let file = File::options().create(true).truncate(false).write(true).open(path).map_err(cannot)?;
        let deadline = Instant::now() + timeout;
        loop {
            match attempt(&file) {
                Ok(()) => return Ok(Self { file, path: path.to_owned() }),
                Err(TryLockError::Error(error)) => return Err(cannot(error)),
                Err(TryLockError::WouldBlock) if Instant::now() > deadline => {
                    return Err(Error::Locked { lock: path.to_owned() });
                }
                Err(TryLockError::WouldBlock) => tokio::time::sleep(POLL).await,
            }
        }
    }

    /// Gives a shared lock up, and says whether another process holds one. If not, it is held exclusively from now on.
    pub(crate) fn is_shared_with_others(&self) -> Result<bool, Error> {
        let cannot = |source| Error::File { file: self.path.clone(), source };
        self.file.unlock().map_err(cannot)?;
        match self.file.try_lock() {
            Ok(()) => Ok(false),
            Err(TryLockError::WouldBlock) => Ok(true),
            Err(TryLockError::Error(error)) => Err(cannot(error)),
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing the file is not enough: a child that is being started holds a copy of it for a moment.
        let _ = self.file.unlock();
    }
}
