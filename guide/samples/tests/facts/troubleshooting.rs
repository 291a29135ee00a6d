//! The chapter "Troubleshooting": what it quotes of ours is in the sources, and what of ours a user may meet it
//! quotes.

use crate::{
    Tested,
    pages::{cells, read, root, sources_below, table},
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

/// The text that begins here, as it is printed, if it is one: on one line, with `{..}` for what differs.
fn literal(source: &str) -> Option<String> {
    let source = source.trim_start().strip_prefix('"')?;
    let lines: Vec<&str> = source.split("\\\n").map(str::trim_start).collect();
    let text = lines.concat().replace("\\\"", "\u{1}");
    let text = text.split('"').next()?;
    Some(text.replace('\u{1}', "\""))
}

#[test]
fn texts_of_several_lines_are_read_as_one() {
    let source = "\n        \"`{a}` is \\\n         not \\\"{b}\\\"\"\n    )]";
    assert_eq!(literal(source).as_deref(), Some("`{a}` is not \"{b}\""));
    assert_eq!(literal("transparent)]"), None);
}

#[test]
fn every_error_of_the_library_is_there() -> Tested {
    let page = read(PAGE)?;
    for file in [
        "cluster/presence/error.rs",
        "contract/error.rs",
        "error.rs",
        "error/build.rs",
        "id.rs",
        "namespace/data.rs",
        "namespace/params.rs",
        "namespace/waiting.rs",
        "server/proxy.rs",
    ] {
        let source = read(&format!("framework/src/{file}"))?;
        let errors = source.split("#[error(").skip(1);
        for text in errors.filter_map(literal) {
            // Double braces are printed; single ones are placeholders.
            let hidden = text.replace("{{", "\u{2}").replace("}}", "\u{3}");
            let text = fixed(&hidden).replace('\u{2}', "{").replace('\u{3}', "}");
            assert!(page.contains(&text), "{file}: `{text}` is not explained");
        }
    }
    Ok(())
}

#[test]
fn every_close_code_of_ours_is_there() -> Tested {
    let source = read("framework/src/protocol/websocket/close.rs")?;
    let (codes, _) = source.split_once("impl fmt::").ok_or("no codes")?;
    let codes: Vec<&str> = codes
        .split("const ")
        .skip(1)
        .filter_map(|declared| declared.split_once("= Self(")?.1.split(')').next())
        .collect();
    assert!(codes.len() > 4, "only {codes:?}");
    let told: Vec<String> = table("troubleshooting.md", "code of the WebSocket")?
        .into_iter()
        .filter_map(|row| row.into_iter().next())
        .collect();
    for code in codes {
        // That one is for tests.
        let is_there = code == "1000" || told.iter().any(|told| told == code);
        assert!(is_there, "the close code {code} is not explained");
    }
    Ok(())
}

/// Whether a quote with `..` for what differs is of this text.
fn is_of(quote: &str, text: &str) -> bool {
    let mut rest = Some(text);
    for part in parts(quote) {
        rest = rest.and_then(|rest| Some(rest.split_once(part)?.1));
    }
    rest.is_some_and(str::is_empty)
}

#[test]
fn every_hint_of_the_traits_is_there() -> Tested {
    assert!(is_of("`..` is not an event", "`{Self}` is not an event"));
    assert!(!is_of("`..` is not an event", "`{Self}` is not a session"));
    let page = read(PAGE)?;
    let cells = ours(&page);
    let explained: Vec<&str> = cells.iter().flat_map(|cell| quotes(cell)).collect();
    let mut hints = 0;
    for source in sources_below(&root().join("framework/src"))?
        .split("on_unimplemented(")
        .skip(1)
    {
        let (_, message) = source.split_once("message =").ok_or("no message")?;
        let text = literal(message).ok_or("no text")?;
        let is_explained = explained.iter().any(|quote| is_of(quote, &text));
        assert!(is_explained, "`{text}` is not explained");
        hints += 1;
    }
    assert!(hints > 5, "only {hints} hints");
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
