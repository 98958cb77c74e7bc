//! Finding PostgreSQL's server programs.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use crate::{Error, process::run};

/// The oldest version that still got fixes when this crate was written.
const OLDEST: u32 = 14;
/// How long a program may take to say its version.
const VERSION_TIMEOUT: Duration = Duration::from_secs(10);

/// A folder with `initdb` and `postgres`.
#[derive(Clone, Debug)]
pub(crate) struct Programs {
    folder: PathBuf,
    major_version: u32,
}

impl Programs {
    /// Looks in `given` only; else along PATH and where packages put them. Where a cluster is there already, its
    /// version decides, else the newest. `setting` is what errors call `given`.
    pub(crate) async fn find(
        given: Option<&Path>,
        data: &Path,
        setting: &'static str,
    ) -> Result<Self, Error> {
        let cluster_version: Option<u32> =
            fs::read_to_string(data.join("PG_VERSION")).ok().and_then(|text| text.trim().parse().ok());
        let found = match given {
            Some(folder) => vec![Self::given(folder, setting).await?],
            None => Self::installed().await,
        };
        if let Some(version) = cluster_version {
            return found
                .into_iter()
                .find(|programs| programs.major_version == version)
                .ok_or_else(|| Error::OtherVersion { data: data.to_owned(), version, setting });
        }
        // Of several with the newest version, the first found.
        let newest = found.into_iter().rev().max_by_key(|programs| programs.major_version);
        newest.ok_or(Error::NoPrograms { setting })
    }

    async fn given(folder: &Path, setting: &'static str) -> Result<Self, Error> {
        match Self::in_folder(folder).await {
            Some(programs) if programs.major_version >= OLDEST => Ok(programs),
            Some(Self { folder, major_version: version }) => {
                Err(Error::OldPrograms { setting, folder, version })
            }
            None => Err(Error::UnusablePrograms { setting, folder: folder.to_owned() }),
        }
    }

    async fn installed() -> Vec<Self> {
        let mut found = Vec::new();
        for folder in usual_folders() {
            found.extend(Self::in_folder(&folder).await.filter(|programs| programs.major_version >= OLDEST));
        }
        found
    }

    async fn in_folder(folder: &Path) -> Option<Self> {
        // A link may lead to the folder that PostgreSQL finds its other files from.
        let folder = fs::canonicalize(folder.join("postgres")).ok()?.parent()?.to_owned();
        let programs = Self { major_version: major_version(&folder.join("postgres")).await?, folder };
        programs.initdb().is_file().then_some(programs)
    }

    pub(crate) fn initdb(&self) -> PathBuf {
        self.folder.join("initdb")
    }

    pub(crate) fn postgres(&self) -> PathBuf {
        self.folder.join("postgres")
    }
}

/// Of `postgres (PostgreSQL) 15.14 (Debian 15.14-0)`: 15.
async fn major_version(postgres: &Path) -> Option<u32> {
    let mut command = Command::new(postgres);
    command.arg("--version").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let output = run(&mut command, VERSION_TIMEOUT).await.ok()?;
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
