//! Tokens of every kind, right and wrong (campaign R10).

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
};

use gamification_tests::{
    ApiScene, Campaign, Launch, PATIENCE, TestDatabase, TestServer, assert_verify_finds_nothing, block_until,
    event::id, in_an_hour, operations, signed, user_token,
};
use jsonwebtoken::{Algorithm, EncodingKey, Header, jwk::Jwk};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ED25519, PKCS_RSA_SHA256, SignatureAlgorithm};
use serde_json::{Value, json};

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
    block_until("the broken file is noticed", || {
        assert!(taken(&server, &old.sign(Some("old"), &claims)), "a broken file changes nothing");
        server.new_log().iter().any(|line| line.contains("the key set changed and can't be used"))
    });
    fs::write(&file, json!({"keys": [new.jwk("new")]}).to_string()).unwrap();
    block_until("the new key is taken", || taken(&server, &new.sign(Some("new"), &claims)));
    assert!(!taken(&server, &old.sign(Some("old"), &claims)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_a_set_is_used_for_what_it_says_it_is_for_only() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("jwks.json");
    let signer = Signer::new(Algorithm::ES256);
    let keys = [
        ("plain", json!({}), true),
        ("signs", json!({"use": "sig", "alg": "ES256"}), true),
        ("encrypts", json!({"use": "enc"}), false),
        ("something", json!({"use": "something"}), false),
        ("other algorithm", json!({"alg": "ES384"}), false),
        ("key agreement", json!({"alg": "ECDH-ES"}), false),
    ];
    let set: Vec<Value> = keys
        .iter()
        .map(|(kid, says, _)| {
            let mut jwk = signer.jwk(kid);
            let jwk = jwk.as_object_mut().unwrap();
            jwk.retain(|name, _| name != "use" && name != "alg");
            jwk.extend(says.as_object().unwrap().clone());
            Value::from(jwk.clone())
        })
        .collect();
    fs::write(&file, json!({"keys": set}).to_string()).unwrap();
    let database = TestDatabase::empty().await;
    let server =
        Launch::bare().env("DATABASE_URL", database.url()).env("GAMIFICATION_JWKS_FILE", &file).serve();
    let claims = json!({"sub": id(), "exp": in_an_hour()});
    for (kid, says, counts) in keys {
        assert_eq!(taken(&server, &signer.sign(Some(kid), &claims)), counts, "{kid}: {says}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn key_files_that_are_none_stop_the_start_and_name_their_variable() {
    let folder = tempfile::tempdir().unwrap();
    let private = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap().serialize_pem();
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
    let scene = ApiScene::new().await;
    let (sub, exp) = (scene.admin, in_an_hour());
    let good = user_token(scene.admin);
    let parts: Vec<&str> = good.split('.').collect();
    let metadata = |extra: Value| {
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
    // Signed as it should be: what a header calls critical must be understood, and nothing is.
    let critical = |extensions: &[&str]| {
        let crit = extensions.iter().map(|extension| (*extension).to_owned()).collect();
        let claims = json!({"sub": sub, "exp": exp, "scope": "gamification:events:write"});
        let header = Header { crit: Some(crit), ..Header::default() };
        jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(secret)).unwrap()
    };
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
        critical(&["exp"]),
        critical(&["https://example.com/extension"]),
        critical(&[]),
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
        metadata(json!({"exp": null})),
        metadata(json!({"exp": exp - 2 * 3_600})),
        metadata(json!({"exp": exp - 3_600 - 61})),
        metadata(json!({"exp": 0})),
        metadata(json!({"exp": -1})),
        metadata(json!({"exp": "never"})),
        metadata(json!({"exp": [exp]})),
        metadata(json!({"nbf": exp})),
        metadata(json!({"nbf": "later"})),
        metadata(json!({"sub": null})),
        metadata(json!({"sub": 1})),
        metadata(json!({"sub": {"id": sub}})),
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
            scene.call(operation, scene.community, Some(&metadata(json!({"jti": 7, "junk": {"a": [null]}}))));
        let late = metadata(json!({"exp": exp - 3_600 - 10}));
        assert_ne!(
            scene.call(operation, scene.community, Some(&late)).status,
            401,
            "clocks may differ a little"
        );
        assert_ne!(answer.status, 401, "junk beside good claims does no harm: {answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_token_with_anything_changed_opens_nothing() {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ ";
    let campaign = Campaign::new("R10", 300, 50_000);
    let scene = ApiScene::new().await;
    let path = format!("/api/communities/{}/levels", scene.community);
    let mut random = campaign.random(0);
    for _ in 0..campaign.rounds() {
        let good = user_token(scene.ada).into_bytes();
        let mut token = good.clone();
        for _ in 0..=random.below(3) {
            let (place, digit) = (random.below(token.len()), *random.pick(DIGITS));
            match random.below(4) {
                0 => drop(token.remove(place)),
                1 => token.insert(place, digit),
                2 => token.swap(place, random.below(good.len()).min(good.len() - 4)),
                _ => token[place] = digit,
            }
        }
        // White space around a token is no part of it.
        let token = String::from_utf8(token).unwrap();
        if token.trim().as_bytes() != good {
            scene.server.get(&path, Some(&token)).problem(401, "UNAUTHENTICATED");
        }
    }
    assert_eq!(scene.server.get(&path, Some(&user_token(scene.ada))).status, 200);
    // A megabyte of it never reaches the check: the head is too large, and nobody reads to its end.
    let megabyte = "x".repeat(1 << 20);
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {megabyte}\r\n\r\n");
    let mut stream = TcpStream::connect(scene.server.url().trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut answer = String::new();
    // The connection may be reset meanwhile, and the answer be lost with it.
    let _ = stream.write_all(request.as_bytes()).and_then(|()| stream.read_to_string(&mut answer));
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
    assert_verify_finds_nothing(scene.database.url());
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
