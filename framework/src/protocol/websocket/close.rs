//! Close codes and reasons (RFC 6455 sections 5.5.1 and 7.4).

use std::{fmt, str};

use super::Error;

/// A close code that may be sent: the ones that only have a local meaning (1005, 1006, 1015) are no values of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CloseCode(u16);

impl CloseCode {
    /// The purpose of the connection is fulfilled.
    #[cfg(test)]
    pub(crate) const NORMAL: Self = Self(1000);
    /// The server goes down, or the browser leaves the page.
    pub(crate) const GOING_AWAY: Self = Self(1001);
    /// The peer broke the WebSocket protocol.
    pub(crate) const PROTOCOL_ERROR: Self = Self(1002);
    /// The payload does not fit the type of its message: text that is not UTF-8, or what cannot be inflated.
    pub(crate) const INVALID_PAYLOAD: Self = Self(1007);
    /// The peer is refused, by a rule of ours.
    pub(crate) const POLICY_VIOLATION: Self = Self(1008);
    /// A message is too big to be processed.
    pub(crate) const TOO_BIG: Self = Self(1009);

    /// `None` if `code` must not be sent: outside 1000 to 4999, of local meaning only, or defined by nobody.
    pub(crate) const fn new(code: u16) -> Option<Self> {
        match code {
            // Section 7.4.1; 1012 to 1014 from IANA's registry.
            1000..=1003 | 1007..=1014 => Some(Self(code)),
            // Section 7.4.2: registered with IANA, and private use.
            3000..=4999 => Some(Self(code)),
            _ => None,
        }
    }

    pub(crate) const fn get(self) -> u16 {
        self.0
    }
}

impl fmt::Display for CloseCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// What a close frame says, if it says anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Close<'a> {
    pub(crate) code: CloseCode,
    pub(crate) reason: &'a str,
}

impl<'a> Close<'a> {
    /// Reads the payload of a close frame.
    ///
    /// # Errors
    /// [`Error::CloseTruncated`], [`Error::CloseCode`], [`Error::InvalidUtf8`] in the reason.
    pub(crate) fn parse(payload: &'a [u8]) -> Result<Option<Self>, Error> {
        if payload.is_empty() {
            return Ok(None);
        }
        let (code, reason) = payload.split_first_chunk().ok_or(Error::CloseTruncated)?;
        let code = u16::from_be_bytes(*code);
        let code = CloseCode::new(code).ok_or(Error::CloseCode(code))?;
        let reason = str::from_utf8(reason).map_err(|_| Error::InvalidUtf8)?;
        Ok(Some(Self { code, reason }))
    }
}
