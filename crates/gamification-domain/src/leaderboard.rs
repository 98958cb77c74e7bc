//! Leaderboards: over which time members are ranked, and in which order.

use std::{fmt, str::FromStr, sync::LazyLock};

use icu_collator::{
    CollatorBorrowed,
    options::{CollatorOptions, Strength},
};
use time::{Duration, OffsetDateTime};

use crate::{DirectoryText, Role};

/// Declares the boards: each with its stable name and its window in hours, once.
macro_rules! leaderboards {
    ($($(#[$doc:meta])+ $board:ident = $name:literal, $hours:expr;)+) => {
        /// A board of a community: its present members by the points of a window of time.
        ///
        /// Who has more points comes first; among equals the name decides ([`SortName`]), then the user id. So ranks are
        /// unique and consecutive. A window's points are the sum of all entries of the ledger that *occurred* in it, those
        /// that take points back included, and never count as less than 0.
        ///
        /// ```
        /// use gamification_domain::Leaderboard;
        /// use time::Duration;
        ///
        /// assert_eq!(Leaderboard::SevenDay.window(), Some(Duration::hours(168)));
        /// assert_eq!("all_time".parse(), Ok(Leaderboard::AllTime));
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Leaderboard {
            $($(#[$doc])+ $board,)+
        }

        impl Leaderboard {
            /// Every board, the one with the shortest window first.
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$board),+];

            /// The stable name, the same in the API and the database.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$board => $name,)+
                }
            }

            /// The time before now whose entries count; `None` where all do.
            #[must_use]
            pub fn window(self) -> Option<Duration> {
                let hours: Option<i64> = match self {
                    $(Self::$board => $hours,)+
                };
                hours.map(Duration::hours)
            }
        }
    };
}

leaderboards! {
    /// The points of the last 168 hours.
    SevenDay = "seven_day", Some(7 * 24);
    /// The points of the last 720 hours.
    ThirtyDay = "thirty_day", Some(30 * 24);
    /// All points, whenever they were earned.
    AllTime = "all_time", None;
}

/// What decides whether a member is on the boards of a community.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaderboardEligibility {
    /// Whether the directory has them as present.
    pub is_present: bool,
    /// Whether their profile lets them be listed: nobody is who asked not to be.
    pub is_listed: bool,
    /// Their role in the community.
    pub role: Role,
    /// Whether the community's rules keep admins off the boards.
    pub excludes_admins: bool,
}

impl LeaderboardEligibility {
    /// Whether the member has a place on the boards, whatever their points.
    #[must_use]
    pub fn is_eligible(self) -> bool {
        let Self { is_present, is_listed, role, excludes_admins } = self;
        is_present && is_listed && !(excludes_admins && role == Role::Admin)
    }
}

/// A text that names no board.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be seven_day, thirty_day or all_time")]
pub struct UnknownLeaderboard;

impl fmt::Display for Leaderboard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Leaderboard {
    type Err = UnknownLeaderboard;

    fn from_str(name: &str) -> Result<Self, UnknownLeaderboard> {
        Self::ALL.into_iter().find(|board| board.as_str() == name).ok_or(UnknownLeaderboard)
    }
}

/// Where windows begin at a moment: what occurred then or later counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowStarts {
    /// The start of the window of [`Leaderboard::SevenDay`]: 168 hours before its end.
    pub seven_day: OffsetDateTime,
    /// The start of the window of [`Leaderboard::ThirtyDay`]: 720 hours before its end.
    pub thirty_day: OffsetDateTime,
}

impl WindowStarts {
    /// The starts of the windows that end now.
    ///
    /// ```
    /// use gamification_domain::WindowStarts;
    /// use time::macros::datetime;
    ///
    /// let starts = WindowStarts::at(datetime!(2026-11-30 12:00 UTC));
    /// assert_eq!(starts.seven_day, datetime!(2026-11-23 12:00 UTC));
    /// assert_eq!(starts.thirty_day, datetime!(2026-10-31 12:00 UTC));
    /// ```
    #[must_use]
    pub fn at(now: OffsetDateTime) -> Self {
        // In microseconds, which are what databases keep.
        let now = now.replace_nanosecond(now.microsecond() * 1_000).unwrap_or(now);
        let start = |board: Leaderboard| now - board.window().unwrap_or_default();
        Self { seven_day: start(Leaderboard::SevenDay), thirty_day: start(Leaderboard::ThirtyDay) }
    }

    /// These, or others where they are later: a window that has moved on never goes back, whatever clocks say.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Self {
            seven_day: self.seven_day.max(other.seven_day),
            thirty_day: self.thirty_day.max(other.thirty_day),
        }
    }
}

/// What a member is called on boards when the platform told no name.
pub const UNNAMED_MEMBER: &str = "Member";

/// Sorts names as people expect it, in any script: by the root collation of Unicode, in which case does not matter and
/// accents come second.
static COLLATOR: LazyLock<CollatorBorrowed<'static>> = LazyLock::new(|| {
    let mut options = CollatorOptions::default();
    options.strength = Some(Strength::Secondary);
    #[expect(clippy::expect_used, reason = "its data are compiled in")]
    CollatorBorrowed::try_new(icu_collator::CollatorPreferences::default(), options)
        .expect("the root collation is there")
});

/// What a name is sorted by among members with equal points: its sort key in the root collation of Unicode.
///
/// ```
/// use gamification_domain::{DirectoryText, SortName};
///
/// let of = |name: &str| SortName::of(DirectoryText::parse(name).ok().as_ref());
/// assert!(of("Ada") < of("Ädam") && of("Ädam") < of("Bob") && of("Bob") < of("Zoë"));
/// assert_eq!(of("ada"), of("ADA"), "case does not matter");
/// assert_eq!(SortName::of(None), of("Member"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct SortName(Vec<u8>);

impl SortName {
    /// The longest key, in bytes: names that are alike up to there count as equal.
    pub const MAX_LENGTH: usize = 255;

    /// The key of a name that is shown, or of [`UNNAMED_MEMBER`].
    #[must_use]
    pub fn of(display_name: Option<&DirectoryText>) -> Self {
        let mut key = Vec::new();
        // Writing into memory does not fail.
        let _ = COLLATOR.write_sort_key_to(shown_name(display_name), &mut key);
        key.truncate(Self::MAX_LENGTH);
        Self(key)
    }

    /// The key's bytes, which compare as the names do.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Takes up a key that was made by [`SortName::of`] again.
    #[must_use]
    pub const fn restore(key: Vec<u8>) -> Self {
        Self(key)
    }
}

/// What a member is called on boards.
#[must_use]
pub fn shown_name(display_name: Option<&DirectoryText>) -> &str {
    display_name.map_or(UNNAMED_MEMBER, DirectoryText::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> SortName {
        SortName::of(Some(&DirectoryText::parse(name).unwrap()))
    }

    #[test]
    fn names_are_sorted_as_people_expect_it_in_any_script() {
        let sorted = [
            "",
            "🎉 party",
            "a b",
            "ab",
            "Ada",
            "Adam",
            "Ädam",
            "bob",
            "Bob Z",
            "Čapek",
            "Émile",
            "Zoe",
            "Zoë",
            "Ольга",
            "かな",
            "漢字",
        ];
        let keys: Vec<SortName> = sorted.iter().map(|name| key(name)).collect();
        assert!(keys.is_sorted_by(|one, next| one < next), "{keys:?}");
    }

    /// Boards that are stored were sorted by these keys. When another version of the collation gives others, boards have to
    /// be built anew: raise their layout in `gamification-app`.
    #[test]
    fn keys_are_those_that_boards_were_stored_with() {
        assert_eq!(key("Ada").as_bytes(), [0x2b, 0x31, 0x2b, 1, 7]);
        assert_eq!(key("Čapek").as_bytes(), [0x2f, 0x2b, 0x49, 0x33, 0x3f, 1, 0x45, 0x90, 8]);
        assert_eq!(key("漢字").as_bytes(), [0xfa, 0x44, 0xca, 0xfa, 0x1c, 0xe4, 1, 6]);
    }

    #[test]
    fn a_key_is_never_longer_than_an_index_takes() {
        let endless = key(&"Ω̈".repeat(1_000));
        assert_eq!(endless.as_bytes().len(), SortName::MAX_LENGTH);
    }

    #[test]
    fn windows_begin_at_moments_that_a_database_can_keep() {
        let now = time::macros::datetime!(2026-11-30 12:00:00.123456789 UTC);
        let starts = WindowStarts::at(now);
        assert_eq!(starts.seven_day, time::macros::datetime!(2026-11-23 12:00:00.123456 UTC));
    }

    #[test]
    fn windows_never_go_back() {
        let now = time::macros::datetime!(2026-11-30 12:00 UTC);
        let (early, late) = (WindowStarts::at(now), WindowStarts::at(now + Duration::SECOND));
        assert_eq!(early.max(late), late);
        assert_eq!(late.max(early), late);
    }

    #[test]
    fn a_board_parses_back_from_its_name() {
        for board in Leaderboard::ALL {
            assert_eq!(board.as_str().parse(), Ok(board));
        }
        assert_eq!("week".parse::<Leaderboard>(), Err(UnknownLeaderboard));
    }
}
