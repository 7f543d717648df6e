//! What goes into and comes out of a statement, the same on both databases.

use crate::error::StoreError;

/// An argument or a column: the four types both databases share. Booleans are 0 or 1, times are milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// SQL null of any type.
    Null,
    /// A 64-bit integer.
    Int(i64),
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// Refuses what PostgreSQL could not keep, on both databases.
///
/// # Errors
/// [`StoreError::Nul`].
pub(crate) fn check(args: &[Value]) -> Result<(), StoreError> {
    let has_nul = |value: &Value| matches!(value, Value::Text(text) if text.as_bytes().contains(&0));
    if args.iter().any(has_nul) { Err(StoreError::Nul) } else { Ok(()) }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Int(i64::from(value))
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<&String> for Value {
    fn from(value: &String) -> Self {
        Self::Text(value.clone())
    }
}

impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Self {
        Self::Bytes(value)
    }
}

impl From<&[u8]> for Value {
    fn from(value: &[u8]) -> Self {
        Self::Bytes(value.to_vec())
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

macro_rules! from_identifier {
    ($($name:ty),*) => {
        $(impl From<&$name> for Value {
            fn from(value: &$name) -> Self {
                Self::Text(value.to_string())
            }
        })*
    };
}

from_identifier!(
    model::id::OwnedUserId,
    model::id::UserId,
    model::id::OwnedRoomId,
    model::id::RoomId,
    model::id::OwnedEventId,
    model::id::EventId,
    model::id::OwnedDeviceId,
    model::id::DeviceId
);

impl From<model::clock::Timestamp> for Value {
    fn from(value: model::clock::Timestamp) -> Self {
        Self::Int(value.0)
    }
}

/// A bound on rows as an argument.
pub(crate) fn rows(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// The arguments of a statement: `args![user, pos, "text", None::<i64>]`.
#[macro_export]
macro_rules! args {
    ($($value:expr),* $(,)?) => { &[$($crate::Value::from($value)),*] };
}

/// One row of an answer; columns are read by place, as in the statement's `select`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row(pub(crate) Vec<Value>);

impl Row {
    /// The integer in column `index`.
    ///
    /// # Errors
    /// When the column is missing, null or of another type: the statement and its reader disagree.
    pub fn int(&self, index: usize) -> Result<i64, StoreError> {
        match self.0.get(index) {
            Some(Value::Int(value)) => Ok(*value),
            other => Err(StoreError::column(index, "integer", other)),
        }
    }

    /// The integer in column `index`, or `None` for null.
    ///
    /// # Errors
    /// As [`Row::int`], except for null.
    pub fn int_or_null(&self, index: usize) -> Result<Option<i64>, StoreError> {
        match self.0.get(index) {
            Some(Value::Null) => Ok(None),
            _ => self.int(index).map(Some),
        }
    }

    /// Whether the integer in column `index` is not 0.
    ///
    /// # Errors
    /// As [`Row::int`].
    pub fn flag(&self, index: usize) -> Result<bool, StoreError> {
        self.int(index).map(|value| value != 0)
    }

    /// The text in column `index`.
    ///
    /// # Errors
    /// When the column is missing, null or of another type.
    pub fn text(&self, index: usize) -> Result<&str, StoreError> {
        match self.0.get(index) {
            Some(Value::Text(value)) => Ok(value),
            other => Err(StoreError::column(index, "text", other)),
        }
    }

    /// The text in column `index`, or `None` for null.
    ///
    /// # Errors
    /// As [`Row::text`], except for null.
    pub fn text_or_null(&self, index: usize) -> Result<Option<&str>, StoreError> {
        match self.0.get(index) {
            Some(Value::Null) => Ok(None),
            _ => self.text(index).map(Some),
        }
    }

    /// The bytes in column `index`.
    ///
    /// # Errors
    /// When the column is missing, null or of another type.
    pub fn bytes(&self, index: usize) -> Result<&[u8], StoreError> {
        match self.0.get(index) {
            Some(Value::Bytes(value)) => Ok(value),
            other => Err(StoreError::column(index, "bytes", other)),
        }
    }

    /// The text in column `index`, parsed as an identifier, name or number.
    ///
    /// # Errors
    /// When it is not text, or not of the wanted form: the database holds what nobody wrote.
    pub fn parse<T>(&self, index: usize) -> Result<T, StoreError>
    where
        T: for<'a> TryFrom<&'a str>,
    {
        T::try_from(self.text(index)?).map_err(|_| StoreError::column(index, std::any::type_name::<T>(), self.0.get(index)))
    }

    /// The JSON in column `index`.
    ///
    /// # Errors
    /// When it is not text, or does not have the wanted form.
    pub fn json<T: serde::de::DeserializeOwned>(&self, index: usize) -> Result<T, StoreError> {
        serde_json::from_str(self.text(index)?).map_err(|_| StoreError::column(index, std::any::type_name::<T>(), self.0.get(index)))
    }

    /// As [`Row::take_text`], or `None` for null.
    ///
    /// # Errors
    /// As [`Row::text`], except for null.
    pub fn take_text_or_null(&mut self, index: usize) -> Result<Option<String>, StoreError> {
        match self.0.get(index) {
            Some(Value::Null) => Ok(None),
            _ => self.take_text(index).map(Some),
        }
    }

    /// Takes the text out of column `index` without copying it.
    ///
    /// # Errors
    /// As [`Row::text`].
    pub fn take_text(&mut self, index: usize) -> Result<String, StoreError> {
        match self.0.get_mut(index) {
            Some(Value::Text(value)) => Ok(std::mem::take(value)),
            other => Err(StoreError::column(index, "text", other.as_deref())),
        }
    }
}
