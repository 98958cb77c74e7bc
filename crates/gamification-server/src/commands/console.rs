//! `console`: a link that opens the console.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use gamification_app::{Clock, System};
use gamification_http::{EVENTS_SCOPE, TokenIssuer};
use gamification_web::console_link;
use uuid::Uuid;

use crate::{cli::Options, config::Config};

/// Who sends the events of the page that acts as the platform.
const PLATFORM: &str = "console";

pub(super) fn console(
    options: &Options,
    community: Uuid,
    user: Uuid,
    is_platform: bool,
    ttl: Duration,
) -> Result<()> {
    let config = Config::new(options);
    ensure!(config.console()?, "the console is off: servers with GAMIFICATION_CONSOLE=on have it");
    let tokens = Tokens::new(&config, ttl)?;
    let platform = is_platform.then(|| tokens.platform()).transpose()?;
    let mut named = vec![("member", tokens.of(user)?)];
    named.extend(platform.map(|token| ("platform", token)));
    println!("{}", console_link(config.listen()?, community, &named));
    Ok(())
}

/// The tokens of a link.
pub(super) struct Tokens {
    issuer: TokenIssuer,
    ttl: Duration,
}

impl Tokens {
    pub(super) fn new(config: &Config<'_>, ttl: Duration) -> Result<Self> {
        let issuer = TokenIssuer::hs256(&config.jwt_secret()?, config.token_claims())
            .context("GAMIFICATION_JWT_HS256_SECRET is not usable")?;
        Ok(Self { issuer, ttl })
    }

    /// A token of a user.
    pub(super) fn of(&self, user: Uuid) -> Result<String> {
        Ok(self.issuer.issue(&user.to_string(), &[], System.now(), self.ttl)?)
    }

    /// One that may send events.
    pub(super) fn platform(&self) -> Result<String> {
        Ok(self.issuer.issue(PLATFORM, &[EVENTS_SCOPE], System.now(), self.ttl)?)
    }
}
