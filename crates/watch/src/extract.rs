//! The text of a page: the parts that are declared, or else the part that looks like the document.
//!
//! Pages are hostile. They are parsed in pieces, between which it is looked how large they have become and how late it
//! is; what comes of it is walked without recursion. The answer is plain Markdown: headings, lists, paragraphs. (A crate
//! that converts HTML would bring a third copy of the same parser, and walks the tree by recursion.)

use std::collections::{HashMap, HashSet};

use audit::drift::declaration::{Edge as Border, Part};
use ego_tree::NodeId;
use ego_tree::iter::Edge;
use html5ever::tendril::{StrTendril, TendrilSink};
use html5ever::{ParseOpts, parse_document};
use scraper::{Html, HtmlTreeSink, Node, Selector};

use crate::limits;

/// Why a page has no text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExtractError {
    /// A selector is not one of CSS.
    #[error("{0} is no selector")]
    Selector(String),
    /// Nothing in the page fits.
    #[error("nothing in the page fits {0}")]
    NothingFits(String),
    /// The page has too many elements.
    #[error("the page has more than {0} elements and texts")]
    TooMuch(usize),
    /// Elements stand too deep within one another.
    #[error("elements more than {0} deep")]
    TooDeep(usize),
    /// It took too long.
    #[error("the page takes too long to read")]
    Late,
}

/// What never is text.
const NO_TEXT: [&str; 20] = [
    "head", "script", "style", "noscript", "template", "svg", "math", "iframe", "object", "embed", "canvas", "audio", "video", "button",
    "select", "textarea", "input", "datalist", "dialog", "img",
];
/// What surrounds a document.
const AROUND: [&str; 5] = ["nav", "header", "footer", "aside", "form"];
/// Elements within a line.
const INLINE: [&str; 34] = [
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font", "i", "ins", "kbd", "label",
    "mark", "nobr", "q", "rp", "rt", "ruby", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "u", "wbr",
];
/// Elements that the parser opens again in each block until they are closed.
const FORMATTING: [&str; 14] = ["a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"];

/// The Markdown of a page. `give_up` says that it is too late.
pub fn extract(html: &str, select: &[Part], remove: &[Part], give_up: impl Fn() -> bool) -> Result<String, ExtractError> {
    let page = parse(html, give_up)?;
    let mut places = Places::default();
    places.note(&page, select.iter().chain(remove));
    let chosen = if select.is_empty() { Chosen::of(by_form(&page)) } else { choose(&page, &places, select, true)? };
    let removed = choose(&page, &places, remove, false)?;
    Ok(written(&page, &chosen, &removed, select.is_empty()))
}

fn parse(html: &str, give_up: impl Fn() -> bool) -> Result<Html, ExtractError> {
    let mut options = ParseOpts::default();
    options.tree_builder.scripting_enabled = false;
    let mut parser = parse_document(HtmlTreeSink::new(Html::new_document()), options);
    let mut rest = html;
    let mut formatting = 0;
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(piece_end(rest, &mut formatting));
        parser.process(StrTendril::from_slice(piece));
        rest = after;
        if parser.tokenizer.sink.sink.0.borrow().tree.values().len() > limits::PAGE_NODES {
            return Err(ExtractError::TooMuch(limits::PAGE_NODES));
        }
        if give_up() {
            return Err(ExtractError::Late);
        }
    }
    let page = parser.finish();
    // selectors look at all that an element stands in
    if deepest(&page) > limits::PAGE_DEPTH_MAX {
        return Err(ExtractError::TooDeep(limits::PAGE_DEPTH_MAX));
    }
    Ok(page)
}

fn deepest(page: &Html) -> usize {
    let (mut depth, mut most) = (0_usize, 0);
    for edge in page.tree.root().traverse() {
        match edge {
            Edge::Open(_) => depth += 1,
            Edge::Close(_) => depth -= 1,
        }
        most = most.max(depth);
    }
    most
}

/// Where a piece ends: a block opens again all that was not closed, so the more could be open, the fewer tags.
fn piece_end(rest: &str, formatting: &mut usize) -> usize {
    let mut tags = 0;
    for (at, byte) in rest.bytes().enumerate() {
        let is_full = at >= limits::PIECE_BYTES || tags * (*formatting + 1) >= limits::PIECE_NODES;
        if is_full && at > 0 && rest.is_char_boundary(at) {
            return at;
        }
        if byte == b'<' {
            tags += 1;
            let name = rest[at + 1..].split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
            *formatting += usize::from(name.len() <= 6 && FORMATTING.iter().any(|one| one.eq_ignore_ascii_case(name)));
        }
    }
    rest.len()
}

/// Which nodes, and which stretches of the walk through the page.
#[derive(Debug, Default)]
struct Chosen {
    nodes: HashSet<NodeId>,
    stretches: Vec<(usize, usize)>,
}

impl Chosen {
    fn of(node: NodeId) -> Self {
        Self { nodes: HashSet::from([node]), stretches: Vec::new() }
    }
}

/// When the walk through the page comes to nodes and leaves them; known only if there are ranges.
#[derive(Debug, Default)]
struct Places(HashMap<NodeId, (usize, usize)>);

impl Places {
    fn note<'a>(&mut self, page: &Html, mut parts: impl Iterator<Item = &'a Part>) {
        if !parts.any(|part| matches!(part, Part::Range { .. })) {
            return;
        }
        for (at, edge) in page.tree.root().traverse().enumerate() {
            match edge {
                Edge::Open(node) => drop(self.0.insert(node.id(), (at, at))),
                Edge::Close(node) => drop(self.0.entry(node.id()).and_modify(|place| place.1 = at)),
            }
        }
    }

    fn of(&self, page: &Html, border: &Border) -> Result<Option<usize>, ExtractError> {
        let found = page.select(&selector(&border.selector)?).next();
        let place = found.and_then(|element| self.0.get(&element.id()));
        Ok(place.map(|(opens, closes)| if border.after { closes + 1 } else { *opens }))
    }
}

fn selector(text: &str) -> Result<Selector, ExtractError> {
    Selector::parse(text).map_err(|_| ExtractError::Selector(text.to_owned()))
}

fn choose(page: &Html, places: &Places, parts: &[Part], must_fit: bool) -> Result<Chosen, ExtractError> {
    let mut chosen = Chosen::default();
    for part in parts {
        match part {
            Part::Selector(text) => chosen.nodes.extend(page.select(&selector(text)?).map(|element| element.id())),
            Part::Range { start, end } => {
                if let (Some(start), Some(end)) = (places.of(page, start)?, places.of(page, end)?)
                    && start < end
                {
                    chosen.stretches.push((start, end));
                }
            }
        }
    }
    if must_fit && chosen.nodes.is_empty() && chosen.stretches.is_empty() {
        let names: Vec<&str> = parts
            .iter()
            .map(|part| match part {
                Part::Selector(text) => text.as_str(),
                Part::Range { start, .. } => start.selector.as_str(),
            })
            .collect();
        return Err(ExtractError::NothingFits(names.join(", ")));
    }
    Ok(chosen)
}

fn name_of(node: &Node) -> Option<&str> {
    node.as_element().map(scraper::node::Element::name)
}

/// The innermost element that has most of the text that is neither of links nor around the document.
fn by_form(page: &Html) -> NodeId {
    let mut weights: HashMap<NodeId, usize> = HashMap::new();
    let (mut open, mut left_out, mut of_links): (Vec<(NodeId, usize)>, usize, usize) = (Vec::new(), 0, 0);
    let is_out = |node: &Node| name_of(node).is_some_and(|name| NO_TEXT.contains(&name) || AROUND.contains(&name));
    for edge in page.tree.root().traverse() {
        match edge {
            Edge::Open(node) => {
                left_out += usize::from(is_out(node.value()));
                of_links += usize::from(name_of(node.value()) == Some("a"));
                let text = node.value().as_text().filter(|_| left_out == 0 && of_links == 0);
                let weight = text.map_or(0, |text| text.chars().filter(|c| c.is_alphanumeric()).count());
                open.push((node.id(), weight));
            }
            Edge::Close(node) => {
                left_out -= usize::from(is_out(node.value()));
                of_links -= usize::from(name_of(node.value()) == Some("a"));
                let (id, weight) = open.pop().unwrap_or((node.id(), 0));
                weights.insert(id, weight);
                if let Some((_, outer)) = open.last_mut() {
                    *outer += weight;
                }
            }
        }
    }
    let mut best = page.tree.root();
    loop {
        let whole = weights.get(&best.id()).copied().unwrap_or_default();
        let weight = |id| weights.get(&id).copied().unwrap_or_default();
        let is_most = |id| weight(id) * 10 >= whole * 7 && whole > 0;
        let next = best.children().filter(|child| child.value().is_element() && is_most(child.id())).max_by_key(|child| weight(child.id()));
        let Some(next) = next else { return best.id() };
        // a paragraph is not a document, however long
        if name_of(next.value()).is_some_and(|name| INLINE.contains(&name) || matches!(name, "p" | "li" | "td" | "ul" | "ol")) {
            return best.id();
        }
        best = next;
    }
}

/// Lines of Markdown on their way.
#[derive(Default)]
struct Lines {
    text: String,
    line: String,
    mark: String,
}

impl Lines {
    fn end(&mut self) {
        let line = self.line.trim();
        if !line.is_empty() {
            self.text.push_str(&self.mark);
            if line.starts_with(['#', '-', '+', '>', '=', '~']) {
                self.text.push('\\');
            }
            self.text.push_str(line);
            self.text.push_str("\n\n");
            self.mark.clear();
        }
        self.line.clear();
    }

    fn say(&mut self, text: &str) {
        for c in text.chars() {
            if c.is_whitespace() {
                if !self.line.ends_with(' ') {
                    self.line.push(' ');
                }
                continue;
            }
            if matches!(c, '\\' | '*' | '_' | '[' | ']' | '<' | '`' | '&' | '|') {
                self.line.push('\\');
            }
            self.line.push(c);
        }
    }
}

fn written(page: &Html, chosen: &Chosen, removed: &Chosen, by_form: bool) -> String {
    let mut lines = Lines::default();
    let (mut inside, mut outside, mut depth) = (0_usize, 0_usize, 0_usize);
    let is_out = |name: &str| NO_TEXT.contains(&name) || (by_form && AROUND.contains(&name));
    let within = |stretches: &[(usize, usize)], at: usize| stretches.iter().any(|(start, end)| (*start..*end).contains(&at));
    for (at, edge) in page.tree.root().traverse().enumerate() {
        let (node, opens) = match edge {
            Edge::Open(node) => (node, true),
            Edge::Close(node) => (node, false),
        };
        let name = name_of(node.value());
        let step = |count: &mut usize, counts: bool| {
            if counts {
                *count = if opens { *count + 1 } else { count.saturating_sub(1) };
            }
        };
        step(&mut inside, chosen.nodes.contains(&node.id()));
        step(&mut outside, removed.nodes.contains(&node.id()) || name.is_some_and(is_out));
        step(&mut depth, name.is_some());
        let shown = (inside > 0 || within(&chosen.stretches, at)) && outside == 0 && !within(&removed.stretches, at);
        if let Some(text) = node.value().as_text().filter(|_| shown && opens) {
            lines.say(text);
        }
        // what ends with the part that is shown ends its line too
        let Some(name) = name.filter(|name| !INLINE.contains(name) && !NO_TEXT.contains(name)) else { continue };
        if depth <= limits::PAGE_DEPTH || matches!(name, "p" | "li" | "br") {
            lines.end();
            let mark = mark_of(name, opens && shown);
            // a paragraph within an item of a list is that item
            if !mark.is_empty() || !opens {
                lines.mark = mark;
            }
        } else {
            lines.say(" ");
        }
    }
    lines.end();
    lines.text
}

fn mark_of(name: &str, opens: bool) -> String {
    match name {
        "h1" | "h2" | "h3" | "h4" | "h5" | "h6" if opens => format!("{} ", "#".repeat(usize::from(name.as_bytes()[1] - b'0'))),
        "li" if opens => "- ".to_owned(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selectors(texts: &[&str]) -> Vec<Part> {
        texts.iter().map(|text| Part::Selector((*text).to_owned())).collect()
    }

    fn read(html: &str, select: &[&str], remove: &[&str]) -> Result<String, ExtractError> {
        extract(html, &selectors(select), &selectors(remove), || false)
    }

    const PAGE: &str =
        "<!doctype html><title>t</title><nav><a href=/>Home</a> menu of pages that is long enough to count</nav><div id=wrap>
        <main><h1>Rules</h1><p class=intro>We <b>never</b> read <a href=x>your messages</a>.</p><ul><li>one<li>two</ul>
        <div class=ad>Buy a chair</div><table><tr><td>a<td>b</table><p>It is <script>x</script>so.</p></main></div><footer>Foot</footer>";

    #[test]
    fn what_is_selected_is_written_and_what_is_removed_is_not() {
        let text = read(PAGE, &["main"], &[".ad"]).unwrap();
        assert_eq!(text, "# Rules\n\nWe never read your messages.\n\n- one\n\n- two\n\na\n\nb\n\nIt is so.\n\n");
        assert_eq!(read(PAGE, &["h1", ".ad"], &[]).unwrap(), "# Rules\n\nBuy a chair\n\n");
    }

    #[test]
    fn without_selectors_the_document_is_found_by_its_form() {
        let text = read(PAGE, &[], &[]).unwrap();
        assert!(text.starts_with("# Rules") && text.contains("It is so.") && !text.contains("Foot") && !text.contains("Home"), "{text}");
    }

    #[test]
    fn a_range_is_what_stands_between() {
        let border = |selector: &str, after| Border { selector: selector.to_owned(), after };
        let range = |start, end| vec![Part::Range { start, end }];
        let text = extract(PAGE, &range(border("h1", true), border("table", false)), &[], || false).unwrap();
        assert_eq!(text, "We never read your messages.\n\n- one\n\n- two\n\nBuy a chair\n\n");
        let removed = range(border(".intro", false), border("table", true));
        assert_eq!(extract(PAGE, &selectors(&["main"]), &removed, || false).unwrap(), "# Rules\n\nIt is so.\n\n");
        let nowhere = range(border(".none", false), border("table", true));
        assert_eq!(extract(PAGE, &nowhere, &[], || false), Err(ExtractError::NothingFits(".none".to_owned())));
    }

    #[test]
    fn marks_in_a_text_are_text() {
        let text = read("<p># not a heading [x](y) *a* &lt;b&gt; 1_000 &amp;amp; c|d", &[], &[]).unwrap();
        let sentences = audit::drift::text::Text::of_markdown(&text).sentences;
        assert_eq!(sentences[0].text, "# not a heading [x](y) *a* <b> 1_000 &amp; c|d");
    }

    #[test]
    fn what_cannot_be_selected_is_told() {
        assert_eq!(read(PAGE, &["main >>> p"], &[]), Err(ExtractError::Selector("main >>> p".to_owned())));
        assert_eq!(read(PAGE, &[".terms"], &[]), Err(ExtractError::NothingFits(".terms".to_owned())));
        assert_eq!(extract(PAGE, &[], &[], || true), Err(ExtractError::Late));
    }

    #[test]
    fn hostile_pages_end() {
        let deep = |times: usize| read(&format!("<main>{}deep", "<div><b>".repeat(times)), &["main"], &[]);
        assert!(deep(1_000).is_ok_and(|text| text.contains("deep")));
        assert_eq!(deep(5_000), Err(ExtractError::TooDeep(limits::PAGE_DEPTH_MAX)));
        let endless = "<p><b id=1><i><u><em><font>x".repeat(40_000);
        assert_eq!(read(&endless, &[], &[]), Err(ExtractError::TooMuch(limits::PAGE_NODES)));
        let open = "<".repeat(1_000_000);
        assert!(read(&open, &[], &[]).is_ok());
        assert!(read("<main>never closes <p>at all <ul><li>x", &["main"], &[]).unwrap().contains("- x"));
        assert_eq!(read("", &[], &[]).unwrap(), "");
        let reopened: String = (0..3_000).map(|id| format!("<b id={id}>")).chain((0..200_000).map(|_| "<p>x".to_owned())).collect();
        assert_eq!(read(&reopened, &[], &[]), Err(ExtractError::TooMuch(limits::PAGE_NODES)));
    }
}
