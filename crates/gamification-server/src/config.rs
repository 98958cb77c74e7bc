//! Configuration, checked: a mistake is one sentence that names the variable.

use std::{
    io::{self, IsTerminal},
    net::SocketAddr,
    ops::RangeInclusive,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, anyhow, bail};
use embedded_postgres::{SettingNames, Settings};
use gamification_http::{InvalidOrigin, Origin, TokenClaims, TokenVerifier};
use gamification_pg::connection::DatabaseUrl;
use gamification_telemetry::{LogFormat, TraceCollector};
use secrecy::SecretString;

use crate::{cli::Options, secret};

/// How old what a standby answers may be: below, it would hardly ever answer, and above, nobody would call it current.
const MAX_LAGS: RangeInclusive<Duration> = Duration::from_millis(50)..=Duration::from_secs(3_600);

/// The PostgreSQL that the process uses.
pub enum Database {
    /// A database that exists, at this address.
    At(Box<DatabaseUrl>),
    /// In the data folder: started when needed.
    Embedded(Settings),
}

/// Reads what was given, variable by variable; an empty value is as good as none.
pub struct Config<'a> {
    options: &'a Options,
}

impl<'a> Config<'a> {
    /// Over what was given; nothing is checked before it is asked for.
    #[must_use]
    pub const fn new(options: &'a Options) -> Self {
        Self { options }
    }

    /// Where the database is.
    ///
    /// # Errors
    /// When `DATABASE_URL` is no URL of PostgreSQL, or there is no data folder.
    pub fn database(&self) -> Result<Database> {
        match given(self.options.database_url.as_deref()) {
            Some(url) => {
                let url = DatabaseUrl::parse(url).context("DATABASE_URL is not usable")?;
                Ok(Database::At(Box::new(url)))
            }
            None => Ok(Database::Embedded(self.embedded_postgres()?)),
        }
    }

    fn embedded_postgres(&self) -> Result<Settings> {
        Ok(Settings {
            programs: given_path(self.options.pg_bin.as_ref()).map(Path::to_owned),
            setting_names: SettingNames {
                data_dir: "GAMIFICATION_DATA_DIR",
                programs: "GAMIFICATION_PG_BIN",
            },
            ..Settings::new("gamification", self.data_dir()?)
        })
    }

    fn data_dir(&self) -> Result<PathBuf> {
        given_path(self.options.data_dir.as_ref())
            .map(Path::to_owned)
            .or_else(|| Some(dirs::data_dir()?.join("gamification")))
            .ok_or_else(|| anyhow!("GAMIFICATION_DATA_DIR must be set: this user has no data folder"))
    }

    /// The address and port of the API, from `GAMIFICATION_LISTEN`.
    ///
    /// # Errors
    /// When `GAMIFICATION_LISTEN` is no address.
    pub fn listen(&self) -> Result<SocketAddr> {
        let text = given(self.options.listen.as_deref()).unwrap_or("127.0.0.1:8080");
        address("GAMIFICATION_LISTEN", text)
    }

    /// Whether the console is served, from `GAMIFICATION_CONSOLE`; with the embedded database it is, unless that says no.
    ///
    /// # Errors
    /// When `GAMIFICATION_CONSOLE` is neither `on` nor `off`.
    pub fn console(&self) -> Result<bool> {
        match given(self.options.console.as_deref()) {
            None => Ok(given(self.options.database_url.as_deref()).is_none()),
            Some("on") => Ok(true),
            Some("off") => Ok(false),
            Some(other) => bail!("GAMIFICATION_CONSOLE must be on or off, not {other:?}"),
        }
    }

    /// The address of metrics and health, where it is not that of the API.
    ///
    /// # Errors
    /// When `GAMIFICATION_OPS_LISTEN` is no address.
    pub fn ops_listen(&self) -> Result<Option<SocketAddr>> {
        let text = given(self.options.ops_listen.as_deref());
        text.map(|text| address("GAMIFICATION_OPS_LISTEN", text)).transpose()
    }

    /// Where traces are sent to, if anywhere.
    ///
    /// # Errors
    /// When `OTEL_EXPORTER_OTLP_ENDPOINT` is no address of a web server.
    pub fn trace_collector(&self) -> Result<Option<TraceCollector>> {
        let text = given(self.options.otlp_endpoint.as_deref());
        text.map(str::parse).transpose().context("OTEL_EXPORTER_OTLP_ENDPOINT is not usable")
    }

    /// The origins whose pages may call the API.
    ///
    /// # Errors
    /// When one of `GAMIFICATION_CORS_ORIGINS` is no origin.
    pub fn cors_origins(&self) -> Result<Vec<Origin>> {
        let list = given(self.options.cors_origins.as_deref()).unwrap_or_default();
        let origins = list.split(',').map(str::trim).filter(|origin| !origin.is_empty());
        origins
            .map(str::parse)
            .collect::<Result<_, InvalidOrigin>>()
            .context("GAMIFICATION_CORS_ORIGINS must be origins with commas between them")
    }

    /// The most connections to the database.
    ///
    /// # Errors
    /// When `GAMIFICATION_DB_POOL_SIZE` is no number from 1 to 1000.
    pub fn db_pool_size(&self) -> Result<usize> {
        let text = given(self.options.db_pool_size.as_deref()).unwrap_or("10");
        match text.parse() {
            Ok(size) if (1..=1_000).contains(&size) => Ok(size),
            _ => bail!("GAMIFICATION_DB_POOL_SIZE must be a number from 1 to 1000, not {text:?}"),
        }
    }

    /// The standby that may be read from, and how old its answers may be.
    ///
    /// # Errors
    /// When `GAMIFICATION_READ_DATABASE_URL` is no URL of PostgreSQL, or `GAMIFICATION_READ_MAX_LAG` no time from 50 ms to an
    /// hour.
    pub fn replica(&self) -> Result<Option<(DatabaseUrl, Duration)>> {
        let max_lag = given(self.options.read_max_lag.as_deref()).unwrap_or("1s");
        let max_lag = match humantime::parse_duration(max_lag) {
            Ok(lag) if MAX_LAGS.contains(&lag) => lag,
            _ => bail!("GAMIFICATION_READ_MAX_LAG must be from 50ms to 1h, not {max_lag:?}"),
        };
        let url = given(self.options.read_database_url.as_deref()).map(DatabaseUrl::parse).transpose();
        let url = url.context("GAMIFICATION_READ_DATABASE_URL is not usable")?;
        Ok(url.map(|url| (url, max_lag)))
    }

    /// How log lines look.
    ///
    /// # Errors
    /// When `GAMIFICATION_LOG_FORMAT` is neither `pretty` nor `json`.
    pub fn log_format(&self) -> Result<LogFormat> {
        match given(self.options.log_format.as_deref()) {
            None if io::stderr().is_terminal() => Ok(LogFormat::Pretty),
            None | Some("json") => Ok(LogFormat::Json),
            Some("pretty") => Ok(LogFormat::Pretty),
            Some(other) => bail!("GAMIFICATION_LOG_FORMAT must be pretty or json, not {other:?}"),
        }
    }

    /// What tokens must say of their origin.
    #[must_use]
    pub fn token_claims(&self) -> TokenClaims {
        let owned = |text: &Option<String>| given(text.as_deref()).map(ToOwned::to_owned);
        TokenClaims { issuer: owned(&self.options.jwt_issuer), audience: owned(&self.options.jwt_audience) }
    }

    /// Whose tokens are trusted: those of the secret, or of a key file.
    ///
    /// # Errors
    /// When there is more than one of them, or none and `DATABASE_URL` is set, or what there is can't be used.
    pub fn token_verifier(&self) -> Result<TokenVerifier> {
        let Options { jwt_hs256_secret, jwt_public_key_file, jwks_file, .. } = self.options;
        let (public_key, key_set) =
            (given_path(jwt_public_key_file.as_ref()), given_path(jwks_file.as_ref()));
        let secret = given(jwt_hs256_secret.as_deref());
        match (secret, public_key, key_set) {
            (_, None, None) => TokenVerifier::hs256(&self.jwt_secret()?, self.token_claims())
                .context("GAMIFICATION_JWT_HS256_SECRET is not usable"),
            (None, Some(path), None) => TokenVerifier::public_key_file(path, self.token_claims())
                .context("GAMIFICATION_JWT_PUBLIC_KEY_FILE is not usable"),
            (None, None, Some(path)) => TokenVerifier::jwks_file(path, self.token_claims())
                .context("GAMIFICATION_JWKS_FILE is not usable"),
            _ => bail!(
                "only one of GAMIFICATION_JWT_HS256_SECRET, GAMIFICATION_JWT_PUBLIC_KEY_FILE and GAMIFICATION_JWKS_FILE \
                 may be set"
            ),
        }
    }

    /// Whether tokens are issued by an identity provider, whose public keys are configured.
    fn trusts_key_files(&self) -> bool {
        let Options { jwt_public_key_file, jwks_file, .. } = self.options;
        given_path(jwt_public_key_file.as_ref()).or(given_path(jwks_file.as_ref())).is_some()
    }

    /// The secret that signs tokens: the one given, or, with the embedded database only, one that is made on first
    /// use and kept in the data folder.
    ///
    /// # Errors
    /// When there is none and `DATABASE_URL` or a key file is set, or the kept one can't be read or written.
    pub fn jwt_secret(&self) -> Result<SecretString> {
        if let Some(secret) = given(self.options.jwt_hs256_secret.as_deref()) {
            return Ok(SecretString::from(secret));
        }
        if self.trusts_key_files() {
            bail!(
                "GAMIFICATION_JWT_HS256_SECRET is not set: tokens come from the holder of the private keys"
            );
        }
        if given(self.options.database_url.as_deref()).is_some() {
            bail!(
                "GAMIFICATION_JWT_HS256_SECRET must be set when DATABASE_URL is, or a key file: \
                 a secret that this machine makes up would not be known to others"
            );
        }
        secret::development(&self.data_dir()?)
    }

    /// The folder whose secret is used, when none is given.
    #[must_use]
    pub fn development_secret_folder(&self) -> Option<PathBuf> {
        let needed = given(self.options.jwt_hs256_secret.as_deref()).is_none() && !self.trusts_key_files();
        self.data_dir().ok().filter(|_| needed)
    }
}

fn address(variable: &str, text: &str) -> Result<SocketAddr> {
    text.parse().map_err(|_| {
        anyhow!("{variable} must be an IP address and a port such as 127.0.0.1:8080, not {text:?}")
    })
}

pub(crate) fn given_path(path: Option<&PathBuf>) -> Option<&Path> {
    path.map(PathBuf::as_path).filter(|path| !path.as_os_str().is_empty())
}

/// What was given; an empty value is as good as none.
pub(crate) fn given(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}
