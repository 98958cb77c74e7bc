//! The likes' part of a batch: switches, which turn points on and off.

use super::{Awards, EntryFactory, MemberNeeded, Verdict, awards::Earned};
use crate::{EventMetadata, LikeEffect, LikeKey, LikeSwitch, fact::Award, tracked::Tracked};

/// The like switches that a batch changed, by how they are to be written.
#[derive(Clone, Debug, Default)]
pub struct LikeChanges {
    /// Those that did not exist.
    pub new: Vec<LikeSwitch>,
    /// Those that existed, and were turned.
    pub changed: Vec<LikeSwitch>,
}

#[derive(Debug)]
pub(super) struct Likes {
    switches: Tracked<LikeSwitch>,
}

impl Likes {
    /// Starts from the switches that exist.
    pub(super) fn new(loaded: Vec<LikeSwitch>) -> Self {
        Self { switches: Tracked::new(loaded) }
    }

    /// Turns a switch, and moves the points that hang on it.
    pub(super) fn turn(
        &mut self,
        key: LikeKey,
        metadata: &EventMetadata,
        change: impl FnOnce(&mut LikeSwitch) -> LikeEffect,
        awards: &mut Awards,
        entries: &mut EntryFactory<'_>,
    ) -> Result<Verdict, MemberNeeded> {
        let mut switch = self.switches.get(&key).cloned().unwrap_or_else(|| LikeSwitch::new(key));
        let LikeEffect { outcome, award, take_back } = change(&mut switch);
        let points_of = |author| Award::for_like(key, author, metadata);
        let mut verdict = Verdict::from(outcome);
        // The award comes first: it is the only step that can be rejected, and then nothing was changed.
        if let Some(author) = award {
            match awards.earn(key.community_id, points_of(author), entries)? {
                Earned { verdict: rejected @ Verdict::Rejected(_), points: _ } => return Ok(rejected),
                earned => {
                    switch.earned(earned.points);
                    verdict = earned.verdict;
                }
            }
        }
        if let Some((author, points)) = take_back {
            // Nothing is left of it where an adjustment has taken the last point.
            awards.take_back(key.community_id, points_of(author), points, entries)?;
        }
        self.switches.put(switch);
        Ok(verdict)
    }

    pub(super) fn into_changes(self) -> LikeChanges {
        let (new, changed) = self.switches.into_new_and_changed();
        LikeChanges { new, changed }
    }
}
