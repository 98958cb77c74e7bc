//! JSONB columns with content of a known shape.

use std::io::Write;

use diesel::{
    deserialize::{self, FromSql, FromSqlRow},
    expression::AsExpression,
    pg::{Pg, PgValue},
    serialize::{self, IsNull, Output, ToSql},
    sql_types::Jsonb,
};
use serde::{Serialize, de::DeserializeOwned};

/// The only version that PostgreSQL's binary form of JSONB has.
const VERSION: u8 = 1;

/// What a JSONB column holds. Whether it was understood is asked for where its row is known, so that an error can name
/// the row.
#[derive(Debug, FromSqlRow, AsExpression)]
#[diesel(sql_type = Jsonb)]
pub(crate) struct Json<T: std::fmt::Debug>(Result<T, serde_json::Error>);

impl<T: std::fmt::Debug> Json<T> {
    /// Content of a JSONB column that is to be written.
    pub(crate) const fn new(content: T) -> Self {
        Self(Ok(content))
    }

    /// The content that was read, if it has the shape that was expected.
    pub(crate) fn understood(self) -> Result<T, serde_json::Error> {
        self.0
    }
}

impl Json<serde_json::Value> {
    /// The same content, where its row says which shape it has.
    pub(crate) fn typed<T: std::fmt::Debug + DeserializeOwned>(self) -> Json<T> {
        Json(self.0.and_then(serde_json::from_value))
    }
}

impl<T: std::fmt::Debug + Serialize> ToSql<Jsonb, Pg> for Json<T> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        let content = self.0.as_ref().map_err(ToString::to_string)?;
        out.write_all(&[VERSION])?;
        serde_json::to_writer(out, content)?;
        Ok(IsNull::No)
    }
}

impl<T: std::fmt::Debug + DeserializeOwned> FromSql<Jsonb, Pg> for Json<T> {
    fn from_sql(bytes: PgValue<'_>) -> deserialize::Result<Self> {
        match bytes.as_bytes() {
            [VERSION, content @ ..] => Ok(Self(serde_json::from_slice(content))),
            _ => Err("JSONB in a version that is not known".into()),
        }
    }
}
