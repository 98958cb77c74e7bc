//! The names that admins give to levels.

use std::{
    fmt,
    hash::{Hash, Hasher},
    str::FromStr,
};

use unicase::UniCase;

use crate::plain_text;

/// What a level is called: 1 to 30 characters of plain text.
///
/// Tags are stripped (the text inside stays), entities are decoded until nothing changes, white space is trimmed
/// and runs of it become one space. Control and invisible formatting characters are refused; joiners inside an
/// emoji, or in a script that needs them, are not. Whatever was sent, a name never contains a tag.
///
/// ```
/// use gamification_domain::{LevelName, LevelNameError};
///
/// let name = |text: &str| LevelName::parse(text);
/// assert_eq!(name("  Empire   Builder ").unwrap().as_str(), "Empire Builder");
/// assert_eq!(name("<b>R&amp;D</b>").unwrap().as_str(), "R&D");
/// assert_eq!(name("&lt;script&gt;Leader").unwrap().as_str(), "Leader");
/// assert_eq!(name(" <i></i> "), Err(LevelNameError::Required));
/// assert_eq!(name(&"x".repeat(31)), Err(LevelNameError::TooLong { length: 31 }));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(into = "String", try_from = "String")
)]
pub struct LevelName(String);

/// Why a text is no level name, in order of precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LevelNameError {
    /// It contains a control or invisible character, written out or as an entity.
    #[error("Level name must not contain the invisible character U+{code:04X}", code = u32::from(*character))]
    InvisibleCharacter {
        /// The first such character.
        character: char,
    },
    /// Its tags or entities are nested over 64 deep, which no editor produces.
    #[error("Level name is encoded too many times")]
    NestedTooDeeply,
    /// Nothing is left after cleaning.
    #[error("Level name is required")]
    Required,
    /// Over 30 characters are left after cleaning.
    #[error("Level name must be {max} characters or less", max = LevelName::MAX_LENGTH)]
    TooLong {
        /// How many, in Unicode scalar values.
        length: usize,
    },
}

impl LevelName {
    /// The longest name, in characters (Unicode scalar values) after cleaning.
    pub const MAX_LENGTH: usize = 30;

    /// Cleans a text and takes it as a name.
    ///
    /// # Errors
    /// [`LevelNameError`]: an invisible character, too deep a nesting, nothing left, or over 30 characters left.
    pub fn parse(raw: &str) -> Result<Self, LevelNameError> {
        let text = plain_text::clean(raw)?;
        match text.chars().count() {
            0 => Err(LevelNameError::Required),
            length if length > Self::MAX_LENGTH => Err(LevelNameError::TooLong { length }),
            _ => Ok(Self(text)),
        }
    }

    /// The name, as it is shown and stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What must differ between the levels of a community: the name whatever its case, its composition
    /// (`é` or `e` with an accent) and its invisible joiners.
    pub(crate) fn identity(&self) -> NameIdentity {
        NameIdentity(UniCase::new(plain_text::skeleton(&self.0)))
    }
}

/// See [`LevelName::identity`].
pub(crate) struct NameIdentity(UniCase<String>);

impl PartialEq for NameIdentity {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for NameIdentity {}

impl Hash for NameIdentity {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl From<plain_text::Unclean> for LevelNameError {
    fn from(unclean: plain_text::Unclean) -> Self {
        match unclean {
            plain_text::Unclean::InvisibleCharacter(character) => Self::InvisibleCharacter { character },
            plain_text::Unclean::NestedTooDeeply => Self::NestedTooDeeply,
        }
    }
}

impl fmt::Display for LevelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for LevelName {
    type Err = LevelNameError;

    fn from_str(raw: &str) -> Result<Self, LevelNameError> {
        Self::parse(raw)
    }
}

impl TryFrom<String> for LevelName {
    type Error = LevelNameError;

    fn try_from(raw: String) -> Result<Self, LevelNameError> {
        Self::parse(&raw)
    }
}

impl From<LevelName> for String {
    fn from(name: LevelName) -> Self {
        name.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cleaned(raw: &str) -> String {
        LevelName::parse(raw).map_or_else(|error| format!("{error:?}"), String::from)
    }

    #[test]
    fn names_are_cleaned_to_plain_text() {
        for (raw, name) in [
            ("Student", "Student"),
            ("R&D", "R&D"),
            ("R&amp;D", "R&D"),
            ("R&amp;amp;amp;D", "R&D"),
            ("R&#38;D", "R&D"),
            ("Tom &copy Co", "Tom © Co"),
            ("a < b > c", "a < b > c"),
            ("I <3 you", "I <3 you"),
            ("\"It's\"", "\"It's\""),
            ("<b>Bold</b>", "Bold"),
            ("<script>alert(1)</script>", "alert(1)"),
            ("<style>a</style>b", "ab"),
            ("&lt;b&gt;x&lt;/b&gt;", "x"),
            ("&amp;lt;script&amp;gt;x", "x"),
            ("&#60;img src=x onerror=alert(1)&#62;Icon", "Icon"),
            ("<<b>b>x", "x"),
            ("<textarea><b>x</textarea>", "x"),
            ("<!-- hidden -->shown", "shown"),
            ("\t Empire\u{a0}\r\n Builder&nbsp;", "Empire Builder"),
            ("a\u{2028}b\u{85}c", "a b c"),
            ("é", "é"),
            ("e\u{301}", "e\u{301}"),
            ("日本語", "日本語"),
            ("مرحبا", "مرحبا"),
        ] {
            assert_eq!(cleaned(raw), name, "{raw:?}");
        }
    }

    #[test]
    fn joiners_stay_where_an_emoji_or_a_script_needs_them() {
        for name in [
            "👩\u{200d}🚀",
            "👩🏽\u{200d}🚀",
            "🏳\u{fe0f}\u{200d}🌈",
            "❤\u{fe0f}\u{200d}🔥",
            "👨\u{200d}👩\u{200d}👧\u{200d}👦",
            "1\u{fe0f}\u{20e3}",
            "🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}",
            "می\u{200c}خواهم",
            "क्\u{200d}ष",
            "ක්\u{200d}ෂ",
            "র\u{200d}\u{9cd}য",
            "葛\u{e0100}",
        ] {
            assert_eq!(cleaned(name), name);
        }
    }

    #[test]
    fn invisible_characters_are_refused() {
        for raw in [
            "a\0b",
            "\u{feff}a",
            "a\u{1}b",
            "a\u{7f}",
            "a\u{202e}b",
            "a&#x202e;b",
            "a&amp;#8238;b",
            "a\u{2066}b",
            "a\u{200b}b",
            "a&ZeroWidthSpace;b",
            "a\u{ad}b",
            "a\u{2060}b",
            "\u{3164}",
            "\u{115f}",
            "\u{2800}",
            "a&#0;b",
            "a\u{ffff}",
            "a\u{200d}b",
            "a\u{200c}b",
            "👩\u{200d}",
            "\u{200d}🚀",
            "👩\u{200d}\u{200d}🚀",
            "می\u{200c}\u{200c}خواهم",
            "a\u{fe0f}",
            "a\u{e0067}\u{e007f}",
            "🏴\u{e007f}",
            "🏴\u{e0067}",
            "<b title='\u{0}'>x</b>",
        ] {
            assert!(
                matches!(LevelName::parse(raw), Err(LevelNameError::InvisibleCharacter { .. })),
                "{raw:?}: {}",
                cleaned(raw)
            );
        }
    }

    #[test]
    fn every_rejection_in_order_of_precedence() {
        use LevelNameError as E;
        let amps = format!("&{}lt;", "amp;".repeat(100));
        for (raw, error, message) in [
            (
                format!("{amps}\u{202e}"),
                E::InvisibleCharacter { character: '\u{202e}' },
                "Level name must not contain the invisible character U+202E",
            ),
            (amps, E::NestedTooDeeply, "Level name is encoded too many times"),
            (String::new(), E::Required, "Level name is required"),
            ("\n\t ".into(), E::Required, "Level name is required"),
            ("<p></p>".into(), E::Required, "Level name is required"),
            ("é".repeat(31), E::TooLong { length: 31 }, "Level name must be 30 characters or less"),
        ] {
            let refused = LevelName::parse(&raw).unwrap_err();
            assert_eq!(refused, error, "{raw:?}");
            assert_eq!(refused.to_string(), message);
        }
    }

    #[test]
    fn length_counts_characters_after_cleaning() {
        assert_eq!(cleaned(&"é".repeat(30)), "é".repeat(30));
        assert_eq!(cleaned(&format!("  <b>{}</b>", "&amp;".repeat(30))), "&".repeat(30));
    }

    #[test]
    fn case_composition_and_joiners_do_not_make_a_name_unique() {
        let same = |a: &str, b: &str| {
            LevelName::parse(a).unwrap().identity() == LevelName::parse(b).unwrap().identity()
        };
        assert!(same("Leader", "LEADER"));
        assert!(same("Straße", "STRASSE"));
        assert!(same("ΣΊΣΥΦΟΣ", "σίσυφος"));
        assert!(same("É", "e\u{301}"));
        assert!(same("می\u{200c}خواهم", "میخواهم"));
        assert!(!same("Leader", "Leaders"));
    }

    /// Letters, blanks and whatever means something to HTML, so that random texts hit the interesting cases.
    fn markup() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            Just("<"),
            Just(">"),
            Just("&"),
            Just(";"),
            Just("&lt;"),
            Just("&gt;"),
            Just("&amp;"),
            Just("amp;"),
            Just("lt;"),
            Just("<b>"),
            Just("</b>"),
            Just("<script>"),
            Just("<!--"),
            Just("-->"),
            Just("<svg>"),
            Just("<math>"),
            Just("<textarea>"),
            Just("&#60;"),
            Just("&#x3c;"),
            Just("/"),
            Just("a"),
            Just("é"),
            Just(" "),
            Just("\n"),
            Just("\""),
            Just("\u{200d}"),
            Just("🚀"),
        ];
        prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn a_name_is_clean_and_stays_as_it_is(raw in prop_oneof![markup(), any::<String>()]) {
            if let Ok(name) = LevelName::parse(&raw) {
                let text = name.as_str();
                prop_assert!((1..=LevelName::MAX_LENGTH).contains(&text.chars().count()));
                prop_assert_eq!(text, text.split_whitespace().collect::<Vec<_>>().join(" "));
                prop_assert!(!text.chars().any(char::is_control));
                // A browser that is given the name as HTML finds no element in it.
                let html = ammonia::Builder::empty().clean(text).to_string();
                prop_assert_eq!(html.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"), text);
                prop_assert_eq!(LevelName::parse(text), Ok(name.clone()));
            }
        }
    }
}
