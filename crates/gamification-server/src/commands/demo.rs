//! `demo`: a community to look around in.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context, Result, bail};
use gamification_app::{
    Clock, EventCounts, EventOutcome, FactQueue, IdGenerator, IncomingEvent, Reader, System,
    commands::{LevelsUpdate, ingest_events_patiently, set_course_level_requirement, update_levels},
    ports::{HistoryOrder, HistoryRange, PageSize},
    queries::{ReadError, get_point_history},
};
use gamification_demo::{
    AGE, COURSES, FIRST_POST, MEMBERS, NAME, community_id, course_id, history, member_id,
};
use gamification_domain::{
    CommunityId, CourseId, LevelConfiguration, LevelConfigurationId, LevelDraft, LevelNumber, UserId,
};
use gamification_events::read_structured;
use gamification_pg::{PgStore, connection::Connector, migrate};
use gamification_telemetry::LogFormat;
use time::OffsetDateTime;

use super::{
    console::{Tokens, link},
    with_database,
};
use crate::{cli::Options, config::Config};

/// How many events are recorded at once, as a platform would send them.
const BATCH: usize = 500;
/// How long to go on trying while the database is away.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the printed tokens are good for.
const TOKEN_TTL: Duration = Duration::from_secs(24 * 3_600);
/// A member at a middle level …
const MEMBER: usize = 30;
/// … and the course that is still closed to them.
const LOCKED: usize = 2;

pub(super) async fn demo(options: &Options, log_format: LogFormat) -> Result<()> {
    let config = Config::new(options);
    let listen = config.listen()?;
    let tokens = Tokens::new(&config, TOKEN_TTL).context("the demo needs tokens")?;
    let (admin, member) = (tokens.of(member_id(0))?, tokens.of(member_id(MEMBER))?);
    let console = config.console()?.then(|| -> Result<String> {
        let named = [("admin", admin.clone()), ("member", member.clone()), ("platform", tokens.platform()?)];
        Ok(link(listen, community_id(), &named))
    });
    let console = console.transpose()?;
    with_database(options, log_format, async |connector| {
        let (events, applied) = fill(connector).await?;
        println!(
            "The community \"{NAME}\" is there: {MEMBERS} members, {} courses, {events} events ({applied} of them new).",
            COURSES.len()
        );
        print!("With the server running (gamification-server serve), ");
        if let Some(console) = console {
            print!("open the console in a browser:\n\n{console}\n\nor ");
        }
        print!("{}", transcript(listen, &admin, &member));
        Ok(())
    })
    .await
}

/// Lets everything happen; gives how many events there are, and how many of them were new.
async fn fill(connector: Connector) -> Result<(usize, u64)> {
    migrate(connector.connect().await?).await?;
    let store = PgStore::new(connector, 4)?;
    let (facts, _workers) = FactQueue::start(&store, &System);
    let now = System.now();
    let events = history(beginning(&store, now).await?)
        .into_iter()
        .map(|event| read_structured(event.to_string().as_bytes(), now));
    let events: Vec<IncomingEvent> = events.collect::<Result<_, _>>()?;
    let mut applied = 0;
    for batch in events.chunks(BATCH) {
        let outcomes = ingest_events_patiently(&facts, batch, PATIENCE).await?;
        if let Some(reason) = outcomes.iter().find_map(EventOutcome::rejection_reason) {
            bail!("an event of the demo is rejected: {reason}");
        }
        applied += outcomes.iter().collect::<EventCounts>().applied;
    }
    let community_id = CommunityId::new(community_id());
    let admin = (community_id, UserId::new(member_id(0)));
    for (number, (_, minimum_level)) in COURSES.iter().enumerate() {
        let minimum_level = minimum_level.map(|level| LevelNumber::new(i64::from(level))).transpose()?;
        let course_id = CourseId::new(course_id(number));
        set_course_level_requirement(&store, &System, admin, course_id, minimum_level).await?;
    }
    // An admin who changed the levels in an earlier run finds the default ones again.
    let defaults = LevelConfiguration::default_for(LevelConfigurationId::new(System.next_id()), community_id);
    let drafts: Vec<LevelDraft> = defaults.levels().iter().map(LevelDraft::from).collect();
    update_levels(&store, &System, admin, &LevelsUpdate { drafts, expected_versions: None }).await?;
    Ok((events.len(), applied))
}

/// When it began: an earlier run has left the admin's first post in the ledger.
async fn beginning(store: &PgStore, now: OffsetDateTime) -> Result<OffsetDateTime> {
    let (community_id, admin) = (CommunityId::new(community_id()), UserId::new(member_id(0)));
    let first = HistoryRange {
        after: None,
        order: HistoryOrder::OldestFirst,
        source: None,
        size: PageSize::default(),
    };
    match get_point_history(store, community_id, Reader::Service, admin, first).await {
        Ok(history) => {
            let first = history.page.entries.first().map(|entry| entry.occurred_at - FIRST_POST);
            Ok(first.unwrap_or(now - AGE))
        }
        Err(ReadError::AccessDenied(_) | ReadError::MemberNotFound) => Ok(now - AGE),
        Err(error) => Err(error.into()),
    }
}

/// What to paste, and what it shows.
fn transcript(listen: SocketAddr, admin: &str, member: &str) -> String {
    let community = community_id();
    let badges: Vec<String> = [0, 5, 30, 90, 150, 199].map(|number| member_id(number).to_string()).to_vec();
    let badges = badges.join(",");
    format!(
        r#"paste:

API=http://{listen}/api/communities/{community}
ADMIN={admin}
MEMBER={member}

# badges, as a feed asks for them
curl -sS "$API/members/levels?user_ids={badges}" -H "Authorization: Bearer $MEMBER"; echo

# the level grid, with the share of the members at each level
curl -sS $API/levels -H "Authorization: Bearer $MEMBER"; echo

# a member's own record, and which courses are open to them
curl -sS $API/members/{me}/level -H "Authorization: Bearer $MEMBER"; echo
curl -sS $API/courses/access -H "Authorization: Bearer $MEMBER"; echo

# a gateway asks for the course "{course}"
curl -sS "$API/courses/{locked}/access?enforce=true" -H "Authorization: Bearer $MEMBER"; echo

# leaderboards of 7 days, of 30 days and of all time, and the surroundings of a member on one of them
curl -sS $API/leaderboards -H "Authorization: Bearer $MEMBER"; echo
curl -sS "$API/leaderboards/thirty_day?around={me}&radius=2" -H "Authorization: Bearer $MEMBER"; echo

# the admin adds points by hand; the same key again adds nothing more
curl -sS $API/members/{me}/points/adjustments -H "Authorization: Bearer $ADMIN" -H "Idempotency-Key: meetup-1" -H "Content-Type: application/json" -d '{{"points":5,"reason":"Organised the meetup"}}'; echo

# how the member came to their points, the newest first
curl -sS "$API/members/{me}/points?limit=3" -H "Authorization: Bearer $MEMBER"; echo

# the admin makes levels easier to reach; members rise, and the course opens
curl -sS -X PUT $API/levels -H "Authorization: Bearer $ADMIN" -H "Content-Type: application/json" -d '{easier}'; echo
curl -sS "$API/courses/{locked}/access?enforce=true" -H "Authorization: Bearer $MEMBER"; echo
"#,
        me = member_id(MEMBER),
        course = COURSES[LOCKED].0,
        locked = course_id(LOCKED),
        easier = EASIER_LEVELS,
    )
}

/// Half of what the defaults ask for, and a new name.
const EASIER_LEVELS: &str = r#"{"levels":[{"level":1,"name":"Newcomer","threshold":0},{"level":2,"name":"Practitioner","threshold":5},{"level":3,"name":"Builder","threshold":10},{"level":4,"name":"Leader","threshold":30},{"level":5,"name":"Mentor","threshold":50},{"level":6,"name":"Empire Builder","threshold":75},{"level":7,"name":"Ruler","threshold":105},{"level":8,"name":"Legend","threshold":140},{"level":9,"name":"Icon","threshold":180}]}"#;
