//! `GET /docs`: a page to read and try the API.

use std::sync::Arc;

use actix_web::{
    HttpResponse, Resource, guard,
    http::header::{CONTENT_SECURITY_POLICY, ContentEncoding, LOCATION},
    web::{self, Data, Path},
};
use utoipa_swagger_ui::{Config, SwaggerFile};

use crate::problem::Problem;

type Settings = Arc<Config<'static>>;

/// A page to read and try the API
#[utoipa::path(
    get, path = "/docs", tag = "operation", operation_id = "docs",
    responses((status = 308, description = "The page is at `/docs/`"))
)]
pub(in crate::routes) async fn handle() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header((LOCATION, "/docs/")).finish()
}

/// The page and what it loads; nothing comes from anywhere else.
pub(in crate::routes) fn pages() -> Resource {
    let settings: Settings = Arc::new(Config::from("/openapi.json").validator_url("none"));
    let read = guard::Any(guard::Get()).or(guard::Head());
    web::resource("/docs/{file:.*}").guard(read).app_data(Data::new(settings)).route(web::route().to(page))
}

/// The page loads its own files and asks this service; its styles are inline.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

async fn page(file: Path<String>, settings: Data<Settings>) -> Result<HttpResponse, Problem> {
    let file = utoipa_swagger_ui::serve(&file, Arc::clone(&settings)).map_err(|_| Problem::internal())?;
    let SwaggerFile { bytes, content_type, gzpipped: is_compressed, .. } =
        file.ok_or_else(|| Problem::not_found("There is nothing at this address"))?;
    let mut answer = HttpResponse::Ok();
    answer.insert_header((CONTENT_SECURITY_POLICY, POLICY));
    if is_compressed {
        answer.insert_header(ContentEncoding::Gzip);
    }
    Ok(answer.content_type(content_type).body(bytes.into_owned()))
}
