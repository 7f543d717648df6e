//! A chart as a picture that needs nothing from elsewhere.

use std::fmt::Write;

use super::terminal::said;
use super::{Chart, ChartKind, Plotted};
use crate::logs::histogram::real;
use crate::markup::escape;

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 420.0;
const LEFT: f64 = 72.0;
const RIGHT: f64 = 24.0;
const TOP: f64 = 48.0;
const BOTTOM: f64 = 64.0;

const STYLE: &str = "svg{font:13px system-ui,sans-serif;color-scheme:light dark;background:Canvas}text{fill:CanvasText}\
.limit{stroke:CanvasText;stroke-dasharray:6 4;fill:none}.center{stroke:CanvasText;stroke-width:1}\
.line{stroke:#2563eb;stroke-width:2;fill:none}.point{fill:#2563eb}.signal{fill:#b45309;stroke:CanvasText;stroke-width:1.5}";

/// Draws a chart. What stands out is a diamond, so that it needs no colour to be seen, and is named in the description.
pub fn svg(chart: &Chart, title: &str) -> String {
    let frame = Frame::of(chart);
    let mut drawn = String::new();
    let signals: Vec<String> = chart.signals().map(|point| format!("{}: {}", point.label, said(point))).collect();
    let kind = match chart.kind {
        ChartKind::P => "Share",
        ChartKind::U => "Rate",
    };
    let said = if signals.is_empty() { "No point completes a rule.".to_owned() } else { signals.join("; ") };
    let _ = writeln!(
        drawn,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-labelledby=\"title what\">\n\
         <title id=\"title\">{}</title>\n<desc id=\"what\">{kind} of {} points, center {:.4}. {}</desc>\n<style>{STYLE}</style>\n\
         <text x=\"{LEFT}\" y=\"28\" font-size=\"17\">{}</text>",
        escaped(title),
        chart.points.len(),
        chart.center,
        escaped(&said),
        escaped(title),
    );
    axis(&mut drawn, &frame, chart.center);
    for (class, bound) in [("limit", Plotted::upper as fn(&Plotted) -> f64), ("limit", Plotted::lower), ("line", Plotted::value)] {
        let at: Vec<String> =
            chart.points.iter().enumerate().map(|(index, point)| format!("{:.1},{:.1}", frame.x(index), frame.y(bound(point)))).collect();
        let _ = writeln!(drawn, "<polyline class=\"{class}\" points=\"{}\"/>", at.join(" "));
    }
    for (index, point) in chart.points.iter().enumerate() {
        let (x, y) = (frame.x(index), frame.y(point.value));
        if point.rules.is_empty() {
            let _ = writeln!(drawn, "<circle class=\"point\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\"/>");
        } else {
            let says = escaped(&format!("{}: {}", point.label, super::terminal::said(point)));
            let _ = writeln!(drawn, "<path class=\"signal\" d=\"M{x:.1} {:.1}l7 7-7 7-7-7z\"><title>{says}</title></path>", y - 7.0);
        }
    }
    drawn.push_str("</svg>\n");
    drawn
}

impl Plotted {
    fn upper(&self) -> f64 {
        self.upper
    }

    fn lower(&self) -> f64 {
        self.lower
    }

    fn value(&self) -> f64 {
        self.value
    }
}

struct Frame {
    low: f64,
    high: f64,
    points: usize,
    labels: Vec<(usize, String)>,
}

impl Frame {
    fn of(chart: &Chart) -> Self {
        let values = chart.points.iter().flat_map(|point| [point.value, point.upper, point.lower]);
        let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
        let last = chart.points.len() - 1;
        let mut shown = vec![0, last / 4, last / 2, last * 3 / 4, last];
        shown.dedup();
        let labels = shown.into_iter().map(|index| (index, chart.points[index].label.clone())).collect();
        Self { low, high, points: chart.points.len(), labels }
    }

    fn x(&self, index: usize) -> f64 {
        LEFT + (WIDTH - LEFT - RIGHT) * real(index as u64) / real((self.points - 1).max(1) as u64)
    }

    fn y(&self, value: f64) -> f64 {
        let height = if self.high > self.low { (self.high - value) / (self.high - self.low) } else { 0.5 };
        TOP + (HEIGHT - TOP - BOTTOM) * height
    }
}

fn axis(drawn: &mut String, frame: &Frame, center: f64) {
    let (right, bottom) = (WIDTH - RIGHT, HEIGHT - BOTTOM + 28.0);
    let middle = frame.y(center);
    let _ = writeln!(drawn, "<line class=\"center\" x1=\"{LEFT}\" x2=\"{right}\" y1=\"{middle:.1}\" y2=\"{middle:.1}\"/>");
    for value in [frame.low, center, frame.high] {
        let _ = writeln!(drawn, "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{value:.3}</text>", LEFT - 8.0, frame.y(value) + 4.0);
    }
    for (index, label) in &frame.labels {
        let anchor = if *index == 0 {
            "start"
        } else if *index + 1 == frame.points {
            "end"
        } else {
            "middle"
        };
        let _ = writeln!(drawn, "<text x=\"{:.1}\" y=\"{bottom}\" text-anchor=\"{anchor}\">{}</text>", frame.x(*index), escaped(label));
    }
}

/// Text as XML takes it, in one line.
fn escaped(text: &str) -> String {
    escape(&text.replace(char::is_control, " "))
}

#[cfg(test)]
mod tests {
    use super::super::{Point, terminal};
    use super::*;

    fn chart() -> Chart {
        let counts = [10.0, 12.0, 9.0, 11.0, 10.0, 40.0, 10.0, 11.0];
        let points =
            counts.iter().enumerate().map(|(at, count)| Point { label: format!("<day {at}>"), count: *count, size: 1.0 }).collect();
        Chart::new(ChartKind::U, points, false).unwrap()
    }

    #[test]
    fn what_stands_out_is_drawn_and_named() {
        let drawn = svg(&chart(), "Flags & reports");
        assert_eq!(drawn.matches("class=\"signal\"").count(), 1);
        assert_eq!(drawn.matches("<circle").count(), 7);
        assert!(drawn.contains("Flags &amp; reports") && drawn.contains("&lt;day 5&gt;: 40.0000") && !drawn.contains("<day"));
        let text = terminal(&chart(), 80);
        assert_eq!((text.matches('X').count(), text.matches('o').count() > 6), (1, true), "{text}");
        assert!(text.contains("<day 5>: 40.0000") && text.contains("rule 1"), "{text}");
    }
}
