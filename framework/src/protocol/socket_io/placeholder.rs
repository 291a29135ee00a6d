//! The objects that stand for attachments in the JSON of a binary packet:
//! `{"_placeholder":true,"num":0}`.

use super::error::DecodeError;
use smallvec::SmallVec;

/// Deeper packets could not become values: serde_json refuses to build them.
const MAX_DEPTH: usize = 128;

/// Which attachment a placeholder means.
///
/// JavaScript has one type of number, so `0.0` is an index. The reference also takes `0.5`, and
/// resolves it to nothing; here it is no index.
pub(crate) fn index(num: f64, attachments: usize) -> Option<usize> {
    (num >= 0.0 && num.fract() == 0.0 && num < attachments as f64).then_some(num as usize)
}

/// How often each attachment is named, the last ones perhaps left out.
pub(crate) type Named = SmallVec<[usize; 2]>;

/// Checks that every placeholder in `json`, which must be valid JSON, means one of the attachments, and tells
/// which ones they mean.
///
/// Placeholders may repeat, come in any order, carry other keys, or be missing. As in JavaScript
/// the last of a repeated key counts, and an object is a placeholder only if `_placeholder` is
/// `true` itself.
///
/// This scans tokens because a serde walk would refuse the lone surrogates that clients do send,
/// anywhere in the packet, before it is known whether anyone wants that string.
pub(crate) fn check(json: &str, attachments: usize) -> Result<Named, DecodeError> {
    let mut named = Named::new();
    let mut open: SmallVec<[Container; 8]> = SmallVec::new();
    let mut rest = json;
    while let Some(first) = rest.bytes().next() {
        let (token, after) = rest.split_at(token_len(rest));
        rest = after;
        match first {
            b'[' | b'{' => {
                if open.len() == MAX_DEPTH {
                    return Err(DecodeError::TooDeep { limit: MAX_DEPTH });
                }
                value(&mut open, token);
                open.push(Container::default());
            }
            b']' | b'}' => {
                if let Some(closed) = open.pop().filter(|closed| closed.is_placeholder) {
                    let index = closed
                        .index(attachments)
                        .ok_or(DecodeError::IllegalPlaceholder)?;
                    named.resize(named.len().max(index + 1), 0);
                    if let Some(times) = named.get_mut(index) {
                        *times += 1;
                    }
                }
            }
            b'"' if is_key(rest) => {
                if let Some(object) = open.last_mut() {
                    object.key(token);
                }
            }
            b',' | b':' | b' ' | b'\t' | b'\n' | b'\r' => {}
            _ => value(&mut open, token),
        }
    }
    Ok(named)
}

fn value(open: &mut [Container], token: &str) {
    if let Some(container) = open.last_mut() {
        container.value(token);
    }
}

/// Whether the string before `rest` is a key: in valid JSON those before a colon are, and no others.
pub(super) fn is_key(rest: &str) -> bool {
    rest.trim_ascii_start().starts_with(':')
}

/// What has been seen of an array or object that is still open.
#[derive(Default)]
pub(super) struct Container {
    key: Key,
    is_placeholder: bool,
    num: Option<f64>,
}

impl Container {
    /// Takes a key in its quotes.
    pub(super) fn key(&mut self, token: &str) {
        self.key = Key::of(token);
    }

    /// Takes a value by its first token.
    pub(super) fn value(&mut self, token: &str) {
        match self.key {
            Key::Placeholder => self.is_placeholder = token == "true",
            // Only numbers parse: tokens of other JSON values start otherwise.
            Key::Num => self.num = token.parse().ok(),
            Key::Other => {}
        }
    }

    /// The attachment that it stands for, if it is a placeholder and there is one.
    pub(super) fn index(&self, attachments: usize) -> Option<usize> {
        let num = self.num.filter(|_| self.is_placeholder)?;
        index(num, attachments)
    }
}

/// The key whose value comes next.
#[derive(Clone, Copy, Default)]
enum Key {
    Placeholder,
    Num,
    #[default]
    Other,
}

impl Key {
    /// Reads a key in its quotes.
    fn of(token: &str) -> Self {
        match token {
            r#""_placeholder""# => Self::Placeholder,
            r#""num""# => Self::Num,
            _ if token.contains('\\') => match serde_json::from_str::<String>(token).as_deref() {
                Ok("_placeholder") => Self::Placeholder,
                Ok("num") => Self::Num,
                _ => Self::Other,
            },
            _ => Self::Other,
        }
    }
}

/// The length of the token at the start of valid JSON: a string, a punctuator or blank, or a
/// number or literal. Never 0 and never inside a character.
pub(super) fn token_len(json: &str) -> usize {
    let bytes = json.as_bytes();
    match bytes.first() {
        Some(b'"') => {
            let mut escaped = false;
            let end = bytes.iter().skip(1).position(|byte| {
                let closes = *byte == b'"' && !escaped;
                escaped = *byte == b'\\' && !escaped;
                closes
            });
            end.map_or(bytes.len(), |end| end + 2)
        }
        Some(byte) if byte.is_ascii_alphanumeric() || *byte == b'-' => bytes
            .iter()
            .position(|byte| !byte.is_ascii_alphanumeric() && !matches!(byte, b'-' | b'+' | b'.'))
            .unwrap_or(bytes.len()),
        _ => json.chars().next().map_or(0, char::len_utf8),
    }
}
