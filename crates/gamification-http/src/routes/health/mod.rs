//! `/livez` and `/readyz`: is the process alive, and can it take work?

pub(in crate::routes) mod live;
pub(in crate::routes) mod ready;

use serde::Serialize;
use utoipa::ToSchema;

/// The state of the process, for people who look.
#[derive(Serialize, ToSchema)]
#[schema(as = Health)]
pub(in crate::routes) struct HealthView {
    status: &'static str,
}

impl HealthView {
    const OK: Self = Self { status: "ok" };
}
