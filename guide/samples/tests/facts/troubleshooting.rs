//! The chapter "Troubleshooting": what it quotes of ours is in the sources, and what of ours a user may meet it
//! quotes.

use crate::{
    Tested,
    pages::{cells, read, root, sources_below},
};

const PAGE: &str = "guide/src/troubleshooting.md";

/// The first cells of the tables of texts that are ours.
fn ours(page: &str) -> Vec<String> {
    let mut ours = false;
    let mut quotes = Vec::new();
    for line in page.lines() {
        let cells = cells(line);
        match cells.first() {
            Some(first) if line.starts_with('|') && first.starts_with("we say") => ours = true,
            Some(first) if line.starts_with('|') && ours => quotes.push(first.clone()),
            _ => ours = false,
        }
    }
    quotes.retain(|quote| quote != "---");
    quotes
}

/// What stands in a cell as code; double backquotes are around texts with backquotes in them.
fn quotes(cell: &str) -> Vec<&str> {
    let mut rest = cell;
    let mut quotes = Vec::new();
    while let Some(at) = rest.find('`') {
        let marked = &rest[at..];
        let mark = if marked.starts_with("``") { "``" } else { "`" };
        let Some((quote, behind)) = marked[mark.len()..].split_once(mark) else {
            break;
        };
        quotes.push(quote.trim());
        rest = behind;
    }
    quotes
}

/// The texts of the sources as they are printed, on one line each.
fn sources() -> Result<String, Box<dyn std::error::Error>> {
    let mut text = String::new();
    for folder in ["framework/src", "macros/src", "macros/tests/ui"] {
        text += &sources_below(&root().join(folder))?;
    }
    let joined: Vec<&str> = text.split("\\\n").map(str::trim_start).collect();
    let printed = [("\\\"", "\""), ("{{", "{"), ("}}", "}")];
    Ok(printed
        .iter()
        .fold(joined.concat(), |text, (from, to)| text.replace(from, to)))
}

/// The parts of a text between what differs from case to case.
fn parts(quote: &str) -> impl Iterator<Item = &str> {
    quote.split("..").map(str::trim)
}

/// The longest part of a format string without placeholders.
fn fixed(format: &str) -> &str {
    let parts = format.split(['{', '}']).step_by(2).map(str::trim);
    parts.max_by_key(|part| part.len()).unwrap_or_default()
}

#[test]
fn what_it_quotes_is_in_the_sources() -> Tested {
    let sources = sources()?;
    let mut quoted = 0;
    for cell in ours(&read(PAGE)?) {
        for quote in quotes(&cell) {
            for part in parts(quote) {
                assert!(sources.contains(part), "`{quote}`: nobody says `{part}`");
            }
            quoted += 1;
        }
    }
    assert!(quoted > 80, "only {quoted} texts are quoted");
    Ok(())
}

#[test]
fn every_error_of_the_library_is_there() -> Tested {
    let page = read(PAGE)?;
    for file in [
        "error.rs",
        "error/build.rs",
        "id.rs",
        "namespace/data.rs",
        "namespace/params.rs",
        "namespace/waiting.rs",
        "server/proxy.rs",
    ] {
        let source = read(&format!("framework/src/{file}"))?;
        for text in source.split("#[error(\"").skip(1) {
            // What is escaped is printed; single braces are placeholders.
            let printed = [
                ("\\\"", "\u{1}", "\""),
                ("{{", "\u{2}", "{"),
                ("}}", "\u{3}", "}"),
            ];
            let hidden = printed
                .iter()
                .fold(text.to_owned(), |text, (escaped, hidden, _)| {
                    text.replace(escaped, hidden)
                });
            let text = hidden.split('"').next().map_or("", fixed).to_owned();
            let text = printed
                .iter()
                .fold(text, |text, (_, hidden, shown)| text.replace(hidden, shown));
            assert!(page.contains(&text), "{file}: `{text}` is not explained");
        }
    }
    Ok(())
}

#[test]
fn every_warning_in_the_log_is_there() -> Tested {
    let page = read(PAGE)?;
    let mut sources = read("framework/src/supervision.rs")?;
    for folder in [
        "cluster",
        "connection",
        "event",
        "namespace",
        "server",
        "shard",
        "transport",
    ] {
        sources += &sources_below(&root().join("framework/src").join(folder))?;
    }
    let examples = |line: &&str| !line.trim_start().starts_with("///");
    let sources: Vec<&str> = sources.lines().filter(examples).collect();
    let sources = sources.join("\n");
    for call in ["tracing::error!(", "tracing::warn!("] {
        for arguments in sources.split(call).skip(1) {
            let (call, _) = arguments.split_once("\")").ok_or("no text")?;
            let text = call.rsplit('"').next().unwrap_or(call);
            assert!(page.contains(text), "`{text}` is not explained");
        }
    }
    Ok(())
}
