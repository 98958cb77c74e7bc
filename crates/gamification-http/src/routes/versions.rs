//! What the histories of levels and of rules have in common.

use actix_web::HttpRequest;
use gamification_app::ports::{PageSize, VersionRange};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use utoipa::IntoParams;

use crate::{cursor, path::number, problem::Problem};

/// Which versions are asked for.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it is a description")]
pub(super) struct VersionParameters {
    /// How many versions the answer has at most
    #[param(required = false, minimum = 1, maximum = 100, default = 20)]
    limit: u8,
    /// The `next_cursor` of the answer before; without it, the newest versions
    #[param(required = false, min_length = 6, max_length = 6, pattern = "^[A-Za-z0-9_-]{6}$")]
    cursor: String,
}

/// Reads which versions are asked for.
pub(super) fn range(request: &HttpRequest) -> Result<VersionRange, Problem> {
    let before = cursor::read(request, |bytes| Some(u32::from_be_bytes(bytes.try_into().ok()?)))?;
    let size = number(request, "limit", 1..=100)?.and_then(PageSize::new).unwrap_or_default();
    Ok(VersionRange { before, size })
}

/// The cursor of those older than a version.
pub(super) fn cursor(oldest: u32) -> String {
    cursor::write(&oldest.to_be_bytes())
}

/// When a version was made.
pub(super) fn rfc3339(time: OffsetDateTime) -> String {
    time.format(&Rfc3339).unwrap_or_default()
}
