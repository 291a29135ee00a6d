use std::sync::Arc;

use super::Params;

/// The names of the namespaces of a parent: text, and `{name}` for one or more characters other
/// than `/`.
///
/// The whole name must match. Where several divisions fit, each part but the last is as short as
/// it can be.
#[derive(Debug)]
pub(super) struct Pattern {
    head: Box<str>,
    /// Each with the text behind it.
    parts: Box<[(Arc<str>, Box<str>)]>,
}

impl Pattern {
    /// `None` if the text is not a pattern: no part, a part without a name or two of one name, a
    /// brace without its other, or two parts with nothing between them.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut pieces = text.split('{');
        let head = pieces.next().filter(|head| is_plain(head))?;
        let mut parts: Vec<(Arc<str>, Box<str>)> = Vec::new();
        for piece in pieces {
            let (name, behind) = piece.split_once('}')?;
            let touches = parts.last().is_some_and(|(_, before)| before.is_empty());
            let known = parts.iter().any(|(known, _)| **known == *name);
            if !is_word(name) || !is_plain(behind) || touches || known {
                return None;
            }
            parts.push((name.into(), behind.into()));
        }
        (!parts.is_empty()).then(|| Self {
            head: head.into(),
            parts: parts.into(),
        })
    }

    /// Whether the name matches. Allocates nothing: any client may ask.
    pub(super) fn matches(&self, name: &str) -> bool {
        self.divide(name, |_, _| {}).is_some()
    }

    /// The parts of a name that matches.
    pub(super) fn params(&self, name: &str) -> Option<Params> {
        let mut params = Vec::with_capacity(self.parts.len());
        self.divide(name, |part, value| params.push((Arc::clone(part), value)))?;
        Some(params.into_iter().collect())
    }

    /// Shows each part with its value; `None` at the first that does not fit.
    fn divide<'n>(&self, name: &'n str, mut show: impl FnMut(&Arc<str>, &'n str)) -> Option<()> {
        let mut part = |name, value: &'n str| {
            let fits = !value.is_empty() && !value.contains('/');
            fits.then(|| show(name, value))
        };
        let mut rest = name.strip_prefix(&*self.head)?;
        let (last, others) = self.parts.split_last()?;
        for (name, behind) in others {
            let first = rest.chars().next()?.len_utf8();
            let at = first + rest.get(first..)?.find(&**behind)?;
            part(name, rest.get(..at)?)?;
            rest = rest.get(at + behind.len()..)?;
        }
        part(&last.0, rest.strip_suffix(&*last.1)?)
    }
}

fn is_plain(text: &str) -> bool {
    !text.contains(['{', '}'])
}

fn is_word(text: &str) -> bool {
    let in_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !text.is_empty() && text.chars().all(in_word)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_taken_apart() {
        for (pattern, name, values) in [
            ("/room-{id}", "/room-7", &["7"][..]),
            ("/room-{id}", "/room-a-b ü%20", &["a-b ü%20"]),
            ("/{org}/{room}", "/acme/lobby", &["acme", "lobby"]),
            ("/{a}-{b}", "/x-y-z", &["x", "y-z"]),
            ("/{a}-{b}", "/--z", &["-", "z"]),
            ("/{a}-end", "/x-end-end", &["x-end"]),
            ("/{a}.{b}.json", "/ü.é.json.json", &["ü", "é.json"]),
            ("{all}", "all", &["all"]),
        ] {
            let params = Pattern::parse(pattern).unwrap().params(name);
            let params = params.unwrap_or_else(|| panic!("{pattern} is not {name}"));
            let found: Vec<_> = params.iter().map(|(_, value)| value).collect();
            assert_eq!(found, values, "{pattern} {name}");
        }
    }

    #[test]
    fn the_whole_name_must_match() {
        for (pattern, name) in [
            ("/room-{id}", "/room-"),
            ("/room-{id}", "/rooms-7"),
            ("/room-{id}", "/x/room-7"),
            ("/room-{id}", "/room-7/x"),
            ("/room-{id}/x", "/room-7"),
            ("/{a}-{b}", "/x-"),
            ("/{a}-{b}", "/-y"),
            ("/{a}-{b}", ""),
            ("/{a}aa", "/aa"),
        ] {
            let pattern = Pattern::parse(pattern).unwrap();
            assert_eq!(pattern.params(name), None, "{pattern:?} {name}");
            assert!(!pattern.matches(name), "{pattern:?} {name}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for text in [
            "", "/room", "/{}", "/{a", "/a}", "/{a}{b}", "/{a}-{a}", "/{a b}", "/{a{b}}", "/}{a}",
        ] {
            assert!(Pattern::parse(text).is_none(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_put_into_a_pattern_is_found_in_the_name(
            head in "[^{}]{0,6}",
            parts in prop::collection::vec(("[a-z0-9\u{e9}]{1,6}", "[-./~\u{20ac}]{1,3}"), 1..5),
        ) {
            let (mut pattern, mut name) = (head.clone(), head);
            for (number, (value, behind)) in parts.iter().enumerate() {
                pattern.push_str(&format!("{{p{number}}}{behind}"));
                name.extend([value.as_str(), behind]);
            }
            let params = Pattern::parse(&pattern).unwrap().params(&name).unwrap();
            let found: Vec<_> = params.iter().map(|(_, value)| value).collect();
            let values: Vec<_> = parts.iter().map(|(value, _)| value.as_str()).collect();
            prop_assert_eq!(found, values);
        }

        #[test]
        fn any_name_is_taken_apart_or_is_not_one(
            pattern in "[-/a\u{e9}]{0,3}\\{[a-c]\\}([-/a\u{e9}]{1,2}\\{[d-f]\\}){0,2}[-/a\u{e9}]{0,3}",
            name in prop_oneof!["[-/ab\u{e9}\u{20ac}]{0,16}", ".*"],
        ) {
            // Two parts may have got one name.
            let Some(pattern) = Pattern::parse(&pattern) else {
                return Ok(());
            };
            let mut matches = false;
            let measured = allocation_counter::measure(|| matches = pattern.matches(&name));
            prop_assert_eq!(measured.count_total, 0);
            let mut params = None;
            let measured = allocation_counter::measure(|| params = pattern.params(&name));
            let list = 4 * pattern.parts.len() * size_of::<(Arc<str>, Box<str>)>();
            prop_assert!(measured.bytes_max as usize <= name.len() + list);
            prop_assert_eq!(matches, params.is_some());
            for (_, value) in params.iter().flat_map(Params::iter) {
                prop_assert!(!value.is_empty() && name.contains(value));
            }
        }
    }
}
