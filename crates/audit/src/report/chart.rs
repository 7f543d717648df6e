//! How many controls are in which state, as a picture: bars of parts, each with its number.

use std::fmt::Write as _;

use crate::judge::{Assessment, State};
use crate::markup::escape;

const LEFT: usize = 230;
const WIDTH: usize = 560;
const ROW: usize = 26;
const TOP: usize = 44;

/// Colours that differ for the colour-blind too, and the ink on them.
const fn colours(state: State) -> (&'static str, &'static str) {
    match state {
        State::Met => ("#1b7837", "#ffffff"),
        State::NotMet => ("#b2182b", "#ffffff"),
        State::Disputed => ("#762a83", "#ffffff"),
        State::Unknown => ("#e0e0e0", "#1a1a1a"),
        State::Stale => ("#fdb863", "#1a1a1a"),
        State::NotApplicable => ("#ffffff", "#1a1a1a"),
    }
}

/// The picture as SVG: one bar for each platform, the same order of states in each.
pub fn chart(made: &Assessment<'_>) -> String {
    let height = TOP + ROW * made.sheets.len() + 10;
    let width = LEFT + WIDTH + 20;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" aria-labelledby=\"states-title states-about\" font-family=\"sans-serif\" font-size=\"13\">\n<title id=\"states-title\">Controls by state, as of {}</title>\n<desc id=\"states-about\">One bar for each platform. The table beside it says the same in numbers.</desc>\n<rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n",
        made.as_of
    );
    let mut x = LEFT;
    for state in State::ALL {
        let (fill, _) = colours(state);
        writeln!(svg, "<rect x=\"{x}\" y=\"12\" width=\"14\" height=\"14\" fill=\"{fill}\" stroke=\"#555555\"/><text x=\"{}\" y=\"24\" fill=\"#1a1a1a\">{}</text>", x + 19, state.word())
            .expect("a string takes what is written");
        x += 34 + state.word().len() * 8;
    }
    for (number, sheet) in made.sheets.iter().enumerate() {
        let y = TOP + number * ROW;
        let counts = sheet.counts();
        let total = sheet.cells.len().max(1);
        writeln!(
            svg,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\" fill=\"#1a1a1a\">{}</text>",
            LEFT - 8,
            y + 16,
            escape(&sheet.platform.name)
        )
        .expect("a string takes what is written");
        let mut done = 0;
        for state in State::ALL {
            let count = counts.of(state);
            if count == 0 {
                continue;
            }
            let (from, to) = (LEFT + WIDTH * done / total, LEFT + WIDTH * (done + count) / total);
            let (fill, ink) = colours(state);
            writeln!(
                svg,
                "<rect x=\"{from}\" y=\"{y}\" width=\"{}\" height=\"20\" fill=\"{fill}\" stroke=\"#555555\" stroke-width=\"0.5\"><title>{}: {count} {}</title></rect><text x=\"{}\" y=\"{}\" text-anchor=\"middle\" fill=\"{ink}\">{count}</text>",
                to - from,
                escape(&sheet.platform.name),
                state.word(),
                usize::midpoint(from, to),
                y + 15
            )
            .expect("a string takes what is written");
            done += count;
        }
    }
    svg + "</svg>\n"
}
