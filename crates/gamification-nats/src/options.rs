//! What configures NATS on a command line or in the environment: each option is a variable too, and a mistake is a sentence
//! that names it.

use std::{
    error::Error,
    fs, io,
    path::{Path, PathBuf},
};

use clap::Args;

use crate::{
    Authentication, ConnectionSettings, ConsumerSettings, InvalidSettings, InvalidSubject, Nats, NatsParts,
    Subject, Tls,
};

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

/// Why options can't be used.
#[derive(Debug, thiserror::Error)]
pub enum InvalidOptions {
    /// There is a URL, and neither a stream nor a prefix.
    #[error(
        "GAMIFICATION_NATS_URL is set: so must GAMIFICATION_NATS_STREAM be, or GAMIFICATION_NATS_PUBLISH_PREFIX"
    )]
    UrlAlone,
    /// There is a stream or a prefix, and no URL.
    #[error("GAMIFICATION_NATS_URL must be set when events come from NATS or go there")]
    NoUrl,
    /// Some of what is one setting in several variables is missing.
    #[error("{0} must be set together")]
    Apart(&'static str),
    /// Two variables say who we are.
    #[error("only one of GAMIFICATION_NATS_CREDS_FILE and GAMIFICATION_NATS_NKEY_FILE may be set")]
    TwoIdentities,
    /// A variable has a value that can't be used.
    #[error("{variable} is not usable")]
    NotUsable {
        /// The name of the variable, as the environment has it.
        variable: &'static str,
        /// What is wrong with its value.
        #[source]
        mistake: Box<dyn Error + Send + Sync>,
    },
}

/// What is wrong with the value of one variable.
#[derive(Debug, thiserror::Error)]
enum Mistake {
    #[error("a name has no spaces, dots, slashes, * and >")]
    Name,
    #[error("{0} can't be read")]
    Unreadable(String, #[source] io::Error),
    #[error(transparent)]
    Subject(#[from] InvalidSubject),
    #[error(transparent)]
    Settings(#[from] InvalidSettings),
}

/// The same as an error that names the variable.
fn not_usable(variable: &'static str) -> impl Fn(Mistake) -> InvalidOptions {
    move |mistake| InvalidOptions::NotUsable { variable, mistake: mistake.into() }
}

impl NatsOptions {
    /// Reads and checks all of it; nothing is sent yet. `None` when NATS is not configured.
    ///
    /// # Errors
    /// [`InvalidOptions`], when something is there without what it needs, or can't be used.
    pub fn parts(&self) -> Result<Option<NatsParts>, InvalidOptions> {
        let consumer = self.consumer()?;
        let publish_prefix = given(self.nats_publish_prefix.as_ref())
            .map(|prefix| subject("GAMIFICATION_NATS_PUBLISH_PREFIX", prefix))
            .transpose()?;
        let is_used = consumer.is_some() || publish_prefix.is_some();
        match (given(self.nats_url.as_ref()), is_used) {
            (Some(url), true) => {
                let connection = Nats::new(self.connection(url)?);
                Ok(Some(NatsParts { connection, consumer, publish_prefix }))
            }
            (Some(_), false) => Err(InvalidOptions::UrlAlone),
            (None, true) => Err(InvalidOptions::NoUrl),
            (None, false) => Ok(None),
        }
    }

    fn connection(&self, url: &str) -> Result<ConnectionSettings, InvalidOptions> {
        let of_url = not_usable("GAMIFICATION_NATS_URL");
        let settings = ConnectionSettings::new(url).map_err(|error| of_url(error.into()))?;
        let creds = readable("GAMIFICATION_NATS_CREDS_FILE", self.nats_creds_file.as_deref())?;
        let nkey = readable("GAMIFICATION_NATS_NKEY_FILE", self.nats_nkey_file.as_deref())?;
        let (variable, authentication) = match (creds, nkey) {
            (None, None) => ("GAMIFICATION_NATS_URL", Authentication::Url),
            (Some((_, text)), None) => ("GAMIFICATION_NATS_CREDS_FILE", Authentication::Credentials(text)),
            (None, Some((_, seed))) => ("GAMIFICATION_NATS_NKEY_FILE", Authentication::Nkey(seed)),
            (Some(_), Some(_)) => return Err(InvalidOptions::TwoIdentities),
        };
        let settings =
            settings.authenticated(authentication).map_err(|error| not_usable(variable)(error.into()))?;
        Ok(settings.secured(self.tls()?))
    }

    fn tls(&self) -> Result<Tls, InvalidOptions> {
        let file =
            |variable, file: &Option<PathBuf>| Ok(readable(variable, file.as_deref())?.map(|(file, _)| file));
        let ca_file = file("GAMIFICATION_NATS_CA_FILE", &self.nats_ca_file)?;
        let certificate = file("GAMIFICATION_NATS_CERT_FILE", &self.nats_cert_file)?;
        let key = file("GAMIFICATION_NATS_KEY_FILE", &self.nats_key_file)?;
        if certificate.is_some() != key.is_some() {
            return Err(InvalidOptions::Apart("GAMIFICATION_NATS_CERT_FILE and GAMIFICATION_NATS_KEY_FILE"));
        }
        Ok(Tls { ca_file, identity: certificate.zip(key) })
    }

    fn consumer(&self) -> Result<Option<ConsumerSettings>, InvalidOptions> {
        let parts = [&self.nats_stream, &self.nats_consumer, &self.nats_dead_letter_subject];
        match parts.map(|part| given(part.as_ref())) {
            [None, None, None] => Ok(None),
            [Some(stream), Some(consumer), Some(dead_letter)] => Ok(Some(ConsumerSettings {
                stream: name("GAMIFICATION_NATS_STREAM", stream)?,
                consumer: name("GAMIFICATION_NATS_CONSUMER", consumer)?,
                dead_letter: subject("GAMIFICATION_NATS_DEAD_LETTER_SUBJECT", dead_letter)?,
            })),
            _ => Err(InvalidOptions::Apart(
                "GAMIFICATION_NATS_STREAM, GAMIFICATION_NATS_CONSUMER and GAMIFICATION_NATS_DEAD_LETTER_SUBJECT",
            )),
        }
    }
}

/// An empty value is as good as none.
fn given(text: Option<&String>) -> Option<&str> {
    text.map(String::as_str).filter(|text| !text.is_empty())
}

/// A name of JetStream's; it is a token of subjects.
fn name(variable: &'static str, name: &str) -> Result<String, InvalidOptions> {
    if name.contains(|letter: char| letter.is_whitespace() || ".*>/\\".contains(letter)) {
        return Err(not_usable(variable)(Mistake::Name));
    }
    Ok(name.to_owned())
}

fn subject(variable: &'static str, subject: &str) -> Result<Subject, InvalidOptions> {
    subject.parse().map_err(|error: InvalidSubject| not_usable(variable)(error.into()))
}

/// A file that is given, and what it holds; an empty path is as good as none.
fn readable(
    variable: &'static str,
    file: Option<&Path>,
) -> Result<Option<(PathBuf, String)>, InvalidOptions> {
    let Some(file) = file.filter(|file| !file.as_os_str().is_empty()) else { return Ok(None) };
    let unreadable = |error| not_usable(variable)(Mistake::Unreadable(file.display().to_string(), error));
    Ok(Some((file.to_owned(), fs::read_to_string(file).map_err(unreadable)?)))
}

#[cfg(test)]
mod tests {
    use gamification_app::Chain;

    use super::*;

    fn options(change: impl FnOnce(&mut NatsOptions)) -> NatsOptions {
        let mut options = NatsOptions::default();
        change(&mut options);
        options
    }

    /// An error and its causes, as an operator reads them.
    fn mistake(change: impl FnOnce(&mut NatsOptions)) -> String {
        Chain(&options(change).parts().unwrap_err()).to_string()
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
