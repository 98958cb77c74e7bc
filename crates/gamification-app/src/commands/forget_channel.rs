//! An operator has a channel forgotten that no process will be configured with any more.

use crate::{
    contention::{self, CommandError},
    ports::{ChannelName, ChannelRepository, Store, StoreError},
    transaction::{self, Ending},
};

/// Why a channel was not forgotten.
#[derive(Debug, thiserror::Error)]
pub enum ForgetChannelError {
    /// There is no such channel.
    #[error("there is no channel \"{0}\"")]
    ChannelUnknown(ChannelName),
    /// A process delivers to it at this moment.
    #[error(
        "a running process delivers to the channel \"{0}\": stop it, or start it without the channel, first"
    )]
    InUse(ChannelName),
    /// The database failed; the channel is as it was.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl CommandError for ForgetChannelError {
    fn store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            Self::ChannelUnknown(_) | Self::InUse(_) => None,
        }
    }
}

/// Removes a channel with all that it had to deliver, and gives the number of those events. No event is kept for it any
/// more.
///
/// # Errors
/// [`ForgetChannelError`]; nothing was changed then.
pub async fn forget_channel(store: &impl Store, channel: &ChannelName) -> Result<u64, ForgetChannelError> {
    contention::retry(|| try_to_forget(store, channel)).await
}

#[expect(clippy::disallowed_methods, reason = "a command begins its transaction")]
async fn try_to_forget(store: &impl Store, channel: &ChannelName) -> Result<u64, ForgetChannelError> {
    let mut tx = store.begin().await?;
    let forgotten = forget_in(&mut tx, channel).await;
    transaction::end(tx, forgotten).await
}

async fn forget_in(
    tx: &mut impl ChannelRepository,
    channel: &ChannelName,
) -> Result<Ending<u64>, ForgetChannelError> {
    tx.lock_channels().await?;
    if !tx.lock_lease(channel).await? {
        return Err(ForgetChannelError::InUse(channel.clone()));
    }
    let events = tx.delete_channel(channel).await?;
    events.map(Ending::Commit).ok_or_else(|| ForgetChannelError::ChannelUnknown(channel.clone()))
}
