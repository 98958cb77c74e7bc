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
    /// The columns of a set of rows, for each of which an array is bound; `None` for a value.
    pub(crate) columns: Option<&'static [&'static str]>,
}

/// The column that says of which community a row of a set is.
const COMMUNITY: &str = "community_id";

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
    /// The distinct communities of a set of rows, which are bound here, by the set's place in the declaration.
    BindCommunities(usize),
    /// A parameter that was bound before, by its number, and by that in the text for a distributed database.
    Repeat(&'static str, &'static str),
    /// What follows is for a distributed database only, up to [`Then::Everywhere`].
    Distributed,
    /// What follows is for any other database only, up to [`Then::Everywhere`].
    Undistributed,
    /// What follows is for any database.
    Everywhere,
    /// The text ends here, without another parameter.
    End,
}

/// What stands between two parts of a text.
#[derive(Clone, Copy)]
enum Mark {
    /// `:name`.
    Parameter(&'static str),
    /// `:name.column`: of a set, all that it has in a column.
    Column(&'static str, &'static str),
    /// `:name.communities`: the distinct communities of a set.
    Communities(&'static str),
    /// `[[`.
    Open,
    /// `{{`.
    OpenUndistributed,
    /// `]]`, `}}`.
    Close,
}

/// How many parts a text has.
pub(crate) const fn count_parts(text: &'static str) -> usize {
    let mut parts = 1;
    let mut rest = text;
    while let Some((_, _, after)) = next_mark(rest) {
        parts += 1;
        rest = after;
    }
    parts
}

/// Takes a text apart at its parameters, and at `[[` and `]]`, between which stands what is sent to a distributed database
/// only, and at `{{` and `}}`, between which stands what is sent to any other only.
///
/// # Panics
/// While the program is compiled, naming the place, when the text has a parameter that is not declared, or lacks one
/// that is; when a set of rows occurs twice; when a part for distributed databases is not closed, or has a parameter that
/// occurs nowhere before; and when the communities of a set stand anywhere else.
pub(crate) const fn parts<const PARTS: usize>(text: &'static str, declared: &[Declared]) -> [Part; PARTS] {
    const MOST_PARAMETERS: usize = 16;
    let mut parts = [Part { text: "", then: Then::End }; PARTS];
    // By parameter: the number of its first value, and the same in the text for a distributed database, where the communities
    // of sets have numbers of their own; 0 while it was not met.
    let mut numbers = [0; MOST_PARAMETERS];
    let mut distributed = [0; MOST_PARAMETERS];
    let mut communities = [0; MOST_PARAMETERS];
    assert!(declared.len() <= MOST_PARAMETERS, "a statement has too many parameters");
    let mut is_open = false;
    let mut bound = 0;
    let mut bound_communities = 0;
    let mut part = 0;
    let mut rest = text;
    while let Some((before, mark, after)) = next_mark(rest) {
        let then = match mark {
            Mark::Open | Mark::OpenUndistributed => {
                assert!(!is_open, "[[ stands within [[");
                is_open = true;
                if matches!(mark, Mark::Open) { Then::Distributed } else { Then::Undistributed }
            }
            Mark::Close => {
                assert!(is_open, "]] has no [[");
                is_open = false;
                Then::Everywhere
            }
            Mark::Column(name, column) => {
                let index = index_of(name, declared);
                assert!(numbers[index] > 0, "a column of a set is named before the set");
                let place = place_of(column, declared[index].columns);
                Then::Repeat(number(numbers[index] + place), number(distributed[index] + place))
            }
            Mark::Communities(name) => {
                let index = index_of(name, declared);
                assert!(is_open, "the communities of a set are sent to a distributed database only");
                assert!(numbers[index] > 0, "the communities of a set are named before the set");
                if communities[index] == 0 {
                    place_of(COMMUNITY, declared[index].columns);
                    bound_communities += 1;
                    communities[index] = bound + bound_communities;
                    Then::BindCommunities(index)
                } else {
                    let number = number(communities[index]);
                    Then::Repeat(number, number)
                }
            }
            Mark::Parameter(name) => {
                let index = index_of(name, declared);
                if numbers[index] == 0 {
                    assert!(!is_open, "a parameter occurs first where it is not always sent");
                    numbers[index] = bound + 1;
                    distributed[index] = bound + bound_communities + 1;
                    bound += match declared[index].columns {
                        Some(columns) => columns.len(),
                        None => 1,
                    };
                    Then::Bind(index)
                } else {
                    assert!(declared[index].columns.is_none(), "a set of rows occurs twice");
                    Then::Repeat(number(numbers[index]), number(distributed[index]))
                }
            }
        };
        parts[part] = Part { text: before, then };
        part += 1;
        rest = after;
    }
    assert!(!is_open, "[[ has no ]]");
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

/// Where a column stands in a set.
const fn place_of(column: &str, columns: Option<&[&str]>) -> usize {
    let mut place = 0;
    if let Some(columns) = columns {
        while place < columns.len() {
            if is_same(columns[place].as_bytes(), column.as_bytes()) {
                return place;
            }
            place += 1;
        }
    }
    panic!("a set has no such column")
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

/// What stands before the next mark, the mark, and what stands after it. Colons of casts and what stands in quotes are no
/// parameters.
const fn next_mark(text: &'static str) -> Option<(&'static str, Mark, &'static str)> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let next = if at + 1 < bytes.len() { bytes[at + 1] } else { b' ' };
        match bytes[at] {
            quote @ (b'\'' | b'"') => {
                at += 1;
                // A doubled quote ends here, and begins anew at once.
                while at < bytes.len() && bytes[at] != quote {
                    at += 1;
                }
            }
            bracket @ (b'[' | b']' | b'{' | b'}') if next == bracket => {
                let (before, rest) = text.split_at(at);
                let (_, after) = rest.split_at(2);
                let mark = match bracket {
                    b'[' => Mark::Open,
                    b'{' => Mark::OpenUndistributed,
                    _ => Mark::Close,
                };
                return Some((before, mark, after));
            }
            b':' if next == b':' => at += 1,
            b':' if begins_name(next) => {
                let (before, rest) = text.split_at(at);
                let (_, rest) = rest.split_at(1);
                let (name, after) = rest.split_at(end_of_name(rest.as_bytes()));
                let rest = after.as_bytes();
                if rest.len() < 2 || rest[0] != b'.' || !begins_name(rest[1]) {
                    return Some((before, Mark::Parameter(name), after));
                }
                let (_, after) = after.split_at(1);
                let (column, after) = after.split_at(end_of_name(after.as_bytes()));
                let mark = match is_same(column.as_bytes(), b"communities") {
                    true => Mark::Communities(name),
                    false => Mark::Column(name, column),
                };
                return Some((before, mark, after));
            }
            _ => {}
        }
        at += 1;
    }
    None
}

const fn end_of_name(text: &[u8]) -> usize {
    let mut end = 1;
    while end < text.len() && continues_name(text[end]) {
        end += 1;
    }
    end
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

    const ID: Declared = Declared { name: "id", columns: None };
    const NOW: Declared = Declared { name: "now", columns: None };
    const PAIRS: Declared = Declared { name: "pairs", columns: Some(&["community_id", "other"]) };
    const ONES: Declared = Declared { name: "ones", columns: Some(&["one"]) };

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
        assert_eq!(then, [Then::Bind(2), Then::Bind(1), Then::Bind(0), Then::Repeat("$3", "$3"), Then::End]);
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
    fn what_distributed_databases_need_is_a_part_of_its_own() {
        let text = ":pairs[[ AND c = ANY (:pairs.communities) OR d = ANY (:pairs.communities)]] :id a[1] :id";
        let parts = parts::<8>(text, &[ID, PAIRS]);
        let then = parts.map(|part| part.then);
        let (bind, repeat) = (Then::BindCommunities(1), Then::Repeat("$3", "$3"));
        let (open, close) = (Then::Distributed, Then::Everywhere);
        // The distinct communities come third in the one text, and not at all in the other.
        let id = (Then::Bind(0), Then::Repeat("$3", "$4"));
        assert_eq!(then, [Then::Bind(1), open, bind, repeat, close, id.0, id.1, Then::End]);
        let texts = ["", "", " AND c = ANY (", ") OR d = ANY (", ")", " ", " a[1] ", ""];
        assert_eq!(parts.map(|part| part.text), texts);
    }

    #[test]
    fn what_distributed_databases_do_not_take_is_a_part_of_its_own() {
        let parts = parts::<4>(":id {{a '{{'}}[1]", &[ID]);
        let then = parts.map(|part| part.then);
        assert_eq!(then, [Then::Bind(0), Then::Undistributed, Then::Everywhere, Then::End]);
        assert_eq!(parts.map(|part| part.text), ["", " ", "a '{{'", "[1]"]);
    }

    #[test]
    #[should_panic(expected = "a parameter occurs first where it is not always sent")]
    fn what_is_not_always_sent_binds_nothing() {
        parts::<4>("[[a = :id]]", &[ID]);
    }

    #[test]
    #[should_panic(expected = "[[ has no ]]")]
    fn what_is_opened_is_closed() {
        parts::<3>(":id [[a", &[ID]);
    }

    #[test]
    #[should_panic(expected = "a set has no such column")]
    fn communities_are_those_of_a_set_that_has_some() {
        parts::<5>(":ones [[:ones.communities]]", &[ONES]);
    }

    #[test]
    #[should_panic(expected = "the communities of a set are sent to a distributed database only")]
    fn the_communities_of_a_set_are_for_distributed_databases() {
        parts::<3>(":pairs :pairs.communities", &[PAIRS]);
    }

    #[test]
    fn a_column_of_a_set_is_named_by_its_number() {
        let parts = parts::<7>(":id :pairs[[a = :pairs.communities AND b = :pairs.other]]", &[ID, PAIRS]);
        let then = parts.map(|part| part.then);
        let (open, close) = (Then::Distributed, Then::Everywhere);
        let [bind, repeat] = [Then::BindCommunities(1), Then::Repeat("$3", "$3")];
        assert_eq!(then, [Then::Bind(0), Then::Bind(1), open, bind, repeat, close, Then::End]);
    }

    #[test]
    #[should_panic(expected = "a set has no such column")]
    fn a_column_is_one_that_its_set_has() {
        parts::<3>(":pairs :pairs.third", &[PAIRS]);
    }

    #[test]
    #[should_panic(expected = "a set of rows occurs twice")]
    fn a_set_of_rows_occurs_once() {
        parts::<3>(":pairs :pairs", &[PAIRS]);
    }
}
