//! Names of namespaces and events, in forms that other languages take.

/// `/room-{id}` is `RoomId`, `/` nothing.
pub(super) fn pascal_case(name: &str) -> String {
    let is_part = |letter: char| letter.is_alphabetic() || letter.is_ascii_digit();
    let words = name.split(|letter: char| !is_part(letter));
    let capitalised = words.map(|word| {
        let mut letters = word.chars();
        let first = letters.next().into_iter().flat_map(char::to_uppercase);
        first.chain(letters).collect::<String>()
    });
    let name: String = capitalised.collect();
    match name.starts_with(|first: char| first.is_numeric()) {
        true => format!("_{name}"),
        false => name,
    }
}

/// What is written before the names of types of a namespace, where some are `taken`.
pub(super) fn prefix(name: &str, taken: impl Fn(&str) -> bool) -> String {
    match pascal_case(name) {
        // A number alone begins no name.
        name if name.is_empty() && taken(&name) => free("_".to_owned(), taken),
        name => free(name, taken),
    }
}

/// A key of an AsyncAPI document: of a name the letters, digits, `-` and `_`.
pub(super) fn key(name: &str) -> String {
    let allowed = |letter: char| match letter {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' => letter,
        _ => '_',
    };
    name.chars().map(allowed).collect()
}

/// `name`, or the first of `name2`, `name3`, … that is not `taken`.
pub(super) fn free(name: String, taken: impl Fn(&str) -> bool) -> String {
    let numbered = (2..).map(|number| format!("{name}{number}"));
    let mut names = std::iter::once(name.clone()).chain(numbered);
    names.find(|name| !taken(name)).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_namespaces_become_names_of_types() {
        for (name, pascal) in [
            ("/", ""),
            ("/admin", "Admin"),
            ("/room-{id}", "RoomId"),
            ("/{building}/{floor}", "BuildingFloor"),
            ("/2024", "_2024"),
            ("tenants", "Tenants"),
            ("/it's \"here\" */", "ItSHere"),
            ("/m\u{b2}", "M"),
        ] {
            assert_eq!(pascal_case(name), pascal);
        }
    }

    #[test]
    fn each_namespace_has_a_prefix_that_a_name_may_begin_with() {
        let mut taken: Vec<String> = Vec::new();
        for name in ["/", "/-", "/--", "/a", "/-a"] {
            let prefix = prefix(name, |name| taken.iter().any(|it| it == name));
            taken.push(prefix);
        }
        assert_eq!(taken, ["", "_", "_2", "A", "A2"]);
    }

    #[test]
    fn a_name_that_is_taken_gets_a_number() {
        let taken = ["a", "a2"];
        assert_eq!(free("a".to_owned(), |name| taken.contains(&name)), "a3");
        assert_eq!(free("b".to_owned(), |name| taken.contains(&name)), "b");
    }
}
