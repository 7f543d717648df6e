//! The bodies of the fuzz targets: each takes any bytes and panics when a promise does not hold.

use model::conversation::{Conversation, Mode, Terms};
use model::json::parse_object;
use model::limits;
use ruma::api::client::filter::FilterDefinition;

/// Strict JSON: what is accepted survives a round trip, in canonical form.
pub fn json(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(object) = parse_object(text) else { return };
    let canonical = serde_json::to_string(&object).expect("canonical JSON is JSON");
    assert_eq!(parse_object(&canonical).as_ref(), Ok(&object), "accepted JSON is accepted again");
}

/// The text of a body: bounded in parts, and every part comes from the content.
pub fn body(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(object) = parse_object(text) else { return };
    let terms = Terms { mode: Mode::Readable, policy: "fuzz@1".into(), tenant: "fuzz".into(), retention: "standard".into() };
    let Conversation::Readable(readable) = Conversation::from_terms(terms) else { unreachable!("the mode asked for") };
    for kind in ["m.room.message", "m.poll.start", "org.example.unknown"] {
        let body = readable.admit(kind, &object);
        assert!(body.parts().len() <= limits::SCAN_PARTS, "the number of parts is bounded");
        assert!(body.parts().iter().all(|part| !part.text().is_empty()), "a part has text");
    }
}

/// Filters: any JSON is understood or refused, and what is understood can be written again.
pub fn filter(bytes: &[u8]) {
    let Ok(filter) = serde_json::from_slice::<FilterDefinition>(bytes) else { return };
    serde_json::to_string(&filter).expect("a filter is JSON");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// JSON that is nearly what Matrix sends: nested, with the keys the extractor looks at.
    fn near_json() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            Just("null".to_owned()),
            any::<i64>().prop_map(|number| number.to_string()),
            any::<f64>().prop_map(|number| number.to_string()),
            any::<String>().prop_map(|text| serde_json::to_string(&text).expect("a string is JSON")),
            Just("\"<b>a</b> &amp; <br>\"".to_owned()),
        ];
        let key = prop_oneof![
            Just("body"),
            Just("formatted_body"),
            Just("m.new_content"),
            Just("room"),
            Just("timeline"),
            Just("limit"),
            Just("url"),
        ];
        leaf.prop_recursive(70, 400, 4, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(","))),
                prop::collection::vec((key.clone(), inner), 0..5).prop_map(|fields| {
                    let fields: Vec<String> = fields.into_iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
                    format!("{{{}}}", fields.join(","))
                }),
            ]
        })
    }

    proptest! {
        #[test]
        fn targets_hold_on_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            json(&bytes);
            body(&bytes);
            filter(&bytes);
        }

        #[test]
        fn targets_hold_on_what_is_nearly_matrix(text in near_json()) {
            json(text.as_bytes());
            body(text.as_bytes());
            filter(text.as_bytes());
        }
    }
}
