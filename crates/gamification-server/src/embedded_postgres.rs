//! A PostgreSQL of our own, for when `DATABASE_URL` is not set.
//!
//! It is an ordinary PostgreSQL, of programs that are installed, with its data in the data folder, reachable only
//! through a Unix socket in a private folder. It outlives a `kill -9` of the program that started it; whoever starts
//! next uses it. Who stops last stops it: every user holds a shared lock, and stopping takes it exclusively.
//!
//! PostgreSQL refuses to run as root. So root starts it as `postgres` or `nobody`, and where that user can't walk to
//! the data folder, a symbolic link there leads to a place where it can.

mod programs;
mod server_user;

use std::{
    fs::{self, DirBuilder, File, Permissions},
    io,
    os::unix::{
        fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown, symlink},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use gamification_pg::connection::{Connector, DatabaseUrl, create_database};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use uuid::Uuid;

use programs::Programs;
use server_user::ServerUser;

/// Where the embedded PostgreSQL lives, and what it is made of.
#[derive(Clone, Debug)]
pub struct Location {
    /// The folder that holds everything.
    pub data_dir: PathBuf,
    /// Where `initdb` and `postgres` are; looked for when `None`.
    pub programs: Option<PathBuf>,
}

/// The database that the service uses in it.
const DATABASE: &str = "gamification";
/// The database that every cluster has from the start.
const MAINTENANCE_DATABASE: &str = "postgres";
/// The name of the superuser, whatever the operating system's user is called.
const SUPERUSER: &str = "postgres";
/// How long PostgreSQL may take to accept connections. After a crash it first replays its log.
const START_TIMEOUT: Duration = Duration::from_secs(60);
/// How long the remains of a killed server may keep a new one from starting.
const LEFTOVER_TIMEOUT: Duration = Duration::from_secs(5);
/// How long it may take to stop.
const STOP_TIMEOUT: Duration = Duration::from_secs(20);
/// How often a starting or stopping server is looked at.
const POLL: Duration = Duration::from_millis(20);
/// Held by whoever starts or stops.
const START_LOCK: &str = "postgres.start.lock";
/// Where clusters are whose data folder is closed to the server's user.
const OPEN_FOLDER: &str = "/var/lib/gamification";

/// An embedded PostgreSQL that runs, and our share in it.
pub struct EmbeddedPostgres {
    data_dir: PathBuf,
    cluster: Cluster,
    /// Held shared while we use it; see the module.
    use_lock: File,
    /// The server, when it was us who started it: to be waited for, or it stays a zombie.
    child: Option<Child>,
}

/// The folders of one cluster.
struct Cluster {
    /// Holds the log and the data.
    folder: PathBuf,
    /// Holds the socket and nothing else: a socket's path may have 107 bytes at most.
    socket_folder: PathBuf,
    user: Option<ServerUser>,
}

impl EmbeddedPostgres {
    /// Starts PostgreSQL, or takes over the one that runs on this data folder already.
    ///
    /// # Errors
    /// When there are no server programs, or they refuse; the text says what to do.
    pub async fn start(location: &Location) -> Result<Self> {
        let cannot = || format!("can't make the folder {}", location.data_dir.display());
        fs::create_dir_all(&location.data_dir).with_context(cannot)?;
        let data_dir = fs::canonicalize(&location.data_dir).with_context(cannot)?;
        // Two starts at once: the second finds the server of the first.
        let _starting = locked(&data_dir.join(START_LOCK))?;
        let use_lock = open_lock(&data_dir.join("postgres.use.lock"))?;
        let mut embedded = Self { cluster: Cluster::at(&data_dir)?, data_dir, use_lock, child: None };
        if embedded.cluster.connector(MAINTENANCE_DATABASE)?.connect().await.is_err() {
            let programs = Programs::find(location.programs.as_deref(), &embedded.cluster.data())?;
            embedded.cluster.initialize(&programs)?;
            embedded.launch(&programs).await?;
        }
        embedded.create_database().await?;
        embedded.use_lock.lock_shared()?;
        Ok(embedded)
    }

    /// The address of the service's database.
    ///
    /// # Errors
    /// Never, but for a mistake of ours.
    pub fn url(&self) -> Result<DatabaseUrl> {
        self.cluster.url(DATABASE)
    }

    /// The address of the service's database, as text.
    #[must_use]
    pub fn url_text(&self) -> String {
        self.cluster.url_text(DATABASE)
    }

    /// Where its data is.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.cluster.folder
    }

    /// Starts the server, and waits until it accepts connections.
    async fn launch(&mut self, programs: &Programs) -> Result<()> {
        let started = Instant::now();
        let connector = self.cluster.connector(MAINTENANCE_DATABASE)?;
        let mut child = self.cluster.spawn(programs)?;
        while let Err(error) = connector.connect().await {
            ensure!(started.elapsed() < START_TIMEOUT, "PostgreSQL did not start in time: {error}");
            if let Some(status) = child.try_wait()? {
                // What is left of a server that was killed is in the way for a moment.
                ensure!(
                    started.elapsed() < LEFTOVER_TIMEOUT,
                    "PostgreSQL ended at once ({status}); {} says: {}",
                    self.cluster.log().display(),
                    last_lines(&fs::read_to_string(self.cluster.log()).unwrap_or_default())
                );
                child = self.cluster.spawn(programs)?;
            }
            tokio::time::sleep(POLL).await;
        }
        self.child = Some(child);
        Ok(())
    }

    async fn create_database(&self) -> Result<()> {
        // It is there from an earlier start, mostly.
        if self.cluster.connector(DATABASE)?.connect().await.is_err() {
            create_database(&self.cluster.connector(MAINTENANCE_DATABASE)?, DATABASE).await?;
        }
        Ok(())
    }

    /// Ends our use, and stops PostgreSQL unless somebody else uses it.
    ///
    /// # Errors
    /// When it does not stop.
    pub async fn stop(mut self) -> Result<()> {
        let _starting = locked(&self.data_dir.join(START_LOCK))?;
        self.use_lock.unlock()?;
        if self.use_lock.try_lock().is_err() {
            return Ok(());
        }
        let Some(server) = self.cluster.server_process() else {
            return Ok(());
        };
        // "Fast shutdown": sessions are ended, everything is written.
        kill_process(server, Signal::INT)?;
        let deadline = Instant::now() + STOP_TIMEOUT;
        while !self.has_ended(server)? {
            ensure!(Instant::now() < deadline, "PostgreSQL did not stop in time");
            tokio::time::sleep(POLL).await;
        }
        // Empty now, and made again by the next start; if it can't go, it does no harm.
        let _ = fs::remove_dir(&self.cluster.socket_folder);
        Ok(())
    }

    fn has_ended(&mut self, server: Pid) -> Result<bool> {
        match &mut self.child {
            Some(child) if Pid::from_child(child) == server => Ok(child.try_wait()?.is_some()),
            _ => Ok(test_kill_process(server).is_err()),
        }
    }
}

impl Cluster {
    fn at(data_dir: &Path) -> Result<Self> {
        let user = ServerUser::needed()?;
        let folder = cluster_folder(data_dir, user.as_ref())?;
        // Derived from the path by a hash that stays the same from build to build.
        let name =
            Uuid::new_v5(&Uuid::NAMESPACE_URL, folder.as_os_str().as_encoded_bytes()).simple().to_string();
        let short = name.get(..16).unwrap_or(&name);
        let socket_folder = Path::new("/tmp").join(format!("gamification-{short}"));
        private_folder(&socket_folder, user.as_ref())?;
        Ok(Self { folder, socket_folder, user })
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn log(&self) -> PathBuf {
        self.folder.join("postgres.log")
    }

    fn url_text(&self, database: &str) -> String {
        let host = self.socket_folder.to_string_lossy().replace('/', "%2F");
        format!("postgres://{SUPERUSER}@{host}/{database}?sslmode=disable")
    }

    fn url(&self, database: &str) -> Result<DatabaseUrl> {
        Ok(DatabaseUrl::parse(&self.url_text(database))?)
    }

    fn connector(&self, database: &str) -> Result<Connector> {
        Ok(Connector::new(self.url(database)?)?)
    }

    /// Makes the cluster, unless it is there. A half-made one from an interrupted start is thrown away.
    fn initialize(&self, programs: &Programs) -> Result<()> {
        if self.data().join("PG_VERSION").exists() {
            return Ok(());
        }
        let unfinished = self.folder.join("data.new");
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished)?;
        }
        let output = self
            .command(&programs.initdb())
            .arg("--pgdata")
            .arg(&unfinished)
            .args(["--username", SUPERUSER, "--auth", "trust", "--encoding", "UTF8", "--locale", "C"])
            .output()
            .with_context(|| format!("{} can't be run", programs.initdb().display()))?;
        ensure!(
            output.status.success(),
            "initdb failed: {}",
            last_lines(&String::from_utf8_lossy(&output.stderr))
        );
        fs::rename(&unfinished, self.data())?;
        Ok(())
    }

    fn spawn(&self, programs: &Programs) -> Result<Child> {
        let log = File::options().create(true).append(true).open(self.log())?;
        self.command(&programs.postgres())
            .arg("-D")
            .arg(self.data())
            .arg("-k")
            .arg(&self.socket_folder)
            .args(["-c", "listen_addresses=", "-c", "unix_socket_permissions=0700"])
            .stdout(log.try_clone()?)
            .stderr(log)
            // Or Ctrl-C would take it down together with us, and before us.
            .process_group(0)
            .spawn()
            .with_context(|| format!("{} can't be run", programs.postgres().display()))
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        // What the environment says about PostgreSQL is about another one.
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("LC_ALL", "C")
            .current_dir(&self.folder)
            .stdin(Stdio::null());
        if let Some(user) = &self.user {
            command.uid(user.uid).gid(user.gid);
        }
        command
    }

    /// The server's process, as it wrote it down itself.
    fn server_process(&self) -> Option<Pid> {
        let file = fs::read_to_string(self.data().join("postmaster.pid")).ok()?;
        Pid::from_raw(file.lines().next()?.trim().parse().ok()?)
    }
}

/// The folder of the cluster: in the data folder, or, if the server's user can't walk there, behind a link in it.
fn cluster_folder(data_dir: &Path, user: Option<&ServerUser>) -> Result<PathBuf> {
    let folder = data_dir.join("postgres");
    if folder.symlink_metadata().is_err() {
        match user {
            Some(user) if !user.can_walk_to(data_dir) => {
                let open = Path::new(OPEN_FOLDER);
                DirBuilder::new().recursive(true).mode(0o755).create(open)?;
                let elsewhere = open.join(Uuid::now_v7().to_string());
                private_folder(&elsewhere, Some(user))?;
                symlink(&elsewhere, &folder)?;
            }
            _ => private_folder(&folder, user)?,
        }
    }
    let folder = fs::canonicalize(&folder).with_context(|| {
        format!("{} leads nowhere; remove it to start with an empty database", folder.display())
    })?;
    if let Some(user) = user {
        ensure!(
            user.can_walk_to(&folder),
            "PostgreSQL does not run as root, and its user {} can't walk to {}: open the folders above it to everybody \
             (chmod o+x), or choose another GAMIFICATION_DATA_DIR",
            user.name,
            folder.display()
        );
    }
    private_folder(&folder, user)?;
    Ok(folder)
}

/// Makes a folder that only the server's user may enter, or checks that there is one.
fn private_folder(folder: &Path, user: Option<&ServerUser>) -> Result<()> {
    let cannot = || format!("can't make the folder {}", folder.display());
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error).with_context(cannot),
        _ => {}
    }
    let metadata = fs::symlink_metadata(folder).with_context(cannot)?;
    let ourselves = rustix::process::geteuid().as_raw();
    let owner = user.map_or(ourselves, |user| user.uid);
    ensure!(
        metadata.is_dir() && (metadata.uid() == owner || metadata.uid() == ourselves),
        "{} belongs to somebody else; remove it, or choose another GAMIFICATION_DATA_DIR",
        folder.display()
    );
    if let Some(user) = user {
        chown(folder, Some(user.uid), Some(user.gid)).with_context(cannot)?;
    }
    fs::set_permissions(folder, Permissions::from_mode(0o700)).with_context(cannot)
}

fn open_lock(path: &Path) -> Result<File> {
    let file = File::options().create(true).truncate(false).write(true).open(path);
    file.with_context(|| format!("can't open {}", path.display()))
}

fn locked(path: &Path) -> Result<File> {
    let file = open_lock(path)?;
    file.lock().with_context(|| format!("can't lock {}", path.display()))?;
    Ok(file)
}

fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.trim().lines().rev().take(5).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join(" / ")
}
