//! The schema as PostgreSQL's catalog has it.

use std::fmt::Write;

use tokio_postgres::{Client, Row};

const TABLES: &str = r"
    SELECT relname::text AS name FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND relname NOT LIKE '\_\_diesel%'
    ORDER BY relname";

const COLUMNS: &str = "
    SELECT a.attname::text AS name, t.typname::text AS type, format_type(a.atttypid, a.atttypmod) AS full_type,
           a.attnotnull AS is_not_null, a.attidentity::text AS identity, a.attgenerated::text AS generated,
           pg_get_expr(d.adbin, d.adrelid) AS default
    FROM pg_attribute AS a
    JOIN pg_type AS t ON t.oid = a.atttypid
    LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid = $1::text::regclass AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY a.attnum";

/// NOT NULL is said with the column: only newer versions of PostgreSQL have constraints for it.
const CONSTRAINTS: &str = "
    SELECT conname::text AS name, pg_get_constraintdef(oid) AS definition FROM pg_constraint
    WHERE conrelid = $1::text::regclass AND contype <> 'n'
    ORDER BY array_position(ARRAY['p', 'u', 'x', 'f', 'c']::\"char\"[], contype), conname";

const INDEXES: &str = "
    SELECT pg_get_indexdef(i.indexrelid) AS definition
    FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
    WHERE i.indrelid = $1::text::regclass
      AND NOT EXISTS (SELECT FROM pg_constraint AS k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
    ORDER BY c.relname";

/// The columns of the primary key, in its order.
const PRIMARY_KEY: &str = "
    SELECT a.attname::text AS name
    FROM pg_index AS i
    CROSS JOIN LATERAL UNNEST(i.indkey::int2[]) WITH ORDINALITY AS key (number, position)
    JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = key.number
    WHERE i.indrelid = $1::text::regclass AND i.indisprimary ORDER BY key.position";

/// What the tables do not show. The sequence of an identity column belongs to the column.
const OTHERS: &str = r"
    SELECT format('%s %s', CASE relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'S' THEN 'sequence'
                                        ELSE 'relation of kind ' || relkind::text END, relname) AS name
    FROM pg_class AS c
    WHERE relnamespace = 'public'::regnamespace AND relkind NOT IN ('r', 'p', 'i', 'I', 't')
      AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.objid = c.oid AND d.deptype = 'i')
    UNION ALL
    SELECT format('function %s', oid::regprocedure) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL
    SELECT format('trigger %s: %s', tgname, pg_get_triggerdef(oid)) FROM pg_trigger WHERE NOT tgisinternal
    ORDER BY 1";

/// Of the whole installation: small, without a community.
const WITHOUT_COMMUNITY: [&str; 2] = ["channels", "leaderboard_progress"];

/// Keys that tell rows of two communities apart by something else than the community.
const KEYS_WITHOUT_COMMUNITY: &str = "
    SELECT format('%s: %s', i.indrelid::regclass, i.indexrelid::regclass) AS name
    FROM pg_index AS i
    WHERE i.indrelid = $1::text::regclass AND i.indisunique AND NOT EXISTS (
        SELECT FROM pg_attribute AS a
        WHERE a.attrelid = i.indrelid AND a.attname = 'community_id' AND a.attnum = ANY (i.indkey::int2[]))
    UNION ALL
    SELECT format('%s: %s', f.conrelid::regclass, f.conname)
    FROM pg_constraint AS f
    WHERE f.conrelid = $1::text::regclass AND f.contype = 'f' AND NOT EXISTS (
        SELECT FROM pg_attribute AS a
        WHERE a.attrelid = f.conrelid AND a.attname = 'community_id' AND a.attnum = ANY (f.conkey))
    UNION ALL
    SELECT format('%s: community_id may be null', a.attrelid::regclass)
    FROM pg_attribute AS a
    WHERE a.attrelid = $1::text::regclass AND a.attname = 'community_id' AND NOT a.attnotnull";

/// What keeps tables from lying on many machines, each with its communities.
pub(super) async fn not_by_community(client: &Client) -> Vec<String> {
    let mut findings = Vec::new();
    for table in names(client, TABLES, None).await {
        if WITHOUT_COMMUNITY.contains(&table.as_str()) {
            continue;
        }
        let columns = names(client, COLUMNS, Some(&table)).await;
        if columns.iter().any(|column| column == "community_id") {
            findings.extend(names(client, KEYS_WITHOUT_COMMUNITY, Some(&table)).await);
        } else {
            findings.push(format!("{table}: no community_id"));
        }
    }
    let triggers = "SELECT tgname::text AS name FROM pg_trigger WHERE NOT tgisinternal";
    findings.extend(names(client, triggers, None).await);
    findings
}

async fn query(client: &Client, query: &str, table: Option<&str>) -> Vec<Row> {
    let rows = match &table {
        Some(table) => client.query(query, &[table]).await,
        None => client.query(query, &[]).await,
    };
    rows.unwrap_or_else(|error| panic!("{query}: {error:?}"))
}

async fn names(client: &Client, sql: &str, table: Option<&str>) -> Vec<String> {
    query(client, sql, table).await.iter().map(|row| row.get("name")).collect()
}

/// Everything, to be read: tables with their columns, keys, checks and indexes.
pub(super) async fn schema(client: &Client) -> String {
    let mut text =
        String::from("The schema that the migrations make. A test compares it; RENEW_SCHEMA=1 renews it.\n");
    for table in names(client, TABLES, None).await {
        writeln!(text, "\ntable {table}").unwrap();
        for column in query(client, COLUMNS, Some(&table)).await {
            write!(text, "    {} {}", column.get::<_, &str>("name"), column.get::<_, &str>("full_type"))
                .unwrap();
            if column.get("is_not_null") {
                text.push_str(" NOT NULL");
            }
            match column.get("identity") {
                "a" => text.push_str(" GENERATED ALWAYS AS IDENTITY"),
                "d" => text.push_str(" GENERATED BY DEFAULT AS IDENTITY"),
                _ => {}
            }
            if let Some(default) = column.get::<_, Option<&str>>("default") {
                let is_generated = !column.get::<_, &str>("generated").is_empty();
                write!(text, " {} {default}", if is_generated { "GENERATED ALWAYS AS" } else { "DEFAULT" })
                    .unwrap();
            }
            text.push('\n');
        }
        for constraint in query(client, CONSTRAINTS, Some(&table)).await {
            let (name, definition): (&str, &str) = (constraint.get("name"), constraint.get("definition"));
            writeln!(text, "    CONSTRAINT {name} {definition}").unwrap();
        }
        for index in query(client, INDEXES, Some(&table)).await {
            writeln!(text, "    {}", index.get::<_, &str>("definition")).unwrap();
        }
    }
    for other in names(client, OTHERS, None).await {
        writeln!(text, "\n{other}").unwrap();
    }
    text
}

/// The tables as Diesel wants to know them.
pub(super) async fn diesel_tables(client: &Client) -> String {
    let mut text = String::from(
        "//! The tables as statements see them. A test compares them with a migrated database, and renews them with\n\
         //! `RENEW_SCHEMA=1`.\n",
    );
    let tables = names(client, TABLES, None).await;
    for table in &tables {
        let key = names(client, PRIMARY_KEY, Some(table)).await.join(", ");
        writeln!(text, "\ndiesel::table! {{\n    {table} ({key}) {{").unwrap();
        for column in query(client, COLUMNS, Some(table)).await {
            let sql_type = diesel_type(column.get("type"));
            let name: &str = column.get("name");
            if column.get("is_not_null") {
                writeln!(text, "        {name} -> {sql_type},").unwrap();
            } else {
                writeln!(text, "        {name} -> Nullable<{sql_type}>,").unwrap();
            }
        }
        text.push_str("    }\n}\n");
    }
    writeln!(text, "\ndiesel::allow_tables_to_appear_in_same_query!(\n    {},\n);", tables.join(",\n    "))
        .unwrap();
    text
}

fn diesel_type(name: &str) -> &'static str {
    match name {
        "bool" => "Bool",
        "bytea" => "Bytea",
        "date" => "Date",
        "int2" => "SmallInt",
        "int4" => "Integer",
        "int8" => "BigInt",
        "jsonb" => "Jsonb",
        "text" => "Text",
        "timestamptz" => "Timestamptz",
        "uuid" => "Uuid",
        "varchar" => "Varchar",
        other => panic!("say here what Diesel calls {other}"),
    }
}
