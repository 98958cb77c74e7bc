//! Metrics of connections, and of reads from a standby.

use metrics::{counter, describe_counter, describe_gauge, gauge};

use crate::PgStore;

const POOL_LIMIT: &str = "gamification_db_pool_limit";
const POOL_SIZE: &str = "gamification_db_pool_size";
const POOL_IN_USE: &str = "gamification_db_pool_in_use";
const POOL_IDLE: &str = "gamification_db_pool_idle";
const POOL_WAITING: &str = "gamification_db_pool_waiting";
const REPLICA_READS: &str = "gamification_replica_reads_total";
const REPLICA_FRESH: &str = "gamification_replica_fresh";

/// Says what each metric of this crate means, to whatever recorder is installed.
pub fn describe_metrics() {
    describe_gauge!(POOL_LIMIT, "The most connections to the database");
    describe_gauge!(POOL_SIZE, "Connections to the database that are open");
    describe_gauge!(POOL_IN_USE, "Connections to the database that are at work");
    describe_gauge!(POOL_IDLE, "Connections to the database that are open and free");
    describe_gauge!(POOL_WAITING, "Who waits for a connection to the database");
    describe_counter!(REPLICA_READS, "Reads that a standby may answer, by who did");
    describe_gauge!(REPLICA_FRESH, "1 while the standby may answer; 0 while it is away, or too far behind");
}

impl PgStore {
    /// Sets the metrics that are only known by looking to what they are at this moment: call it before they are read.
    pub fn measure(&self) {
        let pool = self.pool_status();
        let values = [
            (POOL_LIMIT, pool.max_size),
            (POOL_SIZE, pool.size),
            (POOL_IN_USE, pool.size.saturating_sub(pool.available)),
            (POOL_IDLE, pool.available),
            (POOL_WAITING, pool.waiting),
        ];
        for (name, value) in values {
            gauge!(name).set(u32::try_from(value).map_or(f64::INFINITY, f64::from));
        }
        if let Some(replica) = self.replica() {
            let usage = replica.usage();
            counter!(REPLICA_READS, "answered_by" => "replica").absolute(usage.answers);
            counter!(REPLICA_READS, "answered_by" => "primary").absolute(usage.fallbacks);
            gauge!(REPLICA_FRESH).set(if usage.is_fresh { 1.0 } else { 0.0 });
        }
    }
}
