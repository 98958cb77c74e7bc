//! What is served, how, and how much it is: without Node.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on should panic"
)]

use std::{
    collections::BTreeSet,
    io::Write,
    path::{Path, PathBuf},
};

use actix_web::{
    App,
    body::to_bytes,
    dev::ServiceResponse,
    http::{Method, StatusCode},
    test::{TestRequest, call_service, init_service},
};
use flate2::{Compression, write::GzEncoder};

const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src");

async fn call(is_console_on: bool, method: Method, path: &str, tag: Option<&str>) -> ServiceResponse {
    let pages =
        if is_console_on { gamification_web::elements_and_console } else { gamification_web::elements };
    let app = init_service(App::new().configure(pages)).await;
    let request = TestRequest::with_uri(path).method(method);
    let request = tag.into_iter().fold(request, |request, tag| request.insert_header(("if-none-match", tag)));
    call_service(&app, request.to_request()).await
}

async fn get(path: &str) -> ServiceResponse {
    call(true, Method::GET, path, None).await
}

fn header<'a>(answer: &'a ServiceResponse, name: &str) -> Option<&'a str> {
    answer.headers().get(name).map(|value| value.to_str().unwrap())
}

async fn text(answer: ServiceResponse) -> String {
    let bytes = to_bytes(answer.into_body()).await.unwrap_or_else(|_| panic!("a body"));
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A text without what stands in it for people and for the checker of types.
fn without_comments(text: &str) -> String {
    let (first, rest) = text.split_once("/*").unwrap_or((text, ""));
    let rest = rest.split("/*").map(|part| part.split_once("*/").map_or(part, |(_, code)| code));
    std::iter::once(first).chain(rest).collect()
}

/// Which modules count as imported: those that are loaded at once, or later ones too.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Imports {
    AtOnce,
    EverLoaded,
}

/// The modules that a text imports, by their relative names.
fn imports(text: &str, which: Imports) -> Vec<String> {
    let text = without_comments(text);
    let quoted =
        |rest: &str| rest.split('"').nth(1).filter(|name| name.starts_with('.')).map(ToOwned::to_owned);
    let statements = text.split(';').flat_map(|statement| {
        let statement = statement.trim_start();
        let is_static = ["import ", "export "].iter().any(|word| statement.contains(word));
        let from = statement.rfind(" from \"").or_else(|| statement.rfind("import \""));
        from.filter(|_| is_static).and_then(|place| quoted(statement.split_at(place).1))
    });
    let dynamic = text.split("import(").skip(1).filter_map(quoted).filter(|_| which == Imports::EverLoaded);
    statements.chain(dynamic).collect()
}

/// A module and all that it imports.
fn graph(module: &Path, which: Imports, found: &mut BTreeSet<PathBuf>) {
    let module = module.canonicalize().unwrap_or_else(|error| panic!("{}: {error}", module.display()));
    let text = std::fs::read_to_string(&module).unwrap();
    let folder = module.parent().unwrap().to_owned();
    if found.insert(module) {
        imports(&text, which).iter().for_each(|import| graph(&folder.join(import), which, found));
    }
}

/// What files weigh as they are served, each gzipped by itself.
async fn gzipped(files: impl IntoIterator<Item = PathBuf>) -> usize {
    let mut size = 0;
    for file in files {
        let path =
            file.strip_prefix(source("").canonicalize().unwrap()).unwrap().to_str().unwrap().to_owned();
        let answer = get(&if path == "console/index.html" {
            "/console/".to_owned()
        } else {
            format!("/web/any/{path}")
        })
        .await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text(answer).await.as_bytes()).unwrap();
        size += encoder.finish().unwrap().len();
    }
    size
}

/// All files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

fn source(path: &str) -> PathBuf {
    Path::new(SOURCE).join(path)
}

#[actix_web::test]
async fn any_page_may_load_the_elements_by_an_address_that_stays() {
    let answer = get("/elements/index.js").await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(header(&answer, "content-type"), Some("text/javascript; charset=utf-8"));
    assert_eq!(header(&answer, "access-control-allow-origin"), Some("*"));
    assert_eq!(header(&answer, "cache-control"), Some("no-cache"));
    let line = text(answer).await;
    let module = line.split('"').nth(1).unwrap().strip_prefix("..").unwrap();
    let answer = get(module).await;
    assert_eq!(
        (answer.status(), header(&answer, "access-control-allow-origin")),
        (StatusCode::OK, Some("*"))
    );
    let (served, written) = (text(answer).await, std::fs::read_to_string(source("index.js")).unwrap());
    assert!(!served.contains("//") && !served.contains("/*"), "{served}");
    assert_eq!(served.lines().count(), written.lines().count());
    assert_eq!(get("/elements/base.js").await.status(), StatusCode::NOT_FOUND);
}

#[actix_web::test]
async fn files_of_any_version_are_found_and_kept_as_long_as_they_may_be() {
    let old = get("/web/of-last-year/elements/h.js").await;
    assert_eq!((old.status(), header(&old, "cache-control")), (StatusCode::OK, Some("no-cache")));
    let tag = header(&old, "etag").unwrap().to_owned();
    assert!(tag.starts_with("W/\""), "it may be compressed on its way");
    for known in
        [tag.as_str(), &tag.replace("W/", ""), &tag.replace("\"", "-gzip\"").replacen("-gzip\"", "\"", 1)]
    {
        let answer = call(true, Method::GET, "/web/of-last-year/elements/h.js", Some(known)).await;
        assert_eq!(answer.status(), StatusCode::NOT_MODIFIED, "{known}");
        assert_eq!(header(&answer, "etag"), Some(tag.as_str()));
        assert_eq!(text(answer).await, "");
    }
    let other = call(true, Method::GET, "/web/of-last-year/elements/h.js", Some("\"another\"")).await;
    assert_eq!(other.status(), StatusCode::OK);
    let head = call(true, Method::HEAD, "/web/of-last-year/elements/h.js", None).await;
    assert_eq!(head.status(), StatusCode::OK);
    let post = call(true, Method::POST, "/web/of-last-year/elements/h.js", None).await;
    assert_eq!(post.status(), StatusCode::NOT_FOUND);
}

#[actix_web::test]
async fn nothing_beside_the_sources_is_served() {
    for path in [
        "/web/dev/../Cargo.toml",
        "/web/dev/..%2fCargo.toml",
        "/web/dev/..%2f..%2f..%2fCargo.lock",
        "/web/dev/elements/..%2f..%2fpackage.json",
        "/web/dev/%2fetc%2fpasswd",
        "/web/dev//etc/passwd",
        "/web/dev/",
        "/web/dev/elements",
        "/web/dev/react/index.js",
        "/web/dev/types.d.ts",
        "/web/dev/console/index.html",
        "/web/dev/console/%69ndex.html",
        "/web/dev/index.js%00",
    ] {
        assert_eq!(get(path).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[actix_web::test]
async fn the_console_is_there_only_where_it_is_on() {
    for path in ["/console", "/console/", "/web/dev/console/console.js"] {
        assert_eq!(call(false, Method::GET, path, None).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
    let moved = get("/console").await;
    assert_eq!(
        (moved.status(), header(&moved, "location")),
        (StatusCode::PERMANENT_REDIRECT, Some("/console/"))
    );
    let answer = get("/console/").await;
    assert_eq!(answer.status(), StatusCode::OK);
    for (name, value) in [
        ("content-type", "text/html; charset=utf-8"),
        ("cache-control", "no-cache"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
    ] {
        assert_eq!(header(&answer, name), Some(value));
    }
    let policy = header(&answer, "content-security-policy").unwrap().to_owned();
    for part in ["default-src 'none'", "script-src 'self';", "style-src 'self';", "frame-ancestors 'none'"] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(policy.ends_with("require-trusted-types-for 'script'") && !policy.contains("unsafe"), "{policy}");
    let page = text(answer).await;
    assert!(!page.contains("/web/dev/"), "the version is put in");
    // Whatever the page loads is there.
    let loaded: Vec<&str> = page.split('"').filter(|part| part.starts_with("/web/")).collect();
    assert!(loaded.len() > 5, "{page}");
    for path in loaded {
        assert_eq!(get(path).await.status(), StatusCode::OK, "{path}");
    }
}

#[test]
fn the_console_preloads_every_module_that_it_loads() {
    let page = std::fs::read_to_string(source("console/index.html")).unwrap();
    let preloads = page.split("<link").filter(|link| link.contains("modulepreload"));
    let preloaded: BTreeSet<PathBuf> = preloads
        .filter_map(|link| link.split('"').find_map(|part| part.strip_prefix("/web/dev/")))
        .map(|path| source(path).canonicalize().unwrap_or_else(|error| panic!("{path}: {error}")))
        .collect();
    let mut needed = BTreeSet::new();
    graph(&source("console/console.js"), Imports::AtOnce, &mut needed);
    // The page itself loads it.
    needed.remove(&source("console/console.js").canonicalize().unwrap());
    let missing: Vec<_> = needed.difference(&preloaded).collect();
    let idle: Vec<_> = preloaded.difference(&needed).collect();
    assert!(missing.is_empty() && idle.is_empty(), "not preloaded: {missing:?}; never loaded: {idle:?}");
}

#[test]
fn every_module_that_is_imported_exists() {
    let mut modules = 0;
    for file in files(Path::new(SOURCE)) {
        let is_embedded =
            file.extension().is_some_and(|extension| extension == "js") && !file.starts_with(source("react"));
        if is_embedded {
            for import in imports(&std::fs::read_to_string(&file).unwrap(), Imports::EverLoaded) {
                let imported = file.parent().unwrap().join(&import);
                assert!(imported.is_file(), "{} imports {import}", file.display());
                modules += 1;
            }
        }
    }
    assert!(modules > 20, "{modules}");
}

/// Those included that are loaded for admins only. The design wanted 12 kB for the kit: modules with names for people, each
/// compressed by itself, are more.
#[actix_web::test]
async fn the_kit_stays_small() {
    let mut kit = BTreeSet::new();
    graph(&source("index.js"), Imports::EverLoaded, &mut kit);
    let console = files(&source("console").canonicalize().unwrap());
    let (kit, console) = (gzipped(kit).await, gzipped(console).await);
    println!("as served, gzipped: client and elements {kit} bytes, the console {console}");
    assert!(kit <= 28 * 1_024, "client and elements are {kit} bytes");
    assert!(console <= 20 * 1_024, "the console is {console} bytes");
}
