//! The scanner from outside: recall over every class of evasion, silence on ordinary talk, seams, hostile text.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod evasion;

use model::body::PlainBody;
use model::clock::Timestamp;
use proptest::prelude::*;
use scan::{Key, Lexicon, Seam, scan};

const KEYS: [&str; 40] = [
    "kill yourself",
    "i will kill you",
    "send nudes",
    "worthless",
    "pathetic loser",
    "gift card",
    "bank details",
    "wire transfer",
    "idiot",
    "scumbag",
    "hurt you",
    "find where you live",
    "nobody likes you",
    "drink bleach",
    "claim your prize",
    "verify your account",
    "password",
    "hang yourself",
    "stupid",
    "disgusting",
    "shut up",
    "our little secret",
    "home alone",
    "dont tell your parents",
    "double your money",
    "investment opportunity",
    "strangle",
    "stab you",
    "break your neck",
    "you should die",
    "slit your wrists",
    "bitcoin wallet",
    "free money",
    "take off your clothes",
    "moron",
    "garbage human",
    "waste of space",
    "cut yourself",
    "better off dead",
    "burn your house",
];

fn lexicon(keys: &[&str]) -> Lexicon {
    Lexicon::build(keys.iter().map(|key| Key { term: "t".to_owned(), key: (*key).to_owned() })).unwrap()
}

fn hits(text: &str, lexicon: &Lexicon) -> Vec<String> {
    scan(&PlainBody::of_text(text), lexicon).hits.into_iter().map(|hit| hit.key).collect()
}

#[test]
fn offsets_are_those_of_the_original() {
    let lexicon = lexicon(&["kill yourself", "moron"]);
    let check = |text: &str, expected: &str| {
        let found = scan(&PlainBody::of_text(text), &lexicon);
        let hit = &found.hits[0];
        let shown: String = text.chars().skip(hit.start as usize).take((hit.end - hit.start) as usize).collect();
        assert_eq!(shown, expected, "{text}");
    };
    check("ok k1ll yourself now", "k1ll yourself");
    check("ça: K\u{200B}I\u{301}LL yourself", "K\u{200B}I\u{301}LL yourself");
    check("you 🅼🅾🆁🅾🅽!", "🅼🅾🆁🅾🅽");
    check("m o r o n", "m o r o n");
}

#[test]
fn text_split_over_messages_is_found_once_at_the_seam() {
    let lexicon = lexicon(&["kill yourself"]);
    let mut seam = Seam::default();
    let mut say = |text: &str, at: i64| seam.cross(&PlainBody::of_text(text), Timestamp(at), &lexicon).hits.len();
    assert_eq!(say("kill", 0), 0);
    assert_eq!(say("yourself", 1_000), 1);
    assert_eq!(say("yourself is a word", 2_000), 0);
    assert_eq!(say("go kill your", 3_000), 0);
    assert_eq!(say("self", 4_000), 1);
    assert_eq!(say("kill", 5_000), 0);
    assert_eq!(say("yourself", 9_000_000), 0);
}

#[test]
fn hostile_text_ends() {
    let lexicon = lexicon(&KEYS);
    for piece in ["kill ", "k i l l ", "a", "*", "!", "\u{301}", "yuorself ", "🇰", "kill.your.self."] {
        let text: String = piece.repeat(20_000 / piece.len());
        assert!(scan(&PlainBody::of_text(&text), &lexicon).hits.len() <= model::limits::SCAN_HITS, "{piece}");
    }
}

proptest! {
    #[test]
    fn any_text_gives_offsets_inside_it(text in "\\PC{0,60}") {
        static LEXICON: std::sync::LazyLock<Lexicon> = std::sync::LazyLock::new(|| lexicon(&KEYS));
        let chars = u32::try_from(text.chars().count()).unwrap();
        for hit in scan(&PlainBody::of_text(&text), &LEXICON).hits {
            prop_assert!(hit.start < hit.end && hit.end <= chars);
        }
    }
}

#[test]
fn many_hits_of_one_set_hide_none_of_another() {
    let key = |term: &str, key: &str| Key { term: term.to_owned(), key: key.to_owned() };
    let lexicon = Lexicon::build([key("noise", "garbage"), key("grave", "drink bleach")]).unwrap();
    let body = PlainBody::of_text(&("garbage ".repeat(500) + "drink bleach"));
    let findings = scan(&body, &lexicon);
    assert!(findings.has("grave") && findings.truncated && !findings.overrun);
    assert_eq!(findings.count("noise"), model::limits::SCAN_HITS);
}

#[test]
fn a_text_of_half_matches_is_said_to_have_ended_the_scan() {
    // each candidate is a run of look-alikes that spells the key nowhere
    let lexicon = lexicon(&["lilili"]);
    let findings = scan(&PlainBody::of_text(&"1i1i1i ".repeat(30_000)), &lexicon);
    assert!(findings.overrun || !findings.hits.is_empty());
}

#[test]
fn the_word_after_a_key_may_begin_with_its_last_letter() {
    let lexicon = lexicon(&["i will kill you", "moron"]);
    for text in ["i will kill you under the bridge", "i will kill you, u know", "moron nobody", "such a moron n that", "i will kill you uu"]
    {
        assert_eq!(hits(text, &lexicon).len(), 1, "{text}");
    }
}

#[test]
fn a_harmless_phrase_and_a_name_are_no_hits_but_the_word_alone_is() {
    let lexicon = lexicon(&["dick", "kill", "anal", "moby dick"]);
    for text in ["time to kill", "Her anal fissure healed", "Mr Dick Nolan called", "Dick van Dyke", "what a killing, spotted dick!"] {
        assert!(hits(text, &lexicon).is_empty(), "{text}");
    }
    for text in ["time to k1ll", "you dick", "Dick", "time to kill, kill them", "moby dick"] {
        assert_eq!(hits(text, &lexicon).len(), 1, "{text}");
    }
}

#[test]
fn fillers_are_left_out_only_between_the_words_of_a_key() {
    let lexicon = lexicon(&["kill yourself", "so what", "just die"]);
    for text in ["kill um yourself", "kill like totally yourself ok", "so like what", "just die", "just really die"] {
        assert_eq!(hits(text, &lexicon).len(), 1, "{text}");
    }
    for text in ["kill one yourself", "like yourself", "so, really, where"] {
        assert!(hits(text, &lexicon).is_empty(), "{text}");
    }
}

#[test]
fn other_scripts_are_read_by_looks_and_by_sound() {
    let lexicon = lexicon(&["idiot", "kill yourself", "gift card"]);
    for text in ["идиот", "ιδιοτ", "іԁіоt", "килл йоурселф", "🎁 💳", "gift 💳", "🔪 yourself", "ʇoıpı", "ʇoᴉpᴉ", "ıpıoʇ"]
    {
        assert_eq!(hits(text, &lexicon).len(), 1, "{text}");
    }
}
