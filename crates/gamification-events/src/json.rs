//! JSON, as far as events are made of it.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    fmt,
};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};

/// A JSON value in an event. What no event has is checked and left out, so that it takes no memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Json {
    Null,
    Flag(bool),
    Text(String),
    WholeNumber(i64),
    Object(JsonObject),
    /// A list, or a number that is no `i64`.
    Other,
}

/// A JSON object that remembers whether a name occurs in it twice.
///
/// Most parsers keep the last of two values silently, some the first: two services would read two different facts from
/// one message. JSON itself leaves the meaning open ([RFC 8259](https://www.rfc-editor.org/rfc/rfc8259#section-4)).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct JsonObject {
    members: BTreeMap<String, Json>,
    repeated: Option<String>,
}

impl JsonObject {
    pub(crate) fn get(&self, name: &str) -> Option<&Json> {
        self.members.get(name)
    }

    /// Adds a value, or remembers that there is one of that name.
    pub(crate) fn insert(&mut self, name: String, value: Json) {
        match self.members.entry(name) {
            Entry::Vacant(free) => {
                free.insert(value);
            }
            Entry::Occupied(taken) => {
                self.repeated.get_or_insert_with(|| taken.key().clone());
            }
        }
    }

    /// Puts a value in the place of what has that name.
    pub(crate) fn replace(&mut self, name: &str, value: Json) {
        self.members.insert(name.to_owned(), value);
    }

    /// The first name that occurs twice.
    pub(crate) fn repeated(&self) -> Option<&str> {
        self.repeated.as_deref()
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Json, E> {
        Ok(Json::Flag(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Json, E> {
        Ok(Json::WholeNumber(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Json, E> {
        Ok(i64::try_from(number).map_or(Json::Other, Json::WholeNumber))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Json, E> {
        Ok(Json::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Json, A::Error> {
        // Not as `IgnoredAny`, which would follow a list to any depth.
        while list.next_element::<Json>()?.is_some() {}
        Ok(Json::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let mut object = JsonObject::default();
        while let Some((name, value)) = map.next_entry()? {
            object.insert(name, value);
        }
        Ok(Json::Object(object))
    }
}
