//! `console`: a link that opens the console.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use gamification_app::{Clock, System};
use gamification_http::{EVENTS_SCOPE, TokenIssuer};
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
    println!("{}", link(config.listen()?, community, &named));
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

    /// A user's.
    pub(super) fn of(&self, user: Uuid) -> Result<String> {
        Ok(self.issuer.issue(&user.to_string(), &[], System.now(), self.ttl)?)
    }

    /// One that may send events.
    pub(super) fn platform(&self) -> Result<String> {
        Ok(self.issuer.issue(PLATFORM, &[EVENTS_SCOPE], System.now(), self.ttl)?)
    }
}

/// What opens the console: all of it stands behind a `#`, which browsers send nowhere.
pub(super) fn link(listen: SocketAddr, community: Uuid, tokens: &[(&str, String)]) -> String {
    let tokens = tokens.iter().map(|(name, token)| format!("&{name}={token}")).collect::<String>();
    format!("http://{}/console/#community={community}{tokens}", reachable(listen))
}

/// Where a browser on this machine finds a server that listens on an address: on all of them means also on its own.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_to_an_address_that_a_browser_can_open() {
        let community = Uuid::from_u128(7);
        for (listen, host) in [
            ("127.0.0.1:8080", "127.0.0.1:8080"),
            ("0.0.0.0:80", "127.0.0.1:80"),
            ("[::]:9000", "[::1]:9000"),
            ("10.1.2.3:1", "10.1.2.3:1"),
        ] {
            let link = link(listen.parse().unwrap(), community, &[("member", "a.b.c".to_owned())]);
            assert_eq!(link, format!("http://{host}/console/#community={community}&member=a.b.c"));
        }
    }
}
