//! Commands: what changes something.

mod record_facts;

pub use record_facts::{RecordFactsError, record_facts};
