//! A stroke as bytes: red, green, blue, the pen's width; then for each point x and y, of two bytes each with the high one
//! first, in 65,535ths of the board. So every value is a valid one, and nothing but the length needs a check.

use roomcast::{Binary, prelude::*};

const HEADER: usize = 4; // bytes
const POINT: usize = 4; // bytes
const MAX_POINTS: usize = 4_000;

/// Of a stroke with as many points as it may have, and of the text of the event that carries it.
pub(crate) const MAX_BYTES: usize = HEADER + POINT * MAX_POINTS + 1_024;

/// Bytes that are a stroke.
#[derive(Clone, Serialize)]
#[serde(transparent)]
pub(crate) struct Stroke(Binary);

impl Stroke {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl TryFrom<Binary> for Stroke {
    type Error = &'static str;

    fn try_from(binary: Binary) -> Result<Self, Self::Error> {
        let points = binary.len().saturating_sub(HEADER);
        match points.is_multiple_of(POINT) && (1..=MAX_POINTS).contains(&(points / POINT)) {
            true => Ok(Self(binary)),
            false => Err("These bytes are no stroke."),
        }
    }
}

impl<'de> Deserialize<'de> for Stroke {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let binary = Binary::deserialize(deserializer)?;
        binary.try_into().map_err(serde::de::Error::custom)
    }
}
