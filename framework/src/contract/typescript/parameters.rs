//! A list of arguments as the parameters of a function.

use super::parts::elements;

/// How a callback begins that may be missing.
pub(super) const MAY_ACK: &str = "ack?:";

/// The elements of a tuple as parameters, and an `ack` behind them; of anything else one that takes the
/// rest.
pub(super) fn numbered(tuple: &str, ack: Option<String>) -> Vec<String> {
    let Some(elements) = elements(tuple) else {
        return vec![match ack {
            None => format!("...args: {tuple}"),
            // Nothing may stand behind a rest parameter, but behind one in a tuple; there it is needed.
            Some(ack) if ack.starts_with(MAY_ACK) => {
                let ack = ack.replacen(MAY_ACK, "ack:", 1);
                format!("...args: {tuple} | [...args: {tuple}, {ack}]")
            }
            Some(ack) => format!("...args: [...args: {tuple}, {ack}]"),
        }];
    };
    // What stands behind an argument, it cannot be left out; `undefined` is `null` in JSON.
    let required = elements.iter().rposition(|it| !it.ends_with('?'));
    let required = match ack {
        Some(_) => elements.len(),
        None => required.map_or(0, |last| last + 1),
    };
    let parameter = |(index, element): (usize, &&str)| match element.strip_suffix('?') {
        None => format!("arg{index}: {element}"),
        Some(optional) if index < required => format!("arg{index}: {optional} | undefined"),
        Some(optional) => format!("arg{index}?: {optional}"),
    };
    let parameters = elements.iter().enumerate().map(parameter);
    parameters.chain(ack).collect()
}

#[cfg(test)]
mod tests {
    use super::numbered;

    #[test]
    fn arguments_that_may_be_left_out_are_the_last_ones() {
        let ack = || Some("ack: () => void".to_owned());
        for (tuple, alone, with_ack) in [
            (
                "[A, B]",
                "arg0: A, arg1: B",
                "arg0: A, arg1: B, ack: () => void",
            ),
            (
                "[A, (B)?]",
                "arg0: A, arg1?: (B)",
                "arg0: A, arg1: (B) | undefined, ack: () => void",
            ),
            (
                "[(A)?, B, (C)?]",
                "arg0: (A) | undefined, arg1: B, arg2?: (C)",
                "arg0: (A) | undefined, arg1: B, arg2: (C) | undefined, ack: () => void",
            ),
            ("[]", "", "ack: () => void"),
            (
                "Pair",
                "...args: Pair",
                "...args: [...args: Pair, ack: () => void]",
            ),
        ] {
            assert_eq!(numbered(tuple, None).join(", "), alone);
            assert_eq!(numbered(tuple, ack()).join(", "), with_ack);
        }
        let ack = Some("ack?: () => void".to_owned());
        assert_eq!(
            numbered("Pair", ack).join(", "),
            "...args: Pair | [...args: Pair, ack: () => void]"
        );
    }
}
