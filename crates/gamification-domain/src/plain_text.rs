//! Plain text out of whatever was sent: without tags, entities, or characters that can't be seen.

use std::collections::HashSet;

use icu_properties::{
    CodePointMapData, CodePointSetData,
    props::{
        CanonicalCombiningClass, DefaultIgnorableCodePoint, Emoji, EmojiModifier, ExtendedPictographic,
        GeneralCategory, JoiningType, PrependedConcatenationMark, Script,
    },
};

/// How often text is decoded before it counts as an attack. `&amp;amp;lt;b>` takes four passes; the cost of a
/// pass grows with the text, so without a limit a long chain of `amp;` would cost the square of its length.
const MAX_PASSES: usize = 64;

/// Text that still changes after 64 rounds of decoding.
#[derive(Debug, PartialEq, Eq)]
struct NestedTooDeeply;

/// Why a text can't be cleaned.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unclean {
    /// It contains a control or invisible character, written out or as an entity.
    InvisibleCharacter(char),
    /// Its tags or entities are nested too deeply.
    NestedTooDeeply,
}

/// Plain text out of whatever was sent: tags stripped, entities decoded, white space trimmed and runs of it made one
/// space. Control and invisible characters are refused, but for those that an emoji or a script needs in their place.
pub(crate) fn clean(raw: &str) -> Result<String, Unclean> {
    let refuse = |found: Option<char>| found.map_or(Ok(()), |found| Err(Unclean::InvisibleCharacter(found)));
    // Before the parser drops some of them silently, and again for those written as entities.
    refuse(first_forbidden(raw))?;
    let text = strip_markup(raw).map_err(|NestedTooDeeply| Unclean::NestedTooDeeply)?;
    let text = collapse_white_space(&text);
    refuse(first_forbidden(&text))?;
    refuse(first_misplaced(&text))?;
    Ok(text)
}

/// Strips tags and decodes entities until nothing changes, so the result can't turn into markup later.
/// The text inside the tags stays.
fn strip_markup(raw: &str) -> Result<String, NestedTooDeeply> {
    // Without these four, HTML is plain text.
    if !raw.contains(['<', '&', '\r', '\0']) {
        return Ok(raw.to_owned());
    }
    let mut cleaner = ammonia::Builder::empty();
    cleaner.clean_content_tags(HashSet::new());
    let mut text = raw.to_owned();
    for _ in 0..MAX_PASSES {
        let cleaned = decode_serialized(&cleaner.clean(&text).to_string());
        if cleaned == text {
            return Ok(text);
        }
        text = cleaned;
    }
    Err(NestedTooDeeply)
}

/// Undoes exactly what the HTML serializer escapes in text; ammonia returns HTML, not text.
fn decode_serialized(html: &str) -> String {
    html.replace("&lt;", "<").replace("&gt;", ">").replace("&nbsp;", "\u{a0}").replace("&amp;", "&")
}

/// Trims white space and makes one space of each run of it.
fn collapse_white_space(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The first control or invisible character that is refused in any place; white space and the characters
/// that are needed in some company (see [`first_misplaced`]) pass.
fn first_forbidden(text: &str) -> Option<char> {
    text.chars().find(|&character| {
        !character.is_whitespace()
            && is_invisible(character)
            && Joiner::of(character).is_none()
            && !is_tag(character)
    })
}

/// The first joiner, variation selector or tag character in a place where neither an emoji nor a script needs it.
fn first_misplaced(text: &str) -> Option<char> {
    let characters: Vec<char> = text.chars().collect();
    let mut position = 0;
    while let Some(&character) = characters.get(position) {
        let (before, from_here) = characters.split_at(position);
        let after = from_here.get(1).copied();
        if let Some(length) = flag_tag_sequence(before.last().copied(), from_here) {
            position += length;
            continue;
        }
        let misplaced =
            is_tag(character) || Joiner::of(character).is_some_and(|joiner| !joiner.is_needed(before, after));
        if misplaced {
            return Some(character);
        }
        position += 1;
    }
    None
}

/// Text for telling two names apart: without invisible characters, canonically composed.
pub(crate) fn skeleton(text: &str) -> String {
    let visible: String = text.chars().filter(|&character| !is_default_ignorable(character)).collect();
    icu_normalizer::ComposingNormalizerBorrowed::new_nfc().normalize(&visible).into_owned()
}

fn is_invisible(character: char) -> bool {
    const REPLACEMENT: char = '\u{fffd}'; // what HTML makes of `&#0;`
    const BRAILLE_BLANK: char = '\u{2800}'; // a symbol by its category, empty to the eye
    let category = CodePointMapData::<GeneralCategory>::new().get(character);
    let unseen = match category {
        GeneralCategory::Control => true,
        // A few format characters of Arabic and Syriac are drawn.
        GeneralCategory::Format => !CodePointSetData::new::<PrependedConcatenationMark>().contains(character),
        _ => is_default_ignorable(character),
    };
    unseen || is_noncharacter(character) || matches!(character, REPLACEMENT | BRAILLE_BLANK)
}

fn is_default_ignorable(character: char) -> bool {
    CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(character)
}

fn is_noncharacter(character: char) -> bool {
    let code = u32::from(character);
    code & 0xfffe == 0xfffe || (0xfdd0..=0xfdef).contains(&code)
}

/// Tag characters spell the region of a flag such as Scotland's, and are refused anywhere else.
fn is_tag(character: char) -> bool {
    ('\u{e0020}'..='\u{e007f}').contains(&character)
}

/// The length of the tags that follow a black flag, its end mark included.
fn flag_tag_sequence(before: Option<char>, tags: &[char]) -> Option<usize> {
    const BLACK_FLAG: char = '\u{1f3f4}';
    const END: char = '\u{e007f}';
    if before != Some(BLACK_FLAG) {
        return None;
    }
    let end = tags.iter().position(|&character| character == END)?;
    let (spelling, _) = tags.split_at(end);
    (!spelling.is_empty() && spelling.iter().copied().all(is_tag)).then_some(end + 1)
}

/// An invisible character that changes how its neighbours are drawn.
enum Joiner {
    ZeroWidth,
    EmojiVariation,
    MongolianVariation,
    IdeographicVariation,
}

impl Joiner {
    fn of(character: char) -> Option<Self> {
        match character {
            '\u{200c}' | '\u{200d}' => Some(Self::ZeroWidth),
            '\u{fe0e}' | '\u{fe0f}' => Some(Self::EmojiVariation),
            '\u{180b}'..='\u{180d}' | '\u{180f}' => Some(Self::MongolianVariation),
            '\u{fe00}'..='\u{fe0d}' | '\u{e0100}'..='\u{e01ef}' => Some(Self::IdeographicVariation),
            _ => None,
        }
    }

    fn is_needed(&self, before: &[char], after: Option<char>) -> bool {
        let Some(&previous) = before.last() else {
            return false;
        };
        let script = |of: char| CodePointMapData::<Script>::new().get(of);
        match self {
            Self::ZeroWidth => joins_emoji(before, after) || joins_script(before, after),
            Self::EmojiVariation => CodePointSetData::new::<Emoji>().contains(previous),
            Self::MongolianVariation => script(previous) == Script::Mongolian,
            Self::IdeographicVariation => script(previous) == Script::Han,
        }
    }
}

/// Unicode Technical Standard 51: pictograph, then modifier or variation selector if any, joiner, pictograph.
fn joins_emoji(before: &[char], after: Option<char>) -> bool {
    let pictograph = |character: char| CodePointSetData::new::<ExtendedPictographic>().contains(character);
    let base = before.iter().rev().find(|&&character| {
        character != '\u{fe0f}' && !CodePointSetData::new::<EmojiModifier>().contains(character)
    });
    base.copied().is_some_and(pictograph) && after.is_some_and(pictograph)
}

/// After RFC 5892, appendix A.1 and A.2: beside a virama, or after a letter of a cursive script.
fn joins_script(before: &[char], after: Option<char>) -> bool {
    let is_virama = |character: char| {
        CodePointMapData::<CanonicalCombiningClass>::new().get(character) == CanonicalCombiningClass::Virama
    };
    let joining = |character: char| CodePointMapData::<JoiningType>::new().get(character);
    let letter = before.iter().rev().find(|&&character| {
        joining(character) != JoiningType::Transparent || Joiner::of(character).is_some()
    });
    before.last().copied().is_some_and(is_virama)
        || (after.is_some_and(is_virama) && before.last().is_some_and(|c| c.is_alphabetic()))
        || letter.is_some_and(|&character| {
            matches!(
                joining(character),
                JoiningType::DualJoining | JoiningType::RightJoining | JoiningType::LeftJoining
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn format_characters_are_invisible_but_for_those_that_are_drawn() {
        const ANNOTATION: char = '\u{fff9}';
        const ARABIC_NUMBER_SIGN: char = '\u{600}';
        assert!(is_invisible(ANNOTATION));
        assert!(!is_invisible(ARABIC_NUMBER_SIGN));
    }

    #[test]
    fn variations_follow_a_letter_of_their_script_only() {
        for (variation, own, other) in [('\u{180b}', 'ᠠ', '漢'), ('\u{fe00}', '漢', 'ᠠ')] {
            assert_eq!(first_misplaced(&format!("{own}{variation}")), None);
            assert_eq!(first_misplaced(&format!("{other}{variation}")), Some(variation));
        }
    }
}
