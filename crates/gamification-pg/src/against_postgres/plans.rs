//! The plans of hot statements do not depend on what the planner happens to know of the tables.

use std::collections::{BTreeMap, BTreeSet};

use tokio_postgres::{Client, SimpleQueryMessage};

use super::{Migrated, on_a_migrated_database, statements};
use crate::{connection::SESSION, statement::checks::Checked};

/// The modules whose statements run for each request or each event; audits and what operators ask for plan for themselves.
const HOT: [&str; 10] = [
    "lookups/statement.rs",
    "queries.rs",
    "queries/history.rs",
    "queries/leaderboards.rs",
    "repositories/course_level_requirements.rs",
    "repositories/directory.rs",
    "repositories/ledger.rs",
    "repositories/configurations.rs",
    "repositories/like_switches.rs",
    "repositories/member_points.rs",
];

/// Ten communities of two thousand members, each with an award.
const FILL: &str = "
    INSERT INTO communities (community_id, name_change, created_at, updated_at)
    SELECT md5('c' || c)::uuid, '{}', now(), now() FROM generate_series(1, 10) AS c;
    INSERT INTO level_configurations (community_id, id, levels, version, created_at, updated_at)
    SELECT community_id, gen_random_uuid(), '[]', 1, now(), now() FROM communities;
    INSERT INTO level_counts (community_id, level, members)
    SELECT community_id, level, 0 FROM communities CROSS JOIN generate_series(1, 9) AS level;
    INSERT INTO community_members (community_id, user_id, is_present, presence_change, role, created_at, updated_at)
    SELECT community_id, gen_random_uuid(), true, '{}', 'MEMBER', now(), now()
    FROM communities CROSS JOIN generate_series(1, 2000);
    INSERT INTO member_points
        (community_id, id, user_id, total_points, current_level, created_at, updated_at, is_present)
    SELECT community_id, gen_random_uuid(), user_id, 2, 1, now(), now(), true FROM community_members;
    INSERT INTO point_transactions
        (community_id, id, member_points_id, points, source, source_id, actor_id, event_id, occurred_at, created_at,
         once_per)
    SELECT community_id, gen_random_uuid(), id, 2, 'post_created', gen_random_uuid(), user_id, 'e', now(), now(),
           '00000000-0000-0000-0000-000000000000'
    FROM member_points;
    INSERT INTO courses (community_id, course_id, is_listed, created_at, updated_at)
    SELECT community_id, gen_random_uuid(), true, now(), now() FROM communities CROSS JOIN generate_series(1, 50);
";

fn hot() -> Vec<Checked> {
    let mut all = statements::all();
    all.retain(|statement| HOT.iter().any(|file| statement.file.ends_with(file)));
    all
}

async fn prepare(client: &Client) {
    for Checked { name, plain, .. } in hot() {
        // Which type UNNEST takes apart can't be left open.
        client
            .batch_execute(&format!("PREPARE {name} {} AS {}", types(client, name).await, plain.sql))
            .await
            .expect(name);
    }
}

async fn types(client: &Client, name: &str) -> String {
    let statement = hot().into_iter().find(|statement| statement.name == name).expect("it is one of them");
    let mut types = Vec::new();
    for oid in statement.plain.parameters {
        let row = client.query_one("SELECT format_type($1, NULL)", &[&oid]).await.expect("a type");
        types.push(row.get::<_, String>(0));
    }
    if types.is_empty() { String::new() } else { format!("({})", types.join(", ")) }
}

/// The lines of a prepared statement's plan.
async fn plan(client: &Client, Checked { name, plain, .. }: &Checked) -> Vec<String> {
    let nulls = vec!["NULL"; plain.parameters.len()].join(", ");
    let arguments = if nulls.is_empty() { nulls } else { format!("({nulls})") };
    let explain = format!("EXPLAIN (COSTS OFF) EXECUTE {name}{arguments}");
    let lines = client.query(&explain, &[]).await.expect(name);
    lines.iter().map(|row| row.get(0)).collect()
}

/// By statement, how it goes through which tables; not by which of their indexes, where one key has several.
async fn paths(client: &Client) -> BTreeMap<&'static str, BTreeSet<String>> {
    let mut paths = BTreeMap::new();
    for statement in hot() {
        let lines = plan(client, &statement).await.into_iter();
        let of_tables = lines.filter_map(|line| {
            let (kind, table) = match line.split_once(" on ") {
                Some((scan, table)) if scan.contains("Seq Scan") => ("Seq Scan", table.to_owned()),
                // Names the index; the table is named by the heap scan above it.
                Some((scan, _)) if scan.contains("Bitmap Index Scan") => return None,
                Some((scan, table)) if scan.contains("Index") || scan.contains("Bitmap Heap Scan") => {
                    ("Index", table.to_owned())
                }
                _ if line.contains("Hash Join") || line.contains("Merge Join") => ("Join", line),
                _ => return None,
            };
            Some(format!("{kind} {table}"))
        });
        paths.insert(statement.name, of_tables.collect());
    }
    paths
}

#[tokio::test(flavor = "multi_thread")]
async fn hot_statements_go_by_keys_on_empty_and_full_tables_before_and_after_they_are_analyzed() {
    on_a_migrated_database(|Migrated { client, .. }| async move {
        client.batch_execute(SESSION).await.expect("the settings of a session");
        client.batch_execute("ALTER SYSTEM SET autovacuum = off").await.expect("our own server");
        client.batch_execute("SELECT pg_reload_conf()").await.expect("our own server");
        prepare(&client).await;
        let on_empty = paths(&client).await;
        client.batch_execute(FILL).await.expect("rows");
        let kept = paths(&client).await;
        client.batch_execute("DEALLOCATE ALL").await.expect("no statements");
        prepare(&client).await;
        let on_full = paths(&client).await;
        client.batch_execute("ANALYZE; DEALLOCATE ALL").await.expect("statistics");
        prepare(&client).await;
        let analyzed = paths(&client).await;
        for (name, paths) in &on_empty {
            for other in [&kept, &on_full, &analyzed] {
                assert_eq!(Some(paths), other.get(name), "{name}");
            }
            for path in paths {
                assert!(path.starts_with("Index"), "{name}: {path}");
            }
        }
        assert!(on_empty.len() > 25, "{}", on_empty.len());
    })
    .await;
}

/// Fifty thousand members without points, in the order of their names, and boards in sections of two thousand.
const EQUALS: &str = "
    INSERT INTO leaderboard_entries (community_id, user_id, sort_name, is_listed, seven_day, thirty_day, all_time)
    SELECT md5('c')::uuid, md5(i::text)::uuid, decode(lpad(to_hex(i), 8, '0'), 'hex'), true, 0, 0, 0
    FROM generate_series(1, 50000) AS i;
    INSERT INTO leaderboard_sections (community_id, board, place, sort_name, user_id, members)
    SELECT community_id, board, 0, sort_name, user_id, 2000
    FROM (SELECT *, ROW_NUMBER() OVER (ORDER BY sort_name) AS number FROM leaderboard_entries) AS e
    CROSS JOIN (VALUES ('seven_day'), ('thirty_day'), ('all_time')) AS boards (board) WHERE number % 2000 = 1;
    INSERT INTO member_points
        (community_id, id, user_id, total_points, current_level, created_at, updated_at, is_present)
    SELECT community_id, gen_random_uuid(), user_id, 0, 1, now(), now(), true FROM leaderboard_entries;
    INSERT INTO level_configurations (community_id, id, levels, version, created_at, updated_at)
    VALUES (md5('c')::uuid, gen_random_uuid(), '[]', 1, now(), now());
    INSERT INTO communities (community_id, name_change, created_at, updated_at) VALUES (md5('c')::uuid, '{}', now(), now());
    ANALYZE";

/// How many pages of the database a statement reads.
async fn pages_read(client: &Client, statement: &str) -> u64 {
    let explain = format!("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}");
    let answer = client.simple_query(&explain).await.expect("it is a statement");
    let plan = answer.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    let plan: serde_json::Value = serde_json::from_str(plan.expect("a plan")).expect("JSON");
    let pages = |kind: &str| plan[0]["Plan"][kind].as_u64().expect("they are counted");
    pages("Shared Hit Blocks") + pages("Shared Read Blocks")
}

/// A board has five hundred pages of its index, a section twenty.
#[tokio::test(flavor = "multi_thread")]
async fn a_rank_among_equals_is_counted_within_a_section() {
    on_a_migrated_database(|Migrated { client, .. }| async move {
        client.batch_execute(SESSION).await.expect("the settings of a session");
        client.batch_execute(EQUALS).await.expect("rows");
        prepare(&client).await;
        for number in [1, 1_999, 2_001, 49_999] {
            // In the order in which the text names its parameters.
            let (from, nobody) = (i64::MIN, "00000000-0000-0000-0000-000000000000");
            let ranks = format!(
                "EXECUTE SelectBoards(NULL, NULL, md5('c')::uuid, md5('{number}')::uuid,
                                      '{{seven_day,thirty_day,all_time}}', {from}, '', '{nobody}', NULL, 10, 0)"
            );
            let read = pages_read(&client, &ranks).await;
            assert!(read < 750, "{number}: {read} pages");
        }
    })
    .await;
}

/// Read by any other index, or sorted, a page would take as long as the ledger is.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_a_history_is_a_range_of_the_index_in_whose_order_it_is() {
    on_a_migrated_database(|Migrated { client, .. }| async move {
        client.batch_execute(SESSION).await.expect("the settings of a session");
        let is_page =
            |statement: &Checked| ["SelectNewestFirst", "SelectOldestFirst"].contains(&statement.name);
        let history: Vec<Checked> = hot().into_iter().filter(is_page).collect();
        assert_eq!(history.len(), 2);
        for change in ["", FILL, "ANALYZE"] {
            client.batch_execute(change).await.expect(change);
            prepare(&client).await;
            for statement in &history {
                let plan = plan(&client, statement).await;
                let range = plan.iter().position(|line| line.ends_with(" on point_transactions t"));
                let range = range.unwrap_or_else(|| panic!("{plan:#?}"));
                assert!(plan[range].contains("using point_transactions_of_member"), "{plan:#?}");
                assert!(plan[range - 1].trim_end().ends_with("Limit"), "{plan:#?}");
                let keys = ["(community_id = ", "(member_points_id = ", "(id "];
                assert!(keys.iter().all(|key| plan[range + 1].contains(key)), "{plan:#?}");
            }
            client.batch_execute("DEALLOCATE ALL").await.expect("no statements");
        }
    })
    .await;
}
