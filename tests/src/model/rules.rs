//! What a source is worth, and how much of it counts on a day.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use time::{OffsetDateTime, UtcOffset};

use super::{Entry, Member};
use crate::Random;

/// The sources that points are earned by, and what each is worth where admins have changed nothing.
pub const WORTHS: [(&str, i64); 5] = [
    ("post_created", 2),
    ("comment_created", 1),
    ("post_liked", 1),
    ("comment_liked", 1),
    ("lesson_completed", 5),
];

/// The body that sets the rules of all sources: what `rule` makes of each source and what it is worth by default.
#[must_use]
pub fn rules_body(mut rule: impl FnMut(&'static str, i64) -> Value) -> Value {
    json!({"rules": WORTHS.map(|(source, worth)| rule(source, worth))})
}

/// The rule of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rule {
    worth: i64,
    daily_cap: Option<i64>,
    per_pair_daily_cap: Option<i64>,
}

/// The rules of a community.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules(BTreeMap<&'static str, Rule>);

impl Default for Rules {
    fn default() -> Self {
        let rule = |(source, worth)| (source, Rule { worth, daily_cap: None, per_pair_daily_cap: None });
        Self(WORTHS.into_iter().map(rule).collect())
    }
}

impl Rules {
    /// Some of very many, with caps that are met soon.
    #[must_use]
    pub fn at_random(random: &mut Random) -> Self {
        let number = |random: &mut Random, below| i64::try_from(random.below(below)).expect("it is small");
        let cap = |random: &mut Random, below| (random.below(2) == 0).then(|| number(random, below));
        let mut rule = |source: &str| Rule {
            worth: number(random, 7),
            daily_cap: cap(random, 9),
            per_pair_daily_cap: if source.ends_with("_liked") { cap(random, 4) } else { None },
        };
        Self(WORTHS.into_iter().map(|(source, _)| (source, rule(source))).collect())
    }

    /// As the API takes them.
    #[must_use]
    pub fn body(&self) -> Value {
        let rules = self.0.iter().map(|(source, rule)| {
            json!({
                "source": source, "points": rule.worth, "daily_cap": rule.daily_cap,
                "per_pair_daily_cap": rule.per_pair_daily_cap,
            })
        });
        json!({"rules": rules.collect::<Vec<Value>>()})
    }

    pub(super) fn worth(&self, source: &str) -> i64 {
        self.0[source].worth
    }

    /// How much of what is worth more a member can still earn.
    pub(super) fn room(&self, member: &Member, entry: &Entry) -> i64 {
        let Rule { worth, daily_cap, per_pair_daily_cap } = self.0[entry.source];
        let that_day = || {
            let counts = |earned: &&Entry| {
                earned.source == entry.source && day(earned.occurred_at) == day(entry.occurred_at)
            };
            member.entries().iter().filter(counts).filter(|earned| earned.points > 0)
        };
        let earned: i64 = that_day().map(|earned| earned.points).sum();
        let of_pair = that_day().filter(|earned| earned.actor_id == entry.actor_id);
        let of_pair: i64 = of_pair.map(|earned| earned.points).sum();
        let left = |cap: Option<i64>, earned: i64| cap.map_or(worth, |cap| (cap - earned).max(0));
        worth.min(left(daily_cap, earned)).min(left(per_pair_daily_cap, of_pair))
    }
}

/// As the calendar of UTC counts them.
fn day(time: OffsetDateTime) -> time::Date {
    time.to_offset(UtcOffset::UTC).date()
}
