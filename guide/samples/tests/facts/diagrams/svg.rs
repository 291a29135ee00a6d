//! Boxes from the top to the bottom, as SVG.

use std::fmt::Write;

const WIDTH: usize = 760; // px, as everything here
const MARGIN: usize = 16;
const LINE: usize = 18;
const GAP: usize = 18;
/// A letter of the font is as wide, or narrower.
const LETTER: usize = 8;

/// What has been drawn, and how far down.
pub(crate) struct Drawing {
    body: String,
    y: usize,
    /// Whether an arrow leads from the last box to the next.
    joined: bool,
}

impl Drawing {
    pub(crate) fn new() -> Self {
        Self {
            body: String::new(),
            y: MARGIN,
            joined: false,
        }
    }

    /// A heading for what follows.
    pub(crate) fn group(&mut self, title: &str) {
        if self.joined {
            self.arrow();
        }
        self.joined = false;
        self.y += LINE;
        self.text(MARGIN, title, "group");
        self.y += LINE / 2;
    }

    /// Something that happens in a place, after what was drawn before.
    pub(crate) fn step(&mut self, place: &str, what: &str, is_file: bool) {
        if self.joined {
            self.arrow();
        }
        self.joined = true;
        let class = if is_file { "file" } else { "other" };
        let lines = [vec![place.to_owned()], wrapped(what, WIDTH - 4 * MARGIN)].concat();
        self.boxed(MARGIN, WIDTH - 2 * MARGIN, &lines, class);
        self.y += lines.len() * LINE + LINE;
    }

    /// Boxes beside each other: names, and what they hold.
    pub(crate) fn row(&mut self, boxes: &[(&str, String)]) {
        let width = (WIDTH - 2 * MARGIN - GAP * (boxes.len() - 1)) / boxes.len();
        let lines = boxes.iter().map(|(name, text)| {
            [vec![(*name).to_owned()], wrapped(text, width - 2 * MARGIN)].concat()
        });
        let lines: Vec<Vec<String>> = lines.collect();
        let highest = lines.iter().map(Vec::len).max().unwrap_or_default();
        for (index, mut lines) in lines.into_iter().enumerate() {
            lines.resize(highest, String::new());
            self.boxed(MARGIN + index * (width + GAP), width, &lines, "file");
        }
        self.y += highest * LINE + LINE + GAP / 2;
    }

    pub(crate) fn finish(self) -> String {
        let height = self.y + MARGIN;
        format!(
            r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="13">
<style>
.file {{ fill: #eef3fb; stroke: #5a7fb8; }}
.other {{ fill: #f6f1e4; stroke: #b89a5a; }}
.name {{ font-family: monospace; font-weight: bold; }}
.group {{ font-weight: bold; fill: #444; }}
.arrow {{ stroke: #666; }}
</style>
<rect width="{WIDTH}" height="{height}" fill="#fff"/>
{}</svg>
"##,
            self.body
        )
    }

    fn boxed(&mut self, x: usize, width: usize, lines: &[String], class: &str) {
        let (y, height) = (self.y, lines.len() * LINE + LINE / 2);
        self.write(format_args!(
            r#"<rect class="{class}" x="{x}" y="{y}" width="{width}" height="{height}" rx="4"/>"#
        ));
        let top = self.y;
        for (index, line) in lines.iter().enumerate() {
            self.y = top + (index + 1) * LINE - LINE / 6;
            self.text(x + MARGIN, line, if index == 0 { "name" } else { "what" });
        }
        self.y = top;
    }

    fn arrow(&mut self) {
        let (x, y) = (WIDTH / 2, self.y - LINE / 2);
        let (end, left, right) = (y + LINE, x - 4, x + 4);
        let head = end - 5;
        self.write(format_args!(
            r#"<path class="arrow" fill="none" d="M{x} {y}V{end}M{left} {head}L{x} {end}L{right} {head}"/>"#
        ));
        self.y = end;
    }

    fn text(&mut self, x: usize, text: &str, class: &str) {
        if !text.is_empty() {
            let text = text
                .replace('`', "")
                .replace('&', "&amp;")
                .replace('<', "&lt;");
            let y = self.y;
            self.write(format_args!(
                r#"<text class="{class}" x="{x}" y="{y}">{text}</text>"#
            ));
        }
    }

    fn write(&mut self, element: std::fmt::Arguments<'_>) {
        // A `String` takes everything.
        let _ = writeln!(self.body, "{element}");
    }
}

/// Lines that fit into a width.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines
            .last_mut()
            .filter(|line| (line.len() + word.len()) * LETTER < width);
        match line {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) => *line += &format!(" {word}"),
            None => lines.push(word.to_owned()),
        }
    }
    lines
}
