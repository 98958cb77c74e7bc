//! The web kit, embedded and served: what npm publishes is what this crate embeds, file by file, and serves without comments.
//!
//! | address | |
//! |---|---|
//! | `/elements/index.js`, `/elements/define.js` | a line that leads to the modules of this version, for any page of any origin |
//! | `/web/{version}/{path}` | the file `src/{path}`, for good under the version of this program, asked for each time under any other |
//! | `/console/` | the console, where it is on |
//!
//! A release holds the files in the binary; a debug build reads them from the folder, so that an edit shows at the next
//! reload. This crate knows no other of ours: the console does what the public API lets its tokens do.
//!
//! # To add a module
//! Put it below `src/` and import it from another; tests compare imports with files, and sizes with their budgets.

mod link;
mod served;

use std::{borrow::Cow, fmt::Write as _, sync::LazyLock};

use actix_web::{
    HttpRequest, HttpResponse, guard,
    http::header::{
        ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderName,
        IF_NONE_MATCH, LOCATION, REFERRER_POLICY,
    },
    web::{self, Path, ServiceConfig},
};
use rust_embed::{EmbeddedFile, RustEmbed};

pub use self::link::console_link;
use self::served::as_served;

#[derive(RustEmbed)]
#[folder = "src"]
#[exclude = "react/*"]
#[exclude = "*.ts"]
struct Files;

/// Names all files as they are in this program: other bytes, another version.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut names: Vec<Cow<'static, str>> = Files::iter().collect();
    names.sort();
    let hashes = names.iter().filter_map(|name| Files::get(name)).map(|file| file.metadata.sha256_hash());
    // FNV-1a over hashes of files: no one gains by a collision.
    let hash = hashes.flatten().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    format!("{hash:016x}")
});

/// What stands for the version in the files themselves, so that they also work where anything else serves them.
const ANY_VERSION: &str = "/web/dev/";

/// May be kept without asking again.
const FOR_GOOD: &str = "public, max-age=31536000, immutable";
/// May be kept, and is asked for each time.
const ASK_AGAIN: &str = "no-cache";

/// What the console may load and do: its own files, this service, pictures over HTTPS.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src https: data:; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";

/// Adds the elements, for pages of any origin.
pub fn elements(config: &mut ServiceConfig) {
    add(config, "/elements/{file}", web::get().to(entry), web::head().to(entry));
    add(config, "/web/{version}/{path:.*}", web::get().to(module), web::head().to(module));
}

/// Adds the elements and the console.
pub fn elements_and_console(config: &mut ServiceConfig) {
    config.app_data(ConsoleIsOn);
    elements(config);
    add(config, "/console", web::get().to(to_console), web::head().to(to_console));
    add(config, "/console/", web::get().to(console), web::head().to(console));
}

/// Says to the modules' handler that it may give away those of the console.
#[derive(Clone, Copy)]
struct ConsoleIsOn;

fn add(config: &mut ServiceConfig, address: &str, get: actix_web::Route, head: actix_web::Route) {
    let read = guard::Any(guard::Get()).or(guard::Head());
    config.service(web::resource(address).guard(read).route(get).route(head));
}

async fn entry(request: HttpRequest, file: Path<String>) -> HttpResponse {
    if !["index.js", "define.js"].contains(&file.as_str()) {
        return HttpResponse::NotFound().finish();
    }
    let text = format!("export * from \"../web/{}/{file}\";\n", *VERSION);
    let tag = VERSION.as_str();
    for_everybody(answer(&request, (tag, ASK_AGAIN), "text/javascript; charset=utf-8", text.into_bytes()))
}

async fn module(request: HttpRequest, path: Path<(String, String)>) -> HttpResponse {
    let (version, path) = path.into_inner();
    // A page is served at its own address alone, where its policy is.
    let is_module = !path.ends_with(".html");
    let is_on = !path.starts_with("console/") || request.app_data::<ConsoleIsOn>().is_some();
    let Some(file) = file(&path).filter(|_| is_module && is_on) else {
        return HttpResponse::NotFound().finish();
    };
    // Of another version the name is known as long as it is one of ours, so no page that is open meets an error.
    let is_ours = version == *VERSION && !cfg!(debug_assertions);
    let (tag, keep) = (hash(&file), if is_ours { FOR_GOOD } else { ASK_AGAIN });
    for_everybody(answer(&request, (&tag, keep), media_type(&path), as_served(&path, file.data).into_owned()))
}

async fn to_console() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header((LOCATION, "/console/")).finish()
}

async fn console(request: HttpRequest) -> HttpResponse {
    let Some(page) = file("console/index.html") else {
        return HttpResponse::NotFound().finish();
    };
    let text = String::from_utf8_lossy(&page.data).replace(ANY_VERSION, &format!("/web/{}/", *VERSION));
    let tag = format!("{}-{}", *VERSION, hash(&page));
    let mut answer = answer(&request, (&tag, ASK_AGAIN), "text/html; charset=utf-8", text.into_bytes());
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, POLICY),
        (REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ] {
        if let Ok(value) = value.parse() {
            answer.headers_mut().insert(name, value);
        }
    }
    answer
}

/// A file by its path below `src/`, and nothing beside it.
fn file(path: &str) -> Option<EmbeddedFile> {
    Files::iter().any(|known| known == path).then(|| Files::get(path)).flatten()
}

fn hash(file: &EmbeddedFile) -> String {
    file.metadata.sha256_hash().iter().take(16).fold(String::new(), |mut text, byte| {
        // Writing into memory does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.') {
        Some((_, "js")) => "text/javascript; charset=utf-8",
        Some((_, "css")) => "text/css; charset=utf-8",
        Some((_, "html")) => "text/html; charset=utf-8",
        Some((_, "svg")) => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

/// An answer with a weak tag, since it may be compressed on its way; 304 where the client has it.
fn answer(
    request: &HttpRequest,
    (tag, keep): (&str, &'static str),
    media_type: &'static str,
    body: Vec<u8>,
) -> HttpResponse {
    let named = request.headers().get_all(IF_NONE_MATCH).filter_map(|value| value.to_str().ok());
    let is_known = named.flat_map(|list| list.split(',')).any(|named| named.contains(tag));
    let mut answer = if is_known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    answer.insert_header((CACHE_CONTROL, keep)).insert_header((ETAG, format!("W/\"{tag}\"")));
    if is_known { answer.finish() } else { answer.insert_header((CONTENT_TYPE, media_type)).body(body) }
}

/// Modules are read by pages of any origin; there is nothing secret in them.
fn for_everybody(mut answer: HttpResponse) -> HttpResponse {
    let any_origin = actix_web::http::header::HeaderValue::from_static("*");
    answer.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, any_origin);
    answer
}
