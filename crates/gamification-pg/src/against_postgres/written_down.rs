//! Files that say what the database is.

use std::path::Path;

/// Compares a file of this crate with what it should be, or makes it that when `RENEW_SCHEMA` is set.
pub(super) fn assert_same(path: &str, actual: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("RENEW_SCHEMA").is_some() {
        std::fs::write(&file, actual).expect("our own file can be written");
    }
    let written = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        written == actual,
        "{path} is not what the migrations make (- written down, + migrated):\n{}\n\
         If that is meant, renew it: RENEW_SCHEMA=1 cargo test -p gamification-pg",
        difference(&written, actual)
    );
}

/// The lines that only one of two texts has, each below what it belongs to.
fn difference(written: &str, actual: &str) -> String {
    let (written, actual) = (qualified(written), qualified(actual));
    let gone = written.iter().filter(|line| !actual.contains(line)).map(|line| format!("- {line}\n"));
    let new = actual.iter().filter(|line| !written.contains(line)).map(|line| format!("+ {line}\n"));
    let lines: String = gone.chain(new).collect();
    if lines.is_empty() { "  the same lines in another order".to_owned() } else { lines }
}

/// Each line with the last one that is not indented as far, which says whose it is.
fn qualified(text: &str) -> Vec<String> {
    let mut owners: Vec<&str> = Vec::new();
    let mut lines = Vec::new();
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        owners.truncate(indent / 4);
        owners.push(line.trim());
        lines.push(owners.join(" "));
    }
    lines
}

#[test]
fn a_difference_names_what_each_line_belongs_to() {
    let one = "table a\n    id uuid\n    points integer\n\ntable b\n    id uuid\n";
    let other = "table a\n    id uuid\n\ntable b\n    id uuid\n    points integer\n";
    assert_eq!(difference(one, other), "- table a points integer\n+ table b points integer\n");
    assert_eq!(difference("a\nb\n", "b\na\n"), "  the same lines in another order");
}
