//! Why something was refused or ended: every reason of the sources is in its table, and no other.

use std::collections::BTreeSet;

use crate::{
    Tested,
    pages::{code, quoted, read, root, sources_below, table},
};

/// Whether a text looks like the label of a counter.
fn is_label(text: &&str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c == '_')
}

#[test]
fn every_reason_of_a_refusal_is_there() -> Tested {
    let rows = table("errors.md", "reason")?;
    let told: BTreeSet<&str> = rows.iter().flat_map(|row| code(&row[0])).collect();

    let mut expected = BTreeSet::new();
    let errors = [
        read("framework/src/protocol/websocket/error.rs")?,
        read("framework/src/protocol/socket_io/error.rs")?,
    ];
    for source in &errors {
        let (_, reasons) = source.split_once("fn reason").ok_or("no reasons")?;
        expected.extend(quoted(reasons).take_while(|word| !word.contains('\n')));
    }
    let packets = sources_below(&root().join("framework/src/connection"))?;
    let requests = sources_below(&root().join("framework/src/server"))?;
    for line in packets.lines().chain(requests.lines()) {
        let named = [
            "refused(\"",
            "unexpected(\"",
            "ParseError::",
            "iolation(\"",
            "refused_packets.add(\"",
        ];
        if named.iter().any(|call| line.contains(call)) {
            expected.extend(quoted(line).next());
        }
    }
    assert_eq!(told, expected);
    Ok(())
}

#[test]
fn every_reason_of_a_disconnect_is_there_with_its_text() -> Tested {
    let source = read("framework/src/error.rs")?;
    let (_, texts) = source.split_once("pub fn as_str").ok_or("no texts")?;
    let rows = table("errors.md", "`DisconnectReason`")?;
    let (_, variants) = source
        .split_once("pub enum DisconnectReason {")
        .ok_or("no enum")?;
    let (variants, _) = variants.split_once('}').ok_or("no end")?;
    let variants: BTreeSet<_> = variants
        .lines()
        .filter_map(|l| l.trim().strip_suffix(','))
        .collect();
    let told: BTreeSet<_> = rows.iter().flat_map(|row| code(&row[0])).collect();
    assert_eq!(told, variants);
    for row in &rows {
        let (variant, text) = (row[0].replace('`', ""), row[1].replace('`', "\""));
        let (_, arm) = texts
            .split_once(&format!("Self::{variant}"))
            .ok_or("no arm")?;
        let said = quoted(arm).next().map(|said| format!("\"{said}\""));
        assert_eq!(said, Some(text), "{variant}");
    }
    Ok(())
}

#[test]
fn every_reason_of_a_refused_handshake_is_there() -> Tested {
    let rows = table("errors.md", "reason | the HTTP request | answer")?;
    let told: BTreeSet<&str> = rows.iter().flat_map(|row| code(&row[0])).collect();

    let refused = read("framework/src/server/refused.rs")?;
    let (_, reasons) = refused.split_once("fn reason").ok_or("no reasons")?;
    let (reasons, _) = reasons.split_once("\n    }").ok_or("no end")?;
    let admission = read("framework/src/shard/admission.rs")?;
    let (_, denied) = admission.split_once("fn reason").ok_or("no reasons")?;
    let (denied, _) = denied.split_once("\n    }").ok_or("no end")?;
    let mut expected: BTreeSet<&str> = quoted(reasons)
        .chain(quoted(denied))
        .filter(is_label)
        .collect();
    let handshake = refused.split("refused_handshakes.add(\"").skip(1);
    expected.extend(handshake.filter_map(|rest| rest.split('"').next()));
    assert_eq!(told, expected);
    Ok(())
}

#[test]
fn every_reason_of_a_refused_client_is_there() -> Tested {
    let rows = table("errors.md", "refused for")?;
    let told: BTreeSet<&str> = rows.iter().flat_map(|row| code(&row[0])).collect();

    // Refused for the event that it costs.
    let mut expected = BTreeSet::from(["event_rate"]);
    let named = [
        "Refusal::of(\"",
        "Self::of(\"",
        ".by(\"",
        "let option = \"",
        "const SESSION: &str = \"",
    ];
    let sources = ["connection", "namespace"].map(|of| root().join("framework/src").join(of));
    let sources = [sources_below(&sources[0])?, sources_below(&sources[1])?];
    for line in sources.iter().flat_map(|text| text.lines()) {
        if named.iter().any(|call| line.contains(call)) {
            expected.extend(quoted(line).next());
        }
    }
    assert_eq!(told, expected);
    Ok(())
}

#[test]
fn every_reason_of_a_fresh_session_is_there() -> Tested {
    let rows = table("recovery.md", "`recovery_refused`")?;
    let told: BTreeSet<&str> = rows.iter().flat_map(|row| code(&row[0])).collect();
    let mut source = read("framework/src/connection/recovering.rs")?;
    source += &read("framework/src/connection/replaying.rs")?;
    let lines = source.lines().filter(|line| {
        line.contains("Err(\"") || line.contains("=> \"") || line.contains("=> Err(\"")
    });
    let expected: BTreeSet<&str> = lines.flat_map(quoted).filter(is_label).collect();
    assert_eq!(told, expected);
    Ok(())
}
