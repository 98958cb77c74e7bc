//! What can go wrong.

use std::{io, path::PathBuf, process::ExitStatus};

use crate::lock::{START_TIMEOUT, STOP_TIMEOUT};

/// Why PostgreSQL could not be started or stopped. Each message is a sentence that says what to do, where that is known.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// [`crate::Settings::name`] can't be part of a path.
    #[error("the name {name:?} must be 1 to 32 letters, digits, - and _")]
    InvalidName {
        /// The name that was given.
        name: String,
    },
    /// The operating system does not take so long a path for a socket.
    #[error(
        "the path of the socket {socket} is longer than {longest} bytes; choose a shorter Settings::socket_root"
    )]
    SocketPathTooLong {
        /// The path of the Unix socket, which is too long for the system.
        socket: PathBuf,
        /// The most bytes that it may have.
        longest: usize,
    },
    /// A folder can't be made, or its owner and rights can't be set.
    #[error("can't make the folder {folder}")]
    Folder {
        /// The folder that was to be made.
        folder: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// A folder that must be private belongs to another user, or is no folder.
    #[error("{folder} belongs to another user; remove it, or choose another {setting}")]
    ForeignFolder {
        /// The folder that must be private.
        folder: PathBuf,
        /// What sets the data folder.
        setting: &'static str,
    },
    /// The link to the cluster has no target.
    #[error("{link} leads nowhere; remove it to start with an empty database")]
    DanglingLink {
        /// The symbolic link without a target.
        link: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// Root's PostgreSQL runs as a user who can't reach the cluster.
    #[error(
        "PostgreSQL does not run as root, and its user {user} can't reach {folder}: open the folders above it to \
         everybody (chmod o+x), or choose another {setting}"
    )]
    ClosedFolder {
        /// The user whom PostgreSQL runs as: `postgres` or `nobody`.
        user: String,
        /// The folder of the cluster, which that user must reach.
        folder: PathBuf,
        /// What sets the data folder.
        setting: &'static str,
    },
    /// Root needs another user to run PostgreSQL as.
    #[error("PostgreSQL does not run as root, and there is no user postgres or nobody to run it as; add one")]
    NoServerUser,
    /// A file can't be read, written, removed or moved.
    #[error("{file} can't be used")]
    File {
        /// The file or folder that the operation failed on.
        file: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// Another program starts or stops this PostgreSQL, and does not come to an end.
    #[error("{lock} is held by another program that starts or stops PostgreSQL; wait for it, or end it")]
    Locked {
        /// The file that is locked.
        lock: PathBuf,
    },
    /// There are no server programs.
    #[error("no PostgreSQL server programs were found. {}", how_to_install(setting))]
    NoPrograms {
        /// What sets the folder of the programs.
        setting: &'static str,
    },
    /// There are no server programs in [`crate::Settings::programs`].
    #[error("{setting}: there are no usable initdb and postgres in {folder}. {}", how_to_install(setting))]
    UnusablePrograms {
        /// What sets the folder of the programs.
        setting: &'static str,
        /// The folder of the programs, as it was given.
        folder: PathBuf,
    },
    /// The server programs in [`crate::Settings::programs`] are older than version 14.
    #[error("{setting}: the programs in {folder} are of PostgreSQL {version}. {}", how_to_install(setting))]
    OldPrograms {
        /// What sets the folder of the programs.
        setting: &'static str,
        /// The folder of the programs, as it was given.
        folder: PathBuf,
        /// The major version of the programs that were found.
        version: u32,
    },
    /// The cluster needs programs of its own major version.
    #[error(
        "the database in {data} was made by PostgreSQL {version}, whose server programs are not to be found. \
         Install that version, or name its folder in {setting}"
    )]
    OtherVersion {
        /// The folder of the cluster's data.
        data: PathBuf,
        /// The major version that wrote the data.
        version: u32,
        /// What sets the folder of the programs.
        setting: &'static str,
    },
    /// A program can't be started, or not be waited for.
    #[error("{program} can't be run")]
    Run {
        /// The program of PostgreSQL that was started.
        program: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// A program that should end soon does not.
    #[error("{program} did not end in time; try again when the machine is less busy")]
    RunTimeout {
        /// The program of PostgreSQL that was started.
        program: PathBuf,
    },
    /// The cluster can't be made.
    #[error("initdb failed: {output}")]
    Initdb {
        /// The last lines that it wrote.
        output: String,
    },
    /// The server does not stay up.
    #[error("PostgreSQL ended at once ({status}); {log} says: {lines}")]
    EndedAtOnce {
        /// The exit code or the signal that it ended with.
        status: ExitStatus,
        /// The server's log, which says why.
        log: PathBuf,
        /// The last lines of that log.
        lines: String,
    },
    /// The server is up, but not ready: it may be recovering, and is left to go on with that.
    #[error(
        "PostgreSQL did not accept connections within {} s; {log} says why: try again when it is done",
        START_TIMEOUT.as_secs()
    )]
    StartTimeout {
        /// The server's log, which says why.
        log: PathBuf,
    },
    /// The server does not end.
    #[error("PostgreSQL, process {process}, did not stop within {} s; {log} says why", STOP_TIMEOUT.as_secs())]
    StopTimeout {
        /// The id of the server's process.
        process: i32,
        /// The server's log, which says why.
        log: PathBuf,
    },
    /// The server's process can't be told to stop.
    #[error("PostgreSQL, process {process}, can't be stopped; stop it as its own user")]
    Signal {
        /// The id of the server's process.
        process: i32,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The database can't be reached or created.
    #[error("the database {database} can't be created")]
    Database {
        /// The name of the database that was asked for.
        database: String,
        /// What PostgreSQL said, or what became of the connection.
        source: tokio_postgres::Error,
    },
    /// The database takes too long to be created.
    #[error("the database {database} was not created in time; try again when the machine is less busy")]
    DatabaseTimeout {
        /// The name of the database that was asked for.
        database: String,
    },
}

/// One sentence for the two systems that most people have.
fn how_to_install(setting: &str) -> String {
    format!(
        "Install PostgreSQL 14 or newer (Debian and Ubuntu: apt-get install postgresql; macOS: brew install \
         postgresql@17), or name its folder in {setting}"
    )
}
