//! Metrics as Prometheus reads them.

use std::collections::{BTreeMap, BTreeSet};

/// The labels of a series, sorted by their names.
pub type Labels = BTreeMap<String, String>;

/// All series at one moment.
#[derive(Clone, Debug)]
pub struct Scrape {
    text: String,
    series: BTreeMap<(String, Labels), f64>,
}

impl Scrape {
    /// Reads the text format of Prometheus.
    #[must_use]
    pub fn read(text: String) -> Self {
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let mut series = BTreeMap::new();
        for line in lines {
            let (name, value) = line.rsplit_once(' ').expect("a value");
            let (name, labels) = name.trim_end_matches('}').split_once('{').unwrap_or((name, ""));
            // None of ours has a comma in a value.
            let label = |label: &str| {
                let (name, value) = label.split_once('=').expect("a label has a value");
                (name.to_owned(), value.trim_matches('"').to_owned())
            };
            let labels = labels.split(',').filter(|label| !label.is_empty()).map(label).collect();
            let before = series.insert((name.to_owned(), labels), value.parse().expect("a number"));
            assert_eq!(before, None, "twice: {line}");
        }
        Self { text, series }
    }

    /// All of it, as it came.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// One value.
    #[must_use]
    pub fn value(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let key = (name.to_owned(), labels.iter().map(own).collect());
        *self.series.get(&key).unwrap_or_else(|| panic!("{key:?} is missing: {}", self.text))
    }

    /// All series of a name.
    #[must_use]
    pub fn all(&self, name: &str) -> Vec<(Labels, f64)> {
        let ours = self.series.iter().filter(|((known, _), _)| known == name);
        ours.map(|((_, labels), value)| (labels.clone(), *value)).collect()
    }

    /// The series of a name that are not 0, each as its labels' values with commas between them.
    #[must_use]
    pub fn counted(&self, name: &str) -> BTreeMap<String, f64> {
        let counted = self.all(name).into_iter().filter(|(_, value)| *value != 0.0);
        counted.map(|(labels, value)| (labels.into_values().collect::<Vec<_>>().join(","), value)).collect()
    }

    /// Every value that a label has anywhere.
    #[must_use]
    pub fn label_values(&self) -> BTreeSet<String> {
        self.series.keys().flat_map(|(_, labels)| labels.values().cloned()).collect()
    }
}
