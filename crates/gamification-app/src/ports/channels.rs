//! Channels: the receivers of outgoing events that the database knows.

use std::{fmt, future::Future, str::FromStr};

use time::OffsetDateTime;

use super::StoreError;

/// A channel's name: 1 to 30 of `a` to `z`, `0` to `9`, `-` and `_`, so that it can be a label of a metric.
///
/// ```
/// use gamification_app::ports::ChannelName;
///
/// assert_eq!("billing".parse::<ChannelName>()?.as_str(), "billing");
/// assert!("Billing & Co".parse::<ChannelName>().is_err());
/// # Ok::<(), gamification_app::ports::InvalidChannelName>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChannelName(String);

/// A text is no channel's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a channel's name is 1 to 30 of a to z, 0 to 9, - and _, not {0:?}")]
pub struct InvalidChannelName(String);

impl ChannelName {
    /// The most characters of a name.
    pub const MAX_LENGTH: usize = 30;

    /// The name: 1 to 30 of a to z, 0 to 9, `-` and `_`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ChannelName {
    type Err = InvalidChannelName;

    fn from_str(text: &str) -> Result<Self, InvalidChannelName> {
        let is_allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_');
        if (1..=Self::MAX_LENGTH).contains(&text.len()) && text.bytes().all(is_allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidChannelName(text.to_owned()))
        }
    }
}

impl fmt::Display for ChannelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Channels, as transactions that register and forget them see them.
pub trait ChannelRepository: Send {
    /// Waits until no transaction is between writing an event and its end, and keeps others from writing events until
    /// this one ends. Each event is then either committed, or will be written with what is registered here in sight.
    ///
    /// It is the first thing that a transaction does; it is not part of the lock order.
    fn lock_channels(&mut self) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Registers a channel, which has to deliver every event that is kept; nothing happens when it is there already.
    /// Channels must be locked.
    fn insert_channel(
        &mut self,
        channel: &ChannelName,
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Keeps relays from acquiring the channel's lease until the transaction ends; `false` when one holds it. Channels
    /// must be locked.
    fn lock_lease(&mut self, channel: &ChannelName) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Deletes a channel with all that it had to deliver, and gives the number of those events; `None` when there is no
    /// such channel. Channels must be locked.
    fn delete_channel(
        &mut self,
        channel: &ChannelName,
    ) -> impl Future<Output = Result<Option<u64>, StoreError>> + Send;
}

/// Reads of which channels are registered.
pub trait ChannelQueries: Send + Sync + 'static {
    /// Whether a channel is registered.
    fn is_registered(&self, channel: &ChannelName) -> impl Future<Output = Result<bool, StoreError>> + Send;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_short_and_plain() {
        for good in ["webhook", "bus", "a", "0", "our-second_bus-2", &"x".repeat(30)] {
            assert_eq!(good.parse::<ChannelName>().unwrap().to_string(), good);
        }
        for bad in ["", " ", "Webhook", "web hook", "web\"hook", "bus\n", "größe", &"x".repeat(31)] {
            assert_eq!(bad.parse::<ChannelName>(), Err(InvalidChannelName(bad.to_owned())));
        }
    }
}
