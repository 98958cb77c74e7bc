//! The real server, as a process.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Mutex, OnceLock, mpsc},
    time::{Instant, SystemTime},
};

use jsonwebtoken::{EncodingKey, Header};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use time::OffsetDateTime;
use ureq::{Agent, http::Response};
use uuid::Uuid;

use crate::{
    Scrape, TestDatabase,
    until::{PATIENCE, block_until},
};

/// The secret of every server under test.
pub const SECRET: &str = "a secret for tests, known to everybody";

/// The program, as `cargo test --workspace` built it, and not an older one.
#[must_use]
pub fn binary() -> PathBuf {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    let find = || {
        let test = std::env::current_exe().expect("this test has no path");
        let folder = test.ancestors().nth(2).expect("a test lies in target/<profile>/deps");
        let binary = folder.join("gamification-server");
        let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
        let sources = newest(&root.join("crates"), "src").max(newest(&root.join("migrations"), ""));
        // Naming a single suite builds the suite, not the program.
        assert!(
            fs::metadata(&binary).is_ok_and(|binary| binary.modified().ok() >= sources),
            "{} is missing or older than its sources: run cargo test --workspace, or add --test command_line",
            binary.display()
        );
        binary
    };
    BINARY.get_or_init(find).clone()
}

/// When a file of Rust or SQL below `folder`, within folders called `within` where that is given, was last changed. (Those of
/// the web kit are read from their folder.)
fn newest(folder: &Path, within: &str) -> Option<SystemTime> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let changed = entries.flatten().filter_map(|entry| {
        let path = entry.path();
        if path.is_dir() {
            if entry.file_name() == "node_modules" {
                return None;
            }
            let found = if entry.file_name() == within { "" } else { within };
            newest(&path, found)
        } else {
            let is_compiled =
                path.extension().is_some_and(|extension| extension == "rs" || extension == "sql");
            entry.metadata().ok()?.modified().ok().filter(|_| within.is_empty() && is_compiled)
        }
    });
    changed.max()
}

/// How a server is started.
pub struct Launch {
    command: Command,
    has_log: bool,
}

impl Launch {
    /// With nothing of this machine's environment but the ways to programs.
    #[must_use]
    pub fn bare() -> Self {
        let mut command = Command::new(binary());
        let kept = ["PATH", "GAMIFICATION_PG_BIN"];
        command.env_clear().envs(kept.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
        command.env("GAMIFICATION_LISTEN", "127.0.0.1:0");
        Self { command, has_log: true }
    }

    /// On a database, with the tests' secret.
    #[must_use]
    pub fn on(url: &str) -> Self {
        Self::bare().env("DATABASE_URL", url).env("GAMIFICATION_JWT_HS256_SECRET", SECRET)
    }

    /// With a variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// With an argument.
    #[must_use]
    pub fn arg(mut self, argument: &str) -> Self {
        self.command.arg(argument);
        self
    }

    /// Its log goes nowhere: reading it costs time, too.
    #[must_use]
    pub fn without_log(mut self) -> Self {
        self.has_log = false;
        self
    }

    /// Starts it, and waits until it listens.
    #[must_use]
    pub fn serve(mut self) -> TestServer {
        let mut child = self
            .command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(if self.has_log { Stdio::piped() } else { Stdio::null() })
            .spawn()
            .expect("the server can't be started");
        let lines = lines_of(child.stdout.take().expect("piped"));
        let log = match child.stderr.take() {
            Some(log) => lines_of(log),
            None => lines_of(std::io::empty()),
        };
        let (url, operations) = (String::new(), None);
        let mut server = TestServer { child, url, operations, log: Mutex::new(log), agent: agent() };
        let deadline = Instant::now() + PATIENCE;
        let mut said = Vec::new();
        while let Ok(line) = lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            let announced = |what| Some(line.split(what).nth(1)?.trim_end_matches(['"', '}']).to_owned());
            if let Some(address) = announced("listening on ") {
                server.url = address;
                return server;
            }
            if let Some(address) = announced("operations on ") {
                server.operations = Some(address);
            }
            said.push(line);
        }
        let _ = server.child.kill();
        panic!("the server did not start: {said:?} {:?}", server.log());
    }

    /// Runs it to its end, and gives its status and what it said on both outputs.
    #[must_use]
    pub fn run(self) -> (ExitStatus, String, String) {
        self.run_with(b"")
    }

    /// The same, with something on its standard input.
    #[must_use]
    pub fn run_with(self, input: &[u8]) -> (ExitStatus, String, String) {
        let mut child = self.spawn();
        let mut stdin = child.stdin.take().expect("piped");
        let output = std::thread::scope(|scope| {
            // It may end without reading all of it.
            scope.spawn(move || stdin.write_all(input));
            child.wait_with_output().expect("its output")
        });
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("its words are UTF-8");
        (output.status, text(output.stdout), text(output.stderr))
    }

    /// Starts it, with pipes to all its ends.
    #[must_use]
    pub fn spawn(mut self) -> Child {
        let piped = self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        piped.spawn().expect("the program can't be started")
    }
}

/// Reads to the end in the background, so that the writer never waits.
fn lines_of(output: impl Read + Send + 'static) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let _ = sender.send(line);
        }
    });
    receiver
}

fn agent() -> Agent {
    Agent::config_builder()
        .http_status_as_error(false)
        .allow_non_standard_methods(true)
        .max_redirects(0)
        .timeout_global(Some(PATIENCE))
        .build()
        .into()
}

/// A server that listens; killed when it goes out of scope.
pub struct TestServer {
    child: Child,
    url: String,
    operations: Option<String>,
    log: Mutex<mpsc::Receiver<String>>,
    agent: Agent,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its headers.
    pub headers: ureq::http::HeaderMap,
    /// The bytes of its body, as they came.
    pub length: usize,
    /// Its body; `null` when that is no JSON.
    pub body: Value,
}

impl Answer {
    fn read(mut response: Response<ureq::Body>) -> Self {
        // A stream has no end to read to.
        let is_stream =
            response.headers().get("content-type").is_some_and(|kind| kind == "text/event-stream");
        let bytes =
            if is_stream { Vec::new() } else { response.body_mut().read_to_vec().expect("an answer ends") };
        Self {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            length: bytes.len(),
            body: serde_json::from_slice(&bytes).unwrap_or_default(),
        }
    }

    /// One header, as text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Sees to it that this is a problem document as the contract describes it, and gives its detail.
    pub fn problem(&self, status: u16, code: &str) -> &str {
        assert_eq!((self.status, self.body["code"].as_str()), (status, Some(code)), "{self:?}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        assert_eq!(self.body["status"], status);
        let kind = format!("urn:gamification:problem:{}", code.to_lowercase().replace('_', "-"));
        assert_eq!(self.body["type"], kind);
        for text in ["title", "request_id"] {
            assert!(self.body[text].is_string(), "{text} is missing: {self:?}");
        }
        self.body["detail"].as_str().expect("a detail")
    }
}

/// The memory of a process, in megabytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// The most that it had so far.
    pub peak: u64,
    /// What it has now.
    pub resident: u64,
}

impl TestServer {
    /// On a database of a test.
    #[must_use]
    pub fn on(database: &TestDatabase) -> Self {
        Launch::on(database.url()).serve()
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where metrics and health are, when that is elsewhere.
    #[must_use]
    pub fn operations(&self) -> Option<&str> {
        self.operations.as_deref()
    }

    /// What it counts, as of now.
    #[must_use]
    pub fn scrape(&self) -> Scrape {
        let url = self.operations.as_ref().unwrap_or(&self.url);
        let answer = self.agent.get(format!("{url}/metrics")).call();
        Scrape::read(answer.expect("the server answers").body_mut().read_to_string().expect("it is text"))
    }

    /// What it wrote to its log since it was last asked.
    #[must_use]
    pub fn new_log(&self) -> Vec<String> {
        self.log.lock().expect("nobody panics with it").try_iter().collect()
    }

    /// GET with a token, or none.
    #[must_use]
    pub fn get(&self, path: &str, token: Option<&str>) -> Answer {
        let mut request = self.agent.get(format!("{}{path}", self.url));
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        Answer::read(request.call().expect("the server answers"))
    }

    /// POST with headers.
    #[must_use]
    pub fn post(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let request = self.agent.post(format!("{}{path}", self.url));
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        Answer::read(request.send(body).expect("the server answers"))
    }

    /// PUT of JSON as a user, with more headers.
    #[must_use]
    pub fn put(&self, path: &str, user_id: Uuid, headers: &[(&str, &str)], body: &Value) -> Answer {
        let request = self.agent.put(format!("{}{path}", self.url));
        let request = request
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {}", user_token(user_id)));
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        Answer::read(request.send(body.to_string().as_bytes()).expect("the server answers"))
    }

    /// Any method, with or without a token and a body of a type.
    #[must_use]
    pub fn call(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: &Option<(&str, Value)>,
    ) -> Answer {
        let request = http_request(method, &format!("{}{path}", self.url));
        let request = token
            .iter()
            .fold(request, |request, token| request.header("authorization", format!("Bearer {token}")));
        let answer = match body {
            Some((content_type, body)) => {
                let request = request.header("content-type", *content_type);
                self.agent.run(request.body(body.to_string()).expect("a request"))
            }
            None => self.agent.run(request.body(()).expect("a request")),
        };
        Answer::read(answer.expect("the server answers"))
    }

    /// A method on a path, with headers and a body, which may be no text at all.
    #[must_use]
    pub fn send_body(&self, (method, path): (&str, &str), headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let request = http_request(method, &format!("{}{path}", self.url));
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        Answer::read(self.agent.run(request.body(body).expect("a request")).expect("the server answers"))
    }

    /// Any method, with headers.
    #[must_use]
    pub fn with_headers(&self, method: &str, path: &str, headers: &[(&str, String)]) -> Answer {
        let request = http_request(method, &format!("{}{path}", self.url));
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, value));
        Answer::read(self.agent.run(request.body(()).expect("a request")).expect("the server answers"))
    }

    /// Waits until everybody is where a change of thresholds puts them.
    pub fn until_leveled_up(&self, community: Uuid, admin: Uuid) {
        let (path, token) = (format!("/api/communities/{community}/levels"), user_token(admin));
        block_until("everybody is leveled up", || {
            self.get(&path, Some(&token)).body["recalculating"] == false
        });
    }

    /// A page, as text.
    #[must_use]
    pub fn text(&self, path: &str) -> String {
        let answer = self.agent.get(format!("{}{path}", self.url)).call();
        answer.expect("the server answers").body_mut().read_to_string().expect("it is text")
    }

    /// Sends one event, structured.
    #[must_use]
    pub fn send(&self, event: &Value) -> Answer {
        self.deliver("application/cloudevents+json", event)
    }

    /// Sends a batch.
    #[must_use]
    pub fn send_batch(&self, events: &[Value]) -> Answer {
        self.deliver("application/cloudevents-batch+json", &events.into())
    }

    fn deliver(&self, content_type: &str, body: &Value) -> Answer {
        let token = format!("Bearer {}", service_token());
        let headers = [("content-type", content_type), ("authorization", token.as_str())];
        self.post("/api/events", &headers, body.to_string().as_bytes())
    }

    /// A member's level, as `caller` sees it.
    #[must_use]
    pub fn level(&self, community_id: Uuid, user_id: Uuid, caller: Uuid) -> Answer {
        self.get(
            &format!("/api/communities/{community_id}/members/{user_id}/level"),
            Some(&user_token(caller)),
        )
    }

    /// What it wrote to its log, once it is gone.
    fn log(&self) -> Vec<String> {
        self.log.lock().expect("nobody panics with it").iter().collect()
    }

    /// Its process.
    #[must_use]
    pub fn process(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// What it occupies at present, as Linux tells.
    #[must_use]
    pub fn memory(&self) -> Memory {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process().as_raw_nonzero()));
        let status = status.expect("Linux tells");
        let megabytes = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name)).expect(name);
            line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
        };
        Memory { peak: megabytes("VmHWM:"), resident: megabytes("VmRSS:") }
    }

    /// `kill -9`, and waits until it is dead.
    pub fn kill(mut self) {
        self.child.kill().and_then(|()| self.child.wait()).expect("it can be killed");
    }

    /// SIGTERM, and waits until it is gone; gives its status and its log.
    #[must_use]
    pub fn terminate(mut self) -> (ExitStatus, Vec<String>) {
        kill_process(self.process(), Signal::TERM).expect("it can be told to stop");
        let mut status = None;
        block_until("the server stops", || {
            status = self.child.try_wait().expect("its status");
            status.is_some()
        });
        (status.expect("it has stopped"), self.log())
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("the log of the server at {}:\n{}", self.url, self.log().join("\n"));
        }
    }
}

fn http_request(method: &str, url: &str) -> ureq::http::request::Builder {
    ureq::http::Request::builder().method(method).uri(url)
}

/// A token for a user.
#[must_use]
pub fn user_token(user_id: Uuid) -> String {
    signed(&json!({"sub": user_id, "exp": in_an_hour()}))
}

/// A token for sending events.
#[must_use]
pub fn service_token() -> String {
    signed(&json!({"sub": "platform", "exp": in_an_hour(), "scope": "gamification:events:write"}))
}

/// A token for reading every community.
#[must_use]
pub fn reading_service_token() -> String {
    signed(&json!({"sub": "classroom", "exp": in_an_hour(), "scope": "gamification:read"}))
}

/// A token of a backend of the platform that adjusts points, and is no user.
#[must_use]
pub fn adjusting_service_token() -> String {
    signed(&json!({"sub": "back-office", "exp": in_an_hour(), "scope": "gamification:adjust"}))
}

/// A token with any claims, signed with the tests' secret.
#[must_use]
pub fn signed(claims: &Value) -> String {
    jsonwebtoken::encode(&Header::default(), claims, &EncodingKey::from_secret(SECRET.as_bytes()))
        .expect("it signs")
}

/// The claim `exp` of a token that is good for now.
#[must_use]
pub fn in_an_hour() -> i64 {
    OffsetDateTime::now_utc().unix_timestamp() + 3_600
}
