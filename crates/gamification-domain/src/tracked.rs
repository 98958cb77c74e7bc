//! Aggregates by key, and which of them changed.

use std::collections::BTreeMap;

use crate::Aggregate;

#[derive(Debug)]
pub(crate) struct Tracked<A: Aggregate> {
    values: BTreeMap<A::Key, A>,
    loaded: BTreeMap<A::Key, A>,
}

impl<A: Aggregate> Tracked<A> {
    pub(crate) fn new(loaded: Vec<A>) -> Self {
        let loaded: BTreeMap<A::Key, A> = loaded.into_iter().map(|value| (value.key(), value)).collect();
        Self { values: loaded.clone(), loaded }
    }

    pub(crate) fn get(&self, key: &A::Key) -> Option<&A> {
        self.values.get(key)
    }

    /// For a change of a value that is there.
    pub(crate) fn get_mut(&mut self, key: &A::Key) -> Option<&mut A> {
        self.values.get_mut(key)
    }

    /// Adds a value, or replaces the one with its key.
    pub(crate) fn put(&mut self, value: A) {
        self.values.insert(value.key(), value);
    }

    /// Changes the value with the key of `new`, or `new` itself where there is none.
    pub(crate) fn update<T>(&mut self, new: A, change: impl FnOnce(&mut A) -> T) -> T {
        change(self.values.entry(new.key()).or_insert(new))
    }

    /// What differs from what was loaded, by key: what was loaded, if it was, and what is now.
    pub(crate) fn differences(&self) -> impl Iterator<Item = (Option<&A>, &A)> {
        self.values.iter().filter_map(|(key, now)| {
            let loaded = self.loaded.get(key);
            (loaded != Some(now)).then_some((loaded, now))
        })
    }

    /// What differs from what was loaded, by key.
    pub(crate) fn into_changed(self) -> Vec<A> {
        let (mut new, changed) = self.into_new_and_changed();
        new.extend(changed);
        new
    }

    /// What differs from what was loaded, by key: first what had not been loaded, then what had.
    pub(crate) fn into_new_and_changed(self) -> (Vec<A>, Vec<A>) {
        let (mut new, mut changed) = (Vec::new(), Vec::new());
        for (key, value) in self.values {
            match self.loaded.get(&key) {
                None => new.push(value),
                Some(loaded) if *loaded != value => changed.push(value),
                Some(_) => {}
            }
        }
        (new, changed)
    }
}
