//! Where events are posted to.

use std::{fmt, str::FromStr};

use reqwest::Url;

/// The receiver's URL: `https` or `http`, with a host.
#[derive(Clone)]
pub struct WebhookUrl(Url);

/// A text can't be a receiver's URL.
#[derive(Debug, thiserror::Error)]
pub enum InvalidWebhookUrl {
    /// It is no URL at all.
    #[error("it is no URL")]
    Malformed(#[source] <Url as FromStr>::Err),
    /// It leads to no web server.
    #[error("it must start with https:// or http://")]
    NotHttp,
}

impl WebhookUrl {
    pub(crate) fn get(&self) -> Url {
        self.0.clone()
    }
}

impl FromStr for WebhookUrl {
    type Err = InvalidWebhookUrl;

    fn from_str(text: &str) -> Result<Self, InvalidWebhookUrl> {
        let url: Url = text.parse().map_err(InvalidWebhookUrl::Malformed)?;
        if matches!(url.scheme(), "http" | "https") && url.has_host() {
            Ok(Self(url))
        } else {
            Err(InvalidWebhookUrl::NotHttp)
        }
    }
}

/// Only the host: the rest may hold a secret.
impl fmt::Debug for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WebhookUrl({})", self.0.host_str().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_that_of_a_web_server() {
        let url: WebhookUrl = "https://key:secret@platform.example/hooks?token=secret".parse().unwrap();
        assert_eq!(format!("{url:?}"), "WebhookUrl(platform.example)");
        assert!("http://127.0.0.1:8080".parse::<WebhookUrl>().is_ok());
        for other in ["ftp://platform.example", "file:///etc/passwd", "mailto:ada@platform.example"] {
            assert!(matches!(other.parse::<WebhookUrl>(), Err(InvalidWebhookUrl::NotHttp)), "{other}");
        }
        for nonsense in ["", "nonsense", "https://", "https://:80"] {
            assert!(matches!(nonsense.parse::<WebhookUrl>(), Err(InvalidWebhookUrl::Malformed(_))));
        }
    }
}
