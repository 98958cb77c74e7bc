//! `demo`: a community to look around in.

use std::time::Duration;

use anyhow::{Context, Result};
use gamification_app::System;
use gamification_demo::{
    COURSES, Filled, MEMBERS, NAME, SHOWN_MEMBER, community_id, fill, member_id, transcript,
};
use gamification_pg::{PgStore, migrate};
use gamification_telemetry::LogFormat;
use gamification_web::console_link;

use super::{console::Tokens, with_database};
use crate::{cli::Options, config::Config};

/// How long the printed tokens are good for.
const TOKEN_TTL: Duration = Duration::from_secs(24 * 3_600);

pub(super) async fn demo(options: &Options, log_format: LogFormat) -> Result<()> {
    let config = Config::new(options);
    let listen = config.listen()?;
    let tokens = Tokens::new(&config, TOKEN_TTL).context("the demo needs tokens")?;
    let (admin, member) = (tokens.of(member_id(0))?, tokens.of(member_id(SHOWN_MEMBER))?);
    let console = config.console()?.then(|| -> Result<String> {
        let named = [("admin", admin.clone()), ("member", member.clone()), ("platform", tokens.platform()?)];
        Ok(console_link(listen, community_id(), &named))
    });
    let console = console.transpose()?;
    with_database(options, log_format, async |connector| {
        migrate(connector.connect().await?).await?;
        let Filled { events, applied } = fill(&PgStore::new(connector, 4)?, &System).await?;
        println!(
            "The community \"{NAME}\" is there: {MEMBERS} members, {} courses, {events} events ({applied} of them new).",
            COURSES.len()
        );
        print!("With the server running (gamification-server serve), ");
        if let Some(console) = console {
            print!("open the console in a browser:\n\n{console}\n\nor ");
        }
        print!("{}", transcript(listen, &admin, &member));
        Ok(())
    })
    .await
}
