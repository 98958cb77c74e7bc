//! The sessions of the program under test, and what may befall them.

use rustix::process::{Pid, Signal, kill_process};
use tokio_postgres::Client;

/// The processes of PostgreSQL that serve the program, in the database that `client` is connected to.
pub async fn sessions(client: &Client) -> Vec<Pid> {
    let query = "SELECT pid FROM pg_stat_activity
                 WHERE application_name = 'gamification' AND datname = current_database()";
    let rows = client.query(query, &[]).await.expect("sessions can be listed");
    rows.iter().map(|row| Pid::from_raw(row.get(0)).expect("a process has a number")).collect()
}

/// Sends a signal to sessions. One that has ended meanwhile needs none.
pub fn signal_sessions(sessions: &[Pid], signal: Signal) {
    for session in sessions {
        let _ = kill_process(*session, signal);
    }
}

/// Sessions that do nothing until this goes out of scope; after a failure, too, or they would stay in the cluster, and
/// it could not be shut down.
#[must_use]
pub struct StoppedSessions(Vec<Pid>);

impl StoppedSessions {
    /// Stops them.
    pub fn stop(sessions: Vec<Pid>) -> Self {
        signal_sessions(&sessions, Signal::STOP);
        Self(sessions)
    }
}

impl Drop for StoppedSessions {
    fn drop(&mut self) {
        signal_sessions(&self.0, Signal::CONT);
    }
}
