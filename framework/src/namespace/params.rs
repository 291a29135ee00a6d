mod de;

use std::sync::Arc;

use serde::de::{DeserializeOwned, value::MapDeserializer};

use super::Refusal;
use crate::event::Rejection;

/// What the name of a dynamic namespace says: a text for each `{part}` of its pattern, or what the
/// predicate found in it. From [`Socket::params`](crate::Socket::params).
///
/// The texts are the client's, as it sent them: nothing is percent-decoded.
///
/// ```
/// use roomcast::Params;
///
/// let params: Params = [("city", "paris"), ("floor", "3")].into_iter().collect();
/// assert_eq!(params.get("city"), Some("paris"));
///
/// #[derive(serde::Deserialize)]
/// struct Place { city: String, floor: u8 }
/// let place: Place = params.parse().unwrap();
/// assert_eq!(place.floor, 3);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Params(Vec<(Arc<str>, Box<str>)>);

impl Params {
    /// Those of a namespace with a fixed name.
    pub(super) const NONE: &Self = &Self(Vec::new());

    /// The text of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }

    /// Names and texts, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    /// Reads a struct with a field for each name. Numbers and `true` or `false` are parsed.
    ///
    /// # Errors
    /// [`InvalidParams`] says what does not fit; as a refusal or rejection it is told to the
    /// client, whose texts they are.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, InvalidParams> {
        let fields = self.iter().map(|(name, value)| (name, de::Text(value)));
        T::deserialize(MapDeserializer::new(fields))
            .map_err(|error: serde::de::value::Error| InvalidParams(error.to_string()))
    }
}

impl<N: Into<Arc<str>>, V: Into<Box<str>>> FromIterator<(N, V)> for Params {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(params: I) -> Self {
        let params = params.into_iter();
        Self(
            params
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }
}

/// The name of a namespace does not hold what was asked of it; from [`Params::parse`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid namespace name: {0}")]
pub struct InvalidParams(String);

impl From<InvalidParams> for Refusal {
    fn from(error: InvalidParams) -> Self {
        Self::new(error.to_string())
    }
}

impl From<InvalidParams> for Rejection {
    fn from(error: InvalidParams) -> Self {
        Self::new(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Kind {
        Public,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Id(u64);

    #[derive(Debug, PartialEq, Deserialize)]
    struct Room {
        id: Id,
        kind: Kind,
        open: bool,
        name: Option<String>,
        ratio: f32,
        initial: char,
        missing: Option<u8>,
    }

    fn params(id: &str) -> Params {
        let texts = [
            ("id", id),
            ("kind", "public"),
            ("open", "true"),
            ("name", "7"),
            ("ratio", "0.5"),
            ("initial", "ä"),
            ("unused", ""),
        ];
        texts.into_iter().collect()
    }

    #[test]
    fn a_struct_is_read_from_texts() {
        let room: Room = params("7").parse().unwrap();
        let expected = Room {
            id: Id(7),
            kind: Kind::Public,
            open: true,
            name: Some("7".to_owned()),
            ratio: 0.5,
            initial: 'ä',
            missing: None,
        };
        assert_eq!(room, expected);
    }

    #[test]
    fn what_does_not_fit_is_an_error_for_the_client() {
        let error = params("seven").parse::<Room>().unwrap_err();
        let told = "invalid namespace name: `seven` is no u64";
        assert_eq!(error.to_string(), told);
        assert_eq!(Refusal::from(error).message(), told);
        let error = Params::NONE.parse::<Room>().unwrap_err();
        assert!(error.to_string().contains("missing field `id`"), "{error}");
    }
}
