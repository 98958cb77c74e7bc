//! Reads of the schema itself, for readiness.

use std::future::Future;

use crate::ports::StoreError;

/// Reads of the schema itself, for readiness.
pub trait SchemaQueries: Send + Sync + 'static {
    /// Whether the database can be reached and has the schema that this program was built for.
    fn schema_is_current(&self) -> impl Future<Output = Result<bool, StoreError>> + Send;
}
