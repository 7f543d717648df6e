use model::contact::{ContactKind, ContactLimit, Pair, Party};
use model::person::AgeBand;

use super::*;

fn facts(opener: AgeBand, target: AgeBand, pair: Pair, kind: ContactKind) -> ContactFacts {
    let party = |age_band| Party { age_band, ..Party::default() };
    ContactFacts { opener: party(opener), target: party(target), pair, kind, ..ContactFacts::default() }
}

const STRANGERS: Pair = Pair { follows: false, followed: false, blocks: false, blocked: false, guardian: false, acquainted: false };
const FRIENDS: Pair = Pair { follows: true, followed: true, ..STRANGERS };

/// One line of the table of `docs/youth.md`.
fn line(policy: &ContactPolicy, opener: AgeBand, target: AgeBand) -> String {
    let cell = |pair, kind| policy.decide(&facts(opener, target, pair, kind)).outcome.as_str();
    let [dm, group] = [ContactKind::Dm, ContactKind::Group].map(|kind| [cell(STRANGERS, kind), cell(FRIENDS, kind)]);
    format!("| {} | {} | {} | {} | {} | {} |", opener.as_str(), target.as_str(), dm[0], dm[1], group[0], group[1])
}

#[test]
fn the_shipped_policy_is_the_table_in_the_documents() {
    let policy = ContactPolicy::shipped();
    let document = include_str!("../../../../docs/youth.md");
    for opener in AgeBand::ALL {
        for target in AgeBand::ALL {
            let line = line(&policy, opener, target);
            assert!(document.contains(&line), "docs/youth.md lacks this line:\n{line}");
        }
    }
}

#[test]
fn nobody_who_is_not_an_adult_is_reached_by_a_stranger() {
    let policy = ContactPolicy::shipped();
    for band in AgeBand::ALL.into_iter().filter(|band| band.is_protected()) {
        for kind in [ContactKind::Dm, ContactKind::Group] {
            for other in AgeBand::ALL {
                for pair in [STRANGERS, Pair { follows: true, ..STRANGERS }, Pair { followed: true, acquainted: true, ..STRANGERS }] {
                    for (opener, target) in [(band, other), (other, band)] {
                        let decision = policy.decide(&facts(opener, target, pair, kind));
                        assert_eq!(decision.outcome, ContactOutcome::Refuse, "{opener:?} {target:?} {kind:?} {pair:?}");
                        assert!(!decision.explain.is_empty());
                    }
                }
            }
        }
    }
}

#[test]
fn a_guardian_narrows_and_never_widens() {
    let policy = ContactPolicy::shipped();
    let with = |limit, pair, kind| {
        let mut facts = facts(AgeBand::Adult, AgeBand::From16To17, pair, kind);
        facts.target.limit = limit;
        policy.decide(&facts)
    };
    let guardian = Pair { guardian: true, ..STRANGERS };
    for kind in [ContactKind::Dm, ContactKind::Group] {
        assert_eq!(with(None, FRIENDS, kind).outcome, ContactOutcome::Allow);
        assert_eq!(with(Some(ContactLimit::Friends), FRIENDS, kind).outcome, ContactOutcome::Allow);
        let narrowed = with(Some(ContactLimit::Guardian), FRIENDS, kind);
        assert_eq!((narrowed.outcome, narrowed.rule.as_str()), (ContactOutcome::Refuse, "guardian-limit"));
        assert_eq!(with(Some(ContactLimit::Guardian), guardian, kind).outcome, ContactOutcome::Allow);
        for limit in [None, Some(ContactLimit::Friends), Some(ContactLimit::Guardian)] {
            assert_eq!(with(limit, STRANGERS, kind).rule, "young-reached", "no limit opens what the policy refuses");
        }
    }
    let mut grown = facts(AgeBand::Adult, AgeBand::Adult, STRANGERS, ContactKind::Dm);
    grown.target.limit = Some(ContactLimit::Guardian);
    assert_eq!(policy.decide(&grown).outcome, ContactOutcome::Request, "a limit ends with the age it was for");
}

fn refused(text: &str) -> String {
    ContactPolicy::load("own.yaml", text).unwrap_err().to_string()
}

const OWN: &str =
    "contact: own\nversion: 2\nrules:\n  - {id: all, title: everybody, when: 'true', outcome: allow, tests: [{expect: fires}]}\n";

#[test]
fn a_policy_of_ones_own_decides() {
    let policy = ContactPolicy::load("own.yaml", OWN).unwrap();
    assert_eq!(policy.name(), "own@2");
    let decision = policy.decide(&facts(AgeBand::Adult, AgeBand::Adult, STRANGERS, ContactKind::Dm));
    assert_eq!((decision.outcome, decision.rule.as_str()), (ContactOutcome::Allow, "all"));
    let none = OWN.replace("'true'", "pair.friends").replace("{expect: fires}", "{given: {pair.friends: true}, expect: fires}");
    let decision = ContactPolicy::load("own.yaml", &none).unwrap().decide(&ContactFacts::default());
    assert_eq!((decision.outcome, decision.rule.as_str()), (ContactOutcome::Refuse, "no-rule"), "what no rule names is refused");
}

#[test]
fn a_policy_may_know_places_and_ages_of_accounts() {
    let text = OWN.replace("'true'", "'target.jurisdiction == \"DE\" && opener.account_age_h >= 24'").replace(
        "{expect: fires}",
        "{given: {target.jurisdiction: DE, opener.account_age_h: 24}, expect: fires}, {given: {target.jurisdiction: DE, opener.account_age_h: 3}, expect: passes}",
    );
    ContactPolicy::load("own.yaml", &text).unwrap();
}

#[test]
fn a_fault_is_named_with_its_place() {
    let faults = [
        "contact: own\nversion: one\n".to_owned(),
        OWN.replace("contact: own", "contract: own"),
        OWN.replace("outcome: allow", "outcome: maybe"),
        OWN.replace("outcome: allow", "outcome: refuse"),
        OWN.replace("'true'", "opener.shoe_size > 40"),
        OWN.replace("'true'", "'false'"),
        OWN.replace("'true'", "opener.strikes"),
        OWN.replace("'true'", "'[1, 2].all(n, n > 0)'"),
        OWN.replace("{expect: fires}", ""),
        OWN.replace("{expect: fires}", "{given: {opener.age: 3}, expect: fires}"),
        OWN.replace("{expect: fires}", "{given: {opener.strikes: many}, expect: fires}"),
    ];
    let said: Vec<String> = faults.iter().map(|text| refused(text)).collect();
    insta::assert_snapshot!(said.join("\n"), @r#"
    own.yaml:2: error: line 2 column 10: invalid u32
    own.yaml:1: error: line 1 column 1: unknown field `contract`, expected one of contact, version, rules, limits, alerts
    own.yaml: rule all: outcome must be allow, request or refuse
    own.yaml: rule all: explain is for rules that refuse, and they need it: it is what the person who asked reads
    own.yaml: rule all: there is no fact opener.shoe_size
    own.yaml: rule all: test failed: expected that it fires, but no-rule decided {}
    own.yaml: rule all: when: when must be true or false
    own.yaml: rule all: macros, maps and structures are not allowed in rules
    own.yaml: rule all: needs a test in which it fires
    own.yaml: rule all: a test gives opener.age, which is no fact that can be given
    own.yaml: rule all: a test gives a fact of the wrong type: invalid type: string "many", expected i64
    "#);
    assert!(refused(&"#".repeat(limits_bytes() + 1)).ends_with("bytes"));
}

fn limits_bytes() -> usize {
    model::limits::CONTACT_POLICY_BYTES
}

#[test]
fn bounds_go_by_age_and_trust() {
    let policy = ContactPolicy::shipped();
    let most = |age_band, account_age_h, strikes| {
        let opener = Party { age_band, account_age_h, strikes, ..Party::default() };
        policy.new_contacts_24h(&ContactFacts { opener, ..ContactFacts::default() })
    };
    assert_eq!(most(AgeBand::From16To17, 9_000, 0), Some(20));
    assert_eq!(most(AgeBand::Unknown, 9_000, 0), Some(20));
    assert_eq!(most(AgeBand::Adult, 1, 0), Some(30));
    assert_eq!(most(AgeBand::Adult, 9_000, 1), Some(30));
    assert_eq!(most(AgeBand::Adult, 9_000, 0), Some(200));
    assert_eq!(ContactPolicy::load("own.yaml", OWN).unwrap().new_contacts_24h(&ContactFacts::default()), None);
    let said = |age_band, account_age_h, strikes| {
        let opener = Party { age_band, account_age_h, strikes, ..Party::default() };
        policy.messages_1m(&ContactFacts { opener, ..ContactFacts::default() })
    };
    assert_eq!((said(AgeBand::From16To17, 9_000, 0), said(AgeBand::Unknown, 1, 3)), (Some(60), Some(60)));
    assert_eq!((said(AgeBand::Adult, 1, 0), said(AgeBand::Adult, 9_000, 1)), (Some(30), Some(30)));
    assert_eq!(said(AgeBand::Adult, 9_000, 0), None, "as everybody");
}

#[test]
fn counts_that_need_a_person_say_why_with_the_most_grave_first() {
    let policy = ContactPolicy::shipped();
    let opener = Party { age_band: AgeBand::Adult, account_age_h: 3, ..Party::default() };
    let facts = ContactFacts { opener, ..ContactFacts::default() };
    assert_eq!(policy.alerts(&facts, &ContactCounters { contacts_1h: 3, young_24h: 2, ..ContactCounters::default() }), None);
    let counters = ContactCounters { contacts_1h: 20, contacts_24h: 20, young_24h: 10, young_refused_24h: 8 };
    let verdict = policy.alerts(&facts, &counters).unwrap();
    let said: Vec<_> = verdict.reasons.iter().map(|reason| (reason.rule.as_str(), reason.severity, reason.explain.as_str())).collect();
    assert_eq!(
        said,
        [
            ("frankly@1/many-young", 4, "10 minors in 24 hours whom they do not know; refused: 8"),
            ("frankly@1/some-young", 3, "10 minors in 24 hours whom they do not know; refused: 8"),
            ("frankly@1/fast-contacts", 2, "20 strangers in an hour, by an account of 3 hours"),
        ]
    );
    assert_eq!((verdict.queue(), verdict.pack_version.len()), ("child-safety", 16));
}

#[test]
fn bounds_and_alerts_have_their_faults_named() {
    let limit = format!("{OWN}limits:\n  - {{id: few, title: few, when: 'true', new_contacts_24h: 5, tests: [{{expect: fires}}]}}\n");
    let alert = format!(
        "{OWN}alerts:\n  - {{id: a, title: a, when: counters.young_24h > 2, harm: h, severity: 3, queue: q, explain: 'n {{{{counters.young_24h}}}}', \
         tests: [{{given: {{counters.young_24h: 3}}, expect: fires}}]}}\n"
    );
    for text in [&limit, &alert] {
        ContactPolicy::load("own.yaml", text).unwrap();
    }
    let said = [
        refused(&limit.replace("id: few", "id: all")),
        refused(&limit.replace("new_contacts_24h: 5", "new_contacts_24h: -5")),
        refused(&limit.replace("new_contacts_24h: 5", "new_contacts_24h: 5, messages_1m: 0")),
        refused(&limit.replace("when: 'true', new", "when: counters.young_24h > 1, new")),
        refused(&alert.replace("severity: 3", "severity: 5")),
        refused(&alert.replace("young_24h}}", "old_24h}}")),
        refused(&alert.replace("counters.young_24h: 3}", "counters.young_24h: 2}")),
        refused(&alert.replace("counters.young_24h: 3}", "pair.friends: true}")),
    ];
    insta::assert_snapshot!(said.join("\n"), @r#"
    own.yaml: rule all: another rule has this id
    own.yaml: rule few: title must say something, and new_contacts_24h is a number from 0
    own.yaml: rule few: messages_1m is a number from 1; leave it out for no bound of its own
    own.yaml: rule few: there is no fact counters.young_24h
    own.yaml: rule a: title, harm, queue and explain must say something, and severity goes from 0 to 4
    own.yaml: rule a: there is no fact counters.old_24h
    own.yaml: rule a: test failed: expected that it fires given {"counters.young_24h": Number(2)}
    own.yaml: rule a: a test gives pair.friends, which is no fact that can be given
    "#);
}
