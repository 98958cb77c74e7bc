//! A channel is registered when a process is configured with it, so that every event is kept until it is delivered there.

use crate::{
    Clock, contention,
    ports::{ChannelName, ChannelQueries, ChannelRepository, Store, StoreError},
    transaction::{self, Ending},
};

/// Registers a channel, unless it is registered already. A new one has to deliver every event that is still kept, which
/// is those of the last day, and all that come.
///
/// Events that other transactions are writing meanwhile are either among those kept, or written with the new channel in
/// sight. For that they wait while the kept events are noted, a second for some 30,000 of them.
///
/// # Errors
/// [`StoreError`] when the database fails, and [`StoreError::Contention`] when transactions that write or read events, a
/// backup for example, leave no moment to register it in for about ten seconds.
pub async fn register_channel(
    store: &(impl Store + ChannelQueries),
    clock: &impl Clock,
    channel: &ChannelName,
) -> Result<(), StoreError> {
    if store.is_registered(channel).await? {
        return Ok(());
    }
    contention::retry(|| try_to_register(store, clock, channel)).await?;
    tracing::info!(%channel, "a channel is registered, and begins with the events that are kept");
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a command begins its transaction")]
async fn try_to_register(
    store: &impl Store,
    clock: &impl Clock,
    channel: &ChannelName,
) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    let registered = register_in(&mut tx, clock, channel).await;
    transaction::end(tx, registered).await
}

async fn register_in(
    tx: &mut impl ChannelRepository,
    clock: &impl Clock,
    channel: &ChannelName,
) -> Result<Ending<()>, StoreError> {
    tx.lock_channels().await?;
    tx.insert_channel(channel, clock.now()).await?;
    Ok(Ending::Commit(()))
}
