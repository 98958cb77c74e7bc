//! `token`: a JWT for trying things out.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use gamification_app::{Clock, System};
use gamification_domain::UserId;
use gamification_http::TokenIssuer;

use crate::{cli::Options, config::Config};

pub(super) fn token(options: &Options, user: &str, service: bool, ttl: Duration) -> Result<()> {
    if !service {
        user.parse::<UserId>().context("--user must be a UUID (with --service, it may be any text)")?;
    }
    let config = Config::new(options);
    let issuer = TokenIssuer::hs256(&config.jwt_secret()?, config.token_claims())
        .context("GAMIFICATION_JWT_HS256_SECRET is not usable")?;
    let now = System.now();
    ensure!(
        now.checked_add(ttl.try_into()?).is_some(),
        "--ttl is too long: the calendar ends before the token does"
    );
    let token = issuer.issue(user, service, now, ttl)?;
    println!("{token}");
    Ok(())
}
