//! What a connection costs: nothing when idle, what has arrived when in the middle of something.

#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;

#[test]
fn a_decoder_is_small() {
    assert!(size_of::<Decoder>() <= 56, "{} bytes", size_of::<Decoder>());
    assert_eq!(Decoder::new().held(), 0);
}

#[test]
fn whole_frames_are_borrowed_from_the_block() {
    let frames = [
        frame(FIN | BINARY, b"binary"),
        frame(FIN | TEXT, b"text"),
        frame(FIN | PING, b"ping"),
    ];
    let mut blocks = frames.to_vec();
    blocks.push(frames.concat());
    for mut block in blocks {
        let addresses = block.as_ptr_range();
        let mut decoder = Decoder::new();
        let mut input = Input::new(&mut block);
        while let Some(message) = decoder.decode(&LIMITS, &mut input).unwrap() {
            let payload = match message {
                Message::Text(text) => text.as_bytes(),
                Message::Binary(bytes) | Message::Ping(bytes) => bytes,
                other => panic!("unexpected {other:?}"),
            };
            assert!(addresses.contains(&payload.as_ptr()), "{message:?}");
            assert_eq!(decoder.held(), 0);
        }
        assert!(input.is_empty());
    }
}

#[test]
fn whole_control_frames_between_fragments_cost_nothing() {
    let mut decoder = Decoder::new();
    let mut messages = Vec::new();
    feed(
        &mut decoder,
        &LIMITS,
        &frame(BINARY, &[1; 100]),
        &mut messages,
    )
    .unwrap();
    let held = decoder.held();
    feed(
        &mut decoder,
        &LIMITS,
        &frame(FIN | PING, &[2; 125]),
        &mut messages,
    )
    .unwrap();
    assert_eq!(decoder.held(), held);
}

#[test]
fn a_declared_length_allocates_nothing() {
    let mut decoder = Decoder::new();
    let huge = header(FIN | BINARY, 1 << 30);
    let refused = feed(&mut decoder, &LIMITS, &huge, &mut Vec::new());
    assert_eq!((refused, decoder.held()), (Err(Error::MessageTooBig), 0));

    // Allowed, and still nothing before its payload arrives.
    let limits = Limits {
        max_message: 1 << 30,
        ..LIMITS
    };
    for first in [FIN | BINARY, BINARY] {
        let mut decoder = Decoder::new();
        let huge = header(first, 1 << 30);
        feed(&mut decoder, &limits, &huge, &mut Vec::new()).unwrap();
        assert_eq!(decoder.held(), 0);
    }
}

#[test]
fn a_cut_frame_holds_at_most_twice_what_arrived_and_never_more_than_it_declares() {
    const DECLARED: usize = 100_000;
    for chunk in [1, 13, 1000, 65_536] {
        let mut decoder = Decoder::new();
        let mut messages = Vec::new();
        let head = header(FIN | BINARY, DECLARED as u64);
        feed(&mut decoder, &LIMITS, &head, &mut messages).unwrap();
        let mut arrived = 0;
        for piece in vec![0; DECLARED - 1].chunks(chunk) {
            feed(&mut decoder, &LIMITS, piece, &mut messages).unwrap();
            arrived += piece.len();
            let held = decoder.held();
            assert!(
                held >= arrived && held <= DECLARED.min(2 * arrived),
                "{held} of {arrived}"
            );
        }
        assert_eq!(messages, []);
    }
}

#[test]
fn a_fragmented_message_holds_at_most_twice_what_arrived() {
    let mut decoder = Decoder::new();
    let mut messages = Vec::new();
    feed(&mut decoder, &LIMITS, &frame(TEXT, b""), &mut messages).unwrap();
    for arrived in 1..=1000 {
        feed(
            &mut decoder,
            &LIMITS,
            &frame(CONTINUATION, b"x"),
            &mut messages,
        )
        .unwrap();
        assert!(
            decoder.held() <= 2 * arrived,
            "{} of {arrived}",
            decoder.held()
        );
    }
}

#[test]
fn what_was_handed_out_is_freed_by_the_next_call() {
    let text = frame(FIN | TEXT, &[b'x'; 1000]);
    let ping = frame(FIN | PING, &[b'x'; 100]);
    for bytes in [text, ping] {
        let (head, tail) = bytes.split_at(bytes.len() / 2);
        let mut decoder = Decoder::new();
        let mut messages = Vec::new();
        feed(&mut decoder, &LIMITS, head, &mut messages).unwrap();
        assert!(decoder.held() > 0);
        feed(&mut decoder, &LIMITS, tail, &mut messages).unwrap();
        assert_eq!((messages.len(), decoder.held()), (1, 0));
    }
}

#[test]
fn an_error_and_a_close_frame_free_a_message_in_progress() {
    for (last, result) in [
        (frame(FIN | CLOSE, b""), Ok(())),
        (frame(FIN | TEXT, b""), Err(Error::ExpectedContinuation)),
    ] {
        let mut decoder = Decoder::new();
        let mut messages = Vec::new();
        feed(
            &mut decoder,
            &LIMITS,
            &frame(BINARY, &[0; 5000]),
            &mut messages,
        )
        .unwrap();
        assert_eq!(feed(&mut decoder, &LIMITS, &last, &mut messages), result);
        assert_eq!(decoder.held(), 0);
    }
}

#[test]
fn a_cut_header_is_kept_without_the_heap() {
    let mut decoder = Decoder::new();
    let head = header(FIN | BINARY, 70_000);
    feed(&mut decoder, &LIMITS, &head[..13], &mut Vec::new()).unwrap();
    assert_eq!(decoder.held(), 13);
}
