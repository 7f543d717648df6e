//! The filters, each as a function from a text to whether it finds anything.

use aho_corasick::AhoCorasick;
use model::body::PlainBody;
use rustrict::{Censor, Trie, Type};
use scan::{Key, Lexicon};

/// One filter with its keys.
pub struct System {
    /// What the tables call it.
    pub name: &'static str,
    /// Whether it finds anything in the text.
    pub finds: Box<dyn Fn(&str) -> bool>,
    /// How often every text is looked at when time is taken; slow filters less often.
    pub rounds: usize,
}

/// The scanner's keys made ready.
pub fn lexicon(keys: &[&str]) -> Lexicon {
    Lexicon::build(keys.iter().map(|key| Key { term: "t".to_owned(), key: (*key).to_owned() })).expect("the keys are keys")
}

/// All filters with these keys.
pub fn all(keys: &[&str]) -> Vec<System> {
    vec![ours(keys), plain(keys), rustrict(keys), decancer(keys)]
}

fn ours(keys: &[&str]) -> System {
    let lexicon = lexicon(keys);
    System { name: "Frankly", finds: Box::new(move |text| !scan::scan(&PlainBody::of_text(text), &lexicon).hits.is_empty()), rounds: 20 }
}

/// The automaton alone, upper case apart: the lower bound of time.
fn plain(keys: &[&str]) -> System {
    let machine = AhoCorasick::builder().ascii_case_insensitive(true).build(keys).expect("an automaton of keys");
    System { name: "aho-corasick alone", finds: Box::new(move |text| machine.find_overlapping_iter(text).count() > 0), rounds: 20 }
}

fn rustrict(keys: &[&str]) -> System {
    let mut trie = Trie::new();
    for key in keys {
        trie.set(key, Type::PROFANE & Type::SEVERE);
    }
    let trie: &'static Trie = Box::leak(Box::new(trie));
    let finds = move |text: &str| Censor::from_str(text).with_trie(trie).analyze().is(Type::PROFANE & Type::SEVERE);
    System { name: "rustrict", finds: Box::new(finds), rounds: 4 }
}

fn decancer(keys: &[&str]) -> System {
    let keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
    let finds = move |text: &str| {
        let cured = decancer::cure(text, decancer::Options::default());
        cured.is_ok_and(|cured| !cured.find_multiple(keys.iter().map(String::as_str)).is_empty())
    };
    System { name: "decancer + find_multiple", finds: Box::new(finds), rounds: 1 }
}
