//! What an audit tells while it goes through everything.

use std::fmt;

use gamification_domain::{CommunityId, DirectoryText, MemberKey, SearchName, SortName};

use super::Invariant;
use crate::ports::{
    BrokenEvent, DeliveryGap, RepeatedAward, StoredLeaderboardEntry, StoredMember, WindowSums,
    WrongLeaderboardSection, WrongLevelCount, WrongLike, WrongTally,
};

/// Something that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What does not hold.
    pub invariant: Invariant,
    /// The community whose data are wrong.
    pub community_id: CommunityId,
    /// Of whom or what: `member 0192…`, `level 3`; `None` where it is the community itself.
    pub subject: Option<String>,
    /// What is stored, as text for an operator.
    pub found: String,
    /// What should be stored, as text for an operator.
    pub expected: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { invariant, community_id, subject, found, expected } = self;
        write!(f, "{invariant}: community {community_id}")?;
        if let Some(subject) = subject {
            write!(f, ", {subject}")?;
        }
        write!(f, ": found {found}, expected {expected}")
    }
}

/// What is seen while everything is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuditEvent {
    /// So many members are to be looked at, more or less: others may join meanwhile.
    MemberCount(u64),
    /// So much was looked at since the last time.
    Progress(AuditProgress),
    /// An invariant does not hold.
    Finding(Finding),
    /// So many more are off in the same way.
    Omitted(Invariant, u64),
    /// So many members are below the level that their points reach, and are being leveled up after a change of thresholds.
    AwaitingLevelUp(CommunityId, u64),
    /// Something was off, and was put right.
    Repaired(Finding),
}

/// How much was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AuditProgress {
    /// Communities, known or not.
    pub communities: u64,
    /// Members who have a record of points.
    pub members: u64,
    /// Lines of the ledger.
    pub transactions: u64,
}

pub(super) fn wrong_level_count(wrong: &WrongLevelCount) -> Finding {
    let WrongLevelCount { community_id, level, noted, counted } = *wrong;
    Finding {
        invariant: Invariant::LevelCount,
        community_id,
        subject: Some(format!("level {level}")),
        found: noted.to_string(),
        expected: counted.to_string(),
    }
}

pub(super) fn wrong_leaderboard_section(wrong: &WrongLeaderboardSection) -> Finding {
    let WrongLeaderboardSection { community_id, board, noted, counted } = wrong;
    Finding {
        invariant: Invariant::Leaderboard,
        community_id: *community_id,
        subject: Some(format!("a section of {board}")),
        found: format!("{noted} members"),
        expected: counted.to_string(),
    }
}

/// The name that a member is shown by; nothing that can't be one is.
fn name_of(row: &StoredMember) -> Option<DirectoryText> {
    row.display_name.as_deref().and_then(|name| DirectoryText::parse(name).ok())
}

/// A member's entry on leaderboards, where there are any and it does not follow from the ledger and the directory.
pub(super) fn leaderboard_entry(row: &StoredMember) -> Option<Finding> {
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
    (!is_right).then(|| member_finding(Invariant::Leaderboard, row.member, found, expected))
}

/// A member who is found by another name than theirs. Who has none yet is given one by a job.
pub(super) fn search_name(row: &StoredMember) -> Option<Finding> {
    let due = SearchName::of(name_of(row).as_ref());
    let is_right = row.search_name.as_deref().is_none_or(|name| name == due.as_str());
    let (found, expected) = ("another name".to_owned(), "the one that is shown, folded".to_owned());
    (!is_right).then(|| member_finding(Invariant::SearchName, row.member, found, expected))
}

fn entry_text(sums: WindowSums, is_listed: bool, is_misnamed: bool) -> String {
    let WindowSums { seven_day, thirty_day, all_time } = sums;
    let listed = if is_listed { "listed" } else { "not listed" };
    let misnamed = if is_misnamed { " in the place of another name" } else { "" };
    format!("{seven_day}, {thirty_day} and {all_time} points, {listed}{misnamed}")
}

pub(super) fn repeated_award(repeated: RepeatedAward) -> Finding {
    let RepeatedAward { community_id, source, source_id, user_id, awards, wrong_scopes } = repeated;
    let (found, expected) = if awards > 1 {
        (format!("{awards} awards"), "1".to_owned())
    } else {
        (format!("{wrong_scopes} with another scope"), "the scope of the source's rule".to_owned())
    };
    let member = user_id.map_or_else(String::new, |user_id| format!(" by member {user_id}"));
    Finding {
        invariant: Invariant::OnceOnlyAward,
        community_id,
        subject: Some(format!("{source} {source_id}{member}")),
        found,
        expected,
    }
}

pub(super) fn wrong_like(wrong: WrongLike) -> Finding {
    let WrongLike { community_id, source, content_id, liker_id, author_id, held, due } = wrong;
    Finding {
        invariant: Invariant::Like,
        community_id,
        subject: Some(format!("{source} {content_id} by {liker_id}, points of member {author_id}")),
        found: held.to_string(),
        expected: due.to_string(),
    }
}

pub(super) fn wrong_tally(wrong: &WrongTally) -> Finding {
    let WrongTally { member: (community_id, user_id), day, source, liker_id, noted, due, .. } = wrong;
    let liker = liker_id.map_or_else(String::new, |liker_id| format!(" by likes of {liker_id}"));
    Finding {
        invariant: Invariant::Tally,
        community_id: *community_id,
        subject: Some(format!("member {user_id}, {source} of {day}{liker}")),
        found: noted.to_string(),
        expected: due.to_string(),
    }
}

pub(super) fn member_without_points((community_id, user_id): MemberKey) -> Finding {
    Finding {
        invariant: Invariant::RecordOfPoints,
        community_id,
        subject: Some(format!("member {user_id}")),
        found: "none".to_owned(),
        expected: "one".to_owned(),
    }
}

pub(super) fn broken_event(broken: BrokenEvent) -> Finding {
    let BrokenEvent { member, sequence, event_type, before, after, previous, now } = broken;
    let said = |text: &Option<String>| text.clone().unwrap_or_else(|| "nothing".to_owned());
    let expected = match (&previous, &now) {
        (Some(previous), _) if before != Some(previous.clone()) => format!("from {previous}"),
        (_, Some(now)) if after != Some(now.clone()) => format!("to {now}"),
        _ => "a change that its type allows, once".to_owned(),
    };
    Finding {
        invariant: Invariant::OutgoingEvent,
        community_id: member.0,
        subject: Some(format!("member {}, {event_type} at {sequence}", member.1)),
        found: format!("from {} to {}", said(&before), said(&after)),
        expected,
    }
}

pub(super) fn delivery_gap(gap: DeliveryGap) -> Finding {
    let DeliveryGap { member: (community_id, user_id), channel, noted, kept, due } = gap;
    let channel = channel.map_or_else(|| "an unknown channel".to_owned(), |name| format!("channel {name}"));
    Finding {
        invariant: Invariant::Delivery,
        community_id,
        subject: Some(format!("member {user_id}, {channel}")),
        found: format!("{noted} events to deliver, {kept} of them kept"),
        expected: format!("all {due} that are kept from the first on"),
    }
}

pub(super) fn member_finding(
    invariant: Invariant,
    (community_id, user_id): MemberKey,
    found: String,
    expected: String,
) -> Finding {
    Finding { invariant, community_id, subject: Some(format!("member {user_id}")), found, expected }
}

pub(super) fn presence(is_present: bool) -> String {
    if is_present { "present" } else { "absent" }.to_owned()
}

#[cfg(test)]
mod tests {
    use gamification_domain::UserId;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn of_a_broken_event_it_is_said_where_the_chain_breaks() {
        let member = (CommunityId::new(Uuid::nil()), UserId::new(Uuid::nil()));
        let expected = |before: &str, after: &str, previous: Option<&str>, now: Option<&str>| {
            let [before, after] = [before, after].map(|said| Some(said.to_owned()));
            let [previous, now] = [previous, now].map(|known| known.map(ToOwned::to_owned));
            let event_type = "PointsAwarded".to_owned();
            broken_event(BrokenEvent { member, sequence: 7, event_type, before, after, previous, now })
                .expected
        };
        assert_eq!(expected("2", "5", Some("3"), Some("6")), "from 3", "the earlier mistake first");
        assert_eq!(expected("3", "5", Some("3"), Some("6")), "to 6");
        assert_eq!(expected("2", "5", None, Some("6")), "to 6");
        let neither = "a change that its type allows, once";
        assert_eq!(expected("3", "6", Some("3"), Some("6")), neither);
        assert_eq!(expected("3", "6", Some("3"), None), neither);
        assert_eq!(expected("3", "6", None, None), neither);
    }
}
