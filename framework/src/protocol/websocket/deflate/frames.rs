//! Frames that we send, with their payloads deflated.

use super::super::frame;
use super::Deflater;

/// The frames in `plain` with each message of at least `threshold` bytes deflated, where that makes it smaller; `None`
/// if there is no such message.
pub(crate) fn deflate_frames(
    plain: &[u8],
    threshold: usize,
    deflater: &mut Deflater,
) -> Option<Vec<u8>> {
    if plain.len() < threshold {
        return None;
    }
    let mut out = Vec::new();
    let mut deflated = Vec::new();
    let mut any = false;
    let mut rest = plain;
    while let Some((opcode, payload, behind)) = frame::split_sent(rest) {
        let whole = rest.get(..rest.len() - behind.len()).unwrap_or_default();
        rest = behind;
        deflated.clear();
        if !opcode.is_control() && payload.len() >= threshold {
            deflater.deflate(payload, &mut deflated);
            if deflated.len() < payload.len() {
                any = true;
                frame::write_deflated(opcode, &deflated, &mut out);
                continue;
            }
        }
        out.extend_from_slice(whole);
    }
    // What is no frame of ours, deflated before for instance, stays as it is.
    out.extend_from_slice(rest);
    any.then_some(out)
}
