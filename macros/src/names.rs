//! Names: the default name of an event, the names an event may not have, and what a misspelt word was meant to be.

/// Socket.IO clients raise these themselves and refuse to send them (Socket.IO v5 client: `RESERVED_EVENTS`).
pub(crate) const RESERVED: [&str; 6] = [
    "connect",
    "connect_error",
    "disconnect",
    "disconnecting",
    "newListener",
    "removeListener",
];

/// `ChatMessage` is `chat_message`; a run of capitals is one word: `HTTPError` is `http_error`.
pub(crate) fn snake_case(type_name: &str) -> String {
    let mut snake = String::with_capacity(type_name.len() + 4);
    let mut previous = None;
    let mut letters = type_name.chars().peekable();
    while let Some(letter) = letters.next() {
        let next_is_lower = letters.peek().is_some_and(|next| next.is_lowercase());
        let starts_word = letter.is_uppercase()
            && previous.is_some_and(|previous: char| {
                previous != '_' && (!previous.is_uppercase() || next_is_lower)
            });
        if starts_word {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
        previous = Some(letter);
    }
    snake
}

/// The one of `known` that `word` most likely was meant to be; none where more than half of it would be wrong.
pub(crate) fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    known
        .iter()
        .map(|candidate| (distance(word, candidate), *candidate))
        .filter(|(distance, candidate)| *distance <= candidate.chars().count().div_ceil(2))
        .min()
        .map(|(_, candidate)| candidate)
}

/// Levenshtein distance: how many letters to insert, remove or replace.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (index, letter) in from.chars().enumerate() {
        let mut next = vec![index + 1];
        for (column, other) in to.iter().enumerate() {
            let replaced = row[column] + usize::from(letter != *other);
            let removed = row[column + 1] + 1;
            let inserted = next[column] + 1;
            next.push(replaced.min(removed).min(inserted));
        }
        row = next;
    }
    row[to.len()]
}

/// Joins words as a sentence does: `a`, `b` and `c`.
pub(crate) fn sentence(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn type_names_become_snake_case() {
        for (type_name, event) in [
            ("Say", "say"),
            ("ChatMessage", "chat_message"),
            ("HTTPError", "http_error"),
            ("UserID", "user_id"),
            ("V2Login", "v2_login"),
            ("Sha256Sum", "sha256_sum"),
            ("Chat_Message", "chat_message"),
            ("_Hidden", "_hidden"),
            ("lower", "lower"),
            ("A", "a"),
            ("ÄrgerGroß", "ärger_groß"),
            ("X509", "x509"),
        ] {
            assert_eq!(snake_case(type_name), event);
        }
    }

    #[test]
    fn a_misspelt_word_finds_its_nearest() {
        let known = ["name", "ack", "slow_consumer", "key"];
        assert_eq!(nearest("nam", &known), Some("name"));
        assert_eq!(nearest("rename", &known), Some("name"));
        assert_eq!(nearest("akc", &known), Some("ack"));
        assert_eq!(nearest("slow_consumers", &known), Some("slow_consumer"));
        assert_eq!(nearest("keys", &known), Some("key"));
        assert_eq!(nearest("volatile", &known), None);
        assert_eq!(nearest("", &known), None);
    }

    #[test]
    fn words_are_joined_as_in_a_sentence() {
        let words =
            |words: &[&str]| sentence(&words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>());
        assert_eq!(words(&[]), "");
        assert_eq!(words(&["a"]), "a");
        assert_eq!(words(&["a", "b"]), "a and b");
        assert_eq!(words(&["a", "b", "c"]), "a, b and c");
    }
}
