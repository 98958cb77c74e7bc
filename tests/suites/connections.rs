//! Every connection: encrypted as `sslmode` asks, and its session set up.

use std::{
    fs,
    net::TcpListener,
    os::unix::{
        fs::{MetadataExt, PermissionsExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use embedded_postgres::{EmbeddedPostgres, Settings};
use gamification_pg::connection::{Connector, DatabaseUrl, TlsError};
use gamification_tests::{Launch, TestDatabase, skipped_on_citus, until};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustix::process::{Pid, Signal, kill_process};

#[tokio::test(flavor = "multi_thread")]
async fn every_session_is_told_its_time_outs_and_its_name() {
    if skipped_on_citus("sessions of Citus itself are among those of the database") {
        return;
    }
    let database = TestDatabase::migrated().await;
    let _server = Launch::on(database.url()).serve();
    let settings = database.connector().connect().await;
    assert!(settings.is_ok());
    let client = database.client().await;
    let names = "SELECT DISTINCT application_name FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let row = client.query_one(names, &[]).await.unwrap();
    assert_eq!(row.get::<_, &str>(0), "gamification");
    for (setting, value) in [
        ("statement_timeout", "4s"),
        ("lock_timeout", "500ms"),
        ("idle_in_transaction_session_timeout", "10s"),
        ("TimeZone", "UTC"),
        ("lc_messages", "C"),
    ] {
        assert_eq!(session_setting(&database.connector(), setting).await, value, "{setting}");
    }
}

async fn session_setting(connector: &Connector, setting: &str) -> String {
    use diesel::{dsl::sql, sql_types::Text};
    use diesel_async::RunQueryDsl;
    let mut connection = connector.connect().await.unwrap();
    diesel::select(sql::<Text>(&format!("current_setting('{setting}')")))
        .get_result(&mut connection)
        .await
        .unwrap()
}

/// A PostgreSQL that takes encrypted connections only, with a certificate for `localhost`.
struct Encrypted {
    process: Child,
    port: u16,
    authority: PathBuf,
}

impl Encrypted {
    async fn start(folder: &Path) -> Self {
        // The embedded one never listens on TCP, but it makes a cluster, and writes down with which program it runs.
        let settings = Settings::new("gamification", folder);
        let embedded = EmbeddedPostgres::start(&settings).await.expect("PostgreSQL is needed");
        let data = embedded.folder().join("data");
        let options = fs::read_to_string(data.join("postmaster.opts")).unwrap();
        embedded.stop().await.unwrap();

        let authority = certify(folder, &data);
        fs::write(data.join("pg_hba.conf"), "hostssl all all all trust\n").unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let owner = fs::metadata(&data).unwrap();
        let process = Command::new(options.split(' ').next().unwrap())
            .arg("-D")
            .arg(&data)
            .args(["-k", "", "-c", "listen_addresses=127.0.0.1", "-c", "ssl=on", "-p", &port.to_string()])
            .uid(owner.uid())
            .gid(owner.gid())
            .current_dir(&data)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let url = format!("postgres://postgres@127.0.0.1:{port}/postgres?sslmode=require");
        until("PostgreSQL starts with a certificate", async || connect(&url).await.is_ok()).await;
        Self { process, port, authority }
    }
}

impl Drop for Encrypted {
    fn drop(&mut self) {
        let _ = kill_process(Pid::from_child(&self.process), Signal::QUIT);
        let _ = self.process.wait();
    }
}

/// Puts a certificate into a cluster, and gives the file of the authority that signed it.
fn certify(folder: &Path, data: &Path) -> PathBuf {
    let authority_key = KeyPair::generate().unwrap();
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = authority.self_signed(&authority_key).unwrap();
    let issuer = Issuer::new(authority, authority_key);
    let file = folder.join("authority.pem");
    fs::write(&file, certificate.pem()).unwrap();

    let key = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    let owner = fs::metadata(data).unwrap();
    for (name, pem) in [("server.crt", certificate.pem()), ("server.key", key.serialize_pem())] {
        let path = data.join(name);
        fs::write(&path, pem).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        chown(&path, Some(owner.uid()), Some(owner.gid())).unwrap();
    }
    file
}

async fn connect(url: &str) -> Result<(), String> {
    let connector = Connector::new(DatabaseUrl::parse(url).unwrap()).unwrap();
    connector.connect().await.map(drop).map_err(|error| error.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn sslmode_is_kept_to_the_letter() {
    // Open to walk through: as root, PostgreSQL runs as another user.
    let folder = tempfile::Builder::new().permissions(fs::Permissions::from_mode(0o755)).tempdir().unwrap();
    let postgres = Encrypted::start(folder.path()).await;
    let (port, authority) = (postgres.port, postgres.authority.display());
    let stranger = folder.path().join("stranger.pem");
    let other =
        CertificateParams::new(Vec::new()).unwrap().self_signed(&KeyPair::generate().unwrap()).unwrap();
    fs::write(&stranger, other.pem()).unwrap();
    let stranger = stranger.display();

    for (host, options, accepted) in [
        ("localhost", "sslmode=disable".to_owned(), false),
        ("localhost", "sslmode=prefer".to_owned(), true),
        ("127.0.0.1", "sslmode=require".to_owned(), true),
        ("localhost", format!("sslmode=require&sslrootcert={stranger}"), false),
        ("127.0.0.1", format!("sslmode=verify-ca&sslrootcert={authority}"), true),
        ("localhost", format!("sslmode=verify-ca&sslrootcert={stranger}"), false),
        ("localhost", format!("sslmode=verify-full&sslrootcert={authority}"), true),
        ("127.0.0.1", format!("sslmode=verify-full&sslrootcert={authority}"), false),
        ("localhost", format!("sslmode=verify-full&sslrootcert={stranger}"), false),
    ] {
        let url = format!("postgres://postgres@{host}:{port}/postgres?{options}");
        let connected = connect(&url).await;
        assert_eq!(connected.is_ok(), accepted, "{host} {options}: {connected:?}");
    }
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_idle_asks_soon_whether_the_other_end_is_still_there() {
    let folder = tempfile::Builder::new().permissions(fs::Permissions::from_mode(0o755)).tempdir().unwrap();
    let postgres = Encrypted::start(folder.path()).await;
    let url = format!("postgres://postgres@127.0.0.1:{}/postgres?sslmode=require", postgres.port);
    let connector = Connector::new(DatabaseUrl::parse(&url).unwrap()).unwrap();
    let session = connector.connect().await.unwrap();
    // "02:" is the timer that asks, and behind it is when, in hundredths of a second.
    let asks_within = || {
        let table = fs::read_to_string("/proc/net/tcp").expect("Linux tells its connections");
        let fields = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
        let remote = format!(":{:04X}", postgres.port);
        let mut ours = fields.filter(|fields| fields[2].ends_with(&remote) && fields[3] == "01");
        let timer = ours.find_map(|fields| fields[5].strip_prefix("02:").map(ToOwned::to_owned))?;
        u64::from_str_radix(&timer, 16).ok()
    };
    let mut within = None;
    until("the session is idle", async || {
        within = asks_within();
        within.is_some()
    })
    .await;
    // 15 seconds, and two hours where nobody says so.
    assert!(within.unwrap() <= 3_000, "{within:?}");
    drop(session);
}

#[test]
fn a_certificate_file_that_is_none_is_named() {
    for (file, content) in [("missing.pem", None), ("empty.pem", Some("no certificate here"))] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(file);
        if let Some(content) = content {
            fs::write(&path, content).unwrap();
        }
        let url = format!("postgres://localhost/x?sslmode=verify-full&sslrootcert={}", path.display());
        let Err(error) = Connector::new(DatabaseUrl::parse(&url).unwrap()) else {
            panic!("{file} was taken")
        };
        assert!(
            matches!(error, TlsError::RootCertificate { .. }) && error.to_string().contains(file),
            "{error}"
        );
    }
}
