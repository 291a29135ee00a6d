//! Links inside the built book: the page must exist, and the heading that a fragment names. A link that
//! leaves the book leads into the repository, as seen from the page's source. Links to other sites are not
//! followed.

use std::path::Path;

/// What is wrong with the links of a built page, whose source is in the folder `source`.
pub(crate) fn mistakes(page: &Path, html: &str, source: &Path) -> Vec<String> {
    targets(html)
        .filter(|target| is_relative(target))
        .filter(|target| match target.starts_with("../") {
            true => !source.join(target).exists(),
            false => !leads_somewhere(page, html, target),
        })
        .map(|target| format!("{}: dead link to `{target}`", page.display()))
        .collect()
}

/// The values of `href` and `src`, in tags only: text may contain samples of them.
fn targets(html: &str) -> impl Iterator<Item = &str> {
    html.split('<').skip(1).flat_map(|rest| {
        let tag = rest.split_once('>').map_or(rest, |(tag, _)| tag);
        [" href=\"", " src=\""].into_iter().filter_map(move |name| {
            let (_, value) = tag.split_once(name)?;
            Some(value.split_once('"')?.0)
        })
    })
}

fn is_relative(target: &str) -> bool {
    let before_path = target.split(['/', '#', '?']).next().unwrap_or(target);
    !before_path.contains(':') && !target.starts_with("//")
}

fn leads_somewhere(page: &Path, html: &str, target: &str) -> bool {
    let (path, fragment) = target.split_once('#').unwrap_or((target, ""));
    let path = path.split_once('?').map_or(path, |(path, _)| path);
    if path.is_empty() {
        return has_id(html, fragment);
    }
    let file = page.parent().unwrap_or(page).join(path);
    if fragment.is_empty() {
        return file.exists();
    }
    std::fs::read_to_string(file).is_ok_and(|html| has_id(&html, fragment))
}

fn has_id(html: &str, id: &str) -> bool {
    id.is_empty() || html.contains(&format!("id=\"{id}\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "<h1 id=\"top\">Top</h1>";

    fn check(link: &str) -> Vec<String> {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("page.html");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        mistakes(
            &page,
            &format!("{PAGE}<a class=\"x\" href=\"{link}\">go</a>"),
            &source,
        )
    }

    #[test]
    fn links_that_lead_somewhere_pass() {
        for link in [
            "#top",
            "#",
            "Cargo.toml",
            "./src/main.rs?query",
            "src/../src",
            "../Cargo.toml",
            "../../server",
        ] {
            assert_eq!(check(link), [""; 0], "{link}");
        }
    }

    #[test]
    fn links_to_other_sites_are_not_followed() {
        for link in ["mailto:someone", "//host.example/page", "data:,text"] {
            assert_eq!(check(link), [""; 0], "{link}");
        }
    }

    #[test]
    fn dead_links_are_named() {
        for link in [
            "#bottom",
            "no_such_page.html",
            "Cargo.toml#nowhere",
            "../main.rs",
        ] {
            let mistakes = check(link);
            assert_eq!(mistakes.len(), 1, "{link}");
            assert!(mistakes[0].contains(link), "{mistakes:?}");
        }
    }

    #[test]
    fn samples_in_the_text_are_not_links() {
        let html = "<code>&lt;a href=\"no_such_page.html\"&gt;</code>";
        let here = Path::new("page.html");
        assert_eq!(mistakes(here, html, Path::new("src")), [""; 0]);
    }
}
