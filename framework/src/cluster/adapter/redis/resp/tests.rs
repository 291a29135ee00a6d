use super::*;

/// The replies, or `None` if one is refused.
fn taken(max: u64, text: &str, size: usize) -> Option<Vec<String>> {
    let mut replies = Replies::new(max);
    let mut found = Vec::new();
    for part in text.as_bytes().chunks(size) {
        replies.feed(part);
        while let Some(reply) = replies.next(|reply| reply.to_vec()).ok()? {
            found.push(String::from_utf8_lossy(&reply).into_owned());
        }
    }
    Some(found)
}

#[test]
fn replies_are_found_however_they_are_cut() {
    let replies = [
        "+OK\r\n",
        "-ERR no\nmore\r\n",
        ":1\r\n",
        "$3\r\na\nb\r\n",
        "$4\r\n\r\n\r\n\r\n",
        "$-1\r\n",
        "*-1\r\n",
        "*0\r\n",
        "*2\r\n$1\r\nx\r\n*1\r\n:7\r\n",
        "_\r\n",
        ",1.5\r\n",
        "#t\r\n",
        "%1\r\n+k\r\n$0\r\n\r\n",
        "|1\r\n+k\r\n:1\r\n+OK\r\n",
        ">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\np\r\n",
        "=5\r\ntxt:x\r\n",
    ];
    let text = replies.concat();
    // More than the longest, and less than all.
    let max = 4 * size_of::<redis::Value>() as u64 + 50;
    assert!(max < 9 * text.len() as u64);
    for size in 1..=text.len() {
        let found = taken(max, &text.repeat(9), size);
        assert_eq!(
            found,
            Some(
                replies
                    .repeat(9)
                    .iter()
                    .map(|reply| (*reply).into())
                    .collect()
            ),
            "in parts of {size}"
        );
    }
}

#[test]
fn what_has_no_end_is_refused_when_it_begins() {
    for text in [
        "$101\r\n".to_owned(),
        "!101\r\n".to_owned(),
        "$9223372036854775807\r\n".to_owned(),
        "$18446744073709551615\r\n".to_owned(),
        "*9223372036854775807\r\n".to_owned(),
        "%9223372036854775807\r\n".to_owned(),
        "*2\r\n$60\r\n".to_owned() + &"x".repeat(60) + "\r\n$60\r\n",
        "*1\r\n".repeat(100),
        "+".to_owned() + &"x".repeat(MAX_LINE),
        "*3\r\n".to_owned() + &format!("+{}\r\n", "x".repeat(50)).repeat(2),
    ] {
        for size in [1, 7, text.len()] {
            assert_eq!(taken(100, &text, size), None, "{text}");
        }
    }
}

/// The second of its strings is the last for which there is room.
fn too_long_a_reply() -> (String, String, u64) {
    let max = 8 * size_of::<redis::Value>() as u64;
    let long = "x".repeat(max as usize - 50);
    let length = long.len();
    let kept = format!("*5\r\n${length}\r\n{long}\r\n${length}\r\n{long}\r\n");
    let text = format!("{kept}*2\r\n$2\r\nid\r\n:7\r\n$-1\r\n${length}\r\n{long}\r\n");
    let left = format!("{kept}*2\r\n-XL\r\n:7\r\n-XL\r\n-XL\r\n");
    (text, left, max)
}

#[test]
fn strings_behind_the_bound_are_left_out_and_what_follows_is_read() {
    let (text, left, max) = too_long_a_reply();
    let text = format!("{text}+OK\r\n{text}");
    let expected = [
        (left.clone(), true),
        ("+OK\r\n".to_owned(), false),
        (left, true),
    ];
    for size in 1..=text.len() {
        let mut replies = Replies::new(max);
        let mut found = Vec::new();
        for part in text.as_bytes().chunks(size) {
            replies.feed(part);
            while let Some(reply) = replies.next(<[u8]>::to_vec).expect("within the bound") {
                let reply = String::from_utf8_lossy(&reply).into_owned();
                found.push((reply, replies.was_cut()));
            }
        }
        assert_eq!(found, expected, "in parts of {size}");
    }
}

#[tokio::test]
async fn a_guarded_stream_goes_on_behind_a_reply_that_is_too_long() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let (text, left, max) = too_long_a_reply();
    for size in [1, 7, text.len()] {
        let (mut server, client) = tokio::io::duplex(size);
        let sent = format!("{text}{text}+OK\r\n");
        tokio::spawn(async move { server.write_all(sent.as_bytes()).await });
        let mut read = String::new();
        let mut guarded = super::super::guard::Guarded::new(client, max, std::sync::Arc::default());
        guarded
            .read_to_string(&mut read)
            .await
            .expect("within the bound");
        assert_eq!(read, format!("{left}{left}+OK\r\n"), "in parts of {size}");
    }
}

#[test]
fn anything_else_is_refused() {
    for text in [
        "\r\n",
        "x\r\n",
        "$x\r\n",
        "*-2\r\n",
        "$\r\n",
        "$99999999999999999999\r\n",
    ] {
        assert_eq!(taken(MAX_REPLY, text, 1), None, "{text:?}");
    }
}

#[test]
fn the_buffer_of_a_long_reply_is_not_kept() {
    let mut replies = Replies::new(MAX_REPLY);
    let length = 2 * KEPT;
    replies.feed(format!("${length}\r\n{}\r\n+OK", "x".repeat(length)).as_bytes());
    assert!(matches!(replies.next(<[u8]>::len), Ok(Some(read)) if read > length));
    assert!(replies.buffer.capacity() < KEPT);
    assert!(matches!(replies.next(<[u8]>::len), Ok(None)));
    replies.feed(b"\r\n");
    assert!(matches!(replies.next(<[u8]>::len), Ok(Some(5))));
}
