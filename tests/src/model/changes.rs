//! All changes of one thing, of which the newest counts.

use time::OffsetDateTime;

use super::told::{Sequence, Told};

/// Where a change stands among the others, the newest last: by `sequence`, which is newer than none; then by time; then,
/// among changes that count from one receipt, by the times that they claimed; then by event id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    sequence: Option<Sequence>,
    occurred_at: OffsetDateTime,
    claimed_at: Option<OffsetDateTime>,
    event_id: String,
}

#[derive(Clone, Debug)]
struct Change<T> {
    place: Place,
    has_no_usable_time: bool,
    value: T,
}

/// Every change that was told of one thing, in the order in which they came.
#[derive(Clone, Debug)]
pub(super) struct Changes<T>(Vec<Change<T>>);

impl<T> Default for Changes<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Changes<T> {
    pub(super) fn add(&mut self, told: &Told<'_>, value: T) {
        let place = Place {
            sequence: told.sequence.clone(),
            occurred_at: self.first_receipt(told).unwrap_or_else(|| told.occurred_at()),
            claimed_at: told.time,
            event_id: told.event_id.to_owned(),
        };
        self.0.push(Change { place, has_no_usable_time: told.has_no_usable_time(), value });
    }

    /// When an earlier copy of a change was received, if that stood in for its time: a copy is no newer.
    fn first_receipt(&self, told: &Told<'_>) -> Option<OffsetDateTime> {
        let is_earlier_copy = |Change { place, has_no_usable_time, .. }: &&Change<T>| {
            let is_copy = match told.time {
                Some(time) => place.claimed_at == Some(time),
                None => place.claimed_at.is_none() && place.event_id == told.event_id,
            };
            is_copy && *has_no_usable_time && place.sequence.is_none()
        };
        self.0.iter().find(is_earlier_copy).map(|copy| copy.place.occurred_at)
    }

    /// What the newest change says; of several in the same place, the one that came first.
    pub(super) fn newest(&self) -> Option<&T> {
        // `max_by` gives the last of several.
        let newest = self.0.iter().rev().max_by(|one, other| one.place.cmp(&other.place));
        newest.map(|change| &change.value)
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
