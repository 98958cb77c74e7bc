//! The API as its document describes it: the same addresses, the same answers, for everybody who may call.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that can't go on should panic"
)]

use std::{collections::BTreeSet, fs, time::Duration};

use gamification_app::SystemEnvironment;
use gamification_pg::PgStore;
use gamification_tests::{
    Answer, Launch, TestDatabase, TestServer,
    event::{admin_joined, community_created, course_created, event, id, member_joined},
    in_an_hour, service_token, signed, user_token,
};
use jsonwebtoken::{Algorithm, EncodingKey, Header, jwk::Jwk};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ED25519, PKCS_RSA_SHA256, SignatureAlgorithm};
use serde_json::{Value, json};
use uuid::Uuid;

/// A community with one of each role, a course in it, and an operation's answer to anybody.
struct Scene {
    server: TestServer,
    database: TestDatabase,
    community: Uuid,
    course: Uuid,
    admin: Uuid,
    moderator: Uuid,
    ada: Uuid,
}

impl Scene {
    async fn new() -> Self {
        let database = TestDatabase::empty().await;
        let server = TestServer::on(&database);
        Self::with(server, database)
    }

    fn with(server: TestServer, database: TestDatabase) -> Self {
        let (community, course, admin, moderator, ada) = (id(), id(), id(), id(), id());
        let moderating = json!({"community_id": community, "user_id": moderator, "role": "MODERATOR"});
        let events = [
            community_created(community),
            course_created(community, course),
            admin_joined(community, admin),
            event("MemberJoined", 1, &moderating),
            member_joined(community, ada),
        ];
        assert_eq!(server.send_batch(&events).body["applied"], 5);
        Self { server, database, community, course, admin, moderator, ada }
    }

    fn call(&self, operation: &Operation, community: Uuid, token: Option<&str>) -> Answer {
        let path = operation
            .path
            .replace("{community_id}", &community.to_string())
            .replace("{user_id}", &self.ada.to_string())
            .replace("{course_id}", &self.course.to_string());
        let query = if operation.id == "badges" { format!("?user_ids={}", self.ada) } else { String::new() };
        self.server.call(&operation.method, &format!("{path}{query}"), token, &operation.body())
    }
}

/// An operation of the document.
#[derive(Clone, Debug)]
struct Operation {
    id: String,
    method: String,
    path: String,
    statuses: BTreeSet<u16>,
    needs_token: bool,
}

impl Operation {
    /// A body that is valid.
    fn body(&self) -> Option<(&'static str, Value)> {
        let level =
            |level: i64| json!({"level": level, "name": format!("Level {level}"), "threshold": level - 1});
        match self.id.as_str() {
            "update_levels" => {
                Some(("application/json", json!({"levels": (1..=9).map(level).collect::<Vec<_>>()})))
            }
            "set_course_level_requirement" => Some(("application/json", json!({"minimum_level": 2}))),
            "record_events" => Some(("application/cloudevents-batch+json", json!([]))),
            _ => None,
        }
    }
}

fn operations(server: &TestServer) -> Vec<Operation> {
    let document = server.get("/openapi.json", None).body;
    assert_eq!(document["openapi"], "3.1.0");
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            operations.push(Operation {
                id: operation["operationId"].as_str().unwrap().to_owned(),
                method: method.to_uppercase(),
                path: path.clone(),
                statuses: operation["responses"]
                    .as_object()
                    .unwrap()
                    .keys()
                    .map(|status| status.parse().unwrap())
                    .collect(),
                needs_token: operation["security"].is_array(),
            });
        }
    }
    operations
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_and_the_routes_are_the_same_set() {
    let scene = Scene::new().await;
    let documented: BTreeSet<(String, String)> =
        operations(&scene.server).into_iter().map(|operation| (operation.path, operation.method)).collect();
    let table = gamification_http::routes::addresses::<PgStore, SystemEnvironment>();
    let routed: BTreeSet<(String, String)> = table
        .iter()
        .flat_map(|(path, methods)| methods.iter().map(|method| ((*path).to_owned(), (*method).to_owned())))
        .collect();
    assert_eq!(documented, routed);
    for (path, methods) in table {
        let path = path
            .replace("{community_id}", &scene.community.to_string())
            .replace("{user_id}", &scene.ada.to_string());
        let path = path.replace("{course_id}", &scene.course.to_string());
        for method in
            ["GET", "PUT", "POST", "PATCH", "DELETE"].into_iter().filter(|method| !methods.contains(method))
        {
            let answer = scene.server.call(method, &path, None, &None);
            answer.problem(405, "METHOD_NOT_ALLOWED");
            assert_eq!(answer.header("allow"), Some(methods.join(", ").as_str()), "{method} {path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documents_come_from_the_binary() {
    let scene = Scene::new().await;
    let (status, printed, _) = Launch::bare().arg("openapi").run();
    assert!(status.success());
    let printed: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(printed, scene.server.get("/openapi.json", None).body);
    let page = scene.server.text("/docs/");
    assert!(page.contains("swagger-ui"), "{page}");
    for loaded in page.split(['"', '\'']).filter(|text| text.ends_with(".js") || text.ends_with(".css")) {
        assert!(!loaded.contains("//"), "{loaded} comes from somewhere else");
        let name = loaded.trim_start_matches("./");
        assert_eq!(scene.server.get(&format!("/docs/{name}"), None).status, 200, "{name}");
    }
    assert!(scene.server.text("/docs/swagger-initializer.js").contains("/openapi.json"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_is_documented_and_says_that_it_is_not_to_be_guessed_at() {
    let scene = Scene::new().await;
    for operation in operations(&scene.server) {
        for token in [None, Some(user_token(scene.admin)), Some(user_token(id())), Some(service_token())] {
            let answer = scene.call(&operation, scene.community, token.as_deref());
            assert!(operation.statuses.contains(&answer.status), "{operation:?}: {answer:?}");
            assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{operation:?}");
        }
    }
}

/// Who is turned away with which status, by the contract's table.
fn expected(operation: &Operation, who: &str, target: &str) -> u16 {
    let is_admins = ["update_levels", "course_level_requirement", "set_course_level_requirement"]
        .contains(&operation.id.as_str());
    match operation.id.as_str() {
        "live" | "ready" | "openapi" => 200,
        "docs" => 308,
        "record_events" => match who {
            "nobody" => 401,
            "service" => 200,
            _ => 403,
        },
        "badges"
        | "member_level"
        | "levels"
        | "update_levels"
        | "course_access"
        | "course_accesses"
        | "course_level_requirement"
        | "set_course_level_requirement" => match (who, target) {
            // A service's subject is no user.
            ("nobody" | "service", _) => 401,
            (_, "unknown") => 404,
            ("stranger", _) | (_, "other") => 403,
            ("member" | "moderator", _) if is_admins => 403,
            ("member" | "moderator" | "admin", _) => 200,
            other => panic!("{other:?}"),
        },
        new => panic!("{new} is a new operation: say here who may call it"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_operations_and_targets_go_together_as_the_contract_says() {
    let scene = Scene::new().await;
    let other = id();
    assert_eq!(
        scene.server.send_batch(&[community_created(other), admin_joined(other, id())]).body["applied"],
        2
    );
    let operations = operations(&scene.server);
    let mut combinations = 0;
    for operation in &operations {
        for (who, token) in [
            ("nobody", None),
            ("service", Some(service_token())),
            ("stranger", Some(user_token(id()))),
            ("member", Some(user_token(scene.ada))),
            ("moderator", Some(user_token(scene.moderator))),
            ("admin", Some(user_token(scene.admin))),
        ] {
            for (target, community) in [("own", scene.community), ("other", other), ("unknown", id())] {
                let answer = scene.call(operation, community, token.as_deref());
                assert_eq!(
                    answer.status,
                    expected(operation, who, target),
                    "{who}, {target}: {operation:?} {answer:?}"
                );
                combinations += 1;
            }
        }
    }
    assert_eq!(combinations, operations.len() * 18);
}

/// A way to sign tokens, and how a server is told to trust it.
struct Signer {
    algorithm: Algorithm,
    key: EncodingKey,
    public_pem: String,
    public_raw: Vec<u8>,
}

impl Signer {
    fn new(algorithm: Algorithm) -> Self {
        let kind: &'static SignatureAlgorithm = match algorithm {
            Algorithm::RS256 => &PKCS_RSA_SHA256,
            Algorithm::ES256 => &PKCS_ECDSA_P256_SHA256,
            _ => &PKCS_ED25519,
        };
        let pair = KeyPair::generate_for(kind).unwrap();
        let pem = pair.serialize_pem();
        let key = match algorithm {
            Algorithm::RS256 => EncodingKey::from_rsa_pem(pem.as_bytes()),
            Algorithm::ES256 => EncodingKey::from_ec_pem(pem.as_bytes()),
            _ => EncodingKey::from_ed_pem(pem.as_bytes()),
        };
        Self {
            algorithm,
            key: key.unwrap(),
            public_pem: pair.public_key_pem(),
            public_raw: pair.public_key_raw().to_vec(),
        }
    }

    fn sign(&self, kid: Option<&str>, claims: &Value) -> String {
        let header = Header { kid: kid.map(ToOwned::to_owned), ..Header::new(self.algorithm) };
        jsonwebtoken::encode(&header, claims, &self.key).unwrap()
    }

    fn jwk(&self, kid: &str) -> Value {
        if self.algorithm == Algorithm::EdDSA {
            return json!({"kty": "OKP", "crv": "Ed25519", "use": "sig", "kid": kid, "x": base64url(&self.public_raw)});
        }
        let mut jwk = Jwk::from_encoding_key(&self.key, self.algorithm).unwrap();
        jwk.common.key_id = Some(kid.to_owned());
        serde_json::to_value(jwk).unwrap()
    }
}

/// A status that says whether a token was taken: what it is for does not exist.
fn taken(server: &TestServer, token: &str) -> bool {
    match server.get(&format!("/api/communities/{}/levels", id()), Some(token)) {
        answer if answer.status == 404 => true,
        answer => {
            answer.problem(401, "UNAUTHENTICATED");
            false
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_taken_from_the_holder_of_a_public_keys_other_half_only() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key.pem");
    let claims = json!({"sub": id(), "exp": in_an_hour()});
    let signers = [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA].map(Signer::new);
    for (index, signer) in signers.iter().enumerate() {
        fs::write(&file, &signer.public_pem).unwrap();
        let database = TestDatabase::empty().await;
        let server = Launch::bare()
            .env("DATABASE_URL", database.url())
            .env("GAMIFICATION_JWT_PUBLIC_KEY_FILE", &file)
            .serve();
        for (other, candidate) in signers.iter().enumerate() {
            assert_eq!(
                taken(&server, &candidate.sign(None, &claims)),
                index == other,
                "{:?}",
                signer.algorithm
            );
        }
        assert!(
            !taken(&server, &Signer::new(signer.algorithm).sign(None, &claims)),
            "the same algorithm, another key"
        );
        // The public key is no secret: a signature made with its text must not count.
        let confused = EncodingKey::from_secret(signer.public_pem.as_bytes());
        assert!(!taken(&server, &jsonwebtoken::encode(&Header::default(), &claims, &confused).unwrap()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_a_set_are_chosen_by_kid_and_rotate_with_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("jwks.json");
    let (old, new) = (Signer::new(Algorithm::ES256), Signer::new(Algorithm::EdDSA));
    let claims = json!({"sub": id(), "exp": in_an_hour()});
    let symmetric =
        json!({"kty": "oct", "kid": "shared", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA"});
    fs::write(&file, json!({"keys": [old.jwk("old"), symmetric]}).to_string()).unwrap();
    let database = TestDatabase::empty().await;
    let server =
        Launch::bare().env("DATABASE_URL", database.url()).env("GAMIFICATION_JWKS_FILE", &file).serve();
    assert!(taken(&server, &old.sign(Some("old"), &claims)));
    assert!(!taken(&server, &old.sign(Some("other"), &claims)));
    assert!(!taken(&server, &old.sign(None, &claims)));
    assert!(!taken(&server, &new.sign(Some("old"), &claims)));
    let shared = EncodingKey::from_secret(b"secret-secret-secret-secret-secret");
    let header = Header { kid: Some("shared".into()), ..Header::default() };
    assert!(
        !taken(&server, &jsonwebtoken::encode(&header, &claims, &shared).unwrap()),
        "symmetric keys don't count"
    );

    fs::write(&file, "half writ").unwrap();
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert!(taken(&server, &old.sign(Some("old"), &claims)), "a broken file changes nothing");
    fs::write(&file, json!({"keys": [new.jwk("new")]}).to_string()).unwrap();
    let started = std::time::Instant::now();
    while !taken(&server, &new.sign(Some("new"), &claims)) {
        assert!(started.elapsed() < Duration::from_secs(30), "the new key is never taken");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(!taken(&server, &old.sign(Some("old"), &claims)));
}

#[tokio::test(flavor = "multi_thread")]
async fn key_files_that_are_none_stop_the_start_and_name_their_variable() {
    let folder = tempfile::tempdir().unwrap();
    let private = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap().serialize_pem();
    for (variable, content) in [
        ("GAMIFICATION_JWT_PUBLIC_KEY_FILE", "junk"),
        ("GAMIFICATION_JWT_PUBLIC_KEY_FILE", private.as_str()),
        ("GAMIFICATION_JWKS_FILE", "{\"keys\": []}"),
        ("GAMIFICATION_JWKS_FILE", "[]"),
    ] {
        let file = folder.path().join("file");
        fs::write(&file, content).unwrap();
        let (status, _, error) =
            Launch::bare().env("DATABASE_URL", "postgres://127.0.0.1:1/x").env(variable, &file).run();
        assert!(!status.success() && error.contains(&format!("{variable} is not usable")), "{error}");
    }
    let both =
        Launch::on("postgres://127.0.0.1:1/x").env("GAMIFICATION_JWKS_FILE", folder.path().join("file"));
    let (_, _, error) = both.run();
    assert!(error.contains("only one of GAMIFICATION_JWT_HS256_SECRET"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_tokens_open_no_operation_at_all() {
    let scene = Scene::new().await;
    let (sub, exp) = (scene.admin, in_an_hour());
    let good = user_token(scene.admin);
    let parts: Vec<&str> = good.split('.').collect();
    let claim = |extra: Value| {
        let mut claims = json!({"sub": sub, "exp": exp, "scope": "gamification:events:write"});
        for (name, value) in extra.as_object().unwrap() {
            match value {
                Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
                value => claims[name] = value.clone(),
            }
        }
        signed(&claims)
    };
    let with_key = |algorithm, secret: &[u8]| {
        let claims = json!({"sub": sub, "exp": exp, "scope": "gamification:events:write"});
        jsonwebtoken::encode(&Header::new(algorithm), &claims, &EncodingKey::from_secret(secret)).unwrap()
    };
    let secret = gamification_tests::SECRET.as_bytes();
    let header = |json: &str| format!("{}.{}.{}", base64url(json), parts[1], parts[2]);
    let mut bad: Vec<String> =
        ["", " ", ".", "..", "...", "a", "a.b", "a.b.c", "null", "undefined", "0", "{}", "Bearer"]
            .map(ToOwned::to_owned)
            .to_vec();
    bad.extend([
        with_key(Algorithm::HS384, secret),
        with_key(Algorithm::HS512, secret),
        with_key(Algorithm::HS256, b"another secret of thirty-two bytes"),
        with_key(Algorithm::HS256, b""),
        with_key(Algorithm::HS256, &secret[..secret.len() - 1]),
        Signer::new(Algorithm::ES256).sign(None, &json!({"sub": sub, "exp": exp})),
        Signer::new(Algorithm::EdDSA).sign(None, &json!({"sub": sub, "exp": exp})),
        header(r#"{"alg":"none","typ":"JWT"}"#),
        header(r#"{"alg":"None"}"#),
        header(r#"{"alg":"HS256","crit":["exp"]}"#),
        header(r#"{"alg":"RS256"}"#),
        header(r#"{"alg":256}"#),
        header(r"{}"),
        header("junk"),
        format!("{}.{}.", base64url(r#"{"alg":"none"}"#), parts[1]),
        format!("{}.{}", parts[0], parts[1]),
        format!("{}.{}.", parts[0], parts[1]),
        format!("{}.{}.{}x", parts[0], parts[1], parts[2]),
        format!("{}.{}.{}", parts[0], base64url(json!({"sub": sub, "exp": exp + 1}).to_string()), parts[2]),
        format!("{good}.{good}"),
        claim(json!({"exp": null})),
        claim(json!({"exp": exp - 2 * 3_600})),
        claim(json!({"exp": 0})),
        claim(json!({"exp": -1})),
        claim(json!({"exp": "never"})),
        claim(json!({"exp": [exp]})),
        claim(json!({"nbf": exp})),
        claim(json!({"nbf": "later"})),
        claim(json!({"sub": null})),
        claim(json!({"sub": 1})),
        claim(json!({"sub": {"id": sub}})),
        "x".repeat(20_000),
    ]);
    assert!(bad.len() >= 40, "{}", bad.len());
    for operation in operations(&scene.server).iter().filter(|operation| operation.needs_token) {
        for token in &bad {
            let answer = scene.call(operation, scene.community, Some(token));
            answer.problem(401, "UNAUTHENTICATED");
            assert!(answer.header("www-authenticate").is_some());
            let detail = answer.body["detail"].as_str().unwrap();
            assert!(
                ["The bearer token is not valid", "A bearer token is required"].contains(&detail),
                "{detail}"
            );
        }
        let answer =
            scene.call(operation, scene.community, Some(&claim(json!({"jti": 7, "junk": {"a": [null]}}))));
        assert_ne!(answer.status, 401, "junk beside good claims does no harm: {answer:?}");
    }
}

/// Without padding.
fn base64url(text: impl AsRef<[u8]>) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let bits: Vec<u8> =
        text.as_ref().iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect();
    let digit = |bits: &[u8]| {
        let value = bits.iter().chain(&[0; 5]).take(6).fold(0, |value, bit| value << 1 | usize::from(*bit));
        char::from(ALPHABET[value])
    };
    bits.chunks(6).map(digit).collect()
}

/// Pieces that mean something to HTML, to databases, to terminals, or to readers' eyes.
fn hostile_texts() -> Vec<String> {
    let pieces = [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<b>",
        "</b>",
        "<!--",
        "-->",
        "<![CDATA[x]]>",
        "<svg/onload=x>",
        "&lt;b&gt;",
        "&amp;lt;b&amp;gt;",
        "&#60;b&#62;",
        "&#x3c;b>",
        "&nbsp;",
        "&copy",
        "&ampamp;",
        "&#0;",
        "&#x202e;",
        "\0",
        "\u{1}",
        "\u{7f}",
        "\u{85}",
        "\u{202e}",
        "\u{2066}",
        "\u{200b}",
        "\u{200d}",
        "\u{feff}",
        "\u{ad}",
        "\u{3164}",
        "\u{fffd}",
        "'; DROP TABLE outbox; --",
        "{{7*7}}",
        "${x}",
        "%00",
        "\\u0000",
        "\\",
        "\"",
        "'",
        "`",
        "$1",
        "?",
        "e\u{301}",
        "Å",
        "ß",
        "İ",
        "ﬁ",
        "👩\u{200d}🚀",
        "🏳\u{fe0f}\u{200d}🌈",
        "日本語",
        "مرحبا",
        "\u{1f1e9}\u{1f1ea}",
        "",
        " ",
        "\t",
        "\r\n",
        "\u{a0}",
        "\u{2028}",
        "a b",
    ];
    let mut texts: Vec<String> = pieces.map(ToOwned::to_owned).to_vec();
    for (index, piece) in pieces.iter().enumerate() {
        texts.extend([format!("a{piece}"), format!("{piece}z"), format!("a{piece}z")]);
        texts.push(format!("{piece}{}", pieces[(index * 7 + 3) % pieces.len()]));
        texts.push(piece.repeat(3));
    }
    for length in [29, 30, 31, 32, 1_000] {
        texts.extend(["x", "é", "🚀", "&amp;", "<b>x</b>"].map(|piece| piece.repeat(length)));
    }
    texts
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_texts_are_stored_clean_or_refused() {
    let scene = Scene::new().await;
    let path = format!("/api/communities/{}/levels", scene.community);
    let texts = hostile_texts();
    assert!(texts.len() >= 300, "{}", texts.len());
    let (mut stored, mut refused) = (0, 0);
    for text in &texts {
        let level = |level: i64| json!({"level": level, "name": format!("Level {level}"), "threshold": (level - 1) * 10});
        let mut body = json!({"levels": (1..=9).map(level).collect::<Vec<_>>()});
        body["levels"][4]["name"] = text.as_str().into();
        let answer = scene.server.put(&path, scene.admin, &[], &body);
        if answer.status == 422 {
            assert_eq!(answer.body["errors"][0]["pointer"], "#/levels/4/name", "{text:?}: {answer:?}");
            refused += 1;
            continue;
        }
        assert_eq!(answer.status, 200, "{text:?}: {answer:?}");
        stored += 1;
        let name = answer.body["levels"][4]["name"].as_str().unwrap().to_owned();
        assert!(
            (1..=30).contains(&name.chars().count()) && !name.chars().any(char::is_control),
            "{text:?} became {name:?}"
        );
        let is_tag =
            |rest: &str| rest.starts_with(|next: char| next.is_ascii_alphabetic() || "/!?".contains(next));
        assert!(!name.split('<').skip(1).any(is_tag), "{text:?} became {name:?}");
        // Plain text goes through as it is, and what came out goes in again unchanged.
        if !text.contains(['<', '&']) {
            assert_eq!(name, text.split_whitespace().collect::<Vec<_>>().join(" "));
        }
        body["levels"][4]["name"] = name.as_str().into();
        let again = scene.server.put(&path, scene.admin, &[], &body);
        assert_eq!(again.body["levels"][4]["name"], name, "{text:?}");
    }
    assert!(stored > 50 && refused > 50, "{stored} stored, {refused} refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_texts_in_events_are_kept_byte_for_byte_or_refused() {
    let scene = Scene::new().await;
    let community = scene.community;
    let texts = hostile_texts();
    // Texts that the directory keeps, each with a row of its own to be found by.
    for (kind, field, key, table) in [
        ("MemberJoined", "display_name", "user_id", "community_members"),
        ("MemberJoined", "avatar_url", "user_id", "community_members"),
        ("CommunityCreated", "name", "community_id", "communities"),
        ("CourseCreated", "title", "course_id", "courses"),
    ] {
        let rows: Vec<Uuid> = texts.iter().map(|_| id()).collect();
        let events: Vec<Value> = texts
            .iter()
            .zip(&rows)
            .map(|(text, row)| {
                let mut data = json!({"community_id": community, field: text});
                data[key] = json!(row);
                event(kind, 1, &data)
            })
            .collect();
        let answer = scene.server.send_batch(&events);
        assert!([200, 207].contains(&answer.status), "{answer:?}");
        let client = scene.database.client().await;
        for ((text, row), result) in texts.iter().zip(&rows).zip(answer.body["results"].as_array().unwrap()) {
            let refused = text.contains('\0') || text.chars().count() > 2_048;
            assert_eq!(result["status"], if refused { "rejected" } else { "applied" }, "{field} {text:?}");
            let query = format!("SELECT {field} FROM {table} WHERE {key} = $1");
            let stored = client
                .query_opt(&query, &[row])
                .await
                .unwrap()
                .and_then(|row| row.get::<_, Option<String>>(0));
            assert_eq!(stored.as_ref(), Some(text).filter(|text| !refused && !text.is_empty()), "{field}");
        }
    }
    // Texts that only steer: each is understood or refused, and none is a failure.
    for field in
        ["id", "source", "type", "time", "sequence", "specversion", "role", "user_id", "community_id"]
    {
        let events: Vec<Value> = texts
            .iter()
            .map(|text| {
                let mut event = member_joined(community, id());
                let place = if event.get(field).is_some() || field == "sequence" {
                    &mut event
                } else {
                    &mut event["data"]
                };
                place[field] = text.as_str().into();
                event
            })
            .collect();
        let answer = scene.server.send_batch(&events);
        assert!([200, 207].contains(&answer.status), "{field}: {answer:?}");
        assert_eq!(answer.body["results"].as_array().unwrap().len(), texts.len());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_at_the_ends_of_their_ranges_are_taken_or_refused_and_never_wrap() {
    let scene = Scene::new().await;
    let path = format!("/api/communities/{}/levels", scene.community);
    let put = |threshold: &str| {
        let level = |level: i64| {
            json!({"level": level, "name": format!("Level {level}"), "threshold": level - 1}).to_string()
        };
        let last = format!(r#"{{"level": 9, "name": "Level 9", "threshold": {threshold}}}"#);
        let body =
            format!(r#"{{"levels": [{}, {last}]}}"#, (1..=8).map(level).collect::<Vec<_>>().join(", "));
        scene.server.call(
            "PUT",
            &path,
            Some(&user_token(scene.admin)),
            &Some(("application/json", serde_json::from_str(&body).unwrap())),
        )
    };
    for (threshold, status) in [
        ("2147483647", 200),
        ("2147483646.0", 200),
        ("2147483648", 422),
        ("4294967296", 422),
        ("9223372036854775807", 422),
        ("9223372036854775808", 422),
        ("18446744073709551616", 422),
        ("1e300", 422),
        ("-1", 422),
        ("-9223372036854775809", 422),
        ("8.5", 422),
        ("7", 422),
    ] {
        let answer = put(threshold);
        assert_eq!(answer.status, status, "{threshold}: {answer:?}");
    }
    let levels = scene.server.get(&path, Some(&user_token(scene.ada))).body;
    assert_eq!(levels["levels"][8]["threshold"], 2_147_483_646);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_allowed_origins_may_call_and_others_may_not_read() {
    let database = TestDatabase::empty().await;
    let server = Launch::on(database.url())
        .env("GAMIFICATION_CORS_ORIGINS", "https://app.example, http://localhost:3000")
        .serve();
    let scene = Scene::with(server, database);
    let path = format!("/api/communities/{}/levels", scene.community);
    let token = user_token(scene.ada);
    let from = |origin: &str, token: Option<&str>| {
        let mut headers = vec![("origin", origin.to_owned())];
        headers.extend(token.map(|token| ("authorization", format!("Bearer {token}"))));
        scene.server.with_headers("GET", &path, &headers)
    };
    for origin in ["https://app.example", "http://localhost:3000"] {
        let answer = from(origin, Some(&token));
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, Some(origin)));
        let refused = from(origin, None);
        refused.problem(401, "UNAUTHENTICATED");
        assert_eq!(
            refused.header("access-control-allow-origin"),
            Some(origin),
            "a page may read why it was refused"
        );
    }
    let other = from("https://evil.example", Some(&token));
    assert_eq!((other.status, other.header("access-control-allow-origin")), (200, None));
    let preflight = |origin: &str| {
        let headers = [
            ("origin", origin.to_owned()),
            ("access-control-request-method", "PUT".to_owned()),
            ("access-control-request-headers", "authorization,content-type,if-match".to_owned()),
        ];
        scene.server.with_headers("OPTIONS", &path, &headers)
    };
    assert_eq!(
        preflight("https://app.example").header("access-control-allow-origin"),
        Some("https://app.example")
    );
    assert_eq!(preflight("https://evil.example").header("access-control-allow-origin"), None);
    let (status, _, error) =
        Launch::on("postgres://127.0.0.1:1/x").env("GAMIFICATION_CORS_ORIGINS", "*").run();
    assert!(!status.success() && error.contains("GAMIFICATION_CORS_ORIGINS must be origins"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_that_nobody_needs_are_refused() {
    let scene = Scene::new().await;
    let path = format!("/api/communities/{}/levels?x={}", scene.community, "x".repeat(17_000));
    scene.server.get(&path, None).problem(414, "URI_TOO_LONG");
    let large = [("x-large", "x".repeat(40_000))];
    scene.server.with_headers("GET", "/livez", &large).problem(431, "HEADERS_TOO_LARGE");
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_clients_are_cut_off_and_harm_nobody() {
    use std::io::{Read, Write};
    let scene = Scene::new().await;
    let address = scene.server.url().trim_start_matches("http://").to_owned();
    // Both stop in the middle; neither is waited for longer than the server's own limits of 5 and 10 seconds.
    let head = "GET /livez HTTP/1.1\r\nhost: x\r\nx-slow: ".to_owned();
    let body = format!(
        "POST /api/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: application/cloudevents+json\r\n\
         content-length: 100\r\n\r\n{{",
        service_token()
    );
    let answers = std::thread::scope(|scope| {
        let slow = [head, body].map(|start| {
            let address = &address;
            scope.spawn(move || {
                let mut stream = std::net::TcpStream::connect(address).unwrap();
                stream.write_all(start.as_bytes()).unwrap();
                stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
                let mut answer = String::new();
                stream.read_to_string(&mut answer).expect("the server ends it");
                answer
            })
        });
        for _ in 0..20 {
            assert_eq!(scene.server.get("/livez", None).status, 200);
        }
        slow.map(|slow| slow.join().unwrap())
    });
    for answer in answers {
        assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    }
}
