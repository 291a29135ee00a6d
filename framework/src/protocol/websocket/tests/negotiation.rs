//! What is agreed to, whatever a client offers.

#![expect(clippy::unwrap_used, reason = "tests")]

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::super::deflate::{Terms, WindowBits, negotiate};

fn terms(server: u8, client: u8) -> Terms {
    Terms {
        server_window: WindowBits::new(server).unwrap(),
        client_window: WindowBits::new(client).unwrap(),
    }
}

/// Something like a header: its words and separators in any order.
fn any_header() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        4 => Just("permessage-deflate".to_owned()),
        2 => Just("server_max_window_bits".to_owned()),
        2 => Just("client_max_window_bits".to_owned()),
        1 => Just("server_no_context_takeover".to_owned()),
        1 => Just("client_no_context_takeover".to_owned()),
        8 => "[;,= \"\\\\]",
        3 => "[0-9]{1,2}",
        1 => "\\PC{0,3}",
    ];
    vec(word, 0..24).prop_map(|words| words.concat())
}

proptest! {
    #[test]
    fn nothing_is_agreed_to_that_was_not_offered(
        header in any_header(),
        server in 9..=15_u8,
        client in 9..=15_u8,
    ) {
        let mut agreed = None;
        let measured = allocation_counter::measure(|| {
            agreed = negotiate([header.as_str()], terms(server, client));
        });
        prop_assert_eq!(measured.bytes_max, 0);
        let Some(agreed) = agreed else {
            return Ok(());
        };
        prop_assert!(header.contains("permessage-deflate"));
        prop_assert!(agreed.server_window.get() <= server);
        let answer = agreed.to_string();
        prop_assert!(!answer.contains("client_max_window_bits") || header.contains("client_max_window_bits"));
    }

    #[test]
    fn windows_are_the_smaller_of_what_both_say(
        offered_server in option::of(9..=15_u8),
        offered_client in option::of(option::of(8..=15_u8)),
        server in 9..=15_u8,
        client in 9..=15_u8,
    ) {
        let mut offer = "permessage-deflate".to_owned();
        if let Some(bits) = offered_server {
            offer += &format!("; server_max_window_bits={bits}");
        }
        match offered_client {
            None => {}
            Some(None) => offer += "; client_max_window_bits",
            Some(Some(bits)) => offer += &format!("; client_max_window_bits={bits}"),
        }
        let agreed = negotiate([offer.as_str()], terms(server, client)).unwrap();
        let smaller = offered_server.unwrap_or(15).min(server);
        prop_assert_eq!(agreed.server_window.get(), smaller);

        let answer = agreed.to_string();
        let says = |parameter: &str| {
            let value = answer.split("; ").find_map(|part| part.strip_prefix(parameter));
            value.map(|value| value.strip_prefix('=').unwrap().parse::<u8>().unwrap())
        };
        prop_assert_eq!(says("server_max_window_bits").unwrap_or(15), smaller);
        // One that does not say that it can be asked is not.
        let asked = offered_client.map(|bits| bits.unwrap_or(15).min(client));
        prop_assert_eq!(says("client_max_window_bits").unwrap_or(15), asked.unwrap_or(15));
    }
}
