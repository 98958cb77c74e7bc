//! Safety campaigns: the real server under fire, against an independent audit and the program's own.
//!
//! Crate `gamification_tests` lists them, and says how one is made large, run again, and added.

mod any_order;
mod client;
mod database_trouble;
mod fallen_level;
pub(crate) mod fragile_database;
mod kills;
mod malformed;
mod overload;
mod slow_clients;
mod soak;
mod watchers;
