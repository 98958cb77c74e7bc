//! The order of names on boards.
//!
//! It is that of the Unicode Collation Algorithm's root collation, without regard to case. The model knows it of a few
//! names only, by heart, so that it needs no collation of its own.

/// Who has no name is shown, and stands in the order, as this.
pub(super) const NAMELESS: &str = "Member";

/// In their order; names on one line differ at most in case or in how they are encoded.
pub(super) const IN_ORDER: [&[&str]; 23] = [
    &["🦀"],
    &["007"],
    &["42"],
    &["ada", "Ada", "ADA"],
    &["adam", "Adam"],
    // The second has its umlaut as a character of its own.
    &["Ädam", "A\u{308}dam", "ädam"],
    &["Ana Maria"],
    &["Anabel"],
    &["Bob", "bob", "BOB"],
    &["capek", "Capek"],
    &["Čapek", "čapek"],
    &["Emile", "emile"],
    &["Émile", "émile"],
    &["Lukasz"],
    &["Łukasz", "łukasz"],
    &[NAMELESS, "member"],
    &["Strasse", "STRASSE"],
    &["Straße"],
    &["Zoe", "zoe"],
    &["Zoë", "Zoe\u{308}"],
    &["Ελένη", "ελένη"],
    &["Ольга", "ольга"],
    &["王"],
];

/// Where a name stands in the order.
pub(super) fn place(name: &str) -> usize {
    let place = IN_ORDER.iter().position(|names| names.contains(&name));
    place.unwrap_or_else(|| panic!("{name:?} must be one of the names whose order is known"))
}
