//! The connection to a NATS server or cluster, which source, publisher and check share.

use std::{fmt, io, path::PathBuf, sync::Arc, time::Duration};

use async_nats::{
    ConnectOptions, Event, ServerAddr,
    connection::State,
    jetstream::{self, Context},
};
use nkeys::KeyPair;
use tokio::{sync::OnceCell, time::timeout};

/// How long JetStream may take to answer a request, and to acknowledge what is published.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

/// Where NATS is, and who we are there.
#[derive(Clone)]
pub struct ConnectionSettings {
    servers: Vec<ServerAddr>,
    authentication: Authentication,
    tls: Tls,
}

/// Who we are to NATS, beyond what stands in its URL.
#[derive(Clone, Default)]
pub enum Authentication {
    /// Nobody, or the user and password or the token in the URL.
    #[default]
    Url,
    /// The text of a credentials file: a JWT and the seed of its key.
    Credentials(String),
    /// The seed of a user's nkey, of which the server knows the public half.
    Nkey(String),
}

/// Whom we trust over TLS, and how we show who we are.
#[derive(Clone, Debug, Default)]
pub struct Tls {
    /// The authority's certificates in PEM, instead of those that this machine trusts.
    pub ca_file: Option<PathBuf>,
    /// Our certificate and its key in PEM.
    pub identity: Option<(PathBuf, PathBuf)>,
}

/// Why settings can't be those of a connection.
#[derive(Debug, thiserror::Error)]
pub enum InvalidSettings {
    /// The list of servers holds what is no address.
    #[error("it must be nats:// or tls:// addresses with commas between them")]
    Malformed(#[source] io::Error),
    /// The list of servers has an address with another scheme, or without a host.
    #[error("it must be nats:// or tls:// addresses with commas between them")]
    NotNats,
    /// The credentials file holds no JWT with the seed of its key.
    #[error("it holds no JWT with the seed of its key")]
    Credentials,
    /// The file of an nkey holds no seed of a user.
    #[error("it holds no seed of a user's nkey")]
    Nkey,
}

impl ConnectionSettings {
    /// Servers of one cluster, as `nats://` or `tls://` addresses with commas between them.
    ///
    /// # Errors
    /// [`InvalidSettings::Malformed`] and [`InvalidSettings::NotNats`].
    pub fn new(url: &str) -> Result<Self, InvalidSettings> {
        let servers: Vec<ServerAddr> = url
            .split(',')
            .map(|address| address.trim().parse())
            .collect::<Result<_, _>>()
            .map_err(InvalidSettings::Malformed)?;
        let is_usable =
            |server: &ServerAddr| matches!(server.scheme(), "nats" | "tls") && !server.host().is_empty();
        if !servers.iter().all(is_usable) {
            return Err(InvalidSettings::NotNats);
        }
        Ok(Self { servers, authentication: Authentication::default(), tls: Tls::default() })
    }

    /// Says who we are.
    ///
    /// # Errors
    /// [`InvalidSettings::Credentials`] and [`InvalidSettings::Nkey`].
    pub fn authenticated(self, authentication: Authentication) -> Result<Self, InvalidSettings> {
        match &authentication {
            Authentication::Url => {}
            Authentication::Credentials(text) => {
                ConnectOptions::with_credentials(text).map_err(|_| InvalidSettings::Credentials)?;
            }
            Authentication::Nkey(seed) => {
                KeyPair::from_seed(seed.trim()).map_err(|_| InvalidSettings::Nkey)?;
            }
        }
        Ok(Self { authentication, ..self })
    }

    /// Encrypts the connection as `tls` says, which names the authorities that are trusted.
    #[must_use]
    pub fn secured(self, tls: Tls) -> Self {
        Self { tls, ..self }
    }
}

/// Only the hosts: the rest may hold secrets.
impl fmt::Debug for ConnectionSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.servers.iter().map(ServerAddr::host)).finish()
    }
}

/// A connection to NATS, made when it is first needed and then for as long as there is a clone of this. While NATS is
/// unavailable it is tried again.
#[derive(Clone, Debug)]
pub struct Nats(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: ConnectionSettings,
    context: OnceCell<Context>,
}

impl Nats {
    /// Prepares for a connection; nothing is sent yet.
    #[must_use]
    pub fn new(settings: ConnectionSettings) -> Self {
        Self(Arc::new(Inner { settings, context: OnceCell::new() }))
    }

    /// JetStream at the other end, whether or not it can be reached at this moment.
    pub(crate) async fn jetstream(&self) -> Result<&Context, async_nats::ConnectError> {
        self.0.context.get_or_try_init(|| connect(&self.0.settings)).await
    }
}

/// Whether NATS is there; the first connection is waited for.
pub(crate) async fn is_connected(jetstream: &Context) -> bool {
    let client = jetstream.client();
    match client.connection_state() {
        State::Connected => true,
        State::Disconnected => false,
        State::Pending => timeout(REQUEST_TIMEOUT, client.flush()).await.is_ok_and(|flushed| flushed.is_ok()),
    }
}

async fn connect(settings: &ConnectionSettings) -> Result<Context, async_nats::ConnectError> {
    let ConnectionSettings { servers, authentication, tls } = settings;
    let mut options = ConnectOptions::new();
    match authentication {
        Authentication::Url => {}
        Authentication::Credentials(text) => {
            options = options.credentials(text).map_err(|error| {
                async_nats::ConnectError::with_source(async_nats::ConnectErrorKind::Authentication, error)
            })?;
        }
        Authentication::Nkey(seed) => options = options.nkey(seed.trim().to_owned()),
    }
    if let Some(file) = &tls.ca_file {
        options = options.add_root_certificates(file.clone()).require_tls(true);
    }
    if let Some((certificate, key)) = &tls.identity {
        options = options.add_client_certificate(certificate.clone(), key.clone()).require_tls(true);
    }
    let client = options
        .name("gamification")
        // A broker that is unavailable is no reason not to start, nor to end.
        .retry_on_initial_connect()
        .event_callback(async |event| log(&event))
        .connect(servers)
        .await?;
    Ok(jetstream::context::ContextBuilder::new().timeout(REQUEST_TIMEOUT).build(client))
}

fn log(event: &Event) {
    match event {
        Event::Connected => tracing::info!("connected to NATS"),
        Event::Disconnected => tracing::warn!("the connection to NATS is lost; trying again"),
        Event::LameDuckMode | Event::Draining | Event::Closed => tracing::info!("NATS: {event}"),
        Event::SlowConsumer(_) | Event::ServerError(_) => tracing::warn!("NATS: {event}"),
        // Each attempt to reconnect that fails; the first one was logged.
        Event::ClientError(_) => tracing::debug!("NATS: {event}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_a_list_and_do_not_show_their_secrets() {
        let settings = ConnectionSettings::new("nats://ada:secret@one:4222, tls://two").unwrap();
        assert_eq!(format!("{settings:?}"), "[\"one\", \"two\"]");
        let mistake = |url: &str| ConnectionSettings::new(url).unwrap_err().to_string();
        for other in ["ws://one", "nats://", "nats://one,https://two", "nats://one:port", ""] {
            assert_eq!(mistake(other), "it must be nats:// or tls:// addresses with commas between them");
        }
    }

    #[test]
    fn who_we_are_is_checked_before_anything_is_sent() {
        let settings = || ConnectionSettings::new("nats://one").unwrap();
        let mistake = |authentication| settings().authenticated(authentication).unwrap_err().to_string();
        assert_eq!(
            mistake(Authentication::Credentials("nothing".to_owned())),
            "it holds no JWT with the seed of its key"
        );
        assert_eq!(mistake(Authentication::Nkey("nothing".to_owned())), "it holds no seed of a user's nkey");
        let seed = KeyPair::new_user().seed().unwrap();
        assert!(settings().authenticated(Authentication::Nkey(format!("{seed}\n"))).is_ok());
    }
}
