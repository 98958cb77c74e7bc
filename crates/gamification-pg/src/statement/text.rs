//! Texts with named parameters, taken apart while the program is compiled.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    reason = "it runs while the program is compiled: a panic is an error of the compiler's"
)]

/// A parameter as a statement declares it.
#[derive(Clone, Copy)]
pub(crate) struct Declared {
    pub(crate) name: &'static str,
    /// How many values are bound for it: one, or one for each column of a set of rows.
    pub(crate) values: usize,
    pub(crate) is_set: bool,
}

/// A part of a text, and what follows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) text: &'static str,
    pub(crate) then: Then,
}

/// What follows a part of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// A parameter, by its index, for the first time.
    Bind(usize),
    /// A parameter that was bound before, by its number.
    Repeat(&'static str),
    /// The text ends here, without another parameter.
    End,
}

/// How many parts a text has.
pub(crate) const fn count_parts(text: &'static str) -> usize {
    let mut parts = 1;
    let mut rest = text;
    while let Some((_, _, after)) = next_parameter(rest) {
        parts += 1;
        rest = after;
    }
    parts
}

/// Takes a text apart at its parameters.
///
/// # Panics
/// While the program is compiled, naming the place, when the text has a parameter that is not declared, or lacks one
/// that is; and when a set of rows occurs twice.
pub(crate) const fn parts<const PARTS: usize>(text: &'static str, declared: &[Declared]) -> [Part; PARTS] {
    const MOST_PARAMETERS: usize = 16;
    let mut parts = [Part { text: "", then: Then::End }; PARTS];
    // By parameter: the number of its first value; 0 while it was not met.
    let mut numbers = [0; MOST_PARAMETERS];
    assert!(declared.len() <= MOST_PARAMETERS, "a statement has too many parameters");
    let mut bound = 0;
    let mut part = 0;
    let mut rest = text;
    while let Some((before, name, after)) = next_parameter(rest) {
        let index = index_of(name, declared);
        let then = if numbers[index] == 0 {
            numbers[index] = bound + 1;
            bound += declared[index].values;
            Then::Bind(index)
        } else {
            assert!(!declared[index].is_set, "a set of rows occurs twice");
            Then::Repeat(number(numbers[index]))
        };
        parts[part] = Part { text: before, then };
        part += 1;
        rest = after;
    }
    parts[part] = Part { text: rest, then: Then::End };
    let mut index = 0;
    while index < declared.len() {
        if numbers[index] == 0 {
            a_declared_parameter_is_not_in_the_text(declared[index].name);
        }
        index += 1;
    }
    parts
}

/// Where a parameter stands in its statement's declaration.
pub(crate) const fn index_of(name: &str, declared: &[Declared]) -> usize {
    let mut index = 0;
    while index < declared.len() {
        if is_same(declared[index].name.as_bytes(), name.as_bytes()) {
            return index;
        }
        index += 1;
    }
    a_parameter_of_the_text_is_not_declared(name)
}

const fn a_declared_parameter_is_not_in_the_text(name: &str) -> ! {
    panic!("{}", name)
}

const fn a_parameter_of_the_text_is_not_declared(name: &str) -> ! {
    panic!("{}", name)
}

/// What stands before the next parameter, its name, and what stands after it. Colons of casts and what stands in quotes
/// are no parameters.
const fn next_parameter(text: &'static str) -> Option<(&'static str, &'static str, &'static str)> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            quote @ (b'\'' | b'"') => {
                at += 1;
                // A doubled quote ends here, and begins anew at once.
                while at < bytes.len() && bytes[at] != quote {
                    at += 1;
                }
            }
            b':' if at + 1 < bytes.len() && bytes[at + 1] == b':' => at += 1,
            b':' if at + 1 < bytes.len() && begins_name(bytes[at + 1]) => {
                let (before, rest) = text.split_at(at);
                let (_, rest) = rest.split_at(1);
                let mut end = 1;
                while end < rest.len() && continues_name(rest.as_bytes()[end]) {
                    end += 1;
                }
                let (name, after) = rest.split_at(end);
                return Some((before, name, after));
            }
            _ => {}
        }
        at += 1;
    }
    None
}

const fn begins_name(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte == b'_'
}

const fn continues_name(byte: u8) -> bool {
    begins_name(byte) || byte.is_ascii_digit()
}

const fn is_same(one: &[u8], other: &[u8]) -> bool {
    let mut at = 0;
    while at < one.len() && at < other.len() {
        if one[at] != other[at] {
            return false;
        }
        at += 1;
    }
    one.len() == other.len()
}

const fn number(number: usize) -> &'static str {
    const NUMBERS: [&str; 24] = [
        "$1", "$2", "$3", "$4", "$5", "$6", "$7", "$8", "$9", "$10", "$11", "$12", "$13", "$14", "$15",
        "$16", "$17", "$18", "$19", "$20", "$21", "$22", "$23", "$24",
    ];
    NUMBERS[number - 1]
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: Declared = Declared { name: "id", values: 1, is_set: false };
    const NOW: Declared = Declared { name: "now", values: 1, is_set: false };
    const PAIRS: Declared = Declared { name: "pairs", values: 2, is_set: true };

    #[test]
    fn a_text_is_taken_apart_at_its_parameters() {
        let parts = parts::<3>("a = :id AND b < :now", &[NOW, ID]);
        let expected = [
            Part { text: "a = ", then: Then::Bind(1) },
            Part { text: " AND b < ", then: Then::Bind(0) },
            Part { text: "", then: Then::End },
        ];
        assert_eq!((parts, count_parts("a = :id AND b < :now")), (expected, 3));
    }

    #[test]
    fn a_parameter_that_occurs_again_keeps_its_number() {
        let parts = parts::<5>(":pairs :now :id :now", &[ID, NOW, PAIRS]);
        let then = parts.map(|part| part.then);
        assert_eq!(then, [Then::Bind(2), Then::Bind(1), Then::Bind(0), Then::Repeat("$3"), Then::End]);
    }

    #[test]
    fn casts_and_quotes_hold_no_parameters() {
        for text in ["a::uuid", "':id'", "'it''s :id'", "\":id\"", "a[1:2]", ":", "a::", "'12:30'"] {
            assert_eq!(count_parts(text), 1, "{text}");
        }
        assert_eq!(parts::<2>("':x' || :id::text", &[ID])[0].text, "':x' || ");
        assert_eq!(parts::<2>("':x' || :id::text", &[ID])[1].text, "::text");
    }

    #[test]
    #[should_panic(expected = "idd")]
    fn a_parameter_that_is_not_declared_is_refused() {
        parts::<2>("a = :idd", &[ID]);
    }

    #[test]
    #[should_panic(expected = "now")]
    fn a_parameter_that_does_not_occur_is_refused() {
        parts::<2>("a = :id", &[ID, NOW]);
    }

    #[test]
    #[should_panic(expected = "a set of rows occurs twice")]
    fn a_set_of_rows_occurs_once() {
        parts::<3>(":pairs :pairs", &[PAIRS]);
    }
}
