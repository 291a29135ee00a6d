//! A bare WebSocket echo: the framework's handshake, transports and frame codec, without Engine.IO
//! or a shard behind them. What a conformance suite can judge.

use std::{future::poll_fn, io, time::Duration};

use actix_web::{
    HttpRequest,
    web::{self, ServiceConfig},
};
use bytes::Bytes;
use tokio::time::timeout;

use crate::{
    config::{PerMessageDeflate, WebSocketMode},
    protocol::websocket::{
        Close, ControlFrame, Decoder, Error, Input, Limits, Message, Opcode,
        deflate::{Deflater, Inflater, WindowBits},
        frame,
    },
    transport::{deflate::effort, handshake, io::Io},
};

/// Bytes read at once. They are echoed before the next are read, so that a peer that does not take
/// its echo is not read either.
const BLOCK: usize = 64 * 1024;

/// Frames of one message.
const MAX_FRAGMENTS: u32 = 1 << 17;

/// How long a peer may take to close its side after the close frame.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// Registers a WebSocket route that echoes every message, text as text and binary as binary; for
/// [`App::configure`](actix_web::App::configure).
///
/// A message may have up to `max_message` bytes and 131,072 fragments; beyond that the connection
/// is closed with code 1009, for invalid UTF-8 with 1007, for other errors of protocol with 1002. A
/// connection holds one message and one read block, in each direction. With `compression`, whoever
/// offers it gets every message compressed, whatever the threshold; a connection then holds a
/// compressor and a decompressor, too. A peer that just stays silent is not timed out.
///
/// ```
/// use actix_web::App;
/// use roomcast::{WebSocketMode, testing::echo};
///
/// let app = App::new().configure(echo("/echo", 1024 * 1024, WebSocketMode::Handoff, None));
/// ```
///
/// # Panics
/// When it is called with options of compression that no hub can be built with.
pub fn echo(
    path: &str,
    max_message: usize,
    mode: WebSocketMode,
    compression: Option<PerMessageDeflate>,
) -> impl FnOnce(&mut ServiceConfig) + Clone + use<> {
    let path = path.to_owned();
    let limits = Limits {
        max_message,
        max_fragments: MAX_FRAGMENTS,
    };
    if let Some(Err(error)) = compression.map(|options| options.verify()) {
        panic!("{error}");
    }
    let accept = move |req: HttpRequest, payload: web::Payload| {
        let start = move |io, early, window: Option<WindowBits>| {
            let deflate = compression.zip(window).map(Deflate::new);
            actix::spawn(serve(io, early, limits, deflate));
        };
        let response = handshake::accept(&req, payload, mode, compression.as_ref(), start);
        async move { response }
    };
    move |config| {
        config.route(&path, web::to(accept));
    }
}

/// What compresses and decompresses for one connection.
struct Deflate {
    deflater: Deflater,
    inflater: Inflater,
}

impl Deflate {
    fn new((options, window): (PerMessageDeflate, WindowBits)) -> Self {
        Self {
            deflater: Deflater::new(effort(&options), window),
            inflater: Inflater::new(),
        }
    }
}

async fn serve(io: Io, early: Bytes, limits: Limits, deflate: Option<Deflate>) {
    if let Err(error) = exchange(&io, early, limits, deflate).await {
        tracing::debug!(%error, "echo ended");
        return;
    }
    io.shutdown_write();
    if timeout(CLOSE_TIMEOUT, end(&io)).await.is_err() {
        io.abort();
    }
}

/// Echoes until the closing handshake is done, apart from the end of the stream.
async fn exchange(
    io: &Io,
    early: Bytes,
    limits: Limits,
    deflate: Option<Deflate>,
) -> io::Result<()> {
    let mut echo = Echo {
        limits,
        deflate,
        decoder: Decoder::new(),
        output: Vec::new(),
        closing: false,
    };
    let mut block = vec![0; BLOCK];
    echo.take(&mut Vec::from(early));
    loop {
        write_all(io, &echo.output).await?;
        if echo.closing {
            return Ok(());
        }
        echo.output = Vec::new();
        let read = read(io, &mut block).await?;
        if read == 0 {
            return Ok(());
        }
        echo.take(&mut block[..read]);
    }
}

struct Echo {
    limits: Limits,
    deflate: Option<Deflate>,
    decoder: Decoder,
    output: Vec<u8>,
    /// Our close frame is the last of the output.
    closing: bool,
}

impl Echo {
    fn take(&mut self, block: &mut [u8]) {
        let mut input = Input::new(block);
        while !self.closing {
            let decoded = match &mut self.deflate {
                None => self.decoder.decode(&self.limits, &mut input),
                Some(Deflate { inflater, .. }) => {
                    self.decoder
                        .decode_inflating(inflater, &self.limits, &mut input)
                }
            };
            let message = match decoded {
                Ok(None) => return,
                Ok(Some(message)) => message,
                Err(error) => return self.refuse(error),
            };
            match message {
                Message::Text(text) => write(
                    Opcode::Text,
                    text.as_bytes(),
                    &mut self.deflate,
                    &mut self.output,
                ),
                Message::Binary(bytes) => {
                    write(Opcode::Binary, bytes, &mut self.deflate, &mut self.output)
                }
                Message::Ping(payload) => {
                    self.output.extend_from_slice(&ControlFrame::pong(payload));
                }
                Message::Pong(_) => {}
                Message::Close(close) => {
                    self.output.extend_from_slice(&ControlFrame::close(close));
                    self.closing = true;
                }
            }
        }
    }

    fn refuse(&mut self, error: Error) {
        let code = error.close_code();
        let close = ControlFrame::close(Some(Close { code, reason: "" }));
        self.output.extend_from_slice(&close);
        self.closing = true;
    }
}

fn write(opcode: Opcode, payload: &[u8], deflate: &mut Option<Deflate>, output: &mut Vec<u8>) {
    match deflate {
        None => frame::write(opcode, payload, output),
        Some(Deflate { deflater, .. }) => {
            let mut deflated = Vec::new();
            deflater.deflate(payload, &mut deflated);
            frame::write_deflated(opcode, &deflated, output);
        }
    }
}

async fn read(io: &Io, block: &mut [u8]) -> io::Result<usize> {
    loop {
        poll_fn(|cx| io.poll_read_ready(cx)).await?;
        match io.try_read(block) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            result => return result,
        }
    }
}

async fn write_all(io: &Io, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        poll_fn(|cx| io.poll_write_ready(cx)).await?;
        match io.try_write(bytes) {
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Waits for the peer's end: closing before it could destroy the close frame on its way.
async fn end(io: &Io) {
    let mut block = [0; 1024];
    while read(io, &mut block).await.is_ok_and(|read| read > 0) {}
}
