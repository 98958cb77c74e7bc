//! What a caller decides.

use std::path::{Path, PathBuf};

use crate::Error;

/// Which PostgreSQL to start, and where.
///
/// ```
/// use embedded_postgres::Settings;
///
/// let settings = Settings {
///     programs: Some("/usr/lib/postgresql/17/bin".into()),
///     database: "orders".to_owned(),
///     ..Settings::new("shop", "/srv/shop")
/// };
/// assert_eq!(settings.name, "shop");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The name of your program, 1 to 32 letters, digits, `-` and `_`: the folder of the socket begins with it, and root's
    /// clusters whose data folder is closed to PostgreSQL's user are in `/var/lib/<name>`.
    pub name: String,
    /// The folder that holds everything, created when it is missing. The cluster is its subfolder `postgres`.
    pub data_dir: PathBuf,
    /// The folder of `initdb` and `postgres`. `None`: they are looked for along `PATH` and where packages put them.
    pub programs: Option<PathBuf>,
    /// The database that is created unless it exists; any name that PostgreSQL takes, at most 63 bytes.
    pub database: String,
    /// The folder in which the folder of the socket is made. With that, the socket's path may have 103 bytes.
    pub socket_root: PathBuf,
    /// What error messages call the settings above.
    pub setting_names: SettingNames,
}

/// What your users know settings as, such as environment variables; error messages tell them to change those.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SettingNames {
    /// The name of the setting behind [`Settings::data_dir`].
    pub data_dir: &'static str,
    /// The name of the setting behind [`Settings::programs`].
    pub programs: &'static str,
}

impl Default for SettingNames {
    fn default() -> Self {
        Self { data_dir: "Settings::data_dir", programs: "Settings::programs" }
    }
}

impl Settings {
    /// A database called `name` in `data_dir`, run by the newest programs that are found, with its socket below `/tmp`.
    #[must_use]
    pub fn new(name: impl Into<String>, data_dir: impl AsRef<Path>) -> Self {
        let name = name.into();
        Self {
            database: name.clone(),
            name,
            data_dir: data_dir.as_ref().to_owned(),
            programs: None,
            socket_root: PathBuf::from("/tmp"),
            setting_names: SettingNames::default(),
        }
    }

    /// Whether a folder can be called after the name.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if (1..=32).contains(&self.name.len()) && self.name.bytes().all(is_plain) {
            Ok(())
        } else {
            Err(Error::InvalidName { name: self.name.clone() })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_would_lead_to_another_folder_is_refused() {
        for name in ["", "..", "a/b", "a b", "ä", &"a".repeat(33)] {
            let refused = Settings::new(name, "/srv").check();
            assert!(matches!(refused, Err(Error::InvalidName { .. })), "{name}");
        }
        for name in ["a", "my-shop_2", &"a".repeat(32)] {
            assert!(Settings::new(name, "/srv").check().is_ok(), "{name}");
        }
    }
}
