//! `check-nats`: what of the streams and the consumer would lose events or hold them up.

use anyhow::{Result, bail};
use gamification_nats::check;

use crate::cli::Options;

pub(super) async fn check_nats(options: &Options) -> Result<()> {
    let Some(nats) = options.channels.nats.parts()? else {
        bail!("GAMIFICATION_NATS_URL is not set");
    };
    let findings = check(&nats.connection, nats.consumer.as_ref(), nats.publish_prefix.as_ref()).await;
    for finding in &findings {
        println!("{finding}");
    }
    match findings.len() {
        0 => {
            println!("nothing is off");
            Ok(())
        }
        1 => bail!("1 thing is off"),
        more => bail!("{more} things are off"),
    }
}
