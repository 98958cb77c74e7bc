//! What a change of the levels changed.

use std::fmt;

use crate::LevelDefinition;

/// What one update changed: the levels that have another name or another threshold now, in the order of the levels.
///
/// Its text is for a log: `level 3: Builder → Maker, 30 → 25; level 4: 60 → 50`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LevelChanges(Vec<LevelChange>);

impl LevelChanges {
    pub(crate) fn between(old: &[LevelDefinition], new: &[LevelDefinition]) -> Self {
        let pairs = old.iter().zip(new).filter(|(old, new)| old != new);
        Self(pairs.map(|(old, new)| LevelChange { old: old.clone(), new: new.clone() }).collect())
    }

    /// Whether everything stayed as it was.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a threshold moved, so that members must be recalculated.
    #[must_use]
    pub fn move_thresholds(&self) -> bool {
        self.0.iter().any(|LevelChange { old, new }| old.threshold() != new.threshold())
    }

    /// The levels that changed, lowest first; none when everything stayed as it was.
    #[must_use]
    pub fn as_slice(&self) -> &[LevelChange] {
        &self.0
    }
}

impl fmt::Display for LevelChanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, change) in self.0.iter().enumerate() {
            write!(f, "{}{change}", if index == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}

/// A level as it was and as it is now. Its text is that of [`LevelChanges`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LevelChange {
    /// The level as it was.
    pub old: LevelDefinition,
    /// The same level as it is now.
    pub new: LevelDefinition,
}

impl fmt::Display for LevelChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { old, new } = self;
        write!(f, "level {}:", new.level().get())?;
        let mut separator = " ";
        if old.name() != new.name() {
            write!(f, "{separator}{} → {}", old.name().as_str(), new.name().as_str())?;
            separator = ", ";
        }
        if old.threshold() != new.threshold() {
            write!(f, "{separator}{} → {}", old.threshold().get(), new.threshold().get())?;
        }
        Ok(())
    }
}
