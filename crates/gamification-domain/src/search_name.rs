//! How members are found by name.

use unicase::UniCase;

use crate::{DirectoryText, shown_name};

/// What a member is found by, and listed by: the name that is shown of them, in Unicode's folded case.
///
/// Keys compare byte by byte. A name that begins with some text, whatever the case of both, has a key from the
/// text's own [`SearchName`] on, and before its [`SearchName::end`].
///
/// ```
/// use gamification_domain::{DirectoryText, SearchName};
///
/// let of = |name: &str| SearchName::of(DirectoryText::parse(name).ok().as_ref());
/// let (typed, ada) = (of("aD"), of("Ada Lovelace"));
/// assert!(typed <= ada && ada.as_str() < typed.end().as_str());
/// assert!(of("Bob").as_str() >= typed.end().as_str());
/// assert_eq!(SearchName::of(None), of("Member"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SearchName(String);

impl SearchName {
    /// The longest key, in characters: names that are alike up to there are listed by user id.
    pub const MAX_LENGTH: usize = 100;

    /// The key of a name that is shown, or of [`UNNAMED_MEMBER`](crate::UNNAMED_MEMBER).
    #[must_use]
    pub fn of(display_name: Option<&DirectoryText>) -> Self {
        let folded = UniCase::new(shown_name(display_name)).to_folded_case();
        Self::restore(&folded)
    }

    /// Takes up a key that was made by [`SearchName::of`] again.
    #[must_use]
    pub fn restore(key: &str) -> Self {
        Self(key.chars().take(Self::MAX_LENGTH).collect())
    }

    /// The key as text, of at most [`Self::MAX_LENGTH`] characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What comes behind all keys that begin with this one.
    #[must_use]
    pub fn end(&self) -> String {
        format!("{}{}", self.0, char::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str) -> SearchName {
        SearchName::of(DirectoryText::parse(name).ok().as_ref())
    }

    #[test]
    fn case_does_not_matter_in_any_script() {
        for (one, other) in
            [("ADA", "ada"), ("ÉMILE", "émile"), ("ΣΊΣΥΦΟΣ", "σίσυφος"), ("Straße", "STRASSE")]
        {
            assert_eq!(of(one), of(other));
        }
    }

    #[test]
    fn long_names_are_cut_between_characters() {
        let key = of(&"ß".repeat(2_000));
        assert_eq!(key.as_str(), "s".repeat(SearchName::MAX_LENGTH));
        assert_eq!(of(&"🚀".repeat(300)).as_str().chars().count(), SearchName::MAX_LENGTH);
    }
}
