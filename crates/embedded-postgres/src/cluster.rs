//! One cluster: where it is, how it is made, and its server's start and end.

use std::{
    ffi::OsString,
    fs::{self, File},
    io,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use rustix::{
    io::Errno,
    process::{Pid, Signal, kill_process},
};

use crate::{
    Error, SettingNames, Settings,
    connection::{self, Answer, SUPERUSER},
    folders::{cluster_folder, private_folder, socket_folder},
    lock::{CREATE_TIMEOUT, LOCK_TIMEOUT, Lock, POLL, START_TIMEOUT, STOP_TIMEOUT},
    process::{self, Process},
    programs::Programs,
    server_user::ServerUser,
};

/// How long the remains of a killed server may keep a new one from starting.
const LEFTOVER_TIMEOUT: Duration = Duration::from_secs(5);
/// The pause between attempts meanwhile; each is some lines in its log.
const LEFTOVER_PAUSE: Duration = Duration::from_millis(100);
/// What needs no escaping in a URL (RFC 3986, section 2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The folders of one cluster, and how its server is started.
#[derive(Debug)]
pub(crate) struct Cluster {
    /// Held by the process that starts or stops the server.
    start_lock: PathBuf,
    /// Holds the log and the data.
    folder: PathBuf,
    /// Holds the socket and nothing else.
    socket_folder: PathBuf,
    /// Who the server runs as, when not as we do.
    user: Option<ServerUser>,
    programs: Option<PathBuf>,
    setting_names: SettingNames,
}

impl Cluster {
    pub(crate) fn at(data_dir: &Path, start_lock: PathBuf, settings: &Settings) -> Result<Self, Error> {
        let user = ServerUser::needed()?;
        let folder = cluster_folder(data_dir, user.as_ref(), settings)?;
        Ok(Self {
            start_lock,
            socket_folder: socket_folder(&folder, settings)?,
            folder,
            user,
            programs: settings.programs.clone(),
            setting_names: settings.setting_names,
        })
    }

    pub(crate) fn start_lock(&self) -> &Path {
        &self.start_lock
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn url(&self, database: &str) -> String {
        let host = percent_encode(self.socket_folder.as_os_str().as_encoded_bytes(), RESERVED);
        let database = percent_encode(database.as_bytes(), RESERVED);
        format!("postgres://{SUPERUSER}@{host}/{database}?sslmode=disable")
    }

    pub(crate) async fn create_database(&self, name: &str) -> Result<(), Error> {
        connection::create_database(&self.socket_folder, name).await
    }

    /// Starts the server unless it runs, on a new cluster if there is none. The start lock must be held.
    pub(crate) async fn start(&self) -> Result<(), Error> {
        if self.accepts().await? {
            return Ok(());
        }
        let programs = self.find_programs().await?;
        self.initialize(&programs).await?;
        self.launch(&programs).await
    }

    /// Starts the server unless another program has done so meanwhile. It never makes a cluster.
    pub(crate) async fn restart(&self) -> Result<(), Error> {
        let _starting = Lock::exclusive(&self.start_lock, LOCK_TIMEOUT).await?;
        if self.accepts().await? {
            return Ok(());
        }
        self.launch(&self.find_programs().await?).await
    }

    async fn accepts(&self) -> Result<bool, Error> {
        // Before anything is sent to the process that listens there.
        private_folder(&self.socket_folder, self.user.as_ref(), self.setting_names)?;
        Ok(connection::ask(&self.socket_folder).await == Answer::Accepts)
    }

    /// Stops the server if it runs. The start lock must be held.
    pub(crate) async fn stop(&self) -> Result<(), Error> {
        if let Some(server) = self.server().map_err(|source| self.unusable(self.pid_file(), source))? {
            self.shut_down(server).await?;
        }
        // Made again by the next start; a server that was killed leaves its socket there. If it can't go, it does no harm.
        let _ = fs::remove_dir_all(&self.socket_folder);
        Ok(())
    }

    async fn shut_down(&self, server: Pid) -> Result<(), Error> {
        let process = server.as_raw_nonzero().get();
        // "Fast shutdown": sessions are ended, everything is written.
        match kill_process(server, Signal::INT) {
            Ok(()) | Err(Errno::SRCH) => {}
            Err(error) => return Err(Error::Signal { process, source: error.into() }),
        }
        let deadline = Instant::now() + STOP_TIMEOUT;
        while process::is_running(server, &self.data()) {
            if Instant::now() > deadline {
                return Err(Error::StopTimeout { process, log: self.log() });
            }
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    /// Whether the server's process is there. When that can't be told, it is not taken for dead.
    pub(crate) fn is_running(&self) -> bool {
        self.server().map_or(true, |server| server.is_some())
    }

    /// The server's process, which writes itself down, if it runs.
    fn server(&self) -> io::Result<Option<Pid>> {
        let text = match fs::read_to_string(self.pid_file()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            text => text?,
        };
        let server = text.lines().next().and_then(|line| Pid::from_raw(line.trim().parse().ok()?));
        Ok(server.filter(|server| process::is_running(*server, &self.data())))
    }

    async fn find_programs(&self) -> Result<Programs, Error> {
        Programs::find(self.programs.as_deref(), &self.data(), self.setting_names.programs).await
    }

    /// Makes the cluster, unless it is there. A half-made one from an interrupted start is thrown away.
    async fn initialize(&self, programs: &Programs) -> Result<(), Error> {
        if self.data().join("PG_VERSION").exists() {
            return Ok(());
        }
        let unfinished = self.folder.join("data.new");
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished).map_err(|source| self.unusable(&unfinished, source))?;
        }
        let mut initdb = self.command(&programs.initdb());
        initdb.arg("--pgdata").arg(&unfinished);
        initdb.args(["--username", SUPERUSER, "--auth", "trust", "--encoding", "UTF8", "--locale", "C"]);
        initdb.stdout(Stdio::null()).stderr(Stdio::piped());
        let output = process::run(&mut initdb, CREATE_TIMEOUT).await?;
        if !output.status.success() {
            return Err(Error::Initdb { output: last_lines(&String::from_utf8_lossy(&output.stderr)) });
        }
        fs::rename(&unfinished, self.data()).map_err(|source| self.unusable(&unfinished, source))
    }

    /// Starts the server, and waits until it accepts connections.
    async fn launch(&self, programs: &Programs) -> Result<(), Error> {
        let started = Instant::now();
        let mut server: Option<Process> = None;
        loop {
            let answer = connection::ask(&self.socket_folder).await;
            if answer == Answer::Accepts || started.elapsed() > START_TIMEOUT {
                // One that is recovering would have to begin anew if it were killed.
                if let Some(server) = server {
                    server.release();
                }
                let timeout = Err(Error::StartTimeout { log: self.log() });
                return if answer == Answer::Accepts { Ok(()) } else { timeout };
            }
            if answer == Answer::None && self.may_spawn(server.as_mut(), started, programs)? {
                server = Some(self.spawn(programs)?);
                tokio::time::sleep(LEFTOVER_PAUSE).await;
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Whether none has been started yet, or what is left of a killed server may have been in its way.
    fn may_spawn(
        &self,
        server: Option<&mut Process>,
        started: Instant,
        programs: &Programs,
    ) -> Result<bool, Error> {
        let Some(server) = server else {
            return Ok(true);
        };
        let cannot = |source| Error::Run { program: programs.postgres(), source };
        match server.status().map_err(cannot)? {
            None => Ok(false),
            Some(_) if started.elapsed() < LEFTOVER_TIMEOUT => Ok(true),
            Some(status) => {
                let lines = last_lines(&String::from_utf8_lossy(&fs::read(self.log()).unwrap_or_default()));
                Err(Error::EndedAtOnce { status, log: self.log(), lines })
            }
        }
    }

    fn spawn(&self, programs: &Programs) -> Result<Process, Error> {
        let cannot = |source| self.unusable(self.log(), source);
        let log = File::options().create(true).append(true).open(self.log()).map_err(cannot)?;
        // A list, in which a comma would begin the next folder.
        let mut sockets = OsString::from("\"");
        sockets.push(&self.socket_folder);
        sockets.push("\"");
        let mut command = self.command(&programs.postgres());
        command
            .arg("-D")
            .arg(self.data())
            .arg("-k")
            .arg(sockets)
            .args(["-c", "listen_addresses=", "-c", "unix_socket_permissions=0700"])
            .stdout(log.try_clone().map_err(cannot)?)
            .stderr(log)
            // Or Ctrl-C would take it down together with us, and before us.
            .process_group(0);
        Process::spawn(&mut command)
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

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn pid_file(&self) -> PathBuf {
        self.data().join("postmaster.pid")
    }

    fn log(&self) -> PathBuf {
        self.folder.join("postgres.log")
    }

    fn unusable(&self, file: impl Into<PathBuf>, source: io::Error) -> Error {
        Error::File { file: file.into(), source }
    }
}

fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.trim().lines().rev().take(5).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join(" / ")
}
