//! Programs that are missing, old, or do not work, as far as scripts can play them.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::PathBuf,
};

use embedded_postgres::{EmbeddedPostgres, Error, SettingNames, Settings};

use crate::folder::Folder;

const NAMES: SettingNames = SettingNames { data_dir: "SHOP_DATA", programs: "SHOP_PG_BIN" };

/// Two shell scripts: what `postgres` does when it is not asked for its version, and what `initdb` does with `$data`.
fn scripts(folder: &Folder, version: &str, postgres: &str, initdb: &str) -> PathBuf {
    let bin = folder.path().join("bin");
    fs::create_dir(&bin).unwrap();
    fs::set_permissions(&bin, Permissions::from_mode(0o755)).unwrap();
    let postgres = format!(
        "if [ \"$1\" = --version ]; then echo 'postgres (PostgreSQL) {version} (Test)'; exit; fi\n{postgres}"
    );
    for (name, script) in [("postgres", postgres.as_str()), ("initdb", &format!("data=$2\n{initdb}"))] {
        let path = bin.join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
    }
    bin
}

/// Why a start with these programs fails.
async fn refusal(folder: &Folder, programs: PathBuf) -> Error {
    let settings = Settings {
        programs: Some(programs),
        socket_root: folder.path().to_owned(),
        setting_names: NAMES,
        ..Settings::new("shop", folder.path())
    };
    EmbeddedPostgres::start(&settings).await.expect_err("it can't start")
}

#[tokio::test]
async fn without_programs_it_says_where_they_come_from() {
    let folder = Folder::open();
    let error = refusal(&folder, folder.path().join("nothing")).await;
    let text = error.to_string();
    assert!(text.starts_with("SHOP_PG_BIN: there are no usable initdb and postgres in "), "{text}");
    assert!(
        text.contains("apt-get install postgresql") && text.ends_with("name its folder in SHOP_PG_BIN"),
        "{text}"
    );
}

#[tokio::test]
async fn programs_that_are_too_old_are_refused() {
    let folder = Folder::open();
    let error = refusal(&folder, scripts(&folder, "13.22", "exit 1", "exit 1")).await;
    assert!(matches!(error, Error::OldPrograms { version: 13, .. }), "{error:?}");
    assert!(error.to_string().contains("are of PostgreSQL 13. Install PostgreSQL 14 or newer"), "{error}");
}

#[tokio::test]
async fn a_cluster_of_another_version_is_not_touched() {
    let folder = Folder::open();
    fs::create_dir_all(folder.data()).unwrap();
    fs::write(folder.data().join("PG_VERSION"), "16\n").unwrap();
    let error = refusal(&folder, scripts(&folder, "17.1", "exit 1", "exit 1")).await;
    let text = error.to_string();
    assert!(text.contains("was made by PostgreSQL 16, whose server programs are not to be found"), "{text}");
    assert!(text.ends_with("name its folder in SHOP_PG_BIN"), "{text}");
}

#[tokio::test]
async fn an_initdb_that_fails_is_quoted_and_leaves_no_cluster() {
    let folder = Folder::open();
    let bin = scripts(&folder, "17.1", "exit 1", "mkdir \"$data\"; echo 'no space left' >&2; exit 1");
    assert_eq!(refusal(&folder, bin).await.to_string(), "initdb failed: no space left");
    assert!(!folder.data().exists());
}

#[tokio::test]
async fn a_server_that_ends_at_once_is_quoted() {
    let folder = Folder::open();
    let initdb = "mkdir \"$data\"; echo 17 > \"$data/PG_VERSION\"";
    let bin = scripts(&folder, "17.1", "echo 'FATAL: not today' >&2; exit 3", initdb);
    let text = refusal(&folder, bin).await.to_string();
    assert!(text.starts_with("PostgreSQL ended at once (exit status: 3)"), "{text}");
    assert!(text.ends_with("FATAL: not today"), "{text}");
}
