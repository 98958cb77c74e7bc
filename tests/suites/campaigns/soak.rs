//! R16: a mixed load with faults, for as long as it is told by `GAMIFICATION_SOAK_SECONDS`, which `.ci/soak` sets.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use gamification_tests::{
    Campaign, Launch, LevelWatch, Random, Reaction, Receiver, TestServer, WEBHOOK_SECRET,
    assert_verify_finds_nothing, audit, block_until, event::id, signal_sessions, until,
};
use rustix::process::Signal;
use uuid::Uuid;

use super::{
    client::{Address, EndsClients, Workload, agent, read, send_until_acknowledged, set_thresholds},
    fragile_database::Database,
};

const SECONDS: &str = "GAMIFICATION_SOAK_SECONDS";
/// In the plain test command: long enough for each fault once.
const SHORT: u32 = 10;
/// The sessions that a server may have: its pool of 10, and some for what has one of its own.
const SESSIONS: usize = 16;
/// Each with a community of its own, in which another client reads.
const WRITERS: u64 = 3;

/// What happens to the service while it works.
#[derive(Clone, Copy, Debug)]
enum Fault {
    ServerKilled,
    DatabaseCrashed,
    SessionsEnded,
    ReceiverDown,
}

const FAULTS: [Fault; 4] =
    [Fault::ServerKilled, Fault::DatabaseCrashed, Fault::SessionsEnded, Fault::ReceiverDown];

/// Who calls the service.
struct Load {
    addresses: [Address; 2],
    is_over: AtomicBool,
    acknowledged: AtomicU32,
}

impl Load {
    fn goes_on(&self) -> bool {
        !self.is_over.load(Ordering::Relaxed)
    }

    fn write(&self, mut workload: Workload, mut random: Random) -> Workload {
        let agent = agent();
        while self.goes_on() {
            let size = 1 + random.below(20);
            let events = workload.batch(&mut random, size);
            send_until_acknowledged(&agent, random.pick(&self.addresses), &events);
            self.acknowledged.fetch_add(1, Ordering::Relaxed);
        }
        workload
    }

    /// Reads as a member, and changes the thresholds as an admin now and then.
    fn read(&self, (community, member, admin): (Uuid, Uuid, Uuid), mut random: Random) {
        let agent = agent();
        let reads = [
            format!("members/{member}/level"),
            format!("members/levels?user_ids={member},{admin}"),
            "levels".to_owned(),
            "courses/access".to_owned(),
        ];
        while self.goes_on() {
            let address = random.pick(&self.addresses);
            if random.below(50) == 0 {
                let step = 2 + i64::try_from(random.below(60)).unwrap();
                set_thresholds(&agent, address, (community, admin), step);
            } else {
                read(&agent, address, (community, member), random.pick::<String>(&reads));
            }
        }
    }

    fn until_work_goes_on(&self) {
        let before = self.acknowledged.load(Ordering::Relaxed);
        block_until("20 more are acknowledged", || self.acknowledged.load(Ordering::Relaxed) >= before + 20);
    }
}

/// Two servers on one database, and a receiver of what they tell.
struct Service {
    database: Database,
    /// Never killed, so that its memory tells something.
    steady: TestServer,
    killed: Option<TestServer>,
    receiver: Receiver,
    receiver_is_down: Arc<AtomicBool>,
}

impl Service {
    async fn start() -> Self {
        let database = Database::start().await;
        let receiver_is_down = Arc::new(AtomicBool::new(false));
        let receiver = Receiver::start({
            let is_down = Arc::clone(&receiver_is_down);
            move |_| if is_down.load(Ordering::Relaxed) { Reaction::REFUSED } else { Reaction::TAKEN }
        });
        let (steady, killed) = (launch(&database, &receiver), Some(launch(&database, &receiver)));
        Self { database, steady, killed, receiver, receiver_is_down }
    }

    /// A fault, and its end.
    async fn suffer(&mut self, fault: Fault, load: &Load) {
        match fault {
            Fault::ServerKilled => {
                self.killed.take().expect("it runs").kill();
                let next = launch(&self.database, &self.receiver);
                load.addresses[1].set(next.url());
                self.killed = Some(next);
            }
            Fault::DatabaseCrashed => {
                self.database.crash().await;
                self.database.go_on().await;
            }
            Fault::SessionsEnded => signal_sessions(&self.database.sessions().await, Signal::TERM),
            Fault::ReceiverDown => {
                self.receiver_is_down.store(true, Ordering::Relaxed);
                load.until_work_goes_on();
                self.receiver_is_down.store(false, Ordering::Relaxed);
            }
        }
        load.until_work_goes_on();
    }

    /// Until the receiver has taken everything that the outbox holds.
    async fn until_everything_is_told(&self) {
        let client = self.database.client().await;
        until("everything is told", async || {
            let written = client.query("SELECT event_id FROM outbox", &[]).await.unwrap();
            let taken = self.receiver.deliveries().into_iter().filter(|delivery| delivery.taken);
            let taken: BTreeSet<Uuid> = taken.map(|delivery| delivery.id()).collect();
            written.iter().all(|row| taken.contains(&row.get(0)))
        })
        .await;
    }
}

fn launch(database: &Database, receiver: &Receiver) -> TestServer {
    Launch::on(&database.url())
        .env("GAMIFICATION_WEBHOOK_URL", receiver.url())
        .env("GAMIFICATION_WEBHOOK_SECRET", WEBHOOK_SECRET)
        .without_log()
        .serve()
}

/// The steady server's memory in megabytes and the sessions of both, after each fault.
#[derive(Debug, Default)]
struct Samples(Vec<(u64, usize)>);

impl Samples {
    async fn take(&mut self, service: &Service, fault: Fault) {
        let sample = (service.steady.memory().resident, service.database.sessions().await.len());
        println!("R16: {fault:?}: then {} MB, {} sessions", sample.0, sample.1);
        self.0.push(sample);
    }

    /// What the second half has far more of than the first. Generous: half as much again, and what an allocator may keep, or
    /// a server that was killed may have left for a moment.
    fn growth(&self) -> Option<String> {
        let (early, late) = self.0.split_at(self.0.len() / 2);
        let memory =
            |samples: &[(u64, usize)]| samples.iter().map(|sample| sample.0).max().unwrap_or_default();
        let sessions =
            |samples: &[(u64, usize)]| samples.iter().map(|sample| sample.1).max().unwrap_or_default() as u64;
        [
            ("MB", memory(early), memory(late), 32),
            ("sessions", sessions(early), sessions(late), SESSIONS as u64),
        ]
        .into_iter()
        .find(|(_, early, late, kept)| *late > early + early / 2 + kept)
        .map(|(what, early, late, _)| format!("{late} {what}, after {early}: {self:?}"))
    }

    fn assert_flat(&self) {
        assert_eq!(self.growth(), None);
        assert!(self.0.iter().all(|(_, sessions)| *sessions <= 3 * SESSIONS), "{self:?}");
    }
}

#[test]
fn memory_or_sessions_that_grow_are_noticed_and_what_varies_is_not() {
    let growth = |samples: &[(u64, usize)]| Samples(samples.to_vec()).growth();
    assert_eq!(growth(&[(50, 18), (61, 24), (62, 21), (66, 30)]), None);
    assert!(growth(&[(50, 18), (61, 24), (62, 21), (250, 20)]).unwrap().starts_with("250 MB, after 61"));
    assert!(growth(&[(50, 12), (61, 13), (62, 44), (60, 13)]).unwrap().starts_with("44 sessions, after 13"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mixed_load_with_faults_loses_nothing_and_leaves_memory_and_sessions_flat() {
    let seconds = std::env::var(SECONDS).map_or(SHORT, |seconds| {
        seconds.parse().unwrap_or_else(|_| panic!("{SECONDS} must be a number, not {seconds:?}"))
    });
    let campaign = Campaign::new("R16, in seconds", seconds, seconds);
    let mut service = Service::start().await;
    let watch = LevelWatch::start(&service.database.url());
    let addresses =
        [Address::new(service.steady.url()), Address::new(service.killed.as_ref().unwrap().url())];
    let load = Load { addresses, is_over: AtomicBool::new(false), acknowledged: AtomicU32::new(0) };
    let (admin, mut samples) = (id(), Samples::default());
    let workloads = std::thread::scope(|scope| {
        let end = EndsClients(&load.is_over);
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let (workload, load) = (Workload::new(8), &load);
                send_until_acknowledged(&agent(), &load.addresses[0], &workload.directory(admin));
                let reading = (workload.community, workload.members[0], admin);
                scope.spawn(move || load.read(reading, campaign.random(WRITERS + writer)));
                scope.spawn(move || load.write(workload, campaign.random(writer)))
            })
            .collect();
        tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(async {
                let (started, length) = (Instant::now(), Duration::from_secs(u64::from(seconds)));
                let mut random = campaign.random(2 * WRITERS);
                while samples.0.is_empty() || started.elapsed() < length {
                    let mut faults = FAULTS;
                    random.shuffle(&mut faults);
                    for fault in faults {
                        load.until_work_goes_on();
                        service.suffer(fault, &load).await;
                        samples.take(&service, fault).await;
                    }
                }
            });
        });
        drop(end);
        writers.into_iter().map(|writer| writer.join().unwrap()).collect::<Vec<_>>()
    });
    service.until_everything_is_told().await;
    let client = service.database.client().await;
    for workload in workloads {
        workload.check(&client).await;
    }
    println!("R16: {} batches acknowledged", load.acknowledged.into_inner());
    samples.assert_flat();
    assert!(service.steady.terminate().0.success());
    assert!(service.killed.take().unwrap().terminate().0.success());
    watch.end();
    let findings = audit(&client).await;
    assert!(findings.is_empty(), "{findings:#?}");
    assert_verify_finds_nothing(&service.database.url());
}
