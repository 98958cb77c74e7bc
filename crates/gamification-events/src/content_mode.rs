//! The content modes of CloudEvents: how a message holds events.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// The media type of an event in structured form.
pub const STRUCTURED_EVENT: &str = "application/cloudevents+json";

/// The media type of a batch of events, each in structured form.
pub const EVENT_BATCH: &str = "application/cloudevents-batch+json";

/// The media type of an event's `data`, where its attributes are in headers.
pub const EVENT_DATA: &str = "application/json";

/// How a message holds events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentMode {
    /// One event, attributes and data in one JSON object.
    Structured,
    /// Several events, in a JSON list of such objects.
    Batched,
    /// One event: its data are the payload, and its attributes are in what the transport calls headers.
    Binary,
}

impl ContentMode {
    /// The mode of a message; `None` when it holds no events that are understood here.
    ///
    /// `media_type` is without parameters and in lower case, empty where the message says none; `has_specversion` tells
    /// whether the headers have this attribute.
    #[must_use]
    pub fn of(media_type: &str, has_specversion: bool) -> Option<Self> {
        match media_type {
            STRUCTURED_EVENT => Some(Self::Structured),
            EVENT_BATCH => Some(Self::Batched),
            "" | EVENT_DATA if has_specversion => Some(Self::Binary),
            _ => None,
        }
    }
}

/// The value of an attribute in a header, where CloudEvents prescribes percent-encoding; `None` when it is not
/// UTF-8.
#[must_use]
pub fn decode_attribute(header: &str) -> Option<Cow<'_, str>> {
    percent_decode_str(header).decode_utf8().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_media_type_tells_the_mode_and_attributes_beside_plain_json_are_binary() {
        for has_specversion in [false, true] {
            assert_eq!(ContentMode::of(STRUCTURED_EVENT, has_specversion), Some(ContentMode::Structured));
            assert_eq!(ContentMode::of(EVENT_BATCH, has_specversion), Some(ContentMode::Batched));
            for other in ["text/plain", "application/cloudevents+avro", "application/cloudevents"] {
                assert_eq!(ContentMode::of(other, has_specversion), None, "{other}");
            }
        }
        for plain in [EVENT_DATA, ""] {
            assert_eq!(ContentMode::of(plain, true), Some(ContentMode::Binary), "{plain}");
            assert_eq!(ContentMode::of(plain, false), None, "{plain}");
        }
    }

    #[test]
    fn an_attribute_in_a_header_is_percent_encoded_utf_8() {
        assert_eq!(decode_attribute("plain").as_deref(), Some("plain"));
        assert_eq!(decode_attribute("Z%C3%BCrich%20100%").as_deref(), Some("Zürich 100%"));
        assert_eq!(decode_attribute("%FF"), None);
    }
}
