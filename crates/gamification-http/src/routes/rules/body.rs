//! Rules as they are sent.

use gamification_domain::{
    CapDraft, CommunityId, CommunityRules, RuleDraft, RuleField, RuleMistakes, RulePlace, RuleProblem,
    RulesDraft,
};
use serde::Deserialize;
use serde_json::{Map, Value};
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::get::source;
use crate::{
    problem::{FieldCode, FieldError, Problem},
    routes::settings::{items, unknown_fields, whole_number},
};

/// The rules as they shall be.
// Read by hand, so that all mistakes are told at once.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RulesUpdate)]
#[expect(dead_code, reason = "it is a description")]
pub(in crate::routes) struct RulesUpdateBody {
    /// Those of all sources, in any order
    #[schema(inline)]
    rules: Vec<RuleUpdateBody>,
    /// Whether admins are left out of leaderboards; as it is, when it is missing
    #[schema(required = false)]
    exclude_admins: bool,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RuleUpdate, example = json!({"source": "post_liked", "points": 1, "daily_cap": 20, "per_pair_daily_cap": 3}))]
#[expect(dead_code, reason = "it is a description")]
struct RuleUpdateBody {
    #[schema(schema_with = source)]
    source: String,
    /// The points of one award
    #[schema(minimum = 0, maximum = 1000)]
    points: i32,
    /// The most a member can earn from it on a day; no limit when it is `null` or missing
    #[schema(minimum = 0)]
    daily_cap: Option<i32>,
    /// Of likes: the most a member can earn on a day from one liker; no limit when it is `null` or missing
    #[schema(minimum = 0)]
    per_pair_daily_cap: Option<i32>,
}

/// Understands a body, or reports all its mistakes at once.
pub(super) fn draft(body: &Value) -> Result<RulesDraft, Problem> {
    let rules = items(body, "rules", "Rules", "A rule").map_err(|error| Problem::validation(vec![error]))?;
    let mut errors = Vec::new();
    let unknown =
        body.as_object().into_iter().flat_map(|body| unknown_fields(body, &["rules", "exclude_admins"], "#"));
    errors.extend(unknown);
    let mut draft = RulesDraft::default();
    match body.get("exclude_admins") {
        None => {}
        Some(Value::Bool(exclude)) => draft.exclude_admins = Some(*exclude),
        Some(_) => errors.push(FieldError::new(
            "#/exclude_admins",
            FieldCode::Invalid,
            "exclude_admins must be true or false",
        )),
    }
    for (index, rule) in rules.iter().enumerate() {
        let known = ["source", "points", "daily_cap", "per_pair_daily_cap"];
        errors.extend(unknown_fields(rule, &known, &format!("#/rules/{index}")));
        draft.rules.push(RuleDraft {
            source: rule.get("source").and_then(Value::as_str).and_then(|name| name.parse().ok()),
            points: rule.get("points").and_then(whole_number),
            daily_cap: cap(rule, "daily_cap"),
            per_pair_daily_cap: cap(rule, "per_pair_daily_cap"),
        });
    }
    // The mistakes are the same in every community.
    let mut defaults = CommunityRules::default_for(CommunityId::new(uuid::Uuid::nil()));
    if let Err(mistakes) = defaults.update(&draft, OffsetDateTime::UNIX_EPOCH) {
        errors.extend(field_errors(&mistakes));
    }
    if errors.is_empty() { Ok(draft) } else { Err(Problem::validation(errors)) }
}

fn cap(rule: &Map<String, Value>, name: &str) -> CapDraft {
    match rule.get(name) {
        None | Some(Value::Null) => CapDraft::None,
        Some(value) => whole_number(value).map_or(CapDraft::NotANumber, CapDraft::Points),
    }
}

pub(super) fn field_errors(mistakes: &RuleMistakes) -> Vec<FieldError> {
    let pointer = |place| match place {
        RulePlace::List => "#/rules".to_owned(),
        RulePlace::Field { index, field } => {
            let field = match field {
                RuleField::Source => "source",
                RuleField::Points => "points",
                RuleField::DailyCap => "daily_cap",
                RuleField::PerPairDailyCap => "per_pair_daily_cap",
            };
            format!("#/rules/{index}/{field}")
        }
    };
    let mistakes = mistakes.as_slice().iter();
    mistakes
        .map(|mistake| {
            FieldError::new(pointer(mistake.place), field_code(mistake.problem), mistake.to_string())
        })
        .collect()
}

const fn field_code(problem: RuleProblem) -> FieldCode {
    match problem {
        RuleProblem::Missing(_) => FieldCode::Required,
        RuleProblem::Repeated(_) => FieldCode::Repeated,
        RuleProblem::NotASource
        | RuleProblem::PointsOutOfRange
        | RuleProblem::CapOutOfRange
        | RuleProblem::NotALike => FieldCode::Invalid,
    }
}
