use std::fmt::Write;

use super::*;

fn party(age_band: AgeBand, jurisdiction: &str) -> Party {
    Party { age_band, jurisdiction: jurisdiction.to_owned() }
}

fn cell(rules: &ModeRules, parties: &[Party], asked: Option<Mode>, on_request: OnEncryptionRequest) -> &'static str {
    match rules.decide(ModeFacts { tenant: "default", parties, asked }, on_request).outcome {
        Outcome::Make(mode) => mode.as_str(),
        Outcome::Strip => "strip",
        Outcome::Refuse => "refuse",
    }
}

/// Policy by policy: the youngest who takes part beside an adult, then what is asked for.
#[test]
fn the_table() {
    let mut table = String::new();
    for name in ["readable-only", "sealed-only", "choice", "youth-readable"] {
        let rules = ModeRules::shipped(name).unwrap();
        writeln!(
            table,
            "{}\n  beside an adult | nothing said  readable  sealed    | sealed, where requests are refused",
            rules.policy("", &[]).name()
        )
        .unwrap();
        for band in AgeBand::ALL {
            let parties = [party(AgeBand::Adult, ""), party(band, "")];
            let ask = |asked, on_request| cell(&rules, &parties, asked, on_request);
            writeln!(
                table,
                "  {:<15} | {:<12}  {:<8}  {:<8}  | {}",
                band.as_str(),
                ask(None, OnEncryptionRequest::Strip),
                ask(Some(Mode::Readable), OnEncryptionRequest::Strip),
                ask(Some(Mode::Sealed), OnEncryptionRequest::Strip),
                ask(Some(Mode::Sealed), OnEncryptionRequest::Refuse),
            )
            .unwrap();
        }
    }
    insta::assert_snapshot!(table);
}

const SCHOOL: &str = "policies:
  - name: school@2
    rows:
      - anybody: [u13]
        allowed: [readable]
        default: readable
        reason: Children under 13 take part.
      - allowed: [readable, sealed]
        default: readable
        reason: You may ask for encryption.
choose:
  - tenants: [staffroom]
    policy: sealed-only@1
  - jurisdictions: [DE, AT]
    policy: school@2
  - policy: readable-only@1
";

#[test]
fn tenant_and_jurisdiction_choose_the_policy() {
    let rules = ModeRules::parse("modes.yaml", SCHOOL).unwrap();
    let name = |tenant: &str, places: [&str; 2]| rules.policy(tenant, &places.map(|place| party(AgeBand::Adult, place))).name().to_owned();
    assert_eq!(name("staffroom", ["DE", "US"]), "sealed-only@1");
    assert_eq!(name("default", ["US", "AT"]), "school@2", "one of them is enough");
    assert_eq!(name("default", ["US", ""]), "readable-only@1");
    let names: Vec<&str> = rules.in_force("default").into_iter().map(ModePolicy::name).collect();
    assert_eq!(names, ["school@2", "readable-only@1"]);
    let parties = [party(AgeBand::Under13, "DE"), party(AgeBand::Adult, "DE")];
    assert_eq!(cell(&rules, &parties, Some(Mode::Sealed), OnEncryptionRequest::Refuse), "refuse");
    assert_eq!(cell(&rules, &parties[1..], Some(Mode::Sealed), OnEncryptionRequest::Refuse), "sealed");
}

#[test]
fn clients_are_told_what_can_come() {
    let outlook = |name: &str| ModeRules::shipped(name).unwrap().outlook("default");
    assert_eq!(outlook("readable-only"), Outlook::ReadableOnly);
    assert_eq!(outlook("sealed-only"), Outlook::SealedOnly);
    assert_eq!(outlook("choice"), Outlook::MixedSealedFirst);
    assert_eq!(outlook("youth-readable@1"), Outlook::Mixed);
    let school = ModeRules::parse("modes.yaml", SCHOOL).unwrap();
    assert_eq!((school.outlook("staffroom"), school.outlook("default")), (Outlook::SealedOnly, Outlook::Mixed));
    assert_eq!(ModeRules::shipped("unknown"), None);
}

#[test]
fn a_file_at_fault_is_refused_with_its_line() {
    let complaint = |from: &str, to: &str| ModeRules::parse("modes.yaml", &SCHOOL.replacen(from, to, 1)).unwrap_err().to_string();
    insta::assert_snapshot!(complaint("school@2", "choice@1"), @"modes.yaml:2: there is already a policy choice@1");
    insta::assert_snapshot!(complaint("school@2", "school"), @"modes.yaml:2: a policy has a name and a version, as in school@1");
    insta::assert_snapshot!(complaint("default: readable", "default: sealed"), @"modes.yaml:6: the default is one of the allowed modes");
    insta::assert_snapshot!(complaint("allowed: [readable]", "allowed: []"), @"modes.yaml:5: allowed names at least one mode");
    insta::assert_snapshot!(complaint("Children under 13 take part.", "\" \""), @"modes.yaml:7: the reason is told to members, so it says something");
    insta::assert_snapshot!(complaint("policy: readable-only@1", "policy: nothing@1"), @"modes.yaml:16: there is no policy nothing@1");
    insta::assert_snapshot!(complaint("  - policy: readable-only@1\n", ""), @"modes.yaml:15: the last choice must fit everybody: it names no tenants and no jurisdictions");
    insta::assert_snapshot!(complaint("allowed: [readable, sealed]", "anybody: [adult]\n        allowed: [readable, sealed]"), @"modes.yaml:2: the last row of school@2 must fit everybody: it has no anybody");
    insta::assert_snapshot!(complaint("[u13]", "[elderly]"), @"modes.yaml:4: error: line 4 column 19: unknown variant `elderly`, expected one of u13, 13-15, 16-17, adult, unknown");
    insta::assert_snapshot!(complaint("rows:", "row:"), @"modes.yaml:3: error: line 3 column 5: unknown field `row`, expected one of name, rows");
}
