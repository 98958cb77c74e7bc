//! Safety campaigns: the real server under fire, against an independent audit.
//!
//! Each prints its seed, and goes on far longer when `GAMIFICATION_CAMPAIGNS=large` is set.

mod any_order;
mod client;
mod database_trouble;
mod kills;
mod overload;
