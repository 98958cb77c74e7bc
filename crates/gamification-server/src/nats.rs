//! NATS JetStream, configured: the connection, where events come from, and what they are published under.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use clap::Args;
use gamification_nats::{Authentication, ConnectionSettings, ConsumerSettings, Nats, Subject, Tls};

use crate::config::{given, given_path};

/// What configures NATS, as it was given.
#[derive(Clone, Debug, Default, Args)]
pub struct NatsOptions {
    /// NATS servers, as nats:// or tls:// addresses with commas between them [default: none]
    #[arg(long, env = "GAMIFICATION_NATS_URL", hide_env_values = true, global = true, value_name = "URL")]
    pub nats_url: Option<String>,
    /// Credentials file: a JWT and the seed of its key
    #[arg(long, env = "GAMIFICATION_NATS_CREDS_FILE", global = true, value_name = "FILE")]
    pub nats_creds_file: Option<PathBuf>,
    /// File with the seed of an nkey
    #[arg(long, env = "GAMIFICATION_NATS_NKEY_FILE", global = true, value_name = "FILE")]
    pub nats_nkey_file: Option<PathBuf>,
    /// Certificates in PEM of the authority of NATS [default: those this machine trusts]
    #[arg(long, env = "GAMIFICATION_NATS_CA_FILE", global = true, value_name = "FILE")]
    pub nats_ca_file: Option<PathBuf>,
    /// Our certificate for NATS in PEM
    #[arg(long, env = "GAMIFICATION_NATS_CERT_FILE", global = true, value_name = "FILE")]
    pub nats_cert_file: Option<PathBuf>,
    /// The key of that certificate in PEM
    #[arg(long, env = "GAMIFICATION_NATS_KEY_FILE", global = true, value_name = "FILE")]
    pub nats_key_file: Option<PathBuf>,
    /// Stream that events come in from [default: none]
    #[arg(long, env = "GAMIFICATION_NATS_STREAM", global = true, value_name = "STREAM")]
    pub nats_stream: Option<String>,
    /// Durable pull consumer of that stream
    #[arg(long, env = "GAMIFICATION_NATS_CONSUMER", global = true, value_name = "CONSUMER")]
    pub nats_consumer: Option<String>,
    /// Subject that events are published under which can't be recorded
    #[arg(long, env = "GAMIFICATION_NATS_DEAD_LETTER_SUBJECT", global = true, value_name = "SUBJECT")]
    pub nats_dead_letter_subject: Option<String>,
    /// Publish outgoing events under this, the community and their type [default: nowhere]
    #[arg(long, env = "GAMIFICATION_NATS_PUBLISH_PREFIX", global = true, value_name = "SUBJECT")]
    pub nats_publish_prefix: Option<String>,
}

/// NATS, as it is configured.
#[derive(Debug)]
pub struct NatsParts {
    /// The connection that all share.
    pub connection: Nats,
    /// Where events come in from, if they do.
    pub consumer: Option<ConsumerSettings>,
    /// What outgoing events are published under, if they are.
    pub publish_prefix: Option<Subject>,
}

impl NatsOptions {
    /// Reads and checks all of it; nothing is sent yet. `None` when NATS is not configured.
    ///
    /// # Errors
    /// When something is there without what it needs, or can't be used.
    pub fn parts(&self) -> Result<Option<NatsParts>> {
        let consumer = self.consumer()?;
        let publish_prefix = given(self.nats_publish_prefix.as_deref()).map(str::parse).transpose();
        let publish_prefix = publish_prefix.context("GAMIFICATION_NATS_PUBLISH_PREFIX is not usable")?;
        let is_used = consumer.is_some() || publish_prefix.is_some();
        match (given(self.nats_url.as_deref()), is_used) {
            (Some(url), true) => {
                let connection = Nats::new(self.connection(url)?);
                Ok(Some(NatsParts { connection, consumer, publish_prefix }))
            }
            (Some(_), false) => bail!(
                "GAMIFICATION_NATS_URL is set: so must GAMIFICATION_NATS_STREAM be, or GAMIFICATION_NATS_PUBLISH_PREFIX"
            ),
            (None, true) => bail!("GAMIFICATION_NATS_URL must be set when events come from NATS or go there"),
            (None, false) => Ok(None),
        }
    }

    fn connection(&self, url: &str) -> Result<ConnectionSettings> {
        let settings = ConnectionSettings::new(url).context("GAMIFICATION_NATS_URL is not usable")?;
        let (creds, nkey) =
            (given_path(self.nats_creds_file.as_ref()), given_path(self.nats_nkey_file.as_ref()));
        let (variable, authentication) = match (creds, nkey) {
            (None, None) => ("GAMIFICATION_NATS_URL", Authentication::Url),
            (Some(file), None) => {
                let variable = "GAMIFICATION_NATS_CREDS_FILE";
                (variable, Authentication::Credentials(read(variable, file)?))
            }
            (None, Some(file)) => {
                let variable = "GAMIFICATION_NATS_NKEY_FILE";
                (variable, Authentication::Nkey(read(variable, file)?))
            }
            (Some(_), Some(_)) => {
                bail!("only one of GAMIFICATION_NATS_CREDS_FILE and GAMIFICATION_NATS_NKEY_FILE may be set")
            }
        };
        let settings =
            settings.authenticated(authentication).with_context(|| format!("{variable} is not usable"))?;
        Ok(settings.secured(self.tls()?))
    }

    fn tls(&self) -> Result<Tls> {
        let readable = |variable: &'static str, file: Option<&PathBuf>| {
            let file = given_path(file).map(Path::to_owned);
            file.map(|file| read(variable, &file).map(|_| file)).transpose()
        };
        let ca_file = readable("GAMIFICATION_NATS_CA_FILE", self.nats_ca_file.as_ref())?;
        let certificate = readable("GAMIFICATION_NATS_CERT_FILE", self.nats_cert_file.as_ref())?;
        let key = readable("GAMIFICATION_NATS_KEY_FILE", self.nats_key_file.as_ref())?;
        if certificate.is_some() != key.is_some() {
            bail!("GAMIFICATION_NATS_CERT_FILE and GAMIFICATION_NATS_KEY_FILE must be set together");
        }
        Ok(Tls { ca_file, identity: certificate.zip(key) })
    }

    fn consumer(&self) -> Result<Option<ConsumerSettings>> {
        let parts = [&self.nats_stream, &self.nats_consumer, &self.nats_dead_letter_subject];
        match parts.map(|part| given(part.as_deref())) {
            [None, None, None] => Ok(None),
            [Some(stream), Some(consumer), Some(dead_letter)] => {
                for (variable, name) in
                    [("GAMIFICATION_NATS_STREAM", stream), ("GAMIFICATION_NATS_CONSUMER", consumer)]
                {
                    // As JetStream has it; a name is a token of subjects.
                    if name.contains(|letter: char| letter.is_whitespace() || ".*>/\\".contains(letter)) {
                        bail!("{variable} is not usable: a name has no spaces, dots, slashes, * and >");
                    }
                }
                let dead_letter =
                    dead_letter.parse().context("GAMIFICATION_NATS_DEAD_LETTER_SUBJECT is not usable")?;
                let (stream, consumer) = (stream.to_owned(), consumer.to_owned());
                Ok(Some(ConsumerSettings { stream, consumer, dead_letter }))
            }
            _ => bail!(
                "GAMIFICATION_NATS_STREAM, GAMIFICATION_NATS_CONSUMER and GAMIFICATION_NATS_DEAD_LETTER_SUBJECT must be \
                 set together"
            ),
        }
    }
}

fn read(variable: &str, file: &Path) -> Result<String> {
    fs::read_to_string(file)
        .with_context(|| format!("{variable} is not usable: {} can't be read", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(change: impl FnOnce(&mut NatsOptions)) -> NatsOptions {
        let mut options = NatsOptions::default();
        change(&mut options);
        options
    }

    fn mistake(change: impl FnOnce(&mut NatsOptions)) -> String {
        format!("{:#}", options(change).parts().unwrap_err())
    }

    fn sound(options: &mut NatsOptions) {
        options.nats_url = Some("nats://broker:4222".to_owned());
        options.nats_stream = Some("FEED".to_owned());
        options.nats_consumer = Some("points".to_owned());
        options.nats_dead_letter_subject = Some("feed-dead".to_owned());
    }

    #[test]
    fn events_come_in_or_go_out_or_both_or_nats_is_not_used() {
        assert!(NatsOptions::default().parts().unwrap().is_none());
        let incoming = options(sound).parts().unwrap().unwrap();
        assert!(incoming.consumer.is_some() && incoming.publish_prefix.is_none());
        let outgoing = options(|options| {
            options.nats_url = Some("nats://broker".to_owned());
            options.nats_publish_prefix = Some("gamification".to_owned());
            options.nats_stream = Some(String::new());
        });
        let outgoing = outgoing.parts().unwrap().unwrap();
        assert!(outgoing.consumer.is_none() && outgoing.publish_prefix.is_some());
    }

    #[test]
    fn what_is_incomplete_or_can_t_be_used_is_one_sentence_that_names_the_variable() {
        let url_alone = mistake(|options| options.nats_url = Some("nats://broker".to_owned()));
        assert!(url_alone.starts_with("GAMIFICATION_NATS_URL is set: so must "), "{url_alone}");
        let without_url = |options: &mut NatsOptions| {
            sound(options);
            options.nats_url = None;
        };
        assert_eq!(
            mistake(without_url),
            "GAMIFICATION_NATS_URL must be set when events come from NATS or go there"
        );
        let half = mistake(|options| {
            sound(options);
            options.nats_dead_letter_subject = None;
        });
        assert!(half.ends_with("must be set together"), "{half}");
        let after_sound = |change: fn(&mut NatsOptions)| {
            mistake(|options| {
                sound(options);
                change(options);
            })
        };
        for (change, beginning) in [
            (
                (|options| options.nats_url = Some("https://broker".to_owned())) as fn(&mut NatsOptions),
                "GAMIFICATION_NATS_URL is not usable: it must be nats:// or tls://",
            ),
            (
                |options| options.nats_stream = Some("a b".to_owned()),
                "GAMIFICATION_NATS_STREAM is not usable: ",
            ),
            (
                |options| options.nats_dead_letter_subject = Some("dead.>".to_owned()),
                "GAMIFICATION_NATS_DEAD_LETTER_SUBJECT is not usable: it must be tokens",
            ),
            (
                |options| options.nats_publish_prefix = Some("a..b".to_owned()),
                "GAMIFICATION_NATS_PUBLISH_PREFIX is not usable: it must be tokens",
            ),
            (
                |options| options.nats_creds_file = Some("/nowhere".into()),
                "GAMIFICATION_NATS_CREDS_FILE is not usable: /nowhere can't be read",
            ),
            (
                |options| {
                    options.nats_nkey_file = Some(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml").into());
                },
                "GAMIFICATION_NATS_NKEY_FILE is not usable: it holds no seed",
            ),
            (
                |options| {
                    options.nats_cert_file = Some(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml").into());
                },
                "GAMIFICATION_NATS_CERT_FILE and GAMIFICATION_NATS_KEY_FILE must be set together",
            ),
        ] {
            let mistake = after_sound(change);
            assert!(mistake.starts_with(beginning), "{mistake}");
        }
    }
}
