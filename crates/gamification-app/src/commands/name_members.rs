//! Members are found by names that are made of those they are shown by.

use crate::ports::{MemberNames, StoreError};

/// How many members are named at once, in some milliseconds.
const AT_ONCE: u16 = 5_000;

/// Makes the names by which members are found, of all who have none.
///
/// # Errors
/// [`StoreError`] when the database fails; who was named until then stays so.
pub(crate) async fn name_members(names: &impl MemberNames) -> Result<(), StoreError> {
    while names.name_members(AT_ONCE).await? {}
    Ok(())
}
