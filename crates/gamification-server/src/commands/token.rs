//! `token`: a JWT for trying things out.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use gamification_app::{Clock, System};
use gamification_domain::UserId;
use gamification_http::{ADJUST_SCOPE, EVENTS_SCOPE, READ_SCOPE, TokenIssuer};

use crate::{cli::Options, config::Config};

pub(super) fn token(options: &Options, user: &str, wanted: [bool; 3], ttl: Duration) -> Result<()> {
    if wanted == [false; 3] {
        user.parse::<UserId>()
            .context("--user must be a UUID (with --service, --read or --adjust, it may be any text)")?;
    }
    let config = Config::new(options);
    let issuer = TokenIssuer::hs256(&config.jwt_secret()?, config.token_claims())
        .context("GAMIFICATION_JWT_HS256_SECRET is not usable")?;
    let scopes: Vec<&str> = std::iter::zip(wanted, [EVENTS_SCOPE, READ_SCOPE, ADJUST_SCOPE])
        .filter_map(|(is_wanted, scope)| is_wanted.then_some(scope))
        .collect();
    let now = System.now();
    ensure!(
        now.checked_add(ttl.try_into()?).is_some(),
        "--ttl is too long: the calendar ends before the token does"
    );
    let token = issuer.issue(user, &scopes, now, ttl)?;
    println!("{token}");
    Ok(())
}
