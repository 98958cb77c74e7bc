//! Rules as an admin sends them, before anything is checked.

use crate::{CommunityRules, PointSource, Points, SourceRule};

/// Rules as they were sent, before anything is checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RulesDraft {
    /// Those of all sources, in any order.
    pub rules: Vec<RuleDraft>,
    /// Whether admins are left out of leaderboards; `None` leaves that as it is.
    pub exclude_admins: Option<bool>,
}

impl From<&CommunityRules> for RulesDraft {
    /// The draft that leaves rules as they are.
    fn from(rules: &CommunityRules) -> Self {
        Self {
            rules: rules.rules().map(RuleDraft::from).collect(),
            exclude_admins: Some(rules.excludes_admins()),
        }
    }
}

/// The rule of a source as it was sent, before anything is checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RuleDraft {
    /// What the rule is for; `None` when what was sent names no source.
    pub source: Option<PointSource>,
    /// The points of one award; `None` when what was sent is no whole number.
    pub points: Option<i64>,
    /// The most a member can earn from it on a day.
    pub daily_cap: CapDraft,
    /// The most a member can earn on a day from one liker.
    pub per_pair_daily_cap: CapDraft,
}

/// A cap as it was sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CapDraft {
    /// No cap, or none was sent.
    #[default]
    None,
    /// A whole number of points, as it was sent: maybe out of range.
    Points(i64),
    /// Something that is no whole number.
    NotANumber,
}

impl From<SourceRule> for RuleDraft {
    /// The draft that leaves a rule as it is.
    fn from(SourceRule { source, points, daily_cap, per_pair_daily_cap }: SourceRule) -> Self {
        let cap = |cap: Option<Points>| {
            cap.map_or(CapDraft::None, |points| CapDraft::Points(i64::from(points.get())))
        };
        Self {
            source: Some(source),
            points: Some(i64::from(points.get())),
            daily_cap: cap(daily_cap),
            per_pair_daily_cap: cap(per_pair_daily_cap),
        }
    }
}
