//! `DATABASE_URL`, with the options of libpq that tokio-postgres does not know.

use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use tokio_postgres::{Config, config::SslMode};

/// Where the database is: `postgres://user:password@host:port/database?options`.
#[derive(Clone)]
pub struct DatabaseUrl {
    config: Config,
    pub(super) trust: Trust,
    pub(super) root_certificate: Option<PathBuf>,
}

/// How the server's certificate is checked, once the connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// Not at all, like libpq's `prefer` and `require`: against listeners, not against impostors.
    Unverified,
    /// By its issuer, like libpq's `verify-ca`.
    Issuer,
    /// By its issuer and its name, like libpq's `verify-full`.
    IssuerAndName,
}

/// A text that is no usable database URL. It never repeats the URL, which holds a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDatabaseUrl {
    /// Another kind of URL, or none.
    #[error("it must start with postgres:// or postgresql://")]
    Scheme,
    /// A mode of encryption that does not exist.
    #[error("sslmode must be disable, prefer, require, verify-ca or verify-full")]
    SslMode,
    /// A client certificate and the like.
    #[error("the option {0} is not supported")]
    Unsupported(&'static str),
    /// Something else that tokio-postgres can't make sense of.
    #[error("{0}")]
    Malformed(String),
}

impl DatabaseUrl {
    /// Understands a URL.
    ///
    /// # Errors
    /// [`InvalidDatabaseUrl`] when it is none, or asks for what is not supported.
    pub fn parse(url: &str) -> Result<Self, InvalidDatabaseUrl> {
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err(InvalidDatabaseUrl::Scheme);
        }
        let (address, query) = url.split_once('?').unwrap_or((url, ""));
        let mut mode = "prefer".to_owned();
        let mut root_certificate = None;
        let mut others = Vec::new();
        for option in query.split('&').filter(|option| !option.is_empty()) {
            let (name, value) = option.split_once('=').unwrap_or((option, ""));
            let decoded = percent_decode_str(value).decode_utf8_lossy().into_owned();
            match name {
                "sslmode" => mode = decoded,
                // `system` is what we do without a file: the certificates that the machine trusts.
                "sslrootcert" => root_certificate = Some(decoded).filter(|path| path != "system"),
                "sslcert" => return Err(InvalidDatabaseUrl::Unsupported("sslcert")),
                "sslkey" => return Err(InvalidDatabaseUrl::Unsupported("sslkey")),
                _ => others.push(option),
            }
        }
        let mut config: Config = format!("{address}?{}", others.join("&"))
            .parse()
            .map_err(|error: tokio_postgres::Error| InvalidDatabaseUrl::Malformed(without_source(&error)))?;
        let (ssl_mode, trust) = match (mode.as_str(), &root_certificate) {
            ("disable", _) => (SslMode::Disable, Trust::Unverified),
            ("prefer", _) => (SslMode::Prefer, Trust::Unverified),
            ("require", None) => (SslMode::Require, Trust::Unverified),
            // As libpq does: who names a certificate wants it to be used.
            ("require" | "verify-ca", _) => (SslMode::Require, Trust::Issuer),
            ("verify-full", _) => (SslMode::Require, Trust::IssuerAndName),
            _ => return Err(InvalidDatabaseUrl::SslMode),
        };
        config.ssl_mode(ssl_mode);
        Ok(Self { config, trust, root_certificate: root_certificate.map(PathBuf::from) })
    }

    pub(super) const fn config(&self) -> &Config {
        &self.config
    }
}

fn without_source(error: &tokio_postgres::Error) -> String {
    use std::error::Error;
    error.source().map_or_else(|| error.to_string(), ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(options: &str) -> Result<(SslMode, Trust, Option<PathBuf>), InvalidDatabaseUrl> {
        let url = DatabaseUrl::parse(&format!("postgres://me:pass@db.example:5433/app{options}"))?;
        Ok((url.config.get_ssl_mode(), url.trust, url.root_certificate))
    }

    #[test]
    fn the_modes_of_libpq_are_understood() {
        let file = || Some(PathBuf::from("/etc/my ca.pem"));
        for (options, expected) in [
            ("", (SslMode::Prefer, Trust::Unverified, None)),
            ("?sslmode=disable", (SslMode::Disable, Trust::Unverified, None)),
            ("?sslmode=require", (SslMode::Require, Trust::Unverified, None)),
            ("?sslmode=require&sslrootcert=/etc/my%20ca.pem", (SslMode::Require, Trust::Issuer, file())),
            ("?sslmode=verify-ca&connect_timeout=2", (SslMode::Require, Trust::Issuer, None)),
            ("?sslmode=verify-full&sslrootcert=system", (SslMode::Require, Trust::IssuerAndName, None)),
        ] {
            assert_eq!(parsed(options).unwrap(), expected, "{options}");
        }
    }

    #[test]
    fn what_is_not_understood_is_refused_without_telling_the_password() {
        for (options, error) in [
            ("?sslmode=maybe", InvalidDatabaseUrl::SslMode),
            ("?sslcert=/me.pem", InvalidDatabaseUrl::Unsupported("sslcert")),
        ] {
            assert_eq!(parsed(options), Err(error), "{options}");
        }
        let unknown = parsed("?colour=blue").unwrap_err().to_string();
        assert!(unknown.contains("colour") && !unknown.contains("pass"), "{unknown}");
        for url in ["mysql://host/db", "host=localhost", ""] {
            assert_eq!(DatabaseUrl::parse(url).err(), Some(InvalidDatabaseUrl::Scheme));
        }
    }
}
