//! The development secret: made on first use, kept in the data folder.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use anyhow::{Context, Result};
use secrecy::SecretString;
use uuid::Uuid;

const FILE: &str = "jwt-hs256-secret";

/// Reads the secret, or makes one that nobody else can read.
pub(crate) fn development(data_dir: &Path) -> Result<SecretString> {
    let path = data_dir.join(FILE);
    fs::create_dir_all(data_dir).with_context(|| format!("{} can't be made", data_dir.display()))?;
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
        Ok(mut file) => {
            // Two random UUIDs have 244 random bits.
            let secret = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
            file.write_all(secret.as_bytes())
                .with_context(|| format!("{} can't be written", path.display()))?;
            Ok(SecretString::from(secret))
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let secret =
                fs::read_to_string(&path).with_context(|| format!("{} can't be read", path.display()))?;
            Ok(SecretString::from(secret.trim().to_owned()))
        }
        Err(error) => Err(error).with_context(|| format!("{} can't be written", path.display())),
    }
}

/// Where the secret is, for the announcement.
pub(crate) fn path(data_dir: &Path) -> std::path::PathBuf {
    data_dir.join(FILE)
}
