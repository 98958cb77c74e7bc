//! A PostgreSQL that comes with your program: nothing to install but its server programs, nothing to configure.
//!
//! [`EmbeddedPostgres::start`] makes a cluster in a folder of yours when there is none, starts the server, creates your
//! database and gives its address. It is an ordinary PostgreSQL 14 or newer, with its durability left on, and any client
//! that takes a URL can use it.
//!
//! ```
//! use embedded_postgres::{EmbeddedPostgres, Settings};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let data_dir = std::env::temp_dir().join(format!("embedded-postgres-doctest-{}", std::process::id()));
//! let postgres = EmbeddedPostgres::start(&Settings::new("shop", &data_dir)).await?;
//!
//! let (client, connection) = tokio_postgres::connect(&postgres.url(), tokio_postgres::NoTls).await?;
//! tokio::spawn(connection);
//! let row = client.query_one("SELECT current_database()", &[]).await?;
//! assert_eq!(row.get::<_, &str>(0), "shop");
//!
//! // The folder keeps the data for the next start.
//! postgres.stop().await?;
//! # std::fs::remove_dir_all(data_dir)?;
//! # Ok(())
//! # }
//! ```
//!
//! # Who may reach it
//! It listens on a Unix socket in a folder that only the user of the server may enter, never on TCP. There is no
//! password: that folder is the protection.
//!
//! # Who stops it
//! The server is a process of its own, and several programs may use one data folder at once. The first start launches
//! it, the others find it running; the last [`EmbeddedPostgres::stop`] ends it. A program that is killed, or drops its
//! handle without stopping, leaves it running, and the next start takes it over. Each handle holds a shared lock on
//! `postgres.use.lock` in the data folder, and stopping needs that lock exclusively; a process that starts or stops the server
//! holds `postgres.start.lock` meanwhile. The kernel releases both when a process dies.
//!
//! # What happens when it dies
//! While there is a handle, the server is supervised: killed, or stopped by another hand, it is started again within
//! seconds, by a task on the runtime that [`EmbeddedPostgres::start`] was called on. PostgreSQL recovers what was
//! committed. Attempts that fail, or do not last, are made again after pauses that grow to 10 seconds. Clients have to
//! connect again; the address stays. A warning in the log says that it stopped, a line of level INFO that it runs again.
//! A restart never makes a new cluster: an empty one would pass for the one that is missing.
//!
//! # Root
//! PostgreSQL refuses to run as root. So root starts it as the user `postgres`, or else `nobody`. Where that user can't
//! enter the data folder, `postgres` in it is a symbolic link to a folder below `/var/lib/<name>`.
//!
//! # What it never does
//! It downloads nothing, touches no other PostgreSQL of the machine and ignores the environment's `PG…` variables. It
//! does not upgrade a cluster to another major version: [`Error::OtherVersion`] says which programs are needed.

mod cluster;
mod connection;
mod error;
mod folders;
mod lock;
mod process;
mod programs;
mod server_user;
mod settings;
mod supervisor;

use std::{fs, path::Path, sync::Arc};

use cluster::Cluster;
pub use error::Error;
use lock::{LOCK_TIMEOUT, Lock, STOP_TIMEOUT};
pub use settings::{SettingNames, Settings};
use supervisor::Supervisor;

/// A running PostgreSQL, and one program's share in it.
///
/// Dropped without [`EmbeddedPostgres::stop`], it leaves the server running, and no longer supervised by this handle.
#[derive(Debug)]
pub struct EmbeddedPostgres {
    cluster: Arc<Cluster>,
    database: String,
    /// Held shared as long as this handle lives.
    use_lock: Lock,
    supervisor: Supervisor,
}

impl EmbeddedPostgres {
    /// Starts PostgreSQL, or joins the programs that use the one that runs on this data folder already.
    ///
    /// A first start takes some seconds. A start after a crash waits for the recovery, up to 60 seconds.
    /// Given up before its end, it leaves no server behind that it launched.
    ///
    /// # Errors
    /// [`Error`], whose variants say when; mostly that there are no server programs.
    ///
    /// # Panics
    /// Outside a Tokio runtime with time and I/O.
    pub async fn start(settings: &Settings) -> Result<Self, Error> {
        settings.check()?;
        let cannot = |source| Error::Folder { folder: settings.data_dir.clone(), source };
        fs::create_dir_all(&settings.data_dir).map_err(cannot)?;
        let data_dir = fs::canonicalize(&settings.data_dir).map_err(cannot)?;
        // Of two starts at once, the second finds the server of the first.
        let start_lock = data_dir.join("postgres.start.lock");
        let _starting = Lock::exclusive(&start_lock, LOCK_TIMEOUT).await?;
        let cluster = Arc::new(Cluster::at(&data_dir, start_lock, settings)?);
        cluster.start().await?;
        cluster.create_database(&settings.database).await?;
        let use_lock = Lock::shared(&data_dir.join("postgres.use.lock"), LOCK_TIMEOUT).await?;
        let supervisor = Supervisor::start(Arc::clone(&cluster));
        Ok(Self { cluster, database: settings.database.clone(), use_lock, supervisor })
    }

    /// The address of [`Settings::database`]: `postgres://postgres@<socket folder>/<database>?sslmode=disable`.
    ///
    /// It stays the same as long as the data folder stays where it is.
    #[must_use]
    pub fn url(&self) -> String {
        self.url_of(&self.database)
    }

    /// The address of another database of the same server, whether it exists or not.
    #[must_use]
    pub fn url_of(&self, database: &str) -> String {
        self.cluster.url(database)
    }

    /// The folder of the cluster: it holds PostgreSQL's `data` and its log, `postgres.log`.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.cluster.folder()
    }

    /// Ends this use, and stops PostgreSQL unless another handle uses it, in this process or in another.
    ///
    /// Sessions that are still open are ended; what they have committed is kept.
    ///
    /// # Errors
    /// [`Error::Locked`] when another program starts or stops the server for more than 20 seconds, and
    /// [`Error::StopTimeout`] when the server takes longer than that to end.
    pub async fn stop(self) -> Result<(), Error> {
        let Self { cluster, use_lock, supervisor, .. } = self;
        // Nothing brings it back from here on: what was being launched has been killed when the lock is ours.
        drop(supervisor);
        let _stopping = Lock::exclusive(cluster.start_lock(), STOP_TIMEOUT).await?;
        if use_lock.is_shared_with_others()? { Ok(()) } else { cluster.stop().await }
    }
}
