//! What requests are signed with.

use std::{fmt, ops::RangeInclusive, str::FromStr};

use gamification_app::jobs::DeliveryError;
use standardwebhooks::Webhook as Signer;

/// Keys of 24 to 64 bytes, as Standard Webhooks has them.
const KEY_LENGTH: RangeInclusive<usize> = 24..=64;

/// A secret that the receiver knows, too: `whsec_` and a key of 24 to 64 bytes in Base64. It never shows itself.
pub struct SigningSecret(Signer);

/// A text can't be a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it must be whsec_ and a key of 24 to 64 bytes in Base64")]
pub struct InvalidSigningSecret;

impl SigningSecret {
    pub(crate) fn sign(&self, id: &str, timestamp: i64, body: &str) -> Result<String, DeliveryError> {
        self.0.sign(id, timestamp, body.as_bytes()).map_err(|error| DeliveryError(error.to_string()))
    }
}

impl FromStr for SigningSecret {
    type Err = InvalidSigningSecret;

    fn from_str(text: &str) -> Result<Self, InvalidSigningSecret> {
        let key = text.strip_prefix("whsec_").ok_or(InvalidSigningSecret)?;
        // Three bytes are four letters, and the last ones may be padding.
        let length = key.trim_end_matches('=').len() * 3 / 4;
        if !KEY_LENGTH.contains(&length) {
            return Err(InvalidSigningSecret);
        }
        Signer::new(key).map(Self).map_err(|_| InvalidSigningSecret)
    }
}

impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningSecret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_has_the_form_and_the_length_of_the_standard() {
        let secret: SigningSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse().unwrap();
        assert_eq!(format!("{secret:?}"), "SigningSecret(…)");
        let of_length = |letters: usize| format!("whsec_{}", "A".repeat(letters)).parse::<SigningSecret>();
        // 24 and 63 bytes, and those beside them that fill groups of four letters.
        assert!(of_length(28).is_err() && of_length(32).is_ok());
        assert!(of_length(84).is_ok() && of_length(88).is_err());
        for wrong in [
            "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "whsec_c2hvcnQ=",
            "whsec_???????????????????????????????",
            "whsec_",
            "",
        ] {
            assert_eq!(wrong.parse::<SigningSecret>().err(), Some(InvalidSigningSecret), "{wrong}");
        }
    }
}
