//! Histories of made-up policies in git: mostly noise, with some changes that matter and are marked.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// Chance that can be repeated (`SplitMix64`).
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound.max(1) as u64).unwrap()
    }

    fn pick<'a>(&mut self, among: &[&'a str]) -> &'a str {
        among[self.below(among.len())]
    }
}

/// A change that matters: it stays from its time on.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) at: i64,
    pub(crate) document: String,
    /// A word that stands in the changed sentence and nowhere else.
    pub(crate) mark: String,
    /// Whether its words are of the lexicon.
    pub(crate) grave: bool,
}

/// What was put into a history.
#[derive(Debug, Default)]
pub(crate) struct Made {
    pub(crate) events: Vec<Event>,
    /// Changes of documents, first records left out.
    pub(crate) changes: usize,
    pub(crate) commits: usize,
    pub(crate) end: i64,
    /// From when to when a document was not to be seen: another language, a wall.
    pub(crate) hidden: Vec<(String, i64, i64)>,
    /// What each document shows.
    shown: BTreeMap<String, String>,
}

const DAY: i64 = 86_400;
const START: i64 = 1_650_000_000;

/// One document on its way.
struct Document {
    name: String,
    language: usize,
    sections: Vec<Vec<String>>,
    /// Sentences that a flapping page shows instead of some of its own.
    variant: Vec<(usize, usize, String)>,
    shows_variant: bool,
    at: i64,
    looks: u64,
}

/// Makes a repository with so many commits.
pub(crate) fn make(folder: &Path, seed: u64, commits: usize, documents: usize) -> Made {
    let mut git = Command::new("git").args(["init", "-q", "--bare"]).arg(folder).spawn().unwrap();
    assert!(git.wait().unwrap().success());
    let mut stream = String::new();
    let made = write_history(&mut stream, seed, commits, documents);
    let mut import = Command::new("git").arg("-C").arg(folder).args(["fast-import", "--quiet"]).stdin(Stdio::piped()).spawn().unwrap();
    import.stdin.take().unwrap().write_all(stream.as_bytes()).unwrap();
    assert!(import.wait().unwrap().success());
    let head = Command::new("git").arg("-C").arg(folder).args(["symbolic-ref", "HEAD", "refs/heads/main"]).status().unwrap();
    assert!(head.success());
    made
}

fn write_history(stream: &mut String, seed: u64, commits: usize, documents: usize) -> Made {
    let mut chance = Chance::new(seed);
    let mut made = Made::default();
    let mut all: Vec<Document> = (0..documents).map(|number| Document::new(number, &mut chance)).collect();
    for document in &all {
        made.commit(stream, document.at, "First record of", document, document.shown());
    }
    made.changes = 0;
    for document in &mut all {
        document.at += DAY;
    }
    while made.commits < commits {
        // the document whose turn is next
        let next = (0..all.len()).min_by_key(|at| all[*at].at).unwrap();
        let document = &mut all[next];
        let choice = chance.below(100);
        match choice {
            0..=55 => document.looks += 1 + chance.below(9) as u64,
            56..=72 => {
                // another text for less than the hold
                let whole = document.sections.clone();
                for _ in 0..=chance.below(3) {
                    let (section, sentence) = document.place(&mut chance);
                    document.sections[section][sentence] = passing(&mut chance);
                }
                made.change(stream, document, "Record new changes of");
                document.sections = whole;
                document.at += DAY / 2 + i64::try_from(chance.below(90_000)).unwrap();
                document.looks += 1;
            }
            73..=77 => document.shows_variant = !document.shows_variant,
            78..=81 => {
                let section = chance.below(document.sections.len());
                document.sections[section].rotate_left(1);
                document.variant.clear();
            }
            82..=83 => {
                document.language = 1;
                made.change(stream, document, "Record new changes of");
                document.language = 0;
                let from = document.at;
                document.at += DAY * (1 + i64::try_from(chance.below(9)).unwrap());
                made.hidden.push((document.name.clone(), from, document.at));
            }
            84..=86 => {
                document.at += DAY / 4;
                let wall = "# One moment\n\nPlease enable JavaScript to continue.\n".to_owned();
                made.commit(stream, document.at, "Record new changes of", document, wall);
                made.hidden.push((document.name.clone(), document.at, document.at + DAY / 2));
                document.at += DAY / 2;
                document.looks += 1;
            }
            87..=89 => {
                document.looks += 1;
                made.change(stream, document, "Apply technical or declaration upgrade on");
                document.at += DAY;
                continue;
            }
            _ => made.matters(stream, document, &mut chance),
        }
        made.change(stream, document, "Record new changes of");
        document.at += DAY / 2 + i64::try_from(chance.below(700_000)).unwrap();
    }
    made
}

impl Made {
    fn change(&mut self, stream: &mut String, document: &Document, subject: &str) {
        self.commit(stream, document.at, subject, document, document.shown());
    }

    fn matters(&mut self, stream: &mut String, document: &mut Document, chance: &mut Chance) {
        let mark = format!("k{}x", self.events.len());
        let grave = chance.below(3) == 0;
        let (section, sentence) = document.place(chance);
        document.sections[section][sentence] = if grave {
            format!("Police with a warrant are given the encrypted messages of section {mark} by us.")
        } else {
            format!("From now on the {} of section {mark} are shared with {}.", chance.pick(&THINGS), chance.pick(&OTHERS))
        };
        document.variant.retain(|(of, at, _)| (*of, *at) != (section, sentence));
        self.events.push(Event { at: document.at, document: document.name.clone(), mark, grave });
        if chance.below(4) == 0 {
            // extracted otherwise within the hold
            self.change(stream, document, "Record new changes of");
            document.at += DAY;
            document.looks += 1;
            self.change(stream, document, "Apply technical or declaration upgrade on");
            document.at += DAY / 2;
            document.looks += 1;
        }
    }

    fn commit(&mut self, stream: &mut String, at: i64, subject: &str, document: &Document, text: String) {
        if self.shown.get(&document.name) == Some(&text) {
            return;
        }
        self.changes += 1;
        self.commits += 1;
        self.end = self.end.max(at);
        let message = format!("{subject} {}", document.name);
        writeln!(stream, "commit refs/heads/main\nauthor Archive <archive@example.org> {at} +0000").unwrap();
        writeln!(stream, "committer Archive <archive@example.org> {at} +0000\ndata {}\n{message}", message.len()).unwrap();
        writeln!(stream, "M 100644 inline \"{}.md\"\ndata {}\n{text}", document.name, text.len()).unwrap();
        self.shown.insert(document.name.clone(), text);
    }
}

const THINGS: [&str; 8] = ["messages", "pictures", "contacts", "places", "names", "addresses", "calls", "drafts"];
const OTHERS: [&str; 6] = ["partners", "advertisers", "researchers", "auditors", "hosts of servers", "sellers"];
const REASONS: [&str; 6] = ["the service works", "bills are right", "abuse is found", "you find friends", "it is quick", "laws are kept"];

fn sentence(chance: &mut Chance) -> String {
    let (thing, reason, number) = (chance.pick(&THINGS), chance.pick(&REASONS), chance.below(9_000));
    match chance.below(4) {
        0 => format!("We keep your {thing} for {number} hours so that {reason}."),
        1 => format!("Number {number} of our rules says that {thing} are yours, and that {reason}."),
        2 => format!("You can take {thing} with you in form {number} whenever you like."),
        _ => format!("In case {number} we ask you about {thing} before anybody else sees them, so that {reason}."),
    }
}

/// What a page shows for a day: offers, other numbers, sometimes words of the lexicon.
fn passing(chance: &mut Chance) -> String {
    let number = chance.below(100_000);
    match chance.below(12) {
        0 => format!("Test {number} of a page about law enforcement."),
        _ => format!("Today only, offer {number} for {}.", chance.pick(&OTHERS)),
    }
}

impl Document {
    fn new(number: usize, chance: &mut Chance) -> Self {
        let sections: Vec<Vec<String>> = (0..10).map(|_| (0..6 + chance.below(6)).map(|_| sentence(chance)).collect()).collect();
        let mut document = Self {
            name: format!("Service {}/Document {}", number / 3, number % 3),
            language: 0,
            sections,
            variant: Vec::new(),
            shows_variant: false,
            at: START + i64::try_from(chance.below(1_000_000)).unwrap(),
            looks: chance.next(),
        };
        for _ in 0..2 {
            let (section, at) = document.place(chance);
            document.variant.push((section, at, format!("Variant {} of this page for some visitors.", chance.below(10_000))));
        }
        document
    }

    fn place(&self, chance: &mut Chance) -> (usize, usize) {
        loop {
            let section = chance.below(self.sections.len());
            let sentence = chance.below(self.sections[section].len());
            // what was marked stays
            if !self.sections[section][sentence].contains("section k") {
                return (section, sentence);
            }
        }
    }

    fn shown(&self) -> String {
        if self.language == 1 {
            return german();
        }
        let mut sections = self.sections.clone();
        for (section, at, text) in self.variant.iter().filter(|_| self.shows_variant) {
            sections[*section][*at].clone_from(text);
        }
        let mut looks = Chance::new(self.looks);
        let mut text = String::new();
        if looks.below(2) == 0 {
            writeln!(text, "![logo](https://static.example.org/{}.png)\n", self.looks).unwrap();
        }
        writeln!(text, "# Rules\n\nLast updated: {} March 20{}\n", 1 + looks.below(28), 20 + looks.below(9)).unwrap();
        for (number, section) in sections.iter().enumerate() {
            match looks.below(3) {
                0 => writeln!(text, "## Section of things {number}\n").unwrap(),
                1 => writeln!(text, "Section of things {number}\n-----\n").unwrap(),
                _ => writeln!(text, "### **Section of things {number}**\n").unwrap(),
            }
            for sentence in section {
                match looks.below(5) {
                    0 => writeln!(text, "* {sentence}\n").unwrap(),
                    1 => writeln!(text, "{}\n", sentence.replacen(' ', "\n", 2)).unwrap(),
                    2 => writeln!(text, "[{sentence}](https://example.org/?utm_source={})\n", looks.below(1_000)).unwrap(),
                    3 => writeln!(text, "_{sentence}_  \n").unwrap(),
                    _ => writeln!(text, "{sentence}\n").unwrap(),
                }
            }
        }
        text
    }
}

/// The page as visitors of another country get it: the same words each time.
fn german() -> String {
    let mut text = "# Regeln\n\n".to_owned();
    for number in 0..60 {
        writeln!(
            text,
            "Wir bewahren Ihre Nachrichten {number} Stunden lang auf, damit der Dienst funktioniert und niemand sie sonst lesen kann.\n"
        )
        .unwrap();
    }
    text
}
