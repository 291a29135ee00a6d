//! Serves a hub without sockets: requests go to its routes as actix-web would give them, and a WebSocket's
//! bytes are the request's payload and the response's body.

use std::{
    future::poll_fn,
    io,
    pin::{Pin, pin},
    rc::Rc,
    sync::Arc,
    task::{Context, Poll},
};

use actix_web::{
    App, Error,
    body::{self, MessageBody},
    dev::{Payload, Service, ServiceResponse},
    error::PayloadError,
    http::{StatusCode, header},
    test::{self, TestRequest},
};
use bytes::Bytes;
use futures_util::Stream;
use tokio::{
    sync::{mpsc, oneshot},
    time::sleep,
};

use super::{
    requests::Request,
    wire::{Reader, Way, Wire},
};
use crate::{namespace::Hub, testing::dial::DialError};

/// A client asks for something.
pub(super) enum Call {
    Dial(Dial),
    Request(Request),
}

/// A client asks for a WebSocket.
pub(super) struct Dial {
    pub(super) target: String,
    pub(super) headers: Vec<(String, Vec<u8>)>,
    pub(super) wire: Arc<Wire>,
    pub(super) answer: oneshot::Sender<Result<(), DialError>>,
}

/// Any; the handshake only proves that the server knows WebSockets (RFC 6455 section 4.1).
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

pub(super) async fn serve(hub: Hub, mut calls: mpsc::Receiver<Call>) {
    let app = test::init_service(App::new().configure(hub.mount())).await;
    let app = Rc::new(app);
    while let Some(call) = calls.recv().await {
        let app = Rc::clone(&app);
        tokio::task::spawn_local(async move {
            let call = match call {
                Call::Dial(call) => call,
                Call::Request(mut call) => {
                    let request = call.take().to_request();
                    return call.answer(async { app.call(request).await }).await;
                }
            };
            let wire = Arc::clone(&call.wire);
            sleep(wire.draw(Way::Up)).await;
            let incoming = Incoming(Reader::new(Arc::clone(&wire), Way::Up));
            let payload = Payload::Stream {
                payload: Box::pin(incoming) as _,
            };
            let (request, _) = call.request().to_request().replace_payload(payload);
            let response = app.call(request).await;
            sleep(wire.draw(Way::Down)).await;
            answer(response, call.answer, &wire).await;
        });
    }
}

impl Dial {
    fn request(&self) -> TestRequest {
        let request = TestRequest::get()
            .uri(&self.target)
            .insert_header((header::CONNECTION, "upgrade"))
            .insert_header((header::UPGRADE, "websocket"))
            .insert_header((header::SEC_WEBSOCKET_VERSION, "13"))
            .insert_header((header::SEC_WEBSOCKET_KEY, KEY));
        let add = |request: TestRequest, (name, value): &(String, Vec<u8>)| {
            request.append_header((name.as_str(), value.as_slice()))
        };
        self.headers.iter().fold(request, add)
    }
}

async fn answer<B: MessageBody>(
    response: Result<ServiceResponse<B>, Error>,
    answer: oneshot::Sender<Result<(), DialError>>,
    wire: &Wire,
) {
    let response = match response {
        Ok(response) => response,
        Err(error) => {
            let refused = refused(error.as_response_error().status_code(), error.to_string());
            return drop(answer.send(Err(refused)));
        }
    };
    let status = response.status();
    if status != StatusCode::SWITCHING_PROTOCOLS {
        let body = body::to_bytes(response.into_body()).await;
        let body = String::from_utf8_lossy(&body.unwrap_or_default()).into_owned();
        return drop(answer.send(Err(refused(status, body))));
    }
    if answer.send(Ok(())).is_ok() {
        carry(response.into_body(), wire).await;
    }
}

fn refused(status: StatusCode, body: String) -> DialError {
    DialError::Refused {
        status: status.as_u16(),
        body,
    }
}

/// Carries what the hub writes, as the HTTP dispatcher does.
async fn carry<B: MessageBody>(body: B, wire: &Wire) {
    let mut body = pin!(body);
    loop {
        match poll_fn(|cx| body.as_mut().poll_next(cx)).await {
            Some(Ok(bytes)) => {
                if write(wire, &bytes).await.is_err() {
                    return;
                }
            }
            Some(Err(_)) => {
                wire.reset();
                return;
            }
            None => return wire.end(Way::Down),
        }
    }
}

async fn write(wire: &Wire, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        let written = poll_fn(|cx| wire.poll_write(Way::Down, bytes, cx)).await?;
        bytes = &bytes[written..];
    }
    Ok(())
}

/// What a client sends, as the payload of its request.
struct Incoming(Reader);

impl Stream for Incoming {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = self.0.poll_next(cx);
        next.map(|next| next.map_err(PayloadError::Io).transpose())
    }
}
