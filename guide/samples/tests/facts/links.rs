//! Links in the pages outside of the guide: to files and to headings. Those of the guide are checked where it is built, those
//! to other sites are not followed.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    Tested,
    pages::{read, root},
};

/// The text without blocks and pieces of code, in which nothing is a link or a heading.
fn prose(page: &str) -> String {
    let mut text = String::new();
    let mut is_code = false;
    for line in page.lines() {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
        } else if !is_code {
            text += line;
            text.push('\n');
        }
    }
    text
}

/// The targets of `[text](target)`.
fn targets(prose: &str) -> impl Iterator<Item = &str> {
    let rest = prose.split("](").skip(1);
    rest.filter_map(|rest| Some(rest.split_once(')')?.0))
}

/// What a link to this heading ends with, on the sites that show these pages.
fn fragment(heading: &str) -> String {
    let kept = heading.chars().filter_map(|c| match c {
        ' ' => Some('-'),
        '-' | '_' => Some(c),
        _ => c.is_alphanumeric().then_some(c),
    });
    kept.flat_map(char::to_lowercase).collect()
}

fn has_heading(page: &str, wanted: &str) -> bool {
    let text = prose(page);
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let mut fragments = headings.map(|line| fragment(line.trim_start_matches('#').trim()));
    fragments.any(|fragment| fragment == wanted)
}

/// Whether the link leads to a file, and to a heading if it names one.
fn leads_somewhere(from: &Path, target: &str) -> bool {
    let (path, heading) = target.split_once('#').unwrap_or((target, ""));
    let file = match path {
        "" => from.to_owned(),
        path => from.parent().unwrap_or(from).join(path),
    };
    match heading {
        "" => file.exists(),
        heading => fs::read_to_string(file).is_ok_and(|page| has_heading(&page, heading)),
    }
}

/// The pages of the repository that are not the guide's.
fn pages() -> Result<Vec<PathBuf>, Box<dyn std::error::Error>> {
    let mut found = Vec::new();
    for folder in ["", "examples", "tests"] {
        for entry in fs::read_dir(root().join(folder))? {
            let path = entry?.path();
            let page = match path.is_dir() {
                true => path.join("README.md"),
                false => path,
            };
            if page.extension().is_some_and(|of| of == "md") && page.exists() {
                found.push(page);
            }
        }
    }
    Ok(found)
}

#[test]
fn every_link_of_the_readmes_leads_somewhere() -> Tested {
    let (mut dead, mut followed) = (Vec::new(), 0);
    for page in pages()? {
        let text = prose(&fs::read_to_string(&page)?);
        for target in targets(&text).filter(|target| !target.contains(':')) {
            followed += 1;
            if !leads_somewhere(&page, target) {
                dead.push(format!("{}: {target}", page.display()));
            }
        }
    }
    assert!(dead.is_empty(), "dead links: {dead:#?}");
    assert!(followed > 60, "only {followed} links");
    Ok(())
}

#[test]
fn a_dead_link_is_seen() -> Tested {
    let here = root().join("README.md");
    let readme = read("README.md")?;
    let own = readme.lines().find_map(|line| line.strip_prefix("## "));
    let own = fragment(own.ok_or("no heading")?);
    for target in ["CHANGELOG.md", "examples", &*format!("#{own}")] {
        assert!(leads_somewhere(&here, target), "{target}");
    }
    for target in [
        "CHANGES.md",
        "#no-such-heading",
        "CHANGELOG.md#no-such-heading",
    ] {
        assert!(!leads_somewhere(&here, target), "{target}");
    }
    let page = "[a](b.md) and `[c](d)`\n```md\n[e](f)\n```\n";
    let prose = prose(page);
    assert_eq!(targets(&prose).next(), Some("b.md"));
    assert!(!prose.contains("(f)"));
    assert_eq!(fragment("`Stats`: what, when_ever"), "stats-what-when_ever");
    Ok(())
}
