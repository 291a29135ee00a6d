//! Binary values in text that nothing is sent beside.

use super::placeholder::{Container, is_key, token_len};
use bytes::Bytes;
use smallvec::SmallVec;
use std::io::Write;

/// Appends valid JSON with each attachment in the place of its placeholder, in the form that
/// `JSON.stringify` gives a `Buffer`: `{"type":"Buffer","data":[1,2]}`.
pub(crate) fn plaintext(json: &str, attachments: &[Bytes], out: &mut Vec<u8>) {
    if attachments.is_empty() {
        return out.extend_from_slice(json.as_bytes());
    }
    let mut open: SmallVec<[(Container, usize); 4]> = SmallVec::new();
    let mut rest = json;
    while let Some(first) = rest.bytes().next() {
        let (token, after) = rest.split_at(token_len(rest));
        rest = after;
        if let Some((parent, _)) = open.last_mut() {
            match first {
                b',' | b':' | b' ' | b'\t' | b'\n' | b'\r' | b']' | b'}' => {}
                b'"' if is_key(rest) => parent.key(token),
                _ => parent.value(token),
            }
        }
        if matches!(first, b'[' | b'{') {
            open.push((Container::default(), out.len()));
        }
        out.extend_from_slice(token.as_bytes());
        if matches!(first, b']' | b'}') {
            let attachment = open.pop().and_then(|(container, at)| {
                let index = container.index(attachments.len())?;
                Some((attachments.get(index)?, at))
            });
            if let Some((bytes, at)) = attachment {
                out.truncate(at);
                buffer(bytes, out);
            }
        }
    }
}

fn buffer(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(br#"{"type":"Buffer","data":["#);
    for (index, byte) in bytes.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        // Memory takes all that is written.
        let _ = write!(out, "{byte}");
    }
    out.extend_from_slice(b"]}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(json: &str) -> String {
        let attachments = [Bytes::from_static(&[1, 255]), Bytes::new()];
        let mut out = b"before".to_vec();
        plaintext(json, &attachments, &mut out);
        let text = String::from_utf8_lossy(&out).into_owned();
        text.strip_prefix("before")
            .map(str::to_owned)
            .unwrap_or_default()
    }

    #[test]
    fn attachments_are_written_as_javascript_writes_buffers() {
        assert_eq!(
            written(r#"["a",{"_placeholder":true,"num":0}, {"b": {"num":1,"_placeholder":true}}]"#),
            r#"["a",{"type":"Buffer","data":[1,255]}, {"b": {"type":"Buffer","data":[]}}]"#
        );
        assert_eq!(
            written(r#"{"_placeholder":true,"num":0}"#),
            r#"{"type":"Buffer","data":[1,255]}"#
        );
    }

    #[test]
    fn all_else_stays_as_it_is() {
        for json in [
            r#"["_placeholder",true,"num",0]"#,
            r#"{"_placeholder":true,"num":2}"#,
            r#"{"_placeholder":"true","num":0}"#,
            r#"[ -1.5e3 , "}\"{" , null, {"é":[]} ]"#,
            "7",
        ] {
            assert_eq!(written(json), json);
        }
    }
}
