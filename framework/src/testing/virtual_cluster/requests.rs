//! What a client that polls asks a worker, and what it is answered.

use std::{future::Future, sync::Arc};

use actix_web::{
    Error,
    body::{self, MessageBody},
    dev::ServiceResponse,
    test::TestRequest,
};
use bytes::Bytes;
use tokio::sync::oneshot;

use super::wire::{Way, Wire};

pub(super) struct Request {
    pub(super) target: String,
    pub(super) headers: Vec<(String, Vec<u8>)>,
    pub(super) wire: Arc<Wire>,
    /// Of a POST; without it is a GET.
    pub(super) body: Option<Vec<u8>>,
    pub(super) answer: oneshot::Sender<Answer>,
}

pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Bytes,
}

impl Request {
    pub(super) fn take(&mut self) -> TestRequest {
        let request = match self.body.take() {
            Some(body) => TestRequest::post().set_payload(body),
            None => TestRequest::get(),
        };
        let add = |request: TestRequest, (name, value): &(String, Vec<u8>)| {
            request.append_header((name.as_str(), value.as_slice()))
        };
        self.headers.iter().fold(request.uri(&self.target), add)
    }

    /// Answers with the hub's response, unless the client gives up before.
    pub(super) async fn answer<B: MessageBody>(
        self,
        response: impl Future<Output = Result<ServiceResponse<B>, Error>>,
    ) {
        let Self {
            wire, mut answer, ..
        } = self;
        let answering = async {
            wire.carry(Way::Up, &[]).await;
            let (status, body) = match response.await {
                Ok(response) => {
                    let status = response.status();
                    let body = body::to_bytes(response.into_body()).await;
                    (status, body.unwrap_or_default())
                }
                Err(error) => {
                    let status = error.as_response_error().status_code();
                    (status, error.to_string().into())
                }
            };
            wire.carry(Way::Down, &body).await;
            let status = status.as_u16();
            Answer { status, body }
        };
        let answered = tokio::select! {
            biased;
            () = answer.closed() => return,
            answered = answering => answered,
        };
        let _ = answer.send(answered);
    }
}
