//! Strict JSON: what Matrix calls canonical JSON, read from hostile bytes.

use std::fmt;

use js_int::Int;
use ruma::{CanonicalJsonObject, CanonicalJsonValue};
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use crate::limits;

/// Why a text is not acceptable as event content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// The text is not JSON at all (`M_NOT_JSON`).
    #[error("not JSON: {0}")]
    NotJson(String),
    /// JSON, but not what Matrix allows in an event: floats, huge integers, duplicate keys, too deep (`M_BAD_JSON`).
    #[error("{0}")]
    BadJson(String),
}

/// Reads one JSON object by the rules of canonical JSON (spec appendix "Canonical JSON"): integers
/// within ±(2^53-1) and no floats, no key twice, nesting up to [`limits::JSON_DEPTH`].
///
/// # Errors
/// [`JsonError::NotJson`] for text that does not parse, [`JsonError::BadJson`] for the rest.
pub fn parse_object(text: &str) -> Result<CanonicalJsonObject, JsonError> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = Strict { depth: 0 }.deserialize(&mut deserializer).map_err(|error| explain(&error))?;
    deserializer.end().map_err(|error| explain(&error))?;
    match value {
        CanonicalJsonValue::Object(object) => Ok(object),
        _ => Err(JsonError::BadJson("expected an object".to_owned())),
    }
}

/// How deep the arrays and objects of a JSON text are nested. The text must be JSON; it is only counted here.
pub fn nesting(text: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut in_string, mut escaped) = (false, false);
    for byte in text.bytes() {
        if in_string {
            in_string = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

fn explain(error: &serde_json::Error) -> JsonError {
    match error.classify() {
        serde_json::error::Category::Data => JsonError::BadJson(error.to_string()),
        _ => JsonError::NotJson(error.to_string()),
    }
}

#[derive(Clone, Copy)]
struct Strict {
    depth: usize,
}

impl Strict {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth >= limits::JSON_DEPTH {
            return Err(E::custom(format_args!("nested more than {} levels", limits::JSON_DEPTH)));
        }
        Ok(Self { depth: self.depth + 1 })
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = CanonicalJsonValue;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = CanonicalJsonValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("canonical JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(CanonicalJsonValue::Bool(value))
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Self::Value, E> {
        Int::try_from(value).map(CanonicalJsonValue::Integer).map_err(|_| E::custom("integers must lie within ±(2^53-1)"))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Self::Value, E> {
        Int::try_from(value).map(CanonicalJsonValue::Integer).map_err(|_| E::custom("integers must lie within ±(2^53-1)"))
    }

    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<Self::Value, E> {
        Err(E::custom("numbers with a fraction or exponent are not allowed in events"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        Ok(CanonicalJsonValue::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Self::Value, E> {
        Ok(CanonicalJsonValue::String(value))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(CanonicalJsonValue::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let deeper = self.deeper()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(deeper)? {
            list.push(item);
        }
        Ok(CanonicalJsonValue::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self::Value, A::Error> {
        let deeper = self.deeper()?;
        let mut object = CanonicalJsonObject::new();
        while let Some(key) = fields.next_key::<String>()? {
            let value = fields.next_value_seed(deeper)?;
            if object.insert(key, value).is_some() {
                return Err(A::Error::custom("a key appears twice in an object"));
            }
        }
        Ok(CanonicalJsonValue::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nesting_is_counted_outside_of_strings() {
        for (text, depth) in [("1", 0), ("{}", 1), ("[[],{\"a\":[1]}]", 3), (r#"{"[[[":"]}{{\\"}"#, 1), (r#"{"a\"[[":[],"b\\":[{}]}"#, 3)] {
            assert_eq!(nesting(text), depth, "{text}");
        }
    }

    #[test]
    fn floats_duplicates_depth_and_huge_integers_are_bad_json() {
        for text in [r#"{"a":1.5}"#, r#"{"a":1e3}"#, r#"{"a":1,"a":2}"#, r#"{"a":9007199254740992}"#, r#"{"b":{"a":1,"a":1}}"#, "[1]", "3"]
        {
            assert!(matches!(parse_object(text), Err(JsonError::BadJson(_))), "{text}");
        }
        let deep = format!("{}1{}", r#"{"a":"#.repeat(70), "}".repeat(70));
        assert!(matches!(parse_object(&deep), Err(JsonError::BadJson(_))));
    }

    #[test]
    fn text_that_does_not_parse_is_not_json() {
        for text in ["", "{", r#"{"a":}"#, r#"{"a":"\ud800"}"#, "{} {}", r#"{"a":NaN}"#] {
            assert!(matches!(parse_object(text), Err(JsonError::NotJson(_))), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_gives_an_answer(text in "\\PC*") {
            let _ = parse_object(&text);
        }

        #[test]
        fn what_is_accepted_survives_a_round_trip(keys in proptest::collection::btree_map("[a-z]{1,4}", -9_007_199_254_740_991_i64..=9_007_199_254_740_991, 0..8)) {
            let text = serde_json::to_string(&keys).unwrap();
            let object = parse_object(&text).unwrap();
            prop_assert_eq!(serde_json::to_string(&object).unwrap(), text);
        }
    }
}
