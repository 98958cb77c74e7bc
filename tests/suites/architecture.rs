//! The layers, as `cargo metadata` sees them.

use std::{
    collections::{BTreeSet, HashMap},
    path::{Path, PathBuf},
};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, PackageId};

/// The crates that are more than a channel or another adapter, and which of our crates each may depend on.
const LAYERS: [(&str, &[&str]); 9] = [
    ("embedded-postgres", &[]),
    ("gamification-domain", &[]),
    ("gamification-app", &["gamification-domain"]),
    ("gamification-events", &["gamification-app", "gamification-domain"]),
    ("gamification-pg", &["gamification-app", "gamification-domain"]),
    ("gamification-telemetry", &[]),
    ("gamification-web", &[]),
    ("gamification-server", &[EVERY_OTHER]),
    (
        "gamification-tests",
        &[
            "embedded-postgres",
            "gamification-app",
            "gamification-domain",
            "gamification-events",
            "gamification-http",
            "gamification-pg",
            "gamification-server",
        ],
    ),
];

/// What puts the program together may depend on all crates but those of tests.
const EVERY_OTHER: &str = "*";

/// Any other crate of ours is an adapter, such as a channel: it hands the app what comes in, or brings away what the app gives.
const ADAPTER: &[&str] = &["gamification-app", "gamification-domain", "gamification-events"];

fn may_depend(package: &str, on: &str) -> bool {
    let layer = LAYERS.iter().find(|(name, _)| *name == package);
    let allowed = layer.map_or(ADAPTER, |(_, allowed)| *allowed);
    allowed.contains(&on) || (allowed == [EVERY_OTHER] && on != "gamification-tests")
}

/// Which of our crates the tests inside a crate may use beyond that: those of SQL need a PostgreSQL.
const ONLY_IN_TESTS: [(&str, &str); 1] = [("gamification-pg", "embedded-postgres")];

/// What a crate must not reach, by itself or through others, where it is not what an adapter must not reach.
const FORBIDDEN: [(&str, &[&str]); 8] = [
    ("embedded-postgres", &["diesel", "diesel-async", "actix-web", "actix-http", "hyper", "opentelemetry"]),
    (
        "gamification-domain",
        &[
            "tokio",
            "actix-web",
            "actix-http",
            "hyper",
            "diesel",
            "diesel-async",
            "tokio-postgres",
            "tracing",
            "metrics",
        ],
    ),
    ("gamification-telemetry", &["actix-web", "actix-http", "diesel", "diesel-async", "tokio-postgres"]),
    ("gamification-pg", &["actix-web", "actix-http", "hyper", "opentelemetry"]),
    ("gamification-web", &["diesel", "diesel-async", "tokio-postgres", "hyper", "opentelemetry"]),
    ("gamification-http", &["diesel", "diesel-async", "tokio-postgres", "opentelemetry"]),
    ("gamification-server", &[]),
    ("gamification-tests", &[]),
];

/// What any other crate of ours must not reach: the frameworks of those who have one.
const FORBIDDEN_TO_OTHERS: &[&str] = &["actix-web", "actix-http", "diesel", "diesel-async", "tokio-postgres"];

/// What no shipped crate may reach at all.
const NOWHERE: [&str; 4] = ["openssl-sys", "pq-sys", "native-tls", "sqlx"];

fn metadata() -> Metadata {
    MetadataCommand::new()
        .other_options(vec!["--all-features".to_owned()])
        .exec()
        .expect("cargo metadata runs")
}

/// Everything a package is built from, dev-dependencies left out.
fn reachable(metadata: &Metadata, package: &str) -> BTreeSet<String> {
    let names: HashMap<&PackageId, &str> =
        metadata.packages.iter().map(|package| (&package.id, package.name.as_str())).collect();
    let nodes = &metadata.resolve.as_ref().expect("dependencies are resolved").nodes;
    let edges: HashMap<&PackageId, Vec<&PackageId>> = nodes
        .iter()
        .map(|node| {
            let built = node.deps.iter().filter(|dependency| {
                dependency.dep_kinds.iter().any(|kind| kind.kind != DependencyKind::Development)
            });
            (&node.id, built.map(|dependency| &dependency.pkg).collect())
        })
        .collect();
    let start = metadata.packages.iter().find(|found| found.name.as_str() == package).expect(package);
    let mut seen = BTreeSet::new();
    let mut waiting = vec![&start.id];
    while let Some(id) = waiting.pop() {
        if seen.insert(id) {
            waiting.extend(&edges[id]);
        }
    }
    seen.into_iter().map(|id| names[id].to_owned()).collect()
}

#[test]
fn each_crate_depends_on_the_layers_below_it_only() {
    let metadata = metadata();
    let members: BTreeSet<&str> =
        metadata.workspace_packages().iter().map(|package| package.name.as_str()).collect();
    for (name, _) in LAYERS.iter().chain(&FORBIDDEN) {
        assert!(members.contains(name), "{name} is no crate of ours any more");
    }
    for package in metadata.workspace_packages() {
        for dependency in package.dependencies.iter().filter(|dependency| {
            // Its tests may ask a crate for its own features, and the benchmark uses what the suites use.
            let is_for_tests = dependency.kind == DependencyKind::Development
                && [package.name.as_str(), "gamification-tests"].contains(&dependency.name.as_str());
            members.contains(dependency.name.as_str()) && !is_for_tests
        }) {
            let edge = (package.name.as_str(), dependency.name.as_str());
            let is_for_tests =
                dependency.kind == DependencyKind::Development && ONLY_IN_TESTS.contains(&edge);
            assert!(
                may_depend(edge.0, edge.1) || is_for_tests,
                "{} must not depend on {}",
                package.name,
                dependency.name
            );
        }
    }
}

#[test]
fn no_layer_reaches_what_belongs_to_another() {
    let metadata = metadata();
    for package in metadata.workspace_packages() {
        let package = package.name.as_str();
        let of_its_own = FORBIDDEN.iter().find(|(name, _)| *name == package);
        let forbidden = of_its_own.map_or(FORBIDDEN_TO_OTHERS, |(_, forbidden)| *forbidden);
        let reached = reachable(&metadata, package);
        for name in forbidden {
            assert!(!reached.contains(*name), "{package} reaches {name}");
        }
    }
    let everything = reachable(&metadata, "gamification-server");
    assert!(everything.contains("diesel-async"), "the walk through the dependencies finds nothing");
    for name in NOWHERE {
        assert!(!everything.contains(name), "the server reaches {name}");
    }
}

/// What the program puts together stays where it is used without the program: by those who embed the crates.
#[test]
fn the_server_crate_is_configuration_commands_and_wiring() {
    const MOST_LINES: usize = 1_800;
    let sources = metadata().workspace_root.join("crates/gamification-server/src");
    let lines = |file| std::fs::read_to_string(file).unwrap().lines().count();
    let lines: usize = sources_below(sources.as_std_path()).into_iter().map(lines).sum();
    assert!(lines < MOST_LINES, "{lines} lines: what can stand in another crate?");
    assert!(lines > MOST_LINES / 2, "{lines} lines: were all files found?");
}

#[test]
fn the_domain_has_no_clock_and_no_randomness_of_its_own() {
    let metadata = metadata();
    let domain =
        metadata.packages.iter().find(|package| package.name.as_str() == "gamification-domain").unwrap();
    for dependency in
        domain.dependencies.iter().filter(|dependency| dependency.kind == DependencyKind::Normal)
    {
        let clocks = ["v1", "v4", "v6", "v7", "rand", "local-offset"];
        let found: Vec<&String> =
            dependency.features.iter().filter(|feature| clocks.contains(&feature.as_str())).collect();
        assert!(found.is_empty(), "{} with {found:?}", dependency.name);
    }
    let sources =
        ["now_utc", "now_local", "now_v7", "new_v4", "SystemTime", "Instant", "std::fs", "std::net"];
    let files = sources_below(domain.manifest_path.parent().unwrap().join("src").as_std_path());
    assert!(files.iter().any(|file| file.ends_with("batch/awards.rs")), "folders are looked into: {files:?}");
    for path in files {
        let text = std::fs::read_to_string(&path).unwrap();
        for source in sources {
            assert!(!text.contains(source), "{} uses {source}", path.display());
        }
    }
}

/// Adapters are given a clock: those who put them together take the machine's.
#[test]
fn the_machine_s_clock_is_taken_by_those_who_put_the_parts_together() {
    let crates = metadata().workspace_root.join("crates");
    let takers = ["gamification-server/", "gamification-pg/src/embedding.rs"];
    let mut taken = 0;
    for path in sources_below(crates.as_std_path()) {
        let name = path.strip_prefix(&crates).unwrap().to_str().unwrap();
        if name.ends_with(".rs") && !name.contains("/tests/") {
            let text = std::fs::read_to_string(&path).unwrap();
            let shipped = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
            let takes = ["System.now()", "System.next_id()"].iter().any(|call| shipped.contains(call));
            let may = takers.iter().any(|taker| name.starts_with(taker));
            assert!(may || !takes, "{name} takes the time or ids past its caller");
            taken += usize::from(takes);
        }
    }
    assert!(taken > 0, "nobody takes the time");
}

#[test]
fn the_readme_shows_each_crate_among_the_layers() {
    let metadata = metadata();
    let readme = std::fs::read_to_string(metadata.workspace_root.join("README.md")).unwrap();
    let (_, layers) = readme.split_once("\n## The layers\n").expect("a section about the layers");
    let picture = layers.split("```").nth(1).expect("a picture of them");
    let shown: BTreeSet<&str> = picture
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .filter(|word| word.starts_with("gamification-") || *word == "embedded-postgres")
        .collect();
    let packages = metadata.workspace_packages();
    let ours = packages.iter().map(|package| package.name.as_str());
    assert_eq!(shown, ours.filter(|name| *name != "gamification-tests").collect());
}

/// Every source file below a folder but the modules of tests.
fn sources_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources_below(&path));
        } else if path.file_name().is_some_and(|name| name != "tests.rs") {
            files.push(path);
        }
    }
    files
}

/// Where clippy would look, so that a lint that is taken out of its configuration turns a test red.
#[test]
fn clippy_knows_what_only_some_places_may_call() {
    let root = metadata().workspace_root;
    let configuration = std::fs::read_to_string(root.join("clippy.toml")).unwrap();
    for method in [
        "gamification_app::ports::Store::begin",
        "time::OffsetDateTime::now_utc",
        "std::time::SystemTime::now",
        "uuid::Uuid::now_v7",
    ] {
        assert!(configuration.contains(&format!("\"{method}\"")), "{method} may be called anywhere");
    }
}

/// The files that say of themselves that they may call what clippy forbids, below `crates`.
const EXCEPTIONS: [(&str, &str); 22] = [
    ("embedded-postgres/src/folders.rs", "it knows no IdGenerator"),
    ("gamification-app/src/audit/level_count.rs", "a repair is a transaction"),
    ("gamification-app/src/audit/member_repair.rs", "a repair is a transaction"),
    ("gamification-app/src/audit/tally.rs", "a repair is a transaction"),
    ("gamification-app/src/clock.rs", "it is the clock, and where ids come from"),
    ("gamification-app/src/commands/erase_members.rs", "a command"),
    ("gamification-app/src/commands/forget_channel.rs", "a command"),
    ("gamification-app/src/commands/project_leaderboards.rs", "a command"),
    ("gamification-app/src/commands/recalculate_levels.rs", "a command"),
    ("gamification-app/src/commands/record_facts.rs", "a command"),
    ("gamification-app/src/commands/register_channel.rs", "a command"),
    ("gamification-app/src/commands/set_course_level_requirement.rs", "a command"),
    ("gamification-app/src/commands/sweep_erasures.rs", "a command"),
    ("gamification-app/src/commands/update_levels.rs", "a command"),
    ("gamification-app/src/commands/update_rules.rs", "a command"),
    ("gamification-app/src/fact_queue/by_partition.rs", "it reads which communities courses belong to"),
    ("gamification-http/src/request_id.rs", "it names a request, and nothing that is stored"),
    ("gamification-pg/src/against_postgres/rows.rs", "it tests the repositories themselves"),
    ("gamification-pg/src/deliveries.rs", "one statement in parts, where the tables are on several machines"),
    (
        "gamification-pg/src/outbox_upkeep.rs",
        "one statement in parts, where the tables are on several machines",
    ),
    (
        "gamification-pg/src/verification/mod.rs",
        "it holds up the boards while members are read, and writes nothing",
    ),
    ("gamification-server/benches/speed/main.rs", "it measures"),
];

/// A new place where a transaction begins, or time and ids are taken from elsewhere, is named here, or nowhere.
#[test]
fn transactions_begin_and_time_and_ids_are_taken_where_it_is_said_and_nowhere_else() {
    let crates = metadata().workspace_root.join("crates");
    let found: BTreeSet<String> = sources_below(crates.as_std_path())
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .filter(|path| std::fs::read_to_string(path).unwrap().contains("disallowed_methods"))
        .map(|path| path.strip_prefix(&crates).unwrap().to_str().unwrap().to_owned())
        .collect();
    let expected = EXCEPTIONS.iter().map(|(path, _)| (*path).to_owned()).collect();
    assert_eq!(found, expected);
}

#[test]
fn there_is_exactly_one_binary() {
    let metadata = metadata();
    let packages = metadata.workspace_packages();
    let targets = packages.iter().flat_map(|package| &package.targets);
    let binaries: Vec<&str> =
        targets.filter(|target| target.is_bin()).map(|target| target.name.as_str()).collect();
    assert_eq!(binaries, ["gamification-server"]);
}

/// A number as people write it: `10_000` is 10,000.
fn written(number: &str) -> String {
    number.trim().replace('_', ",")
}

#[test]
fn each_campaign_is_in_the_table_with_its_sizes() {
    let tests = metadata().workspace_root.join("tests");
    let table = std::fs::read_to_string(tests.join("src/lib.rs")).unwrap();
    let mut campaigns = 0;
    for path in
        ["suites", "src"].into_iter().flat_map(|folder| sources_below(tests.join(folder).as_std_path()))
    {
        let text = std::fs::read_to_string(&path).unwrap();
        let file = path.strip_prefix(&tests).unwrap().to_str().unwrap();
        let file = file.strip_prefix("suites/").unwrap_or(file);
        for campaign in text.split("Campaign::new(\"").skip(1) {
            let (name, sizes) = campaign.split_once("\", ").expect("a name");
            let (sizes, _) = sizes.split_once(')').expect("an end");
            let (small, large) = sizes.split_once(',').expect("two sizes");
            if small.parse::<u32>().is_err() && !small.contains('_') {
                continue; // The soak's is a time that it is told.
            }
            let sizes = format!("{} / {}", written(small), written(large));
            let is_there =
                table.lines().any(|line| line.contains(&format!("`{file}`")) && line.contains(&sizes));
            assert!(
                is_there,
                "the campaign {name:?} of {file}, {sizes}, is not in the table of tests/src/lib.rs"
            );
            campaigns += 1;
        }
    }
    assert!(campaigns > 40, "{campaigns}");
}
