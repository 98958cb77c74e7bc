//! A member's place on leaderboards follows from the ledger and the directory, as of the moment that the boards are of.

use gamification_domain::SortName;

use super::{Finding, Invariant, members::name_of};
use crate::ports::{StoredLeaderboardEntry, StoredMember, WindowSums};

/// A member's entry on leaderboards, where there are any and it does not follow from the ledger and the directory.
pub(super) fn entry_finding(row: &StoredMember) -> Option<Finding> {
    let StoredLeaderboardEntry { noted: (noted, is_listed, key), due, is_listed: is_listed_now } =
        row.leaderboard.as_ref()?;
    let (is_listed_now, is_misnamed) = match is_listed_now {
        Some(now) => (*now, *key != SortName::of(name_of(row).as_ref()).as_bytes()),
        None => (*is_listed, false),
    };
    // Of those who are on no board, nobody asks for the name.
    let has_place = *is_listed || is_listed_now;
    let is_right = noted == due && *is_listed == is_listed_now && !(has_place && is_misnamed);
    let found = entry_text(*noted, *is_listed, *is_listed && is_misnamed);
    let expected = entry_text(*due, is_listed_now, false);
    (!is_right).then(|| Finding::of_member(Invariant::Leaderboard, row.member, found, expected))
}

fn entry_text(sums: WindowSums, is_listed: bool, is_misnamed: bool) -> String {
    let WindowSums { seven_day, thirty_day, all_time } = sums;
    let listed = if is_listed { "listed" } else { "not listed" };
    let misnamed = if is_misnamed { " in the place of another name" } else { "" };
    format!("{seven_day}, {thirty_day} and {all_time} points, {listed}{misnamed}")
}
