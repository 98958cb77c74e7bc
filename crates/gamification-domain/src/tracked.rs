//! Values by key, and which of them changed.

use std::collections::BTreeMap;

#[derive(Debug)]
pub(crate) struct Tracked<K, V> {
    values: BTreeMap<K, V>,
    loaded: BTreeMap<K, V>,
}

impl<K: Clone + Ord, V: Clone + PartialEq> Tracked<K, V> {
    pub(crate) fn new(loaded: Vec<V>, key: impl Fn(&V) -> K) -> Self {
        let loaded: BTreeMap<K, V> = loaded.into_iter().map(|value| (key(&value), value)).collect();
        Self { values: loaded.clone(), loaded }
    }

    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.values.get(key)
    }

    /// For a change of a value that is there.
    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.values.get_mut(key)
    }

    /// Replaces a value.
    pub(crate) fn put(&mut self, key: K, value: V) {
        self.values.insert(key, value);
    }

    /// Changes a value, or a new one.
    pub(crate) fn update<T>(
        &mut self,
        key: K,
        new: impl FnOnce() -> V,
        change: impl FnOnce(&mut V) -> T,
    ) -> T {
        change(self.values.entry(key).or_insert_with(new))
    }

    /// What differs from what was loaded, by key: what was loaded, if it was, and what is now.
    pub(crate) fn differences(&self) -> impl Iterator<Item = (Option<&V>, &V)> {
        self.values.iter().filter_map(|(key, now)| {
            let loaded = self.loaded.get(key);
            (loaded != Some(now)).then_some((loaded, now))
        })
    }

    /// What differs from what was loaded, by key.
    pub(crate) fn into_changed(self) -> Vec<V> {
        let (mut new, changed) = self.into_new_and_changed();
        new.extend(changed);
        new
    }

    /// What differs from what was loaded, by key: first what had not been loaded, then what had.
    pub(crate) fn into_new_and_changed(self) -> (Vec<V>, Vec<V>) {
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
