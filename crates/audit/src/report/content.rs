//! What a report says, block by block.

use super::document::{Block, Inline, Table};
use super::snapshot::{Change, ResultFile, changes};
use super::tables::{EmptyCell, first_table, second_table};
use super::{chart, letter, words};
use crate::judge::{Assessment, Cell, Sheet, State};
use crate::value::{Confidence, Value};

/// Days for which a change counts as recent.
const RECENT_DAYS: i64 = 365;

/// What to report beside the run itself.
#[derive(Debug, Default)]
pub struct Report<'a> {
    /// An earlier run, to say what changed.
    pub previous: Option<&'a ResultFile>,
    /// Ids of platforms to show in a pair of tables of their own, before all.
    pub pair: Vec<String>,
    /// The two tables alone.
    pub tables_only: bool,
}

/// The report.
///
/// # Errors
/// When a table would have an empty cell.
pub fn report(made: &Assessment<'_>, about: &Report<'_>) -> Result<Vec<Block>, EmptyCell> {
    let mut blocks = vec![heading(1, "Messaging platforms: what is known, how sure it is, and since when")];
    blocks.extend(scope(made));
    blocks.extend(both_tables(made, about)?);
    if about.tables_only {
        return Ok(blocks);
    }
    blocks.push(heading(2, "At a glance"));
    blocks.push(Block::Picture { svg: chart(made), table: counts(made)? });
    blocks.push(heading(2, "Over-trusted moderation"));
    blocks.extend(over_trusted(made));
    blocks.push(heading(2, "Contradictions"));
    blocks.extend(contradictions(made));
    blocks.push(heading(2, "What changed in the last 12 months"));
    blocks.extend(recent(made));
    if let Some(previous) = about.previous {
        blocks.push(heading(2, &format!("What changed since the run of {}", previous.as_of)));
        blocks.extend(since(&changes(previous, &ResultFile::of(made))));
    }
    blocks.push(heading(2, "Each platform"));
    for sheet in made.subjects() {
        blocks.extend(sheet_of(made, sheet)?);
    }
    blocks.push(heading(2, "Method and limits"));
    blocks.extend(method());
    Ok(blocks)
}

fn heading(level: u8, text: &str) -> Block {
    Block::Heading(level, text.to_owned())
}

fn paragraph(text: impl Into<String>) -> Block {
    Block::Paragraph(vec![Inline::text(text)])
}

fn scope(made: &Assessment<'_>) -> Vec<Block> {
    let profile =
        made.profile.map_or_else(|| "all 46 controls".to_owned(), |profile| format!("the profile “{}” ({})", profile.title, profile.id));
    let region = made.region.as_ref().map_or_else(|| "every region that is claimed".to_owned(), |region| format!("the region {region}"));
    vec![
        paragraph(format!(
            "As of {}. {} platforms, judged by {profile}, for {region}, from the registry {} (SHA-256 {}…).",
            made.as_of,
            made.sheets.len(),
            made.registry.file,
            &made.registry.sha256[..12]
        )),
        paragraph(
            "This is no recommendation and no grade. What is not known is called unknown, which is not a “no”. Evidence that is too old is called stale, whatever it says.",
        ),
    ]
}

fn both_tables(made: &Assessment<'_>, about: &Report<'_>) -> Result<Vec<Block>, EmptyCell> {
    let mut blocks = Vec::new();
    let pair: Vec<&Sheet<'_>> = about.pair.iter().filter_map(|id| made.sheet(id)).collect();
    if !pair.is_empty() {
        let names: Vec<&str> = pair.iter().map(|sheet| sheet.platform.name.as_str()).collect();
        let names = names.join(" and ");
        blocks.push(heading(2, &format!("Encryption and moderation: {names}")));
        blocks.push(Block::Table(first_table(made, &pair)?));
        blocks.push(heading(2, &format!("Privacy and detection of abuse: {names}")));
        blocks.push(Block::Table(second_table(made, &pair)?));
    }
    let all: Vec<&Sheet<'_>> = made.sheets.iter().collect();
    blocks.push(heading(2, "Encryption and moderation: all platforms"));
    blocks.push(Block::Table(first_table(made, &all)?));
    blocks.push(heading(2, "Privacy and detection of abuse: all platforms"));
    blocks.push(Block::Table(second_table(made, &all)?));
    Ok(blocks)
}

fn counts(made: &Assessment<'_>) -> Result<Table, EmptyCell> {
    let mut head = vec!["Platform"];
    head.extend(State::ALL.map(State::word));
    let rows = made.sheets.iter().map(|sheet| {
        let counts = sheet.counts();
        let numbers = State::ALL.map(|state| vec![Inline::text(counts.of(state).to_string())]);
        [vec![vec![Inline::text(sheet.platform.name.clone())]], numbers.to_vec()].concat()
    });
    Table::guarded(&head, rows.collect())
}

/// Where messages are scanned, and nobody publishes how well.
fn over_trusted(made: &Assessment<'_>) -> Vec<Block> {
    let scans = |sheet: &&Sheet<'_>| {
        sheet.cell("MOD-1").is_some_and(|cell| cell.judged.iter().any(|judged| judged.claim.value == Value::Proactive))
            && sheet.cell("MOD-5").is_some_and(|cell| cell.state != State::Met)
    };
    let names: Vec<&str> = made.sheets.iter().filter(scans).map(|sheet| sheet.platform.name.as_str()).collect();
    if names.is_empty() {
        return vec![paragraph("No platform scans messages without publishing how well it does, as far as this run looked.")];
    }
    vec![paragraph(format!(
        "{}: messages are scanned, and no current figures of errors and delay are known (MOD-5). That something is scanned does not say what is found.",
        names.join(", ")
    ))]
}

fn contradictions(made: &Assessment<'_>) -> Vec<Block> {
    let mut items = Vec::new();
    for sheet in &made.sheets {
        for cell in &sheet.cells {
            for judged in &cell.judged {
                let claim = judged.claim;
                if claim.confidence != Confidence::Disputed && claim.against.is_empty() {
                    continue;
                }
                let mut item = vec![
                    Inline::Strong(format!("{}, {}", sheet.platform.name, claim.control)),
                    Inline::text(format!(": {} ({}). Says so: ", words::value(claim.value), words::confidence(claim.confidence))),
                ];
                item.extend(words::sources(made.registry, &claim.sources));
                if !claim.against.is_empty() {
                    item.push(Inline::text(". Says otherwise: "));
                    item.extend(words::sources(made.registry, &claim.against));
                }
                item.extend(claim.note.iter().map(|note| Inline::text(format!(". {note}"))));
                items.push(item);
            }
        }
    }
    if items.is_empty() { vec![paragraph("None is known.")] } else { vec![Block::List(items)] }
}

/// Claims and events of the last year, by day.
fn recent(made: &Assessment<'_>) -> Vec<Block> {
    let list = recorded(made, &made.sheets);
    if list.is_empty() { vec![paragraph("Nothing is recorded.")] } else { vec![Block::List(list)] }
}

fn recorded(made: &Assessment<'_>, sheets: &[Sheet<'_>]) -> Vec<Vec<Inline>> {
    let is_recent = |day: crate::date::Date| (0..=RECENT_DAYS).contains(&crate::date::days_between(day, made.as_of));
    let mut items: Vec<(crate::date::PageDate, Vec<Inline>)> = Vec::new();
    for sheet in sheets {
        for judged in sheet.cells.iter().flat_map(|cell| &cell.judged) {
            let claim = judged.claim;
            let Some(since) = claim.effective.filter(|since| is_recent(since.day())) else { continue };
            let before = claim.was.last().map(|was| format!(", before: {}", words::value(was.value))).unwrap_or_default();
            let what = format!(", {}: {}{before} ({})", claim.control, words::value(claim.value), words::confidence(claim.confidence));
            let mut item = vec![Inline::text(format!("{since}: ")), Inline::Strong(sheet.platform.name.clone()), Inline::text(what)];
            item.extend(claim.note.iter().map(|note| Inline::text(format!(". {note}"))));
            items.push((since, item));
        }
    }
    let shown = |id: &String| sheets.iter().any(|sheet| sheet.platform.id == *id);
    for event in &made.registry.events {
        let of_all = event.platforms.is_empty() && sheets.len() == made.sheets.len();
        if is_recent(event.date.day()) && (of_all || event.platforms.iter().any(shown)) {
            let mut item = vec![Inline::text(format!("{}: {} ({}): ", event.date, event.what, words::confidence(event.confidence)))];
            item.extend(words::sources(made.registry, &event.sources));
            items.push((event.date, item));
        }
    }
    items.sort_by_key(|(day, _)| *day);
    items.into_iter().map(|(_, item)| item).collect()
}

fn since(changes: &[Change]) -> Vec<Block> {
    if changes.is_empty() {
        return vec![paragraph("Nothing.")];
    }
    let items = changes.iter().map(|change| {
        vec![
            Inline::Badge(change.kind.word(), change.kind.word().to_owned()),
            Inline::text(format!(" {}, {}: {}", change.platform, change.control, change.what)),
        ]
    });
    vec![Block::List(items.collect())]
}

fn sheet_of(made: &Assessment<'_>, sheet: &Sheet<'_>) -> Result<Vec<Block>, EmptyCell> {
    let mut blocks = vec![heading(3, &sheet.platform.name)];
    let operators: Vec<String> = sheet.platform.operator.iter().map(|(region, operator)| format!("{operator} ({region})")).collect();
    if !operators.is_empty() {
        blocks.push(paragraph(format!("Operator: {}.", operators.join("; "))));
    }
    let changed = recorded(made, std::slice::from_ref(sheet));
    if changed.is_empty() {
        blocks.push(paragraph("No change of the last 12 months is recorded."));
    } else {
        blocks.push(paragraph("Recorded changes of the last 12 months:"));
        blocks.push(Block::List(changed));
    }
    let rows = sheet.cells.iter().map(|cell| row(made, cell)).collect();
    let table = Table::guarded(&["Control", "State", "Answer, confidence, age", "Evidence"], rows)?;
    blocks.push(Block::Details(format!("{}: all {} controls", sheet.platform.name, sheet.cells.len()), vec![Block::Table(table)]));
    if let Some(text) = letter(made, sheet) {
        let open = sheet.cells.iter().filter(|cell| matches!(cell.state, State::Unknown | State::Disputed | State::Stale)).count();
        blocks.push(Block::Details(
            format!("{}: {open} questions to the operator, as a letter", sheet.platform.name),
            vec![Block::Verbatim(text)],
        ));
    }
    Ok(blocks)
}

fn row(made: &Assessment<'_>, cell: &Cell<'_>) -> Vec<Vec<Inline>> {
    let state = vec![words::state(cell.state), Inline::text(format!(": {}", cell.reason))];
    let answer = words::answers(made, Some(cell), |value| words::value(value).to_owned());
    let mut evidence = Vec::new();
    for judged in &cell.judged {
        let claim = judged.claim;
        if !evidence.is_empty() {
            evidence.push(Inline::Break);
        }
        if let Some(quote) = &claim.quote {
            evidence.push(Inline::Quote(quote.clone()));
            evidence.push(Inline::text(" "));
        }
        evidence.extend(words::sources(made.registry, &claim.sources));
        evidence.extend(claim.note.iter().map(|note| Inline::text(format!("; {note}"))));
        for was in &claim.was {
            let note = was.note.as_ref().map(|note| format!(" ({note})")).unwrap_or_default();
            evidence.push(Inline::text(format!("; until {}: {}{note}", was.until, words::value(was.value))));
        }
    }
    if evidence.is_empty() {
        evidence.push(Inline::text("none was found"));
    }
    let control = vec![Inline::Strong(cell.control.id.clone()), Inline::text(format!(" {}", cell.control.title))];
    vec![control, state, answer, evidence]
}

fn method() -> Vec<Block> {
    let lines = [
        "Each claim answers one question, names its sources, and has a confidence that the kind of source bounds: the press alone makes it reported, a vendor's statement a vendor claim; confirmed needs a vendor's own dated document, an authority, an audit or a probe.",
        "Evidence ages from the day it was last seen. It counts 120 days for encryption, moderation and minors, 180 for keys, metadata and access, 365 for assurance, jurisdiction and the organisation; from the press alone half as long, from a probe 30 days.",
        "The risk to privacy goes by what was last known and prints its reasons; it says how much the provider can see, not whether a platform is good.",
        "Sources were read as stored copies. A quote is a fragment; read the page before you rely on it. Claims of vendors about themselves, ours too, are claims.",
        "Nothing here is legal advice.",
    ];
    vec![Block::List(lines.into_iter().map(|line| vec![Inline::text(line)]).collect())]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::Settings;
    use crate::registry::{PLATFORMS_FILE, PLATFORMS_YAML, read};
    use crate::report::{to_html, to_markdown};

    fn written(previous: bool) -> (String, String) {
        let day = "2026-11-28".parse().unwrap();
        let (registry, _) = read(PLATFORMS_FILE, PLATFORMS_YAML, day).unwrap();
        let made = Assessment::make(&registry, day, &Settings::default()).unwrap();
        let old = Assessment::make(&registry, "2027-11-28".parse().unwrap(), &Settings::default()).unwrap();
        let old = ResultFile::of(&old);
        let about =
            Report { previous: previous.then_some(&old), pair: vec!["tiktok".to_owned(), "whatsapp".to_owned()], tables_only: false };
        let blocks = report(&made, &about).unwrap();
        (to_markdown(&blocks, ""), to_html("Audit", &blocks))
    }

    #[test]
    fn what_readers_look_for_is_there() {
        let (markdown, html) = written(true);
        for wanted in [
            "Contradictions",
            "What changed in the last 12 months",
            "What changed since the run of 2027-11-28",
            "Method and limits",
            "Dear Sir or Madam",
        ] {
            assert!(markdown.contains(wanted) && html.contains(wanted), "{wanted}");
        }
        for name in ["Facebook Messenger", "Instagram DMs", "Frankly, sealed conversations", "Frankly, readable conversations"] {
            assert!(markdown.contains(name) && html.contains(name), "{name}");
        }
        assert!(markdown.contains("2026-05-08: **Instagram DMs**, ENC-1: no, before: opt-in (reported)"), "what changed in 2026");
        assert!(!written(false).0.contains("What changed since the run"));
    }

    #[test]
    fn a_page_loads_nothing_and_runs_nothing() {
        let (_, html) = written(true);
        assert!(html.contains("default-src 'none'") && html.contains("<svg"));
        for forbidden in ["<script", "<link", "<img", "src=", "@import", "url("] {
            assert!(!html.contains(forbidden), "{forbidden}");
        }
        let open = |tag: &str| html.matches(&format!("<{tag}>")).count() + html.matches(&format!("<{tag} ")).count();
        for tag in ["table", "td", "th", "tr", "p", "li", "ul", "details", "pre", "strong", "q", "a", "span", "svg", "title"] {
            assert_eq!(open(tag), html.matches(&format!("</{tag}>")).count(), "{tag} is closed as often as opened");
        }
    }
}
