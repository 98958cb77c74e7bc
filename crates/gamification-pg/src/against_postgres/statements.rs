//! Each statement, prepared.

use std::{collections::BTreeSet, path::Path};

use tokio_postgres::{Client, types::Type};

use crate::statement::checks::{Checked, Text};

/// The statements of every module that has some.
pub(super) fn all() -> Vec<Checked> {
    [
        crate::deliveries::declared(),
        crate::distribution::declared(),
        crate::event_feed::declared(),
        crate::lookups::declared(),
        crate::member_names::declared(),
        crate::outbox_upkeep::declared(),
        crate::queries::declared(),
        crate::queries::declared_community(),
        crate::queries::declared_exports(),
        crate::queries::declared_history(),
        crate::queries::declared_leaderboards(),
        crate::queries::declared_rules(),
        crate::repositories::channels::declared(),
        crate::repositories::community_rules::declared(),
        crate::repositories::course_level_requirements::declared(),
        crate::repositories::directory::declared(),
        crate::repositories::erasure_sweeps::declared(),
        crate::repositories::erasures::declared(),
        crate::repositories::leaderboards::declared(),
        crate::repositories::ledger::declared(),
        crate::repositories::configurations::declared(),
        crate::repositories::like_switches::declared(),
        crate::repositories::member_points::declared(),
        crate::repositories::outbox::declared(),
        crate::repositories::recalculations::declared(),
        crate::repositories::tallies::declared(),
        crate::statistics::declared(),
        crate::transaction::declared(),
        crate::verification::delivery::declared(),
        crate::verification::leaderboard::declared(),
        crate::verification::level_count::declared(),
        crate::verification::like::declared(),
        crate::verification::members::declared(),
        crate::verification::once_only_award::declared(),
        crate::verification::outgoing_event::declared(),
        crate::verification::record_of_points::declared(),
        crate::verification::tally::declared(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// In how far a statement differs from what PostgreSQL makes of it: as any database is sent it, and as Citus is, except for
/// the functions of Citus.
pub(super) async fn misfits(client: &Client, statement: &Checked) -> Vec<String> {
    let mut misfits = misfits_of(client, statement, &statement.plain).await;
    let of_citus = ["get_shard_id_for_distribution_column", "pg_dist_transaction"];
    if !of_citus.iter().any(|name| statement.distributed.sql.contains(name)) {
        misfits.extend(misfits_of(client, statement, &statement.distributed).await);
    }
    misfits
}

async fn misfits_of(
    client: &Client,
    statement: &Checked,
    Text { sql: text, parameters }: &Text,
) -> Vec<String> {
    let Checked { file, name, columns, .. } = statement;
    let misfit = |what: String| format!("{file}: {name}: {what}\n    in: {text}");
    let as_sent: Vec<Type> =
        parameters.iter().map(|oid| Type::from_oid(*oid).expect("a type that is known")).collect();
    if let Err(error) = client.prepare_typed(text, &as_sent).await {
        return vec![misfit(message(&error))];
    }
    // What PostgreSQL itself takes the parameters for. It can't know the type of an array that UNNEST takes apart.
    let left_open: Vec<Type> =
        as_sent.iter().map(|sent| if is_array(sent) { sent.clone() } else { Type::UNKNOWN }).collect();
    // Records in a column have no names: their subselect is looked at without being put into an array.
    let flat = text.replace("array_send(array_agg(answer))", "array_agg(answer)");
    let flat = flat.replace("SELECT array_agg(answer)", "SELECT answer.*");
    let prepared = match client.prepare_typed(&flat, &left_open).await {
        Ok(prepared) => prepared,
        Err(error) => return vec![misfit(message(&error))],
    };
    let mut misfits = Vec::new();
    for (number, (sent, taken)) in as_sent.iter().zip(prepared.params()).enumerate() {
        if !is_alike(sent, taken) {
            misfits.push(misfit(format!("${} is sent as {sent} and taken for {taken}", number + 1)));
        }
    }
    let expected: Vec<(&str, Type)> = columns
        .iter()
        .map(|column| (column.name, Type::from_oid(column.oid).expect("a type that is known")))
        .collect();
    let given: Vec<(&str, Type)> =
        prepared.columns().iter().map(|column| (column.name(), column.type_().clone())).collect();
    let is_expected = expected.len() == given.len()
        && expected
            .iter()
            .zip(&given)
            .all(|(expected, given)| expected.0 == given.0 && is_alike(&expected.1, &given.1));
    if !is_expected {
        misfits.push(misfit(format!("it gives {given:?}, and {expected:?} is expected")));
    }
    misfits
}

fn message(error: &tokio_postgres::Error) -> String {
    error.as_db_error().map_or_else(|| error.to_string(), ToString::to_string)
}

fn is_array(sql_type: &Type) -> bool {
    matches!(sql_type.kind(), tokio_postgres::types::Kind::Array(_))
}

/// Both kinds of text are one to Diesel.
fn is_alike(one: &Type, other: &Type) -> bool {
    let plain = |sql_type: &Type| if *sql_type == Type::VARCHAR { Type::TEXT } else { sql_type.clone() };
    plain(one) == plain(other)
}

/// The columns of the sets in a text that nothing reads: bound, sent, and lost.
fn unread_columns(text: &str) -> Vec<String> {
    let mut unread = Vec::new();
    for after in text.split("UNNEST(").skip(1) {
        let Some((_, set)) = after.split_once(") AS ") else { continue };
        let Some((name, columns)) = set.split_once(" (") else { continue };
        let columns = columns.split(')').next().unwrap_or_default().split(", ");
        let is_joined = |column: &str| {
            let keys = text.split("USING (").skip(1).filter_map(|keys| keys.split(')').next());
            keys.flat_map(|keys| keys.split(", ")).any(|key| key == column)
        };
        let is_read = |column: &str| {
            let place = format!("{name}.{column}");
            let mut after = text.split(&place).skip(1);
            after.any(|rest| !rest.starts_with(|next: char| next.is_alphanumeric() || next == '_'))
        };
        unread.extend(
            columns
                .filter(|column| !is_joined(column) && !is_read(column))
                .map(|column| format!("{name}.{column}")),
        );
    }
    unread
}

/// The numbers of a text's parameters.
fn parameters_of(text: &str) -> BTreeSet<usize> {
    let after = text.split('$').skip(1);
    after.filter_map(|rest| rest.split(|next: char| !next.is_ascii_digit()).next()?.parse().ok()).collect()
}

/// What plain PostgreSQL is sent has no parameter for the sake of Citus, and no part that is for Citus.
#[test]
fn plain_postgres_is_sent_nothing_for_citus() {
    let mut different = 0;
    for Checked { name, plain, distributed, .. } in all() {
        let all_parameters = |text: &Text| -> BTreeSet<usize> { (1..=text.parameters.len()).collect() };
        assert_eq!(parameters_of(&plain.sql), all_parameters(&plain), "{name}");
        assert!(parameters_of(&distributed.sql).is_subset(&all_parameters(&distributed)), "{name}");
        for Text { sql, .. } in [&plain, &distributed] {
            assert!(!["[[", "]]", "{{", "}}"].iter().any(|mark| sql.contains(mark)), "{name}: {sql}");
        }
        for citus in ["pg_dist", "array_send", "get_shard_id", "run_command_on"] {
            assert!(!plain.sql.contains(citus), "{name}: {}", plain.sql);
        }
        different += usize::from(plain.sql != distributed.sql);
    }
    assert!(different > 40, "{different}");
}

/// What is not read on purpose: by another key, a member's points are found as well, and the first half of a pair of
/// statements has the same set as the whole.
const NOT_READ: &[(&str, &str)] =
    &[("InsertErasedMembers", "new.user_id"), ("UpdateMemberPoints", "changed.user_id")];

#[test]
fn every_column_that_is_sent_is_read() {
    let unread = all().into_iter().flat_map(|statement| {
        let name = statement.name;
        unread_columns(&statement.plain.sql).into_iter().map(move |column| (name, column))
    });
    let unread: Vec<(&str, String)> = unread.collect();
    let unread: Vec<(&str, &str)> = unread.iter().map(|(name, column)| (*name, column.as_str())).collect();
    assert_eq!(unread, NOT_READ);
}

#[test]
fn no_module_with_statements_is_forgotten() {
    let looked_at: BTreeSet<String> = all().iter().map(|statement| file_name(statement.file)).collect();
    let with_statements: BTreeSet<String> = sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"))
        .into_iter()
        .filter(|(_, text)| text.lines().any(|line| line.starts_with("statements! {")))
        .map(|(path, _)| file_name(&path))
        .collect();
    assert_eq!(looked_at, with_statements);
}

/// Which modules send texts that are neither declared nor Diesel's, and for what: they have no parameters, and what they do
/// shows in other tests.
const PLAIN_TEXTS: [(&str, &str); 11] = [
    ("connection/mod.rs", "what a session is told; the version of the server"),
    ("deliveries.rs", "LISTEN and NOTIFY, which can't be prepared"),
    ("distribution.rs", "the catalog of Citus, which may not be there"),
    ("event_feed.rs", "LISTEN"),
    ("migrations.rs", "the lock of those who migrate, before there are tables"),
    ("replica.rs", "positions in the log of the database"),
    ("repositories/channels.rs", "LOCK TABLE, which can't be prepared"),
    ("repositories/leaderboards.rs", "what a session is told for a while"),
    ("statistics.rs", "ANALYZE, which can't be prepared"),
    ("transaction.rs", "BEGIN, and the texts of others"),
    (
        "verification/mod.rs",
        "what a session is told; the lock of those who repair counts, which must be held before it is counted",
    ),
];

#[test]
fn few_modules_send_texts_that_nothing_prepares() {
    let sends = ["batch_execute(", ".batch(", "batch_later(", "sql::<"];
    let found: BTreeSet<String> = sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"))
        .into_iter()
        .filter(|(_, text)| sends.iter().any(|call| text.contains(call)))
        .map(|(path, _)| file_name(&path))
        .filter(|name| !name.starts_with("against_postgres"))
        .collect();
    assert_eq!(found, PLAIN_TEXTS.iter().map(|(name, _)| (*name).to_owned()).collect());
}

/// The path below `src`.
fn file_name(path: &str) -> String {
    path.rsplit_once("gamification-pg/src/").map_or(path, |(_, name)| name).to_owned()
}

fn sources(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the sources are here") {
        let path = entry.expect("the sources are here").path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else {
            let text = std::fs::read_to_string(&path).expect("a source is text");
            found.push((path.display().to_string(), text));
        }
    }
    found
}

/// Which statements lock rows in no order of a key, and why none is needed.
const IN_NO_ORDER: [(&str, &str); 14] = [
    ("BeginSweep", ONE_ROW),
    ("InsertChannel", ONE_ROW),
    ("InsertChannelAlone", ONE_ROW),
    ("InsertSweep", ONE_ROW),
    ("LockDelivery", ONE_ROW),
    ("LockErasedEvents", OF_ONE_COMMUNITY),
    ("LockProgress", ONE_ROW),
    ("SaveDeliveryFailure", ONE_ROW),
    ("ShareBoards", ONE_ROW),
    ("SweepLikes", OF_ONE_COMMUNITY),
    ("TryLockProgress", ONE_ROW),
    ("TryLockSweep", ONE_ROW),
    ("UpsertCourseLevelRequirement", ONE_ROW),
    ("UpsertDeliveryFailure", ONE_ROW),
];
const ONE_ROW: &str = "it is one row";
const OF_ONE_COMMUNITY: &str = "the rest of the key is the order, within one community's";

/// Two transactions that come to the same rows in another order can wait for one another.
#[test]
fn a_set_of_rows_is_locked_and_ensured_in_the_order_of_its_key() {
    let mut locking = Vec::new();
    let mut in_no_order = BTreeSet::new();
    for statement in &all() {
        let text = statement.plain.sql.split_whitespace().collect::<Vec<_>>().join(" ");
        for clause in [" FOR NO KEY UPDATE", " FOR UPDATE", " FOR SHARE", " FOR KEY SHARE", " ON CONFLICT ("]
        {
            let Some((before, after)) = text.split_once(clause) else { continue };
            // The key is what new rows may conflict in, or what the set is joined by.
            let key = match before.rsplit_once(" USING (") {
                _ if clause == " ON CONFLICT (" => after.split_once(')').map(|(key, _)| key),
                Some((_, using)) => using.split_once(')').map(|(key, _)| key),
                None => Some("user_id"),
            };
            let order = before.rsplit_once(" ORDER BY ").map(|(_, columns)| bare(columns));
            if order.as_deref() == key {
                locking.push(statement.name);
            } else {
                in_no_order.insert(statement.name);
            }
        }
    }
    assert_eq!(in_no_order, IN_NO_ORDER.iter().map(|(name, _)| *name).collect());
    assert!(locking.contains(&"LockMemberPoints") && locking.contains(&"EnsureMemberPoints"), "{locking:?}");
}

/// Columns without their tables.
fn bare(columns: &str) -> String {
    let names = columns.split(", ").map(|column| column.rsplit_once('.').map_or(column, |(_, name)| name));
    names.collect::<Vec<_>>().join(", ")
}
