//! Keys that tokens are signed with. The configuration fixes the algorithm of each; a token's own word for it counts
//! for nothing.

use std::{
    collections::HashMap,
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use jsonwebtoken::{
    Algorithm, DecodingKey,
    errors::Error as JwtError,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, PublicKeyUse},
};

/// A key and the one algorithm it is used with.
#[derive(Clone)]
pub(super) struct TrustedKey {
    pub(super) key: DecodingKey,
    pub(super) algorithm: Algorithm,
}

/// A file that holds no usable key.
#[derive(Debug, thiserror::Error)]
pub enum InvalidKeyFile {
    /// The operating system does not let us read it.
    #[error("{path} can't be read")]
    Unreadable {
        /// The file that can't be read.
        path: PathBuf,
        /// The error of the operating system.
        #[source]
        error: io::Error,
    },
    /// It is not a public key of a kind that is known here.
    #[error("{path} must hold a public key in PEM for RS256, ES256 (P-256) or EdDSA (Ed25519)")]
    NotAPublicKey {
        /// The file that holds no usable key.
        path: PathBuf,
    },
    /// It is not a set of keys, or none of them can be used.
    #[error("{path} must hold a JSON Web Key Set with a key that has a kid and is for RS256, ES256 or EdDSA")]
    NotAKeySet {
        /// The file that is no key set.
        path: PathBuf,
    },
}

fn read(path: &Path) -> Result<Vec<u8>, InvalidKeyFile> {
    fs::read(path).map_err(|error| InvalidKeyFile::Unreadable { path: path.to_owned(), error })
}

impl TrustedKey {
    /// Reads a public key; its kind says the algorithm.
    pub(super) fn from_pem_file(path: &Path) -> Result<Self, InvalidKeyFile> {
        type Parse = fn(&[u8]) -> Result<DecodingKey, JwtError>;
        const KINDS: [(Parse, Algorithm); 3] = [
            (DecodingKey::from_rsa_pem, Algorithm::RS256),
            (DecodingKey::from_ec_pem, Algorithm::ES256),
            (DecodingKey::from_ed_pem, Algorithm::EdDSA),
        ];
        let pem = read(path)?;
        // A private key would do as well, and has no business here.
        let is_public = String::from_utf8_lossy(&pem).contains("PUBLIC KEY-----");
        let mut keys = KINDS
            .into_iter()
            .filter_map(|(parse, algorithm)| Some(Self { key: parse(&pem).ok()?, algorithm }));
        keys.find(|_| is_public).ok_or_else(|| InvalidKeyFile::NotAPublicKey { path: path.to_owned() })
    }

    fn from_jwk(jwk: &Jwk) -> Option<Self> {
        let algorithm = match &jwk.algorithm {
            AlgorithmParameters::RSA(_) => Algorithm::RS256,
            AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => Algorithm::ES256,
            AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => Algorithm::EdDSA,
            // A symmetric key in a file of public ones would let every reader sign.
            _ => return None,
        };
        let says_otherwise =
            jwk.common.key_algorithm.is_some_and(|named| named.to_string() != format!("{algorithm:?}"));
        let for_signatures = matches!(jwk.common.public_key_use, None | Some(PublicKeyUse::Signature));
        if says_otherwise || !for_signatures {
            return None;
        }
        Some(Self { key: DecodingKey::from_jwk(jwk).ok()?, algorithm })
    }
}

/// Keys by `kid`, out of a file that is looked at whenever a key is needed, and read again when it changed.
pub(super) struct KeySet {
    path: PathBuf,
    state: Mutex<State>,
}

struct State {
    keys: HashMap<String, TrustedKey>,
    /// Rises with each change of the keys.
    generation: u64,
    /// The file as it was read last, whether it could be used or not.
    file: Option<FileMark>,
}

/// What changes when a file does: when it was written, its length, and its number, for one that took its place.
type FileMark = (SystemTime, u64, u64);

impl KeySet {
    pub(super) fn open(path: &Path) -> Result<Self, InvalidKeyFile> {
        let file = mark(path);
        let state = State { keys: keys(path)?, generation: 0, file };
        Ok(Self { path: path.to_owned(), state: Mutex::new(state) })
    }

    pub(super) fn key(&self, kid: &str) -> Option<TrustedKey> {
        self.current().keys.get(kid).cloned()
    }

    /// The number of the keys that count now.
    pub(super) fn generation(&self) -> u64 {
        self.current().generation
    }

    fn current(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        self.refresh(&mut state);
        state
    }

    fn refresh(&self, state: &mut State) {
        let file = mark(&self.path);
        if file == state.file {
            return;
        }
        state.file = file;
        match keys(&self.path) {
            Ok(keys) => {
                tracing::info!(keys = keys.len(), path = %self.path.display(), "read the key set again");
                state.keys = keys;
                state.generation += 1;
            }
            // It may be half written; once it is whole, it has changed again.
            Err(error) => {
                tracing::warn!(%error, "the key set changed and can't be used; keeping the keys from before");
            }
        }
    }
}

fn mark(path: &Path) -> Option<FileMark> {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len(), metadata.ino()))
}

fn keys(path: &Path) -> Result<HashMap<String, TrustedKey>, InvalidKeyFile> {
    let not_a_set = || InvalidKeyFile::NotAKeySet { path: path.to_owned() };
    let set: JwkSet = serde_json::from_slice(&read(path)?).map_err(|_| not_a_set())?;
    let usable =
        set.keys.iter().filter_map(|jwk| Some((jwk.common.key_id.clone()?, TrustedKey::from_jwk(jwk)?)));
    let keys: HashMap<String, TrustedKey> = usable.collect();
    if keys.is_empty() { Err(not_a_set()) } else { Ok(keys) }
}
