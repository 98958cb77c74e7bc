//! The arguments that `cargo test` and `cargo nextest` pass to every test program.

/// As libtest reads them, as far as they mean something here; the others are passed over.
#[derive(Debug, Default)]
pub(crate) struct Arguments {
    /// Only list what could be run.
    pub(crate) list: bool,
    ignored_only: bool,
    exact: bool,
    filters: Vec<String>,
}

/// Those whose value may be the next argument, which is no filter then.
const WITH_VALUE: [&str; 7] =
    ["--test-threads", "--format", "--color", "--skip", "--logfile", "--shuffle-seed", "-Z"];

impl Arguments {
    pub(crate) fn read(arguments: impl Iterator<Item = String>) -> Self {
        let mut read = Self::default();
        let mut arguments = arguments;
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--list" => read.list = true,
                "--ignored" => read.ignored_only = true,
                "--exact" => read.exact = true,
                with_value if WITH_VALUE.contains(&with_value) => drop(arguments.next()),
                option if option.starts_with('-') => {}
                _ => read.filters.push(argument),
            }
        }
        read
    }

    /// Whether nothing narrows the run.
    pub(crate) fn is_everything(&self) -> bool {
        self.filters.is_empty() && !self.ignored_only
    }

    /// Whether the feature of this name is asked for, by its name or by a part of it or of one of the titles.
    pub(crate) fn wants(&self, name: &str, titles: &[&str]) -> bool {
        // None of ours is ignored.
        if self.ignored_only {
            return false;
        }
        let matches = |filter: &String| {
            if self.exact {
                filter == name
            } else {
                name.contains(filter) || titles.iter().any(|title| title.contains(filter))
            }
        };
        self.filters.is_empty() || self.filters.iter().any(matches)
    }
}
