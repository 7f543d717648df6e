//! Lessons and a quiz as one page that needs nothing from elsewhere and no script.

use std::fmt::Write;

use super::bank::Paper;
use super::lesson::{Lesson, Screen};
use super::{DRAWN, TO_PASS};
use crate::date::Date;
use crate::markup::escape;

const STYLE: &str = ":root{color-scheme:light dark}body{font:1.05rem/1.6 system-ui,sans-serif;max-width:46rem;margin:0 auto;padding:1rem}\
h1,h2,h3{line-height:1.25}section{border-top:1px solid;margin-top:2rem;padding-top:.5rem}a:focus-visible,input:focus-visible{outline:3px solid}\
fieldset{margin:1.2rem 0;border:1px solid;border-radius:.4rem;padding:.6rem 1rem}legend{font-weight:600;padding:0 .4rem}\
label{display:block;padding:.35rem 0}code{background:rgba(127,127,127,.2);padding:.1rem .3rem;border-radius:.2rem;overflow-wrap:anywhere}\
.skip{position:absolute;left:-99rem}.skip:focus{position:static}@media print{.skip,nav{display:none}section{break-inside:avoid}}";

/// Writes the page. The right answers are not on it: letters are given to `frankly audit train quiz`, which signs.
pub fn page(lessons: &[Lesson], paper: &Paper<'_>, today: Date) -> String {
    let mut page = String::new();
    let _ = write!(
        page,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Messaging platforms: what you need to know</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#lessons\">To the lessons</a>\n<header>\n<h1>Messaging platforms: what you need to know</h1>\n\
         <p>As of {today}. What is said of a platform comes from a register of dated evidence; “confirmed” and “the vendor says so” are not the same. \
         This is no recommendation of a platform.</p>\n</header>\n<nav aria-label=\"Contents\">\n<ul>\n"
    );
    for lesson in lessons {
        let _ = writeln!(page, "<li><a href=\"#{}\">{}</a></li>", attribute(&lesson.platform), escape(&lesson.name));
    }
    page.push_str("<li><a href=\"#quiz\">Quiz</a></li>\n</ul>\n</nav>\n<main id=\"lessons\">\n");
    for lesson in lessons {
        let _ = writeln!(
            page,
            "<section id=\"{0}\" aria-labelledby=\"{0}-name\">\n<h2 id=\"{0}-name\">{1}</h2>",
            attribute(&lesson.platform),
            escape(&lesson.name)
        );
        for (number, screen) in (1..).zip(&lesson.screens) {
            self::screen(&mut page, number, screen);
        }
        page.push_str("</section>\n");
    }
    quiz(&mut page, lessons, paper);
    page.push_str("</main>\n</body>\n</html>\n");
    page
}

fn screen(page: &mut String, number: usize, screen: &Screen) {
    let _ = writeln!(page, "<h3>{number}. {}</h3>", escape(&screen.title));
    for (title, lines) in [("What is known", &screen.known), ("What to do", &screen.steps)] {
        if lines.is_empty() {
            continue;
        }
        let _ = writeln!(page, "<h4>{title}</h4>\n<ul>");
        for line in lines {
            let _ = writeln!(page, "<li>{}</li>", escape(line));
        }
        page.push_str("</ul>\n");
    }
}

fn quiz(page: &mut String, lessons: &[Lesson], paper: &Paper<'_>) {
    let platforms: Vec<&str> = lessons.iter().map(|lesson| lesson.platform.as_str()).collect();
    let _ = write!(
        page,
        "<section id=\"quiz\" aria-labelledby=\"quiz-name\">\n<h2 id=\"quiz-name\">Quiz</h2>\n\
         <p>{DRAWN} questions, {TO_PASS} right answers pass. Note a letter for each and give them to\n\
         <code>frankly audit train quiz --person NAME --platform {} --seed {} --answers LETTERS</code></p>\n<form>\n",
        escape(&platforms.join(",")),
        paper.seed,
    );
    for (number, question) in (1..).zip(&paper.questions) {
        let _ = writeln!(page, "<fieldset>\n<legend>{number}. {}</legend>", escape(&question.item.ask));
        for (letter, answer) in question.answers() {
            let _ =
                writeln!(page, "<label><input type=\"radio\" name=\"q{number}\" value=\"{letter}\"> {letter}) {}</label>", escape(answer));
        }
        page.push_str("</fieldset>\n");
    }
    page.push_str("</form>\n</section>\n");
}

/// An id that a fragment can name.
fn attribute(id: &str) -> String {
    format!("platform-{}", id.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::super::BANK;
    use super::*;

    fn made() -> String {
        let screen = Screen { title: "Where?".to_owned(), known: vec!["<b>bold</b> & more".to_owned()], steps: vec!["Look.".to_owned()] };
        let lesson = Lesson { platform: "x/y".to_owned(), name: "X \"Y\"".to_owned(), screens: vec![screen] };
        page(&[lesson], &BANK.draw(7, &[]), "2026-11-28".parse().unwrap())
    }

    #[test]
    fn the_page_needs_nothing_from_elsewhere_and_shows_no_answers() {
        let page = made();
        for foreign in ["<script", "src=", "@import", "url(", "http:", "https:"] {
            assert!(!page.contains(foreign), "{foreign}");
        }
        assert!(
            page.contains("&lt;b&gt;bold&lt;/b&gt; &amp; more") && page.contains("X &quot;Y&quot;") && page.contains("id=\"platform-x-y\"")
        );
        assert!(BANK.items.iter().all(|item| !page.contains(&escape(&item.why))), "reasons come after the quiz");
        assert_eq!((page.matches("<fieldset>").count(), page.matches("type=\"radio\"").count()), (8, 32));
    }

    #[test]
    fn headings_labels_and_landmarks_are_there() {
        let page = made();
        for needed in [
            "<html lang=\"en\">",
            "<title>",
            "<main id=\"lessons\">",
            "<nav aria-label=\"Contents\">",
            "<h1>",
            "class=\"skip\" href=\"#lessons\"",
            "<legend>1. ",
        ] {
            assert!(page.contains(needed), "{needed}");
        }
        assert_eq!(page.matches("<label>").count(), page.matches("</label>").count());
        let opened = |tag: &str| page.matches(&format!("<{tag}>")).count() + page.matches(&format!("<{tag} ")).count();
        for tag in ["section", "ul", "li", "h2", "h3", "h4", "fieldset", "form", "main", "nav"] {
            assert_eq!(opened(tag), page.matches(&format!("</{tag}>")).count(), "{tag}");
        }
    }
}
