//! Cursors: places in a list that clients send back for the next part, without understanding them.

use actix_web::HttpRequest;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{path::parameter, problem::Problem};

/// The name of the parameter.
const NAME: &str = "cursor";

/// Writes a place in characters that URLs need not escape.
pub(crate) fn write(place: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(place)
}

/// The place that a request continues from, as `understand` reads it; `None` where it begins at the top.
pub(crate) fn read<T>(
    request: &HttpRequest,
    understand: impl FnOnce(&[u8]) -> Option<T>,
) -> Result<Option<T>, Problem> {
    let Some(cursor) = parameter(request, NAME) else {
        return Ok(None);
    };
    let place = URL_SAFE_NO_PAD.decode(&cursor).ok().and_then(|place| understand(&place));
    place.map(Some).ok_or_else(|| Problem::bad_request("cursor must be one that an earlier answer gave"))
}
