//! What configures the webhook on a command line or in the environment: each option is a variable too, and a mistake is a
//! sentence that names it.

use clap::Args;

use crate::{ClientError, InvalidSigningSecret, InvalidWebhookUrl, SigningSecret, Webhook, WebhookUrl};

/// What configures the webhook, as it was given. An empty value is as good as none.
#[derive(Clone, Debug, Default, Args)]
pub struct WebhookOptions {
    /// Where outgoing events are posted to [default: nowhere]
    #[arg(long, env = "GAMIFICATION_WEBHOOK_URL", hide_env_values = true, global = true, value_name = "URL")]
    pub webhook_url: Option<String>,
    /// Secret that signs outgoing events: whsec_ and 24 to 64 bytes in Base64
    #[arg(long, env = "GAMIFICATION_WEBHOOK_SECRET", hide_env_values = true)]
    #[arg(global = true, value_name = "SECRET")]
    pub webhook_secret: Option<String>,
}

/// Why options can't be used.
#[derive(Debug, thiserror::Error)]
pub enum InvalidOptions {
    /// There is a URL, and nothing to sign with.
    #[error("GAMIFICATION_WEBHOOK_SECRET must be set when GAMIFICATION_WEBHOOK_URL is")]
    NoSecret,
    /// There is a secret, and nowhere to send to.
    #[error("GAMIFICATION_WEBHOOK_URL must be set when GAMIFICATION_WEBHOOK_SECRET is")]
    NoUrl,
    /// The URL is none that requests can be sent to.
    #[error("GAMIFICATION_WEBHOOK_URL is not usable")]
    Url(#[from] InvalidWebhookUrl),
    /// The secret is not in the form of Standard Webhooks.
    #[error("GAMIFICATION_WEBHOOK_SECRET is not usable")]
    Secret(#[from] InvalidSigningSecret),
    /// No requests can be sent from this machine.
    #[error(transparent)]
    Client(#[from] ClientError),
}

impl WebhookOptions {
    /// Reads and checks all of it; nothing is sent yet. `None` when no webhook is configured.
    ///
    /// # Errors
    /// [`InvalidOptions`], when one option is there without the other, or can't be used.
    pub fn webhook(&self) -> Result<Option<Webhook>, InvalidOptions> {
        let [url, secret] = [&self.webhook_url, &self.webhook_secret]
            .map(|option| option.as_deref().filter(|text| !text.is_empty()));
        match (url, secret) {
            (None, None) => Ok(None),
            (Some(url), Some(secret)) => {
                let url: WebhookUrl = url.parse()?;
                let secret: SigningSecret = secret.parse()?;
                Ok(Some(Webhook::new(url, secret)?))
            }
            (Some(_), None) => Err(InvalidOptions::NoSecret),
            (None, Some(_)) => Err(InvalidOptions::NoUrl),
        }
    }
}

#[cfg(test)]
mod tests {
    use gamification_app::Chain;

    use super::*;

    #[test]
    fn a_webhook_needs_an_address_and_a_secret_or_is_none() {
        const URL: &str = "https://platform.example/hooks";
        const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let webhook = |url: &str, secret: &str| {
            let (webhook_url, webhook_secret) = (Some(url.to_owned()), Some(secret.to_owned()));
            WebhookOptions { webhook_url, webhook_secret }.webhook()
        };
        let mistake = |url: &str, secret: &str| Chain(&webhook(url, secret).unwrap_err()).to_string();
        assert!(webhook("", "").unwrap().is_none());
        assert!(webhook(URL, SECRET).unwrap().is_some());
        assert_eq!(
            mistake(URL, ""),
            "GAMIFICATION_WEBHOOK_SECRET must be set when GAMIFICATION_WEBHOOK_URL is"
        );
        assert_eq!(
            mistake("", SECRET),
            "GAMIFICATION_WEBHOOK_URL must be set when GAMIFICATION_WEBHOOK_SECRET is"
        );
        assert!(mistake("nonsense", SECRET).starts_with("GAMIFICATION_WEBHOOK_URL is not usable: "));
        assert!(mistake(URL, "hunter2").starts_with("GAMIFICATION_WEBHOOK_SECRET is not usable: "));
    }
}
