//! Who is calling: bearer tokens (JWT).

mod keys;
mod verified_tokens;

use std::{
    collections::HashSet,
    future::{Ready, ready},
    path::Path,
    sync::Arc,
    time::Duration,
};

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header::AUTHORIZATION};
use gamification_app::{Reader, queries::Adjuster};
use gamification_domain::UserId;
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, TokenData, Validation, decode, decode_header, encode,
    errors::ErrorKind, get_current_timestamp,
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

pub use keys::InvalidKeyFile;
use keys::{KeySet, TrustedKey};
use verified_tokens::{Fingerprint, VerifiedTokens};

use crate::{path::check_parameters, problem::Problem};

/// What a token's `scope` must contain for its bearer to send events.
pub const EVENTS_SCOPE: &str = "gamification:events:write";

/// What a token's `scope` must contain for its bearer to read every community.
pub const READ_SCOPE: &str = "gamification:read";

/// What a token's `scope` must contain for its bearer to adjust points in every community.
pub const ADJUST_SCOPE: &str = "gamification:adjust";

/// How far clocks of issuer and server may be apart, in seconds.
const LEEWAY: u64 = 30;

/// The shortest secret that is worth the name for HMAC-SHA-256 (RFC 7518, section 3.2), in bytes.
const SHORTEST_SECRET: usize = 32;

/// A secret that is too short to keep attackers out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it must be at least {SHORTEST_SECRET} bytes long, and is {length}")]
pub struct InvalidSecret {
    /// How long it is, in bytes.
    pub length: usize,
}

/// Knows whose tokens are valid: those signed with a trusted key by the key's algorithm, not expired, and, where that
/// is configured, from one issuer for one audience.
///
/// Clones share what was verified already.
#[derive(Clone)]
pub struct TokenVerifier {
    keys: Keys,
    claims: TokenClaims,
    verified: Arc<VerifiedTokens>,
}

#[derive(Clone)]
enum Keys {
    One(TrustedKey),
    Set(Arc<KeySet>),
}

/// Signs tokens with the secret that the verifier knows.
pub struct TokenIssuer {
    key: EncodingKey,
    claims: TokenClaims,
}

/// What tokens must say about where they come from and for whom they are; `None` is not checked, and not said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenClaims {
    /// What the claim `iss` must be, where that is checked.
    pub issuer: Option<String>,
    /// What the claim `aud` must be or contain, where that is checked.
    pub audience: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    sub: String,
    exp: i64,
    /// Whatever it is, it must not make an otherwise good token bad: only a text can hold the scope.
    #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
    scope: serde_json::Value,
    #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
    iss: serde_json::Value,
    #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
    aud: serde_json::Value,
}

impl TokenVerifier {
    /// Trusts tokens signed with a secret (HS256).
    ///
    /// # Errors
    /// [`InvalidSecret`] when it is shorter than 32 bytes.
    pub fn hs256(secret: &SecretString, claims: TokenClaims) -> Result<Self, InvalidSecret> {
        let key = DecodingKey::from_secret(checked(secret)?);
        Ok(Self::new(Keys::One(TrustedKey { key, algorithm: Algorithm::HS256 }), claims))
    }

    /// Trusts tokens signed with the private half of a public key in a PEM file (RS256, ES256 or EdDSA).
    ///
    /// # Errors
    /// [`InvalidKeyFile`] when there is no such key in the file.
    pub fn public_key_file(path: &Path, claims: TokenClaims) -> Result<Self, InvalidKeyFile> {
        Ok(Self::new(Keys::One(TrustedKey::from_pem_file(path)?), claims))
    }

    /// Trusts tokens that name, by `kid`, a key of a JSON Web Key Set. The file is read again when it changes.
    ///
    /// # Errors
    /// [`InvalidKeyFile`] when there is no usable key in the file.
    pub fn jwks_file(path: &Path, claims: TokenClaims) -> Result<Self, InvalidKeyFile> {
        Ok(Self::new(Keys::Set(Arc::new(KeySet::open(path)?)), claims))
    }

    fn new(keys: Keys, claims: TokenClaims) -> Self {
        Self { keys, claims, verified: Arc::default() }
    }

    fn caller(&self, token: &str) -> Result<Caller, BadToken> {
        let fingerprint = Fingerprint::of(token);
        // Before the keys are used: should they change meanwhile, the token counts as verified with the old ones.
        let generation = self.keys.generation();
        if let Some(known) = self.verified.caller(fingerprint, generation, get_current_timestamp()) {
            return Ok(known);
        }
        let caller = self.verify(token)?;
        self.verified.insert(fingerprint, generation, caller);
        Ok(caller)
    }

    fn verify(&self, token: &str) -> Result<Caller, BadToken> {
        let TrustedKey { key, algorithm } = match &self.keys {
            Keys::One(key) => key.clone(),
            Keys::Set(keys) => {
                let kid = decode_header(token).ok().and_then(|header| header.kid);
                kid.and_then(|kid| keys.key(&kid)).ok_or(BadToken::Invalid)?
            }
        };
        let TokenData { header, claims } = decode::<Claims>(token, &key, &self.claims.validation(algorithm))?;
        // What a header calls critical must be understood (RFC 7515, section 4.1.11), and we understand no extension.
        if header.crit.is_some() {
            return Err(BadToken::Invalid);
        }
        let scope = claims.scope.as_str().unwrap_or_default();
        let has = |wanted: &str| scope.split(' ').any(|scope| scope == wanted);
        Ok(Caller {
            user_id: claims.sub.parse().ok(),
            may_send_events: has(EVENTS_SCOPE),
            may_read: has(READ_SCOPE),
            may_adjust: has(ADJUST_SCOPE),
            expires_at: u64::try_from(claims.exp).map_err(|_| BadToken::Invalid)?,
        })
    }
}

impl Keys {
    /// A number that is another once the keys are others.
    fn generation(&self) -> u64 {
        match self {
            Self::One(_) => 0,
            Self::Set(keys) => keys.generation(),
        }
    }
}

impl TokenClaims {
    fn validation(&self, algorithm: Algorithm) -> Validation {
        let Self { issuer, audience } = self;
        let mut validation = Validation::new(algorithm);
        let mut required = HashSet::from(["exp".to_owned(), "sub".to_owned()]);
        validation.leeway = LEEWAY;
        validation.validate_nbf = true;
        validation.validate_aud = audience.is_some();
        if let Some(issuer) = issuer {
            validation.set_issuer(&[issuer]);
            required.insert("iss".to_owned());
        }
        if let Some(audience) = audience {
            validation.set_audience(&[audience]);
            required.insert("aud".to_owned());
        }
        validation.required_spec_claims = required;
        validation
    }
}

impl TokenIssuer {
    /// Signs with a secret (HS256).
    ///
    /// # Errors
    /// [`InvalidSecret`] when it is shorter than 32 bytes.
    pub fn hs256(secret: &SecretString, claims: TokenClaims) -> Result<Self, InvalidSecret> {
        Ok(Self { key: EncodingKey::from_secret(checked(secret)?), claims })
    }

    /// A token for `subject` that is valid for `ttl` from `now` on, for these scopes.
    ///
    /// # Errors
    /// As the library says; not with a secret.
    pub fn issue(
        &self,
        subject: &str,
        scopes: &[&str],
        now: OffsetDateTime,
        ttl: Duration,
    ) -> Result<String, jsonwebtoken::errors::Error> {
        let claims = Claims {
            sub: subject.to_owned(),
            exp: (now + ttl).unix_timestamp(),
            scope: if scopes.is_empty() { serde_json::Value::Null } else { scopes.join(" ").into() },
            iss: self.claims.issuer.clone().into(),
            aud: self.claims.audience.clone().into(),
        };
        encode(&Header::new(Algorithm::HS256), &claims, &self.key)
    }
}

fn checked(secret: &SecretString) -> Result<&[u8], InvalidSecret> {
    let secret = secret.expose_secret().as_bytes();
    if secret.len() < SHORTEST_SECRET {
        return Err(InvalidSecret { length: secret.len() });
    }
    Ok(secret)
}

/// Why a token opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BadToken {
    /// It is signed with a trusted key, and its time is over.
    Expired,
    /// Anything else; what exactly is never told.
    Invalid,
}

impl From<jsonwebtoken::errors::Error> for BadToken {
    /// The signature is checked before the claims.
    fn from(error: jsonwebtoken::errors::Error) -> Self {
        match error.kind() {
            ErrorKind::ExpiredSignature => Self::Expired,
            _ => Self::Invalid,
        }
    }
}

/// The bearer of a valid token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Caller {
    user_id: Option<UserId>,
    may_send_events: bool,
    may_read: bool,
    may_adjust: bool,
    /// The token's claim `exp`, in seconds since 1970.
    expires_at: u64,
}

impl Caller {
    /// Who reads: a service of the platform where the token's scope says so, else a user.
    fn reader(self) -> Result<Reader, Problem> {
        if self.may_read {
            return Ok(Reader::Service);
        }
        self.user_id.map(Reader::User).ok_or_else(Problem::bad_token)
    }
}

/// Lets `request` in with a valid token only.
fn authenticate(request: &HttpRequest) -> Result<Caller, Problem> {
    let verifier = request.app_data::<TokenVerifier>().ok_or_else(Problem::internal)?;
    let header = request.headers().get(AUTHORIZATION).ok_or_else(Problem::no_token)?;
    let (scheme, token) =
        header.to_str().ok().and_then(|text| text.split_once(' ')).ok_or_else(Problem::bad_token)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Problem::no_token());
    }
    verifier.caller(token.trim()).map_err(|error| match error {
        BadToken::Expired => Problem::expired_token(),
        BadToken::Invalid => Problem::bad_token(),
    })
}

/// A user of the platform. As a handler's first argument it is what is checked first.
pub(crate) struct User {
    pub(crate) id: UserId,
}

/// Who reads: a service of the platform where the token's scope says so, else a user. As a handler's first argument it is
/// what is checked first.
pub(crate) struct ReadBy(pub(crate) Reader);

/// Who reads on and on, until their token expires. As a handler's first argument it is what is checked first.
pub(crate) struct WatchedBy {
    pub(crate) reader: Reader,
    /// How long the token is still taken for valid.
    pub(crate) valid_for: Duration,
}

/// Who adjusts points: a service of the platform where the token's scope says so, else a user. As a handler's first argument
/// it is what is checked first.
pub(crate) struct AdjustedBy(pub(crate) Adjuster);

/// A service that may send events. As a handler's first argument it is what is checked first.
pub(crate) struct EventProducer;

impl FromRequest for User {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let user = || {
            let id = authenticate(request)?.user_id.ok_or_else(Problem::bad_token)?;
            Ok(Self { id })
        };
        ready(user())
    }
}

impl FromRequest for ReadBy {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(authenticate(request).and_then(Caller::reader).map(Self))
    }
}

impl FromRequest for WatchedBy {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let watched = || {
            let caller = authenticate(request)?;
            // As long as any other request with it is answered.
            let left = caller.expires_at.saturating_add(LEEWAY).saturating_sub(get_current_timestamp());
            Ok(Self { reader: caller.reader()?, valid_for: Duration::from_secs(left) })
        };
        ready(watched())
    }
}

impl FromRequest for AdjustedBy {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let adjuster = || {
            let Caller { user_id, may_adjust, .. } = authenticate(request)?;
            if may_adjust {
                return Ok(Self(Adjuster::Service(user_id)));
            }
            user_id.map(|user_id| Self(Adjuster::Admin(user_id))).ok_or_else(Problem::bad_token)
        };
        ready(adjuster())
    }
}

impl FromRequest for EventProducer {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let producer = || {
            let caller = authenticate(request)?;
            check_parameters(request)?;
            if !caller.may_send_events {
                return Err(Problem::missing_scope(EVENTS_SCOPE));
            }
            Ok(Self)
        };
        ready(producer())
    }
}
