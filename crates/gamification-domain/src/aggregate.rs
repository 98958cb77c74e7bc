//! Aggregates: what is loaded, locked, changed and written as a whole.

/// Something that is kept by a key and changes as a whole.
pub trait Aggregate: Clone + PartialEq {
    /// What tells one from the others; its order is the order in which they are locked.
    type Key: Copy + Ord;

    /// The key of this one.
    fn key(&self) -> Self::Key;
}
