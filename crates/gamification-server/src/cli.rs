//! The command line. Every option is also an environment variable.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use uuid::Uuid;

use crate::channels::ChannelOptions;

/// Points and levels for the members of online communities.
#[derive(Debug, Parser)]
#[command(name = "gamification-server", version, about, max_term_width = 120)]
pub struct Cli {
    /// What to do; without one, serve.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The options that the command shares with the others.
    #[command(flatten)]
    pub options: Options,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Apply pending migrations, then serve the API (the default)
    Serve,
    /// Apply pending migrations and exit
    Migrate {
        /// Take the last migration back instead
        #[arg(long)]
        revert: bool,
        /// Then distribute the tables over the machines of a Citus cluster, with what is in them; what is distributed
        /// stays so, and tables of later migrations join them by themselves
        #[arg(long, conflicts_with = "revert")]
        distribute: bool,
    },
    /// Show what each channel of outgoing events has to deliver, and what was given up after many failures
    Outbox {
        /// Let everything that was given up be tried again
        #[arg(long)]
        release: bool,
        /// Have a channel deliver again what happened since so long ago, such as 30m or 23h: its receiver has lost it
        #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration, requires = "channel")]
        again_since: Option<std::time::Duration>,
        /// The channel that --again-since is about
        #[arg(long, value_name = "CHANNEL", requires = "again_since")]
        channel: Option<String>,
        /// Remove a channel that no server is configured with any more, with all that it had to deliver
        #[arg(long, value_name = "CHANNEL")]
        forget: Option<String>,
    },
    /// Look at the streams and the consumer of NATS that are configured, and print what is off; the status is 1 then
    ///
    /// They are yours: nothing is created or changed.
    CheckNats,
    /// Fill a demo community through the ordinary event path, and print requests to paste
    Demo,
    /// Take a history of events in: newline-delimited JSON, one event of POST /api/events a line
    ///
    /// May run beside live traffic, and again: what is known already changes nothing. A line that can't be recorded is
    /// told with its number on standard error and does not stop the rest; the status is 1 then. Applies pending
    /// migrations first.
    Import {
        /// The file; - is standard input
        file: PathBuf,
        /// How long to go on trying while the database is away, such as 30s or 10m
        #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = humantime::parse_duration)]
        patience: std::time::Duration,
    },
    /// Compare everything that is derived with what it is derived from, and print what is off; the status is 1 then
    ///
    /// Totals with the ledger, levels with thresholds, likes with their switches, once-only awards, presence, counts of
    /// members, level configurations, and outgoing events that are still kept. Changes nothing, and may run beside live
    /// traffic.
    Verify {
        /// Look at one community only
        #[arg(long, value_name = "UUID")]
        community: Option<Uuid>,
        /// Put totals, levels, presence, counts and leaderboards right where they are off; the ledger is never changed
        #[arg(long)]
        repair: bool,
    },
    /// Print how a member came to their points: each entry of their ledger, oldest first, with the level-ups between
    ///
    /// Level-ups are told as the community's present levels make them of these totals, where a level once reached stays. What
    /// a change of thresholds did is not in the ledger, and shows only in the level at the end.
    Explain {
        /// The community, by its id on the platform
        #[arg(long, value_name = "UUID")]
        community: Uuid,
        /// The member, by their id on the platform
        #[arg(long, value_name = "UUID")]
        user: Uuid,
    },
    /// Print a link that opens the console of a community, with a token signed with the configured HS256 secret
    ///
    /// A browser with the link can do what the user can, until the token expires.
    Console {
        /// The community, by its id on the platform
        #[arg(long, value_name = "UUID")]
        community: Uuid,
        /// Who looks at it, by their id on the platform
        #[arg(long, value_name = "UUID")]
        user: Uuid,
        /// Also let its bearer send events, on the page that acts as the platform
        #[arg(long)]
        service: bool,
        /// How long it is valid, such as 30m, 1h or 7d
        #[arg(long, default_value = "1h", value_parser = humantime::parse_duration)]
        ttl: std::time::Duration,
    },
    /// Print the OpenAPI document
    Openapi,
    /// Print a token signed with the configured HS256 secret
    Token {
        /// Whom it is for: a user's UUID; with --service, --read or --adjust, any text
        #[arg(long)]
        user: String,
        /// Let its bearer send events
        #[arg(long)]
        service: bool,
        /// Let its bearer read every community
        #[arg(long)]
        read: bool,
        /// Let its bearer adjust points in every community
        #[arg(long)]
        adjust: bool,
        /// How long it is valid, such as 30m, 1h or 7d
        #[arg(long, default_value = "1h", value_parser = humantime::parse_duration)]
        ttl: std::time::Duration,
    },
}

/// Configuration as it was given: checked in [`crate::config`], so that a mistake names the variable.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Configuration")]
pub struct Options {
    /// PostgreSQL 14 or newer, as postgres://…; without it, an embedded one is started
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, global = true, value_name = "URL")]
    pub database_url: Option<String>,
    /// Where to listen; port 0 picks a free one [default: 127.0.0.1:8080]
    #[arg(long, env = "GAMIFICATION_LISTEN", global = true, value_name = "ADDRESS:PORT")]
    pub listen: Option<String>,
    /// Folder of the embedded database and the development secret [default: the platform's data folder]
    #[arg(long, env = "GAMIFICATION_DATA_DIR", global = true, value_name = "FOLDER")]
    pub data_dir: Option<PathBuf>,
    /// Folder with `initdb` and `postgres` for the embedded database [default: found by itself]
    #[arg(long, env = "GAMIFICATION_PG_BIN", global = true, value_name = "FOLDER")]
    pub pg_bin: Option<PathBuf>,
    /// Secret that signs tokens, at least 32 bytes
    #[arg(long, env = "GAMIFICATION_JWT_HS256_SECRET", hide_env_values = true)]
    #[arg(global = true, value_name = "SECRET")]
    pub jwt_hs256_secret: Option<String>,
    /// File with the public key, in PEM, of the issuer of tokens (RS256, ES256 or EdDSA)
    #[arg(long, env = "GAMIFICATION_JWT_PUBLIC_KEY_FILE", global = true, value_name = "FILE")]
    pub jwt_public_key_file: Option<PathBuf>,
    /// File with the JSON Web Key Set of the issuer of tokens; read again when it changes
    #[arg(long, env = "GAMIFICATION_JWKS_FILE", global = true, value_name = "FILE")]
    pub jwks_file: Option<PathBuf>,
    /// Issuer that tokens must name
    #[arg(long, env = "GAMIFICATION_JWT_ISSUER", global = true, value_name = "ISSUER")]
    pub jwt_issuer: Option<String>,
    /// Audience that tokens must name
    #[arg(long, env = "GAMIFICATION_JWT_AUDIENCE", global = true, value_name = "AUDIENCE")]
    pub jwt_audience: Option<String>,
    /// Origins whose pages may call the API, with commas between them [default: none]
    #[arg(long, env = "GAMIFICATION_CORS_ORIGINS", global = true, value_name = "ORIGINS")]
    pub cors_origins: Option<String>,
    /// Whether to serve the console, at /console/: on or off [default: on with the embedded database, else off]
    #[arg(long, env = "GAMIFICATION_CONSOLE", global = true, value_name = "on|off")]
    pub console: Option<String>,
    /// The most connections to the database [default: 10]
    #[arg(long, env = "GAMIFICATION_DB_POOL_SIZE", global = true, value_name = "NUMBER")]
    pub db_pool_size: Option<String>,
    /// A standby of the database, as postgres://…, that boards, histories and badges are read from [default: none]
    #[arg(
        long,
        env = "GAMIFICATION_READ_DATABASE_URL",
        hide_env_values = true,
        global = true,
        value_name = "URL"
    )]
    pub read_database_url: Option<String>,
    /// How old an answer of the standby may be, such as 500ms or 2s; what is older comes from the database [default: 1s]
    #[arg(long, env = "GAMIFICATION_READ_MAX_LAG", global = true, value_name = "DURATION")]
    pub read_max_lag: Option<String>,
    /// Where events come from and go to, beside HTTP.
    #[command(flatten)]
    pub channels: ChannelOptions,
    /// Where metrics and health live, instead of at the API's address [default: there as well]
    #[arg(long, env = "GAMIFICATION_OPS_LISTEN", global = true, value_name = "ADDRESS:PORT")]
    pub ops_listen: Option<String>,
    /// Where traces are sent to: OTLP over HTTP, to /v1/traces below it [default: nowhere]
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", hide_env_values = true)]
    #[arg(global = true, value_name = "URL")]
    pub otlp_endpoint: Option<String>,
    /// pretty or json [default: pretty on a terminal, else json]; the level is RUST_LOG's
    #[arg(long, env = "GAMIFICATION_LOG_FORMAT", global = true, value_name = "FORMAT")]
    pub log_format: Option<String>,
}
