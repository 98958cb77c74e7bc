//! Where a list goes on: a place that clients keep and send back, and need not understand.

use actix_web::HttpRequest;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{path::parameter, problem::Problem};

/// The name of the parameter.
const NAME: &str = "cursor";

/// Writes a place so that it can stand in an address.
pub(crate) fn write(place: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(place)
}

/// The place that a request goes on from, as `understand` reads it; `None` where it begins at the top.
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
