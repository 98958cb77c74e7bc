//! The server, as a client sees it.

use std::{path::Path, time::Duration};

use tokio::time::timeout;
use tokio_postgres::{Client, Config, Connection, NoTls, Socket, error::SqlState, tls::NoTlsStream};

use crate::{Error, lock::CREATE_TIMEOUT};

/// The database that every cluster has from the start.
const MAINTENANCE_DATABASE: &str = "postgres";
/// The name of the superuser, whatever the operating system's user is called.
pub(crate) const SUPERUSER: &str = "postgres";
/// How long a server that is alive may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(3);

/// What a server says to a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It takes connections, if it has any left.
    Accepts,
    /// There is one, but it is starting, stopping or slow.
    NotReady,
    /// No process listens at the address.
    None,
}

/// Asks the server whose socket is in `sockets`.
pub(crate) async fn ask(sockets: &Path) -> Answer {
    match timeout(ANSWER_TIMEOUT, connect(sockets, MAINTENANCE_DATABASE)).await {
        Ok(Ok(_)) => Answer::Accepts,
        Ok(Err(error)) => match error.code() {
            Some(&SqlState::CANNOT_CONNECT_NOW) => Answer::NotReady,
            Some(_) => Answer::Accepts,
            None => Answer::None,
        },
        Err(_) => Answer::NotReady,
    }
}

/// Creates a database unless it exists.
pub(crate) async fn create_database(sockets: &Path, name: &str) -> Result<(), Error> {
    let database = || name.to_owned();
    match timeout(CREATE_TIMEOUT, try_create_database(sockets, name)).await {
        Ok(outcome) => outcome.map_err(|source| Error::Database { database: database(), source }),
        Err(_) => Err(Error::DatabaseTimeout { database: database() }),
    }
}

async fn try_create_database(sockets: &Path, name: &str) -> Result<(), tokio_postgres::Error> {
    match connect(sockets, name).await {
        // It is there from an earlier start, mostly.
        Ok(_) => return Ok(()),
        Err(error) if error.code() == Some(&SqlState::INVALID_CATALOG_NAME) => {}
        Err(error) => return Err(error),
    }
    let (client, connection) = connect(sockets, MAINTENANCE_DATABASE).await?;
    let create = async {
        let statement = format!("CREATE DATABASE \"{}\"", name.replace('"', "\"\""));
        let created = client.batch_execute(&statement).await;
        // The connection ends with its client.
        drop(client);
        created
    };
    let (created, _) = tokio::join!(create, connection);
    created
}

async fn connect(
    sockets: &Path,
    database: &str,
) -> Result<(Client, Connection<Socket, NoTlsStream>), tokio_postgres::Error> {
    Config::new().host_path(sockets).user(SUPERUSER).dbname(database).connect(NoTls).await
}
