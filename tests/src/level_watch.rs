//! Levels never fall: what is seen of them while a campaign goes on.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use tokio_postgres::{Client, Error, NoTls};
use uuid::Uuid;

/// By the id of the record of points, which stays the same when the member is erased.
const LEVELS: &str = "SELECT community_id, id, current_level FROM member_points";
const LEVEL_UPS: &str = "SELECT o.community_id, m.id, (o.payload ->> 'new_level')::smallint FROM outbox o
                         JOIN member_points m ON m.community_id = o.community_id AND m.user_id = o.member_id
                         WHERE o.event_type = 'MemberLeveledUp'";
/// Between two looks; a level that fell and rose again within that is found by the audit of level-ups.
const PAUSE: Duration = Duration::from_millis(50);

type Member = (Uuid, Uuid);

/// What was seen so far.
#[derive(Debug, Default)]
struct Seen {
    /// Every level that a member was seen at.
    levels: HashMap<Member, BTreeSet<i16>>,
    falls: Vec<String>,
    looks: u32,
}

/// Looks at everybody's level in a database again and again, from its start to its end.
#[derive(Debug)]
pub struct LevelWatch {
    url: String,
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<Seen>,
}

impl LevelWatch {
    /// Begins to look. The schema may be missing, and the database may be away for a while.
    #[must_use]
    pub fn start(url: &str) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let thread = std::thread::spawn({
            let (url, is_over) = (url.to_owned(), Arc::clone(&is_over));
            move || runtime().block_on(watch(&url, &is_over))
        });
        Self { url: url.to_owned(), is_over, thread }
    }

    /// Looks once more, and sees to it that no level fell, and that each that was seen had been told.
    pub fn end(self) {
        self.is_over.store(true, Ordering::Relaxed);
        let mut seen = self.thread.join().expect("the watch does not panic");
        // A thread of its own: the test's own runtime must not be blocked on.
        let told = std::thread::scope(|scope| {
            let last = scope.spawn(|| {
                runtime().block_on(async {
                    let client = connect(&self.url).await.expect("the database is there in the end");
                    look(&client, &mut seen).await.expect("the schema is there in the end");
                    level_ups(&client).await.expect("and so is the outbox")
                })
            });
            last.join().expect("the last look does not panic")
        });
        assert!(seen.falls.is_empty(), "levels fell: {:#?}", seen.falls);
        assert!(seen.looks > 1 && !seen.levels.is_empty(), "nothing was seen: {seen:?}");
        for (member, levels) in &seen.levels {
            for level in levels.iter().filter(|level| **level > 1) {
                assert!(told.contains(&(*member, *level)), "{member:?} was at {level}, which nobody told");
            }
        }
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("no runtime")
}

async fn connect(url: &str) -> Result<Client, Error> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

async fn watch(url: &str, is_over: &AtomicBool) -> Seen {
    let mut seen = Seen::default();
    while !is_over.load(Ordering::Relaxed) {
        if let Ok(client) = connect(url).await {
            while !is_over.load(Ordering::Relaxed) && look(&client, &mut seen).await.is_ok() {
                tokio::time::sleep(PAUSE).await;
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
    seen
}

async fn look(client: &Client, seen: &mut Seen) -> Result<(), Error> {
    for row in client.query(LEVELS, &[]).await? {
        let (member, level): (Member, i16) = ((row.get(0), row.get(1)), row.get(2));
        let levels = seen.levels.entry(member).or_default();
        if let Some(before) = levels.last().filter(|before| **before > level) {
            seen.falls.push(format!("{member:?} from {before} to {level}"));
        }
        levels.insert(level);
    }
    seen.looks += 1;
    Ok(())
}

async fn level_ups(client: &Client) -> Result<BTreeSet<(Member, i16)>, Error> {
    let rows = client.query(LEVEL_UPS, &[]).await?;
    Ok(rows.iter().map(|row| ((row.get(0), row.get(1)), row.get(2))).collect())
}
