//! Starting, sharing, being killed and stopping.

use std::{
    env,
    fs::{self, Permissions},
    io::{BufRead, BufReader},
    os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink},
    process::{Command, Stdio},
};

use embedded_postgres::{EmbeddedPostgres, Error, Settings};
use rustix::process::{Signal, getpgid};

use crate::folder::{Folder, busy_session, client, keep, kept, until};

#[tokio::test]
async fn a_first_start_makes_a_database_and_a_later_one_finds_what_was_kept() {
    let folder = Folder::open();
    let postgres = folder.start().await;
    let url = postgres.url();
    keep(&url, 7).await;
    assert_eq!(postgres.folder().join("data"), fs::canonicalize(folder.data()).unwrap());
    let sockets = folder.noted(4).unwrap();
    postgres.stop().await.unwrap();
    assert_eq!(folder.server(), None);
    assert!(!fs::exists(sockets).unwrap(), "nothing stays behind in /tmp");

    let postgres = folder.start().await;
    assert_eq!(postgres.url(), url, "the address stays");
    assert_eq!(kept(&url).await, 7);
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn a_database_may_have_any_name_beside_the_others_of_the_server() {
    let folder = Folder::open();
    let settings = Settings { database: r#"Größe "1/2"?"#.to_owned(), ..folder.settings() };
    let postgres = EmbeddedPostgres::start(&settings).await.unwrap();
    let name = |url: String| async move {
        let row = client(&url).await.query_one("SELECT current_database()", &[]).await.unwrap();
        row.get::<_, String>(0)
    };
    assert_eq!(name(postgres.url()).await, settings.database);
    assert_eq!(name(postgres.url_of("postgres")).await, "postgres");
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn folders_may_have_spaces_umlauts_and_commas_in_their_names() {
    let folder = Folder::open();
    let odd = |name: &str| {
        let odd = folder.path().join(name);
        fs::create_dir(&odd).unwrap();
        fs::set_permissions(&odd, Permissions::from_mode(0o777)).unwrap();
        odd
    };
    let settings =
        Settings {
            data_dir: odd("Größe, 100 % 'richtig'"), socket_root: odd("a b,ä%"), ..folder.settings()
        };
    let postgres = EmbeddedPostgres::start(&settings).await.unwrap();
    keep(&postgres.url(), 1).await;
    postgres.stop().await.unwrap();
    let postgres = EmbeddedPostgres::start(&settings).await.unwrap();
    assert_eq!(kept(&postgres.url()).await, 1);
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn a_folder_that_postgresql_s_user_can_t_enter_is_used_through_a_link() {
    let folder = Folder::new(0o700);
    let postgres = folder.start().await;
    let data = fs::metadata(folder.data()).unwrap();
    assert_eq!(data.mode() & 0o777, 0o700);
    assert_ne!(data.uid(), 0, "PostgreSQL does not run as root");
    let is_link = fs::read_link(folder.path().join("postgres")).is_ok();
    assert_eq!(is_link, rustix::process::geteuid().is_root());
    keep(&postgres.url(), 3).await;
    postgres.stop().await.unwrap();
    let postgres = folder.start().await;
    assert_eq!(kept(&postgres.url()).await, 3);
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn the_server_is_out_of_the_reach_of_tcp_of_other_users_and_of_ctrl_c() {
    let folder = Folder::open();
    let postgres = folder.start().await;
    assert_ne!(getpgid(folder.server()).unwrap(), getpgid(None).unwrap());
    let sockets = folder.noted(4).unwrap();
    assert_eq!(fs::metadata(&sockets).unwrap().mode() & 0o777, 0o700, "{sockets}");
    assert_eq!(folder.noted(5).as_deref(), Some(""), "no TCP address");
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn a_socket_folder_of_another_user_is_not_trusted() {
    let folder = Folder::open();
    let settings = Settings { socket_root: folder.path().to_owned(), ..folder.settings() };
    let postgres = EmbeddedPostgres::start(&settings).await.unwrap();
    let sockets = folder.noted(4).unwrap();
    postgres.stop().await.unwrap();
    if rustix::process::geteuid().is_root() {
        fs::create_dir(&sockets).unwrap();
        chown(&sockets, Some(4_321), None).unwrap();
    } else {
        // Only root can make a stranger's folder; this is another thing that is none of ours.
        fs::write(&sockets, "").unwrap();
    }
    let error = EmbeddedPostgres::start(&settings).await.unwrap_err();
    let text = format!("{sockets} belongs to another user; remove it, or choose another Settings::data_dir");
    assert_eq!(error.to_string(), text);
}

/// One test in two processes: the inner one starts PostgreSQL and is killed by the outer one.
#[tokio::test]
async fn a_killed_program_leaves_a_server_that_the_next_one_takes_over_and_stops() {
    const FOLDER: &str = "EMBEDDED_POSTGRES_TEST_FOLDER";
    const THIS: &str = "lifecycle::a_killed_program_leaves_a_server_that_the_next_one_takes_over_and_stops";
    if let Some(data_dir) = env::var_os(FOLDER) {
        let settings = Settings::new("embedded-postgres-test", data_dir);
        let postgres = EmbeddedPostgres::start(&settings).await.unwrap();
        keep(&postgres.url(), 11).await;
        println!("\nstarted");
        return std::future::pending().await;
    }
    let folder = Folder::open();
    let mut program = Command::new(env::current_exe().unwrap())
        .args(["--exact", "--nocapture", THIS])
        .env(FOLDER, folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(program.stdout.take().unwrap()).lines();
    assert!(lines.map_while(Result::ok).any(|line| line == "started"), "it never starts");
    let server = folder.server().expect("PostgreSQL runs");
    program.kill().unwrap();
    program.wait().unwrap();
    assert_eq!(folder.server(), Some(server), "PostgreSQL outlives the program");

    let postgres = folder.start().await;
    assert_eq!(folder.server(), Some(server), "and is taken over");
    assert_eq!(kept(&postgres.url()).await, 11);
    postgres.stop().await.unwrap();
    assert_eq!(folder.server(), None, "and is stopped by who took it over");
}

#[tokio::test]
async fn a_start_waits_for_what_a_killed_server_has_left() {
    let folder = Folder::open();
    let postgres = folder.start().await;
    let url = postgres.url();
    keep(&url, 9).await;
    drop(postgres);
    let work = busy_session(&url, 2).await;
    folder.signal_server(Signal::KILL);
    let postgres = folder.start().await;
    assert!(work.is_finished(), "two servers would have written to one cluster");
    assert_eq!(kept(&url).await, 9);
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn a_dropped_handle_leaves_the_server_to_the_others() {
    let folder = Folder::open();
    let (one, two) = (folder.start().await, folder.start().await);
    let server = folder.server();
    drop(one);
    keep(&two.url(), 5).await;
    assert_eq!(folder.server(), server);
    two.stop().await.unwrap();
    assert_eq!(folder.server(), None, "a dropped handle holds no lock");
}

#[tokio::test]
async fn of_several_that_start_at_once_the_last_one_stops_it() {
    let folder = Folder::open();
    let (one, two, three) = tokio::join!(folder.start(), folder.start(), folder.start());
    let server = folder.server().expect("PostgreSQL runs");
    assert_eq!((one.url(), two.url()), (two.url(), three.url()));
    one.stop().await.unwrap();
    three.stop().await.unwrap();
    assert_eq!(folder.server(), Some(server), "it is still in use");
    two.stop().await.unwrap();
    assert_eq!(folder.server(), None);
}

#[tokio::test]
async fn a_half_made_cluster_of_an_interrupted_start_is_thrown_away() {
    let folder = Folder::open();
    let unfinished = folder.path().join("postgres/data.new");
    fs::create_dir_all(unfinished.join("base")).unwrap();
    fs::write(unfinished.join("PG_VERSION"), "15\n").unwrap();
    let postgres = folder.start().await;
    keep(&postgres.url(), 1).await;
    assert!(!unfinished.exists());
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn a_start_that_is_given_up_leaves_no_server_behind() {
    let folder = Folder::open();
    folder.start().await.stop().await.unwrap();
    let settings = folder.settings();
    let starting = tokio::spawn(async move { EmbeddedPostgres::start(&settings).await });
    until("the server is launched", async || folder.server().is_some()).await;
    starting.abort();
    if starting.await.is_err() {
        until("the server is gone", async || folder.server().is_none()).await;
    }
    // Either way, the next start is none the worse for it.
    folder.start().await.stop().await.unwrap();
}

#[tokio::test]
async fn a_cluster_behind_a_link_that_leads_nowhere_is_not_replaced() {
    let folder = Folder::open();
    symlink("/nowhere/at/all", folder.path().join("postgres")).unwrap();
    let error = EmbeddedPostgres::start(&folder.settings()).await.unwrap_err();
    assert!(matches!(error, Error::DanglingLink { .. }), "{error:?}");
    assert!(
        error.to_string().ends_with("leads nowhere; remove it to start with an empty database"),
        "{error}"
    );
}

#[tokio::test]
async fn a_name_that_is_no_part_of_a_path_is_refused() {
    let folder = Folder::open();
    let settings = Settings { name: "../shop".to_owned(), ..folder.settings() };
    let error = EmbeddedPostgres::start(&settings).await.unwrap_err();
    assert_eq!(error.to_string(), r#"the name "../shop" must be 1 to 32 letters, digits, - and _"#);
}
