//! What must hold, always.

use std::fmt;

/// What must hold, always.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Invariant {
    /// A total is the sum of the member's lines in the ledger.
    Total,
    /// A level is at least the one that the points reach.
    Level,
    /// A post or a comment is awarded once, a lesson once for each member.
    OnceOnlyAward,
    /// A like holds the points that its switch says while it stands, none otherwise, for the author whom it names.
    Like,
    /// Members count in the distribution while the directory has them as present.
    Presence,
    /// The number noted for a level is that of the present members at it.
    LevelCount,
    /// What is counted for a cap of the rules is what the ledger says.
    Tally,
    /// A member's place on leaderboards follows from the ledger and the directory, as of the moment the boards are of.
    Leaderboard,
    /// The name by which a member is found is the one they are shown by, folded.
    SearchName,
    /// Everybody whom the directory ever had as a member has a record of points.
    RecordOfPoints,
    /// Every community has nine levels, with thresholds that rise.
    LevelConfiguration,
    /// Outgoing events follow from one another, and the newest says where the member is.
    OutgoingEvent,
    /// What a channel has to deliver of a member is every kept event from some place on.
    Delivery,
}

impl Invariant {
    /// All of them, in the order in which an audit tells what breaks them.
    pub const ALL: [Self; 13] = [
        Self::LevelConfiguration,
        Self::LevelCount,
        Self::OnceOnlyAward,
        Self::Like,
        Self::RecordOfPoints,
        Self::OutgoingEvent,
        Self::Delivery,
        Self::Tally,
        Self::Leaderboard,
        Self::Total,
        Self::Level,
        Self::Presence,
        Self::SearchName,
    ];

    /// Its name for people, and whether what it is about is derived: computed anew from what is stored elsewhere, by
    /// [`repair`](super::repair).
    const fn row(self) -> (&'static str, bool) {
        match self {
            Self::Total => ("total", true),
            Self::Level => ("level", true),
            Self::Presence => ("presence", true),
            Self::LevelCount => ("level count", true),
            Self::Tally => ("tally", true),
            Self::Leaderboard => ("leaderboard", true),
            Self::SearchName => ("search name", true),
            Self::OnceOnlyAward => ("once-only award", false),
            Self::Like => ("like", false),
            Self::RecordOfPoints => ("record of points", false),
            Self::LevelConfiguration => ("level configuration", false),
            Self::OutgoingEvent => ("outgoing event", false),
            Self::Delivery => ("delivery", false),
        }
    }

    /// Whether a repair may compute anew what it is about.
    #[must_use]
    pub const fn is_derived(self) -> bool {
        self.row().1
    }
}

impl fmt::Display for Invariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.row().0)
    }
}
