//! The fields of an event, read with their places.

use std::str::FromStr;

use gamification_app::{EventMistake, EventMistakeKind};

use crate::{
    json::{Json, JsonObject},
    mistake::mistake,
};

/// A JSON object in which each name occurs once, and its place in the event.
pub(crate) struct Fields<'a> {
    object: &'a JsonObject,
    path: &'a [&'a str],
}

impl<'a> Fields<'a> {
    /// # Errors
    /// When a name occurs in the object twice: which value is meant can't be known.
    pub(crate) fn new(object: &'a JsonObject, path: &'a [&'a str]) -> Result<Self, EventMistake> {
        let fields = Self { object, path };
        match object.repeated() {
            None => Ok(fields),
            Some(name) if is_plain(name) => {
                Err(fields.mistake_of(EventMistakeKind::Repeated, name, "is there twice"))
            }
            Some(_) => Err(mistake(EventMistakeKind::Repeated, path, "has a name twice")),
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&'a Json> {
        self.object.get(name)
    }

    /// A text that must be there, and not be empty.
    pub(crate) fn text(&self, name: &str) -> Result<&'a str, EventMistake> {
        match self.get(name) {
            None | Some(Json::Null) => Err(self.missing(name)),
            Some(Json::Text(text)) if text.is_empty() => Err(self.mistake(name, "must not be empty")),
            Some(Json::Text(text)) => Ok(text),
            Some(Json::Flag(_) | Json::WholeNumber(_) | Json::Object(_) | Json::Other) => {
                Err(self.mistake(name, "must be text"))
            }
        }
    }

    pub(crate) fn parsed<T, E: ToString>(
        &self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<T, EventMistake> {
        parse(self.text(name)?).map_err(|error| self.mistake(name, &error.to_string()))
    }

    pub(crate) fn id<T: FromStr>(&self, name: &str) -> Result<T, EventMistake> {
        self.parsed(name, parse_id)
    }

    /// An id that may be left out, or be `null`.
    pub(crate) fn optional_id<T: FromStr>(&self, name: &str) -> Result<Option<T>, EventMistake> {
        self.optional(name, parse_id)
    }

    /// A text that may be left out, or be `null`.
    pub(crate) fn optional<T, E: ToString>(
        &self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<Option<T>, EventMistake> {
        match self.get(name) {
            None | Some(Json::Null) => Ok(None),
            Some(_) => self.parsed(name, parse).map(Some),
        }
    }

    /// A whole number that must be there.
    pub(crate) fn whole_number(&self, name: &str) -> Result<i64, EventMistake> {
        match self.get(name) {
            None | Some(Json::Null) => Err(self.missing(name)),
            Some(Json::WholeNumber(number)) => Ok(*number),
            Some(Json::Flag(_) | Json::Text(_) | Json::Object(_) | Json::Other) => {
                Err(self.mistake(name, "must be a whole number"))
            }
        }
    }

    /// `true` or `false`, which may be left out, or be `null`.
    pub(crate) fn optional_flag(&self, name: &str) -> Result<Option<bool>, EventMistake> {
        match self.get(name) {
            None | Some(Json::Null) => Ok(None),
            Some(Json::Flag(flag)) => Ok(Some(*flag)),
            Some(Json::Text(_) | Json::WholeNumber(_) | Json::Object(_) | Json::Other) => {
                Err(self.mistake(name, "must be true or false"))
            }
        }
    }

    /// A field that must be there is not.
    pub(crate) fn missing(&self, name: &str) -> EventMistake {
        self.mistake_of(EventMistakeKind::Missing, name, "is missing")
    }

    /// A field has the wrong type or form.
    pub(crate) fn mistake(&self, name: &str, problem: &str) -> EventMistake {
        self.mistake_of(EventMistakeKind::Invalid, name, problem)
    }

    fn mistake_of(&self, kind: EventMistakeKind, name: &str, problem: &str) -> EventMistake {
        let path: Vec<&str> = self.path.iter().copied().chain([name]).collect();
        mistake(kind, &path, problem)
    }
}

/// Whether a name may be repeated to people, perhaps on a terminal: all that are read here are so.
fn is_plain(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn parse_id<T: FromStr>(text: &str) -> Result<T, &'static str> {
    text.parse().map_err(|_| "must be a UUID")
}
