//! Finding PostgreSQL's server programs.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Result, anyhow, bail};

/// The oldest version that the service works with.
const OLDEST: u32 = 14;

/// What to do where there are none; one sentence for the two systems that most people have.
const HOW_TO_INSTALL: &str = "Install PostgreSQL 14 or newer (Debian and Ubuntu: apt-get install postgresql; macOS: brew \
                              install postgresql@17), name its folder in GAMIFICATION_PG_BIN, or set DATABASE_URL";

/// A folder with `initdb` and `postgres`.
#[derive(Clone, Debug)]
pub(super) struct Programs {
    folder: PathBuf,
    major_version: u32,
}

impl Programs {
    /// Looks in `given` only; else along PATH and where packages put them. Where a cluster is there already, its
    /// version decides, else the newest.
    pub(super) fn find(given: Option<&Path>, data: &Path) -> Result<Self> {
        let cluster_version: Option<u32> =
            fs::read_to_string(data.join("PG_VERSION")).ok().and_then(|text| text.trim().parse().ok());
        let mut found = match given {
            Some(folder) => vec![Self::in_folder(folder).ok_or_else(|| {
                anyhow!(
                    "GAMIFICATION_PG_BIN: there are no usable initdb and postgres in {}. {HOW_TO_INSTALL}",
                    folder.display()
                )
            })?],
            None => usual_folders().iter().filter_map(|folder| Self::in_folder(folder)).collect(),
        };
        found.retain(|programs| programs.major_version >= OLDEST);
        if let Some(version) = cluster_version {
            return found.into_iter().find(|programs| programs.major_version == version).ok_or_else(|| {
                anyhow!(
                    "the database in {} was made by PostgreSQL {version}, whose server programs are not to be found. \
                     Install that version, or name its folder in GAMIFICATION_PG_BIN",
                    data.display()
                )
            });
        }
        // Of several with the newest version, the first found.
        found.sort_by_key(|programs| std::cmp::Reverse(programs.major_version));
        match found.into_iter().next() {
            Some(programs) => Ok(programs),
            None => bail!("no PostgreSQL server programs were found. {HOW_TO_INSTALL}"),
        }
    }

    fn in_folder(folder: &Path) -> Option<Self> {
        // A link may lead to the folder that PostgreSQL finds its other files from.
        let folder = fs::canonicalize(folder.join("postgres")).ok()?.parent()?.to_owned();
        let programs = Self { major_version: major_version(&folder.join("postgres"))?, folder };
        programs.initdb().is_file().then_some(programs)
    }

    pub(super) fn initdb(&self) -> PathBuf {
        self.folder.join("initdb")
    }

    pub(super) fn postgres(&self) -> PathBuf {
        self.folder.join("postgres")
    }
}

/// Of `postgres (PostgreSQL) 15.14 (Debian 15.14-0)`: 15.
fn major_version(postgres: &Path) -> Option<u32> {
    let output = Command::new(postgres).arg("--version").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let version = text.split_whitespace().nth(2)?;
    version.split(|character: char| !character.is_ascii_digit()).next()?.parse().ok()
}

fn usual_folders() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> =
        env::var_os("PATH").map(|path| env::split_paths(&path).collect()).unwrap_or_default();
    // Where a folder holds one folder for each version: Debian; Homebrew on both kinds of Mac; Postgres.app; Red Hat.
    for (parent, prefix) in [
        ("/usr/lib/postgresql", ""),
        ("/opt/homebrew/opt", "postgresql"),
        ("/usr/local/opt", "postgresql"),
        ("/Applications/Postgres.app/Contents/Versions", ""),
        ("/usr", "pgsql-"),
    ] {
        let Ok(versions) = fs::read_dir(parent) else {
            continue;
        };
        let named =
            versions.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix));
        folders.extend(named.map(|entry| entry.path().join("bin")));
    }
    folders
}
