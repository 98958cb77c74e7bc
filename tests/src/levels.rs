//! The levels that every community starts with, as the product says; written down here once more, so that the tests don't
//! take the program's word for it.

/// Names and thresholds, level 1 first.
pub const DEFAULT_LEVELS: [(&str, i64); 9] = [
    ("Student", 0),
    ("Practitioner", 10),
    ("Builder", 30),
    ("Leader", 60),
    ("Mentor", 100),
    ("Empire Builder", 150),
    ("Ruler", 210),
    ("Legend", 280),
    ("Icon", 360),
];
