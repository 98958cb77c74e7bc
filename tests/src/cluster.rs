//! One PostgreSQL for each test process, gone with it.

use std::{
    fs::Permissions,
    os::unix::fs::PermissionsExt,
    process::{Command, Stdio},
};

use embedded_postgres::{EmbeddedPostgres, Settings};
use tokio::sync::OnceCell;

/// A running PostgreSQL that ends when this process does, however it ends.
pub struct Cluster {
    postgres: EmbeddedPostgres,
}

/// Reads until this process ends, killed or not; then stops PostgreSQL and removes its folders.
const TAKE_DOWN: &str = r#"
    cat > /dev/null
    { read -r process; read -r _; read -r _; read -r _; read -r sockets; } < "$1/postgres/data/postmaster.pid"
    kill -QUIT "$process"
    while kill -0 "$process"; do sleep 0.1; done
    rm -rf "$1" "$sockets"
"#;

static SHARED: OnceCell<Cluster> = OnceCell::const_new();

impl Cluster {
    /// The cluster of this process.
    pub async fn shared() -> &'static Self {
        SHARED.get_or_init(Self::start).await
    }

    async fn start() -> Self {
        // Open to walk through: as root, PostgreSQL runs as another user.
        let folder = tempfile::Builder::new()
            .prefix("gamification-test-")
            .permissions(Permissions::from_mode(0o755))
            .tempdir()
            .expect("no temporary folder")
            .keep();
        let programs = std::env::var_os("GAMIFICATION_PG_BIN").map(Into::into);
        let settings = Settings { programs, ..Settings::new("gamification", &folder) };
        let postgres = EmbeddedPostgres::start(&settings)
            .await
            .unwrap_or_else(|error| panic!("these tests need PostgreSQL's server programs: {error:?}"));
        Command::new("sh")
            .args(["-c", TAKE_DOWN, "sh"])
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map(std::mem::forget)
            .expect("sh can't be started");
        Self { postgres }
    }

    /// What it has logged so far.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.postgres.folder().join("postgres.log")).expect("PostgreSQL keeps a log")
    }

    /// The address of one of its databases.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        self.postgres.url_of(database)
    }
}
