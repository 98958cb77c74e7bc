//! Leaderboards.

use std::cmp::Reverse;

use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::{Member, Model, Profile, names};

/// Which entries count on a board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// Those of the last 168 hours.
    SevenDay,
    /// Those of the last 720 hours.
    ThirtyDay,
    /// All of them.
    AllTime,
}

impl Window {
    /// Every one, the shortest first.
    pub const ALL: [Self; 3] = [Self::SevenDay, Self::ThirtyDay, Self::AllTime];

    /// The name of its board in the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SevenDay => "seven_day",
            Self::ThirtyDay => "thirty_day",
            Self::AllTime => "all_time",
        }
    }

    /// How far back it reaches; `None` for all time.
    #[must_use]
    pub const fn length(self) -> Option<Duration> {
        match self {
            Self::SevenDay => Some(Duration::hours(168)),
            Self::ThirtyDay => Some(Duration::hours(720)),
            Self::AllTime => None,
        }
    }

    fn points(self, member: &Member, now: OffsetDateTime) -> i64 {
        self.length().map_or_else(|| member.total(), |length| member.points_between(now - length, now))
    }
}

/// A member's place on a board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// 1 for who is first.
    pub rank: usize,
    /// Who stands there.
    pub user_id: Uuid,
    /// What they are called there.
    pub display_name: String,
    /// Where their picture is.
    pub avatar_url: Option<String>,
    /// The highest level that they reached.
    pub level: u8,
    /// Their points in the board's window.
    pub points: i64,
}

/// A board, from its first place to its last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Board {
    /// Everybody who is present and listed.
    pub entries: Vec<Standing>,
    /// Who is present and not listed: each with the rank that they would have as the only one of them who is.
    pub unlisted: Vec<Standing>,
}

impl Board {
    /// A member's own place, listed or not; `None` for who is not present.
    #[must_use]
    pub fn own(&self, user_id: Uuid) -> Option<&Standing> {
        self.entries.iter().chain(&self.unlisted).find(|standing| standing.user_id == user_id)
    }

    /// A member's own place, unless it is among the first so many, which everybody is shown.
    #[must_use]
    pub fn your_rank(&self, user_id: Uuid, shown: usize) -> Option<&Standing> {
        let is_shown = self.entries.iter().take(shown).any(|standing| standing.user_id == user_id);
        self.own(user_id).filter(|_| !is_shown)
    }
}

impl Model {
    /// The board of a window at a moment.
    #[must_use]
    pub fn board(&self, window: Window, now: OffsetDateTime) -> Board {
        let present = self.members().iter().filter(|(_, member)| member.is_present());
        let mut standings: Vec<(Standing, bool)> = present
            .map(|(user_id, member)| {
                let Profile { display_name, avatar_url, listed } = member.profile().clone();
                let standing = Standing {
                    rank: 0,
                    user_id: *user_id,
                    display_name: display_name.unwrap_or_else(|| names::NAMELESS.to_owned()),
                    avatar_url,
                    level: member.level(),
                    points: window.points(member, now),
                };
                (standing, listed)
            })
            .collect();
        standings.sort_by_key(|(standing, _)| {
            (Reverse(standing.points), names::place(&standing.display_name), standing.user_id)
        });
        let mut board = Board { entries: Vec::new(), unlisted: Vec::new() };
        for (standing, listed) in standings {
            let standing = Standing { rank: board.entries.len() + 1, ..standing };
            if listed { board.entries.push(standing) } else { board.unlisted.push(standing) }
        }
        board
    }
}
