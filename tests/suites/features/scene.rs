//! What a scenario knows: its communities, who is who, and the answer it got last.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, OnceLock, Weak},
};

use cucumber::{World, gherkin::Step};
use gamification_tests::{
    Answer, Launch, TestDatabase, TestServer,
    event::{event, id},
    user_token,
};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};
use uuid::Uuid;

/// The server and the database that all scenarios share, each in communities of its own.
pub(crate) struct Stage {
    // Dropped first: the audit of the database comes after its last write.
    pub(crate) server: TestServer,
    pub(crate) database: TestDatabase,
}

static STAGE: OnceLock<Weak<Stage>> = OnceLock::new();

impl Stage {
    /// Starts both; they end with what is returned.
    pub(crate) async fn set() -> Arc<Self> {
        let database = TestDatabase::empty().await;
        // What it logs is shown when a scenario fails; every single award would bury the problems.
        let server = Launch::on(database.url()).env("RUST_LOG", "warn").serve();
        let stage = Arc::new(Self { server, database });
        STAGE.set(Arc::downgrade(&stage)).expect("there is one stage");
        stage
    }
}

/// One scenario.
#[derive(World)]
#[world(init = Self::enter)]
pub(crate) struct Scene {
    pub(crate) stage: Arc<Stage>,
    /// Where everything happens at present.
    community: String,
    /// The admin that each community started with.
    admins: HashMap<String, String>,
    ids: HashMap<String, Uuid>,
    /// Of the latest event; each happens a minute after the one before.
    minute: u8,
    /// Everything that was reported, in the order it happened.
    pub(crate) history: Vec<Value>,
    /// What the platform keeps for later, while it does.
    pub(crate) held_back: Option<Vec<Value>>,
    answer: Option<Answer>,
    /// The `ETag` that each reader of the levels was given.
    pub(crate) tags: HashMap<String, String>,
    /// Where the latest read went, and the tag that its answer had.
    path: Option<String>,
    tag: Option<String>,
    /// Where the next page of a board is.
    pub(crate) next_page: Option<String>,
    /// What adjustments were answered with.
    pub(crate) adjustments: Vec<Value>,
    /// All pages of a board, one after another.
    pub(crate) paged: Vec<Value>,
    /// Where the history goes on that was read last.
    pub(crate) cursor: Option<String>,
    /// Up to when boards were complete.
    pub(crate) complete_until: Option<OffsetDateTime>,
}

impl fmt::Debug for Scene {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scene")
            .field("community", &self.community)
            .field("ids", &self.ids)
            .finish_non_exhaustive()
    }
}

impl Scene {
    fn enter() -> Self {
        Self {
            stage: STAGE.get().and_then(Weak::upgrade).expect("the stage is set"),
            community: String::new(),
            admins: HashMap::new(),
            ids: HashMap::new(),
            minute: 0,
            history: Vec::new(),
            held_back: None,
            answer: None,
            tags: HashMap::new(),
            path: None,
            tag: None,
            next_page: None,
            adjustments: Vec::new(),
            paged: Vec::new(),
            cursor: None,
            complete_until: None,
        }
    }

    /// The id behind a name, a new one for a new name.
    pub(crate) fn id_of(&mut self, kind: &str, name: &str) -> Uuid {
        *self.ids.entry(format!("{kind} {name}")).or_insert_with(id)
    }

    pub(crate) fn person(&mut self, name: &str) -> Uuid {
        self.id_of("person", name)
    }

    pub(crate) fn course(&mut self, name: &str) -> Uuid {
        self.id_of("course", name)
    }

    pub(crate) fn community(&mut self) -> Uuid {
        assert!(!self.community.is_empty(), "the scenario is in no community");
        let name = self.community.clone();
        self.id_of("community", &name)
    }

    pub(crate) fn turn_to(&mut self, community: &str) {
        community.clone_into(&mut self.community);
    }

    pub(crate) fn appoint(&mut self, admin: &str) {
        self.admins.insert(self.community.clone(), admin.to_owned());
    }

    /// The admin that the community started with.
    pub(crate) fn admin(&self) -> String {
        self.admins.get(&self.community).expect("the scenario names an admin").clone()
    }

    /// An event that happened at the `moment` of a phrase; none means a minute after the event before.
    pub(crate) fn happened(&mut self, kind: &str, data: &Value, moment: &str) -> Value {
        let (clock, number) = moment.split_once("as number ").unwrap_or((moment, ""));
        let now = OffsetDateTime::now_utc();
        let text = |time: OffsetDateTime| time.format(&Rfc3339).expect("a time of these days");
        let time = match clock.trim_end() {
            "" => {
                self.minute += 1;
                format!("2026-01-01T10:{:02}:00Z", self.minute)
            }
            "by a clock that is right" => text(now),
            "by a clock that is a year ahead" => text(now + Duration::days(365)),
            clock => {
                let clock = clock.strip_prefix("at ").unwrap_or_else(|| panic!("no moment: {moment:?}"));
                match clock.strip_suffix(" the day before") {
                    Some(clock) => format!("2025-12-31T{clock}:00Z"),
                    None => format!("2026-01-01T{clock}:00Z"),
                }
            }
        };
        let mut happened = event(kind, 0, data);
        happened["time"] = time.into();
        if !number.is_empty() {
            happened["sequence"] = number.into();
        }
        happened
    }

    /// Reports a fact of this community, or keeps it with those that are held back.
    pub(crate) fn report(&mut self, kind: &str, data: Value, moment: &str) {
        let mut data = data;
        if data.get("community_id").is_none() {
            data["community_id"] = json!(self.community());
        }
        let happened = self.happened(kind, &data, moment);
        self.tell(happened);
        if self.held_back.is_none() {
            assert_eq!(self.answer().status, 200, "{:?}", self.answer());
        }
    }

    /// Sends an event, whatever becomes of it, unless events are held back.
    pub(crate) fn tell(&mut self, happened: Value) {
        self.history.push(happened.clone());
        match &mut self.held_back {
            Some(held_back) => held_back.push(happened),
            None => self.answer = Some(self.stage.server.send(&happened)),
        }
    }

    /// Sends events in one batch.
    pub(crate) fn deliver(&mut self, events: &[Value]) {
        self.answer = Some(self.stage.server.send_batch(events));
    }

    /// Asks for something of this community as a user.
    pub(crate) fn get(&mut self, caller: &str, rest: &str) {
        let token = user_token(self.person(caller));
        let path = self.path(rest);
        self.asked_for(&path);
        let answer = self.stage.server.get(&path, Some(&token));
        self.answered(answer);
    }

    pub(crate) fn put(&mut self, caller: &str, rest: &str, headers: &[(&str, &str)], body: &Value) {
        let (path, caller) = (self.path(rest), self.person(caller));
        self.answer = Some(self.stage.server.put(&path, caller, headers, body));
    }

    pub(crate) fn path(&mut self, rest: &str) -> String {
        format!("/api/communities/{}/{rest}", self.community())
    }

    /// Remembers where a read goes, so that it can be repeated.
    pub(crate) fn asked_for(&mut self, path: &str) {
        self.path = Some(path.to_owned());
    }

    /// Where the latest read went.
    pub(crate) fn latest_path(&self) -> String {
        self.path.clone().expect("something was read")
    }

    /// The tag of the latest read that had one.
    pub(crate) fn latest_tag(&self) -> String {
        self.tag.clone().expect("a read was given a tag")
    }

    pub(crate) fn answered(&mut self, answer: Answer) {
        if let Some(tag) = answer.header("etag") {
            self.tag = Some(tag.to_owned());
        }
        self.answer = Some(answer);
    }

    /// The answer to the latest request.
    pub(crate) fn answer(&self) -> &Answer {
        self.answer.as_ref().expect("nothing was asked yet")
    }

    /// Its body, when the request was granted.
    pub(crate) fn granted(&self) -> &Value {
        assert_eq!(self.answer().status, 200, "{:?}", self.answer());
        &self.answer().body
    }

    /// Whose deed it was: a person's id; nobody's where a service adjusted points.
    pub(crate) fn actor(&mut self, name: &str) -> Value {
        if name == "nobody" { Value::Null } else { json!(self.person(name)) }
    }

    /// What a cell says for a field: a name for an id, and JSON where it is JSON.
    pub(crate) fn cell(&mut self, field: &str, cell: &str) -> Value {
        match field {
            "user_id" => json!(self.person(cell)),
            "course_id" => json!(self.course(cell)),
            _ => serde_json::from_str(cell).unwrap_or_else(|_| cell.into()),
        }
    }
}

/// A step's table: of each row, the cells by their headings.
pub(crate) fn rows(step: &Step) -> Vec<HashMap<String, String>> {
    let table = step.table.as_ref().expect("this step needs a table");
    let (headings, rows) = table.rows.split_first().expect("a table has headings");
    rows.iter().map(|row| headings.iter().cloned().zip(row.iter().cloned()).collect()).collect()
}

/// The names in `Ada, Bob and Eve`.
pub(crate) fn list(names: &str) -> Vec<&str> {
    names.split(", ").flat_map(|part| part.split(" and ")).filter(|name| !name.is_empty()).collect()
}
