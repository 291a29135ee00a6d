//! The table of all limits: options with the defaults that other tables give them,
//! constants with their values, and figures that are counted.

use std::collections::HashMap;

use crate::{
    Tested,
    pages::{code, read, root, sources_below, table},
};

/// The defaults of all options, as their own chapters tell them.
fn defaults() -> Result<HashMap<String, String>, Box<dyn std::error::Error>> {
    let options = table("options.md", "option")?;
    let of_recovery = table("recovery.md", "option of `Recovery`")?;
    let of_state = table("presence.md", "option of `SharedState`")?;
    let rows = options.into_iter().chain(of_recovery).chain(of_state);
    Ok(rows
        .map(|row| (row[0].replace('`', ""), row[1].clone()))
        .collect())
}

/// A constant of the sources as the guide writes it: `64 * 1024` is 65,536, `64 << 20` is 64 MiB.
fn constant(sources: &str, name: &str) -> Option<String> {
    let (_, declared) = sources.split_once(&format!("const {name}: "))?;
    let (_, value) = declared.split_once("= ")?;
    let words: Vec<&str> = value.split(';').next()?.split(' ').collect();
    let number: u32 = match words[..] {
        [number] => number.replace('_', "").parse().ok()?,
        [left, "*", right] => left.parse::<u32>().ok()? * right.parse::<u32>().ok()?,
        [left, "<<", right] => left.parse::<u32>().ok()? << right.parse::<u32>().ok()?,
        _ => return None,
    };
    Some(match number {
        0..1000 => number.to_string(),
        _ if number.is_multiple_of(1 << 20) => format!("{} MiB", number >> 20),
        _ => format!("{},{:03}", number / 1000, number % 1000),
    })
}

#[test]
fn every_limit_has_its_default() -> Tested {
    let defaults = defaults()?;
    let sources = sources_below(&root().join("framework/src"))?;
    for row in table("limits.md", "what")? {
        let names: Vec<&str> = code(&row[1]).collect();
        let expected = match names[..] {
            [name] if row[1].starts_with("fixed: ") => constant(&sources, name),
            [name] => defaults.get(name).cloned(),
            _ => continue,
        };
        assert_eq!(expected.as_ref(), Some(&row[2]), "{}", row[0]);
    }
    Ok(())
}

#[test]
fn every_option_that_limits_is_there() -> Tested {
    let rows = table("limits.md", "what")?;
    let told: Vec<&str> = rows.iter().flat_map(|row| code(&row[1])).collect();
    let defaults = defaults()?;
    for option in defaults.keys().filter(|name| name.starts_with("max_")) {
        let is_time = option.ends_with("_duration");
        assert!(
            is_time || told.contains(&&**option),
            "`{option}` is no limit"
        );
    }
    Ok(())
}

#[test]
fn every_figure_is_counted() -> Tested {
    let metrics = read("framework/src/metrics.rs")?;
    let errors = read("guide/src/errors.md")?;
    for row in table("limits.md", "what")? {
        let is_told = row[4].starts_with("no: ") || code(&row[4]).next().is_some();
        assert!(
            is_told,
            "{} is counted nowhere, and does not say why",
            row[0]
        );
        let (name, reasons) = row[4].split_once(": ").unwrap_or((&row[4], ""));
        for name in code(name) {
            assert!(metrics.contains(&format!("\"{name}\"")), "no `{name}`");
        }
        for reason in code(reasons) {
            let is_option = row[1] == format!("`{reason}`");
            let told = is_option || errors.contains(&format!("`{reason}`"));
            assert!(told, "{name} has no reason `{reason}`");
        }
    }
    Ok(())
}
