//! Members' points for those who look at profiles and feeds: what waits together is one statement.
//!
//! A lookup that comes while the connection is free is sent at once. Those that come while a statement is under way wait
//! for its end, and then for one statement that answers them all, or in a distributed database for one of each community. Each
//! is answered from a moment after it came, so nobody reads what was true before an award that they know of.
//!
//! The connection is driven by the runtime that the lookups are made on, so that under Actix, where each worker thread has
//! a runtime of its own, neither question nor answer crosses to another thread. In a distributed database a statement costs
//! more than crossing does: there all runtimes share some connections, each for its part of the communities.

mod statement;

#[cfg(test)]
pub(crate) use statement::declared;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use diesel_async::AsyncPgConnection;
use gamification_app::{
    Reader,
    ports::{BoxedError, CommunityView, StoreError},
};
use gamification_domain::{CommunityId, MemberStanding, UserId};
use tokio::{
    runtime::Handle,
    sync::{
        mpsc::{self, error::TrySendError},
        oneshot,
    },
    time::timeout,
};

use crate::{
    connection::Connector, error::unavailable, known_levels::LevelsCache, sending, statement::Statement,
};
use statement::{Asked, Found};

/// How many lookups one statement answers at most: more would let the first wait for the last.
const BATCH: usize = 64;

/// How many may wait; more are refused, so that memory has a bound. They would not be answered in time anyway.
const CAPACITY: usize = 8_192;

/// How many connections all runtimes share in a distributed database.
const SHARED: usize = 8;

/// How long a statement may take, with opening the connection for it: callers are answered within 5 seconds.
const DEADLINE: Duration = Duration::from_secs(4);

/// A view of a community by one who reads it, with how members stand; `None` when the community is not known.
type View = Option<CommunityView<Vec<MemberStanding>>>;

/// What one caller asks for.
struct Lookup {
    community_id: CommunityId,
    reader: Reader,
    users: Vec<UserId>,
    reply: oneshot::Sender<Result<View, StoreError>>,
}

/// To those who answer; nobody does at first, and after the runtime has ended on which they did.
type Slot = Mutex<Option<mpsc::Sender<Lookup>>>;

/// Takes lookups, for one runtime. Clones lead to the same connections, which are opened when they are first needed and
/// closed with the last of them.
#[derive(Clone)]
pub(crate) struct Lookups {
    connector: Connector,
    levels: Arc<LevelsCache>,
    own: Arc<Slot>,
    shared: Arc<[Slot; SHARED]>,
    /// Drives what is shared: the one that made it, and that lives longer than those of HTTP workers.
    runtime: Handle,
}

impl Lookups {
    pub(crate) fn new(connector: Connector, levels: Arc<LevelsCache>) -> Self {
        Self { connector, levels, own: Arc::default(), shared: Arc::default(), runtime: Handle::current() }
    }

    /// The same on a connection of its own, for another runtime.
    pub(crate) fn for_another_runtime(&self) -> Self {
        Self { own: Arc::default(), ..self.clone() }
    }

    /// How members stand at a moment after this call, without users whom the community never had.
    pub(crate) async fn member_standings(
        &self,
        community_id: CommunityId,
        reader: Reader,
        users: Vec<UserId>,
    ) -> Result<View, StoreError> {
        let (reply, answer) = oneshot::channel();
        let sent = self.sender(community_id).try_send(Lookup { community_id, reader, users, reply });
        sent.map_err(|error| match error {
            TrySendError::Full(_) => unavailable("too many reads wait"),
            TrySendError::Closed(_) => unavailable("the runtime ends"),
        })?;
        answer.await.map_err(unavailable)?
    }

    /// Starts answering where nobody does.
    fn sender(&self, community_id: CommunityId) -> mpsc::Sender<Lookup> {
        let part = community_id.as_uuid().as_u128() % SHARED as u128;
        let shared = usize::try_from(part).ok().and_then(|part| self.shared.get(part));
        let (slot, runtime) = match shared.filter(|_| self.connector.is_distributed()) {
            Some(shared) => (shared, self.runtime.clone()),
            None => (&*self.own, Handle::current()),
        };
        let mut sender = slot.lock().unwrap_or_else(PoisonError::into_inner);
        match &*sender {
            Some(sender) if !sender.is_closed() => sender.clone(),
            _ => {
                let (started, receiver) = mpsc::channel(CAPACITY);
                let answering = Answering {
                    connector: self.connector.clone(),
                    levels: Arc::clone(&self.levels),
                    connection: None,
                };
                runtime.spawn(answering.answer_all(receiver));
                sender.insert(started).clone()
            }
        }
    }
}

/// What answers the lookups of one runtime.
struct Answering {
    connector: Connector,
    levels: Arc<LevelsCache>,
    connection: Option<AsyncPgConnection>,
}

impl Answering {
    async fn answer_all(mut self, mut receiver: mpsc::Receiver<Lookup>) {
        let mut lookups = Vec::with_capacity(BATCH);
        while receiver.recv_many(&mut lookups, BATCH).await > 0 {
            // Those whose caller has left are not asked for.
            lookups.retain(|lookup| !lookup.reply.is_closed());
            if !lookups.is_empty() {
                self.answer(&mut lookups).await;
            }
        }
    }

    async fn answer(&mut self, lookups: &mut Vec<Lookup>) {
        let found = match timeout(DEADLINE, self.find(lookups)).await {
            Ok(found) => found.map_err(Arc::new),
            Err(elapsed) => {
                // Whatever it still waits for, the next statement shall not.
                self.connection = None;
                Err(Arc::new(unavailable(elapsed)))
            }
        };
        for Lookup { community_id, reader, users, reply } in lookups.drain(..) {
            let view = match &found {
                Ok(found) => found.view(community_id, reader, &users),
                Err(error) => Err(shared(error)),
            };
            // A caller who has left is no reason to stop.
            let _ = reply.send(view);
        }
    }

    /// Asks once more on a new connection where the one at hand has been lost: a read may be repeated.
    async fn find(&mut self, lookups: &[Lookup]) -> Result<Found, StoreError> {
        if let Some(mut connection) = self.connection.take() {
            match self.find_on(&mut connection, lookups).await {
                Err(StoreError::Unavailable(error)) => tracing::debug!(%error, "reading on a new connection"),
                found => {
                    self.connection = Some(connection);
                    return found;
                }
            }
        }
        let mut connection = self.connector.connect().await.map_err(unavailable)?;
        let found = self.find_on(&mut connection, lookups).await;
        if !matches!(found, Err(StoreError::Unavailable(_))) {
            self.connection = Some(connection);
        }
        found
    }

    async fn find_on(
        &self,
        connection: &mut AsyncPgConnection,
        lookups: &[Lookup],
    ) -> Result<Found, StoreError> {
        let is_distributed = self.connector.is_distributed();
        let mut found = Found::default();
        for together in asked_together(lookups, is_distributed) {
            let asked =
                together.iter().map(|lookup| (lookup.community_id, lookup.reader, lookup.users.as_slice()));
            let asked = Asked::new(asked, &self.levels);
            let statement = asked.statement().sent_to(is_distributed);
            if let Some(answer) = sending::first(connection, statement).await? {
                found.add(answer, asked, &self.levels)?;
            }
        }
        Ok(found)
    }
}

/// What one statement is asked: everything, or in a distributed database what is about one community, whose rows are all on
/// one machine.
fn asked_together(lookups: &[Lookup], is_distributed: bool) -> Vec<Vec<&Lookup>> {
    if !is_distributed {
        return vec![lookups.iter().collect()];
    }
    let mut by_community: BTreeMap<CommunityId, Vec<&Lookup>> = BTreeMap::new();
    for lookup in lookups {
        by_community.entry(lookup.community_id).or_default().push(lookup);
    }
    by_community.into_values().collect()
}

/// An error for each of those who wait.
fn shared(error: &Arc<StoreError>) -> StoreError {
    let cause: BoxedError = Box::new(Arc::clone(error));
    match **error {
        StoreError::Unavailable(_) => StoreError::Unavailable(cause),
        StoreError::Contention(_) => StoreError::Contention(cause),
        StoreError::Conflict { .. } | StoreError::Corrupt(_) => StoreError::Corrupt(cause),
    }
}
