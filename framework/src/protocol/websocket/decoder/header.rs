//! A header that a read block has cut.

use super::super::{
    Error, Input,
    frame::{Header, MAX_CLIENT_HEADER},
};

/// The first bytes of a header that a read block has cut.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct PartialHeader {
    bytes: [u8; MAX_CLIENT_HEADER],
    pub(super) len: u8,
}

impl PartialHeader {
    /// Reads the header that begins here and ends in `input`; `None` if it goes on after `input`.
    pub(super) fn complete(
        &mut self,
        may_deflate: bool,
        input: &mut Input<'_>,
    ) -> Result<Option<Header>, Error> {
        if self.len == 0
            && let Some((header, len)) = Header::parse(input.remaining(), may_deflate)?
        {
            input.take(len);
            return Ok(Some(header));
        }
        let here = usize::from(self.len);
        let mut filled = self.len;
        for (to, from) in self.bytes.iter_mut().skip(here).zip(input.remaining()) {
            *to = *from;
            filled += 1;
        }
        let parsed = Header::parse(
            self.bytes.get(..filled.into()).unwrap_or_default(),
            may_deflate,
        )?;
        let Some((header, len)) = parsed else {
            input.take(usize::from(filled) - here);
            self.len = filled;
            return Ok(None);
        };
        input.take(len - here);
        Ok(Some(header))
    }
}
