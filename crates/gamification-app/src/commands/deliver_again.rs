//! An operator has a channel deliver again what it delivered before: its receiver has lost it.

use std::time::Duration;

use crate::{
    Clock,
    jobs::RETENTION,
    ports::{ChannelName, ChannelQueries, OutboxUpkeep, StoreError, SweptEvents},
};

/// Events that are older may be deleted at any moment.
const LONGEST: Duration = RETENTION.saturating_sub(Duration::from_secs(3_600));

/// Why nothing is delivered again.
#[derive(Debug, thiserror::Error)]
pub enum DeliverAgainError {
    /// There is no such channel.
    #[error("there is no channel \"{0}\"")]
    ChannelUnknown(ChannelName),
    /// Events are not kept for so long.
    #[error("events can be delivered again for {} hours after they happened", LONGEST.as_secs() / 3_600)]
    TooLongAgo,
    /// The database failed. What was noted until then is delivered again, and it can be asked for once more.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Has a channel deliver its events of the last `period` once more, under the same ids, and gives the number of those that
/// it had delivered.
///
/// Of each member they come in order; beside what happens meanwhile they may come late.
///
/// # Errors
/// [`DeliverAgainError`].
pub async fn deliver_again(
    store: &(impl ChannelQueries + OutboxUpkeep),
    channel: &ChannelName,
    period: Duration,
    clock: &impl Clock,
) -> Result<u64, DeliverAgainError> {
    if period > LONGEST {
        return Err(DeliverAgainError::TooLongAgo);
    }
    if !store.is_registered(channel).await? {
        return Err(DeliverAgainError::ChannelUnknown(channel.clone()));
    }
    let since = clock.now() - period;
    let (mut events, mut after) = (0, Some(0));
    while let Some(place) = after {
        let SweptEvents { number, next } = store.deliver_again(channel, place, since).await?;
        events += number;
        after = next;
    }
    Ok(events)
}
