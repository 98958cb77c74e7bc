//! Subjects that are published under.

use std::{fmt, str::FromStr};

/// A subject without wildcards, or the beginning of one: tokens with dots between them.
///
/// ```
/// use gamification_nats::Subject;
///
/// assert_eq!("gamification.out".parse::<Subject>()?.to_string(), "gamification.out");
/// assert!("gamification.>".parse::<Subject>().is_err());
/// # Ok::<(), gamification_nats::InvalidSubject>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject(String);

/// A text is no subject that can be published under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it must be tokens with dots between them, without spaces and without the wildcards * and >")]
pub struct InvalidSubject;

impl Subject {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Subject {
    type Err = InvalidSubject;

    fn from_str(text: &str) -> Result<Self, InvalidSubject> {
        let is_token = |token: &str| {
            !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic() && !b"*>".contains(&byte))
        };
        // What begins with $ belongs to the server.
        if text.split('.').all(is_token) && !text.starts_with('$') {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidSubject)
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_tokens_without_wildcards() {
        for good in ["dead", "gamification.dead", "a.b-c_d.E"] {
            assert_eq!(good.parse::<Subject>().unwrap().as_str(), good);
        }
        for bad in ["", ".", "a.", ".a", "a..b", "a b", "a.*", "a.>", "größe", "a\n", "$JS.API.INFO"] {
            assert_eq!(bad.parse::<Subject>(), Err(InvalidSubject), "{bad}");
        }
    }
}
