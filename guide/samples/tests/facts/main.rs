//! Holds what the guide says in tables, and what the guide and ARCHITECTURE.md name, to the sources.

mod cluster;
mod dashboard;
mod diagrams;
mod examples;
mod feature_table;
mod figures;
mod limits;
mod links;
mod options;
mod pages;
mod readme;
mod reasons;
mod samples;
mod testing;
mod troubleshooting;

use std::error::Error;

use pages::{code, pages, quoted, read, root, sources_below, table};

type Tested = Result<(), Box<dyn Error>>;

/// Whether the option is a number of bytes.
fn is_size(name: &str) -> bool {
    ["_size", "_bytes", "_threshold"]
        .iter()
        .any(|end| name.ends_with(end))
}

/// A default as the guide writes it.
fn shown(name: &str, expression: &str) -> String {
    let number = |text: &str| text.replace('_', ",");
    if let Some(text) = quoted(expression).next() {
        return format!("`{text}`");
    }
    if let Some(bytes) = expression.strip_prefix("Some(") {
        let bytes: u32 = bytes.trim_end_matches(')').parse().unwrap_or_default();
        return format!("{},{:03} bytes", bytes / 1000, bytes % 1000);
    }
    if let Some(seconds) = expression.strip_prefix("Duration::from_secs(") {
        return format!("{} s", number(seconds.trim_end_matches(')')));
    }
    match expression.split_once(" << ") {
        Some((mib, "20")) => format!("{mib} MiB"),
        Some((kib, "10")) => format!("{kib} KiB"),
        _ if expression == "None" => "none".to_owned(),
        _ if expression.contains("::") => format!("`{expression}`"),
        _ if is_size(name) => format!("{} bytes", number(expression)),
        _ => number(expression),
    }
}

#[test]
fn every_option_is_there_with_its_default() -> Tested {
    let config = read("framework/src/config.rs")?;
    let (_, defaults) = config
        .split_once("impl Default for Config")
        .ok_or("no defaults")?;
    let expected: Vec<_> = defaults
        .lines()
        .filter_map(|line| line.trim().strip_suffix(',')?.split_once(": "))
        .map(|(name, value)| (format!("`{name}`"), shown(name, value)))
        .collect();
    let rows = table("options.md", "option")?;
    let told: Vec<_> = rows
        .iter()
        .map(|row| (row[0].clone(), row[1].clone()))
        .collect();
    assert_eq!(told, expected);
    Ok(())
}

#[test]
fn every_option_for_http_is_there() -> Tested {
    let source = read("framework/src/server/http.rs")?;
    let (_, fields) = source.split_once("struct Http {").ok_or("no options")?;
    let (fields, _) = fields.split_once("\n}").ok_or("no end")?;
    let expected: Vec<_> = fields
        .lines()
        .filter_map(|line| line.split_once(": Option<")?.0.split_whitespace().last())
        .map(|name| format!("`{name}`"))
        .collect();
    let rows = table("security.md", "option")?;
    let told: Vec<_> = rows.iter().map(|row| row[0].clone()).collect();
    assert_eq!(told, expected);
    assert!(rows.iter().all(|row| row[1] == "none"));
    Ok(())
}

#[test]
fn every_metric_is_there_with_its_name() -> Tested {
    let metrics = read("framework/src/metrics.rs")?;
    let expected: Vec<_> = metrics
        .lines()
        .filter_map(|line| line.trim().strip_suffix("\",")?.split_once(" => \""))
        .map(|(field, name)| (format!("`{field}`"), format!("`{name}`")))
        .collect();
    let rows = table("observability.md", "`Stats`")?;
    let told: Vec<_> = rows
        .iter()
        .map(|row| (row[0].clone(), row[1].clone()))
        .collect();
    assert_eq!(told, expected);
    Ok(())
}

#[test]
fn every_metric_with_labels_and_every_latency_is_there() -> Tested {
    let source = read("framework/src/metrics/labelled.rs")?;
    let declared = source.lines().filter(|line| line.starts_with("const "));
    let expected: Vec<_> = declared.flat_map(quoted).collect();
    let rows = table("observability.md", "exported as")?;
    let told: Vec<_> = rows.iter().flat_map(|row| code(&row[0])).collect();
    assert_eq!(told, expected);
    Ok(())
}

#[test]
fn every_test_that_holds_something_is_there() -> Tested {
    let mut named = 0;
    for (_, page) in pages()? {
        for line in page.lines().filter(|line| line.starts_with("- `")) {
            let words: Vec<&str> = code(line).collect();
            let [file, test] = words[..] else { continue };
            if file.ends_with(".rs") {
                let there = read(file)?.contains(&format!("fn {test}("));
                assert!(there, "{file} has no test `{test}`");
                named += 1;
            }
        }
    }
    assert!(named > 60, "only {named} tests are named");
    Ok(())
}

#[test]
fn every_call_of_the_browser_client_is_there() -> Tested {
    let client = read("framework/src/server/client.js")?;
    for first in ["on a socket", "option"] {
        for row in table("client.md", first)? {
            for call in code(&row[0]) {
                let name = call.split('(').next().unwrap_or(call);
                assert!(client.contains(name), "client.js has no `{name}`");
            }
        }
    }
    assert!(client.len() < 13_000, "{} bytes", client.len());
    Ok(())
}

/// Paths, of the repository or of `framework/src`, and names with `::` in them.
#[test]
fn everything_that_the_architecture_names_is_there() -> Tested {
    let root = root();
    let sources = root.join("framework/src");
    let text = sources_below(&sources)?;
    let page = read("ARCHITECTURE.md")?;
    for line in page.lines().filter(|line| !line.starts_with("```")) {
        for name in code(line).filter(|name| !name.contains(char::is_whitespace)) {
            if let Some((_, item)) = name.rsplit_once("::") {
                let declared = ["fn ", "struct ", "enum ", "type "]
                    .iter()
                    .any(|kind| text.contains(&format!("{kind}{item}")))
                    || text.contains(&format!(" {item}:"));
                assert!(declared, "`{name}` is not declared");
            } else if name.contains('/') || name.ends_with(".rs") {
                let there = [&root, &sources]
                    .iter()
                    .any(|folder| folder.join(name).exists());
                assert!(there, "there is no `{name}`");
            }
        }
    }
    Ok(())
}
