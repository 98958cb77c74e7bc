//! Last-writer-wins registers: of changes that may arrive late, twice and in any order, the newest one decides.

use std::{cmp::Ordering, fmt};

use time::{OffsetDateTime, UtcOffset, macros::datetime};

/// The id of the event that brought a change: 1 to 255 characters without control characters.
///
/// It breaks ties between changes of the same moment. It never tells whether a fact is known already: the same fact
/// may come again under a new id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(into = "String", try_from = "String")
)]
pub struct EventId(String);

/// A producer's own numbering of its events: 1 to 64 characters without control characters.
///
/// Numbers compare as numbers, whatever their leading zeros; other texts compare character by character, above all
/// numbers (the [sequence extension](https://github.com/cloudevents/spec/blob/main/cloudevents/extensions/sequence.md)
/// of CloudEvents asks for texts that sort).
///
/// ```
/// use gamification_domain::Sequence;
///
/// let sequence = |text: &str| Sequence::parse(text).unwrap();
/// assert!(sequence("9") < sequence("10"));
/// assert!(sequence("0010") == sequence("10"));
/// assert!(sequence("a2") < sequence("b1"));
/// ```
#[derive(Clone, Debug)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(into = "String", try_from = "String")
)]
pub struct Sequence(String);

/// A text that can't name an event or its place in a sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to {max} characters without control characters")]
pub struct InvalidLabel {
    /// How many characters it may have.
    pub max: usize,
}

fn label(text: &str, max: usize) -> Result<String, InvalidLabel> {
    let valid = (1..=max).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    valid.then(|| text.to_owned()).ok_or(InvalidLabel { max })
}

impl EventId {
    /// The longest id, in characters.
    pub const MAX_LENGTH: usize = 255;

    /// Takes an id as it was sent.
    ///
    /// # Errors
    /// [`InvalidLabel`] when it is empty, too long, or contains a control character.
    pub fn parse(text: &str) -> Result<Self, InvalidLabel> {
        label(text, Self::MAX_LENGTH).map(Self)
    }

    /// The id as it was sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Sequence {
    /// The longest sequence text, in characters.
    pub const MAX_LENGTH: usize = 64;

    /// Takes a sequence as it was sent.
    ///
    /// # Errors
    /// [`InvalidLabel`] when it is empty, too long, or contains a control character.
    pub fn parse(text: &str) -> Result<Self, InvalidLabel> {
        label(text, Self::MAX_LENGTH).map(Self)
    }

    /// The sequence as it was sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is no number, how long the number is, and the text: in this order they compare as documented.
    fn rank(&self) -> (bool, usize, &str) {
        if self.0.bytes().all(|byte| byte.is_ascii_digit()) {
            let digits = self.0.trim_start_matches('0');
            (false, digits.len(), digits)
        } else {
            (true, 0, &self.0)
        }
    }
}

impl Ord for Sequence {
    fn cmp(&self, other: &Self) -> Ordering {
        self.rank().cmp(&other.rank())
    }
}

impl PartialOrd for Sequence {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Sequence {
    fn eq(&self, other: &Self) -> bool {
        self.rank() == other.rank()
    }
}

impl Eq for Sequence {}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

macro_rules! convert_as_text {
    ($($name:ident),+) => {$(
        impl TryFrom<String> for $name {
            type Error = InvalidLabel;

            fn try_from(text: String) -> Result<Self, InvalidLabel> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(label: $name) -> Self {
                label.0
            }
        }
    )+};
}
convert_as_text!(EventId, Sequence);

/// What a message says about when its change happened, and when we received it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventMetadata {
    /// The event that brought it.
    pub event_id: EventId,
    /// The producer's own order, where it gives one.
    pub sequence: Option<Sequence>,
    /// When it happened by the producer's clock, where it says so.
    pub time: Option<OffsetDateTime>,
    /// When this copy of the message reached us.
    pub received_at: OffsetDateTime,
}

impl EventMetadata {
    /// When the change counts as having happened: its `time`; the moment of receipt where that is missing or lies in
    /// the future, so that a producer's bad clock can't jam a switch.
    #[must_use]
    pub fn occurred_at(&self) -> OffsetDateTime {
        storable(self.time.map_or(self.received_at, |time| time.min(self.received_at)))
    }

    /// What tells this change's copies apart from other changes when its receipt is used for its time.
    fn receipt_key(&self) -> ReceiptKey {
        match self.time {
            Some(time) => ReceiptKey::Time(storable(time)),
            None => ReceiptKey::Event(self.event_id.clone()),
        }
    }
}

/// In UTC, within the years that RFC 3339 can write down, and in microseconds, which are what the database keeps: other
/// claims would change their order once stored, or could not be stored at all.
fn storable(time: OffsetDateTime) -> OffsetDateTime {
    const FIRST: OffsetDateTime = datetime!(0000-01-01 00:00:00 UTC);
    const LAST: OffsetDateTime = datetime!(9999-12-31 23:59:59.999_999 UTC);
    let clamped = time.clamp(FIRST, LAST);
    let utc = clamped.checked_to_offset(UtcOffset::UTC).unwrap_or(clamped);
    utc.replace_nanosecond(utc.microsecond() * 1_000).unwrap_or(utc)
}

/// The place of a change in the order of all changes of the same register; the greatest is the newest.
///
/// `sequence` decides where events carry it, else the time, then the event id. A change with a sequence is newer than
/// any without: comparing such a pair by time would let three changes outrank one another in a circle.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LwwVersion {
    /// The producer's own order, where it gives one.
    pub sequence: Option<Sequence>,
    /// When the change counts as having happened.
    pub occurred_at: OffsetDateTime,
    /// What the producer's clock said; tells changes apart that were received together with times in the future.
    pub claimed_at: Option<OffsetDateTime>,
    /// The event that brought it.
    pub event_id: EventId,
}

impl LwwVersion {
    /// Whether only the event id may tell them apart, as it does for copies of one change.
    fn same_moment(&self, other: &Self) -> bool {
        match (&self.sequence, &other.sequence) {
            (Some(mine), Some(theirs)) => mine == theirs,
            (None, None) => self.occurred_at == other.occurred_at && self.claimed_at == other.claimed_at,
            _ => false,
        }
    }
}

/// What tells the copies of a change without a usable time from other changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReceiptKey {
    /// The time it claims, in the future when it was received.
    Time(OffsetDateTime),
    /// Its event, where it claims no time.
    Event(EventId),
}

/// When a change without a usable time was first received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The change that had no usable time.
    pub key: ReceiptKey,
    /// When its first copy was received; it counts as the time of all copies.
    pub received_at: OffsetDateTime,
}

/// The newest change known of one thing, and what it takes to place its late copies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LwwState {
    /// The version of the newest change, the greatest that is known.
    pub version: LwwVersion,
    /// Receipts that were used for times, so that a copy of such a change counts at the same moment again.
    pub receipts: Vec<Receipt>,
}

/// A value that is set by changes which may arrive late, twice and in any order: the newest change wins.
///
/// ```
/// use gamification_domain::{EventMetadata, EventId, LwwRegister, ChangeOutcome};
/// use time::macros::datetime;
///
/// let at = |time| EventMetadata {
///     event_id: EventId::parse("evt-1").unwrap(),
///     sequence: None,
///     time: Some(time),
///     received_at: datetime!(2026-11-22 12:00 UTC),
/// };
/// let mut door = LwwRegister::unset("shut");
/// assert_eq!(door.set("open", &at(datetime!(2026-11-22 10:00 UTC))), ChangeOutcome::Applied);
/// assert_eq!(door.set("open", &at(datetime!(2026-11-22 10:00 UTC))), ChangeOutcome::AlreadyApplied);
/// assert_eq!(door.set("shut", &at(datetime!(2026-11-22 09:00 UTC))), ChangeOutcome::Stale);
/// assert_eq!(*door.value(), "open");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LwwRegister<T> {
    value: T,
    state: Option<LwwState>,
}

/// What became of a change. None of these is a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeOutcome {
    /// The change is the newest, and the value is another now.
    Applied,
    /// The change is one that was applied before; nothing happens.
    AlreadyApplied,
    /// A newer change had overtaken it.
    Stale,
}

impl<T: PartialEq> LwwRegister<T> {
    /// A value that no change has set yet.
    pub const fn unset(value: T) -> Self {
        Self { value, state: None }
    }

    /// Takes up a stored value again; `newest` is `None` when no change has set it yet.
    pub const fn restore(value: T, state: Option<LwwState>) -> Self {
        Self { value, state }
    }

    /// Sets the value, if this change is the newest known.
    pub fn set(&mut self, value: T, metadata: &EventMetadata) -> ChangeOutcome {
        let is_first = self.state.is_none();
        let same_value = self.value == value;
        match LwwState::advance(&mut self.state, metadata) {
            Advance::Newer if same_value && !is_first => ChangeOutcome::AlreadyApplied,
            Advance::Newer => {
                self.value = value;
                ChangeOutcome::Applied
            }
            Advance::Same if same_value => ChangeOutcome::AlreadyApplied,
            Advance::Same | Advance::Overtaken => ChangeOutcome::Stale,
        }
    }

    /// The value of the newest change; the initial one while there is none.
    pub const fn value(&self) -> &T {
        &self.value
    }

    /// The change that set it; `None` when none has.
    pub const fn state(&self) -> Option<&LwwState> {
        self.state.as_ref()
    }
}

/// How an incoming change relates to the newest one known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Advance {
    /// It is the newest now.
    Newer,
    /// It is of the same moment as the newest, and does not come after it by its id.
    Same,
    /// A newer one is known.
    Overtaken,
}

impl LwwState {
    /// How many receipts are remembered for one thing. Only changes without a usable time need one, so this many
    /// such changes of one thing must lie between a change and its late copy before the copy could count anew.
    const MAX_RECEIPTS: usize = 32;

    /// Compares an incoming change with the newest known, and remembers it when it is newer.
    fn advance(state: &mut Option<Self>, metadata: &EventMetadata) -> Advance {
        let mut receipts = state.as_ref().map_or_else(Vec::new, |known| known.receipts.clone());
        let version = version(metadata, &mut receipts);
        let Some(known) = state else {
            *state = Some(Self { version, receipts });
            return Advance::Newer;
        };
        known.receipts = receipts;
        if known.version < version {
            known.version = version;
            Advance::Newer
        } else if known.version.same_moment(&version) {
            Advance::Same
        } else {
            Advance::Overtaken
        }
    }
}

/// Places a change; where its receipt is used for its time, that is its first receipt.
fn version(metadata: &EventMetadata, receipts: &mut Vec<Receipt>) -> LwwVersion {
    let key = metadata.receipt_key();
    let first_receipt = receipts.iter().find(|receipt| receipt.key == key).map(|receipt| receipt.received_at);
    let occurred_at = first_receipt.unwrap_or_else(|| metadata.occurred_at());
    let receipt_stands_in = metadata.time.is_none_or(|time| time > metadata.received_at);
    // With a sequence, time does not decide, so there is nothing to remember.
    if first_receipt.is_none() && receipt_stands_in && metadata.sequence.is_none() {
        if receipts.len() == LwwState::MAX_RECEIPTS {
            receipts.remove(0);
        }
        receipts.push(Receipt { key, received_at: occurred_at });
    }
    LwwVersion {
        sequence: metadata.sequence.clone(),
        occurred_at,
        claimed_at: metadata.time.map(storable),
        event_id: metadata.event_id.clone(),
    }
}

#[cfg(test)]
mod tests;
