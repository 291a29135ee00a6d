//! What a test client sends, and how it answers.

use std::{future::Future, panic::Location, sync::atomic::Ordering};

use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};
use tokio::{sync::oneshot, time::timeout};

use super::{
    super::{
        PATIENCE, Received,
        inbox::{Packed, Responder},
        unexpected::Instead,
    },
    TestClient,
};
use crate::{
    error::EmitError,
    event::{self, Event},
};

/// The attachments of a packet that was written.
type Encoded = Result<Vec<Bytes>, EmitError>;

impl TestClient {
    /// Emits an event.
    ///
    /// # Panics
    /// If the connection has ended, or the event cannot be serialized.
    pub async fn emit<E: Event + Serialize>(&self, event: &E) {
        let packet = self.encode(E::NAME, |out| {
            event::encode(event, &self.namespace, None, out)
        });
        self.send(E::NAME, packet).await;
    }

    /// Emits an event unless the connection has ended; whether it was taken. For clients whose
    /// connection may be lost at any time.
    ///
    /// # Panics
    /// If the event cannot be serialized.
    pub async fn try_emit<E: Event + Serialize>(&self, event: &E) -> bool {
        let packet = self.encode(E::NAME, |out| {
            event::encode(event, &self.namespace, None, out)
        });
        self.write(packet).await
    }

    /// Emits an untyped event; `args` must serialize to a list.
    ///
    /// # Panics
    /// As [`emit`](Self::emit).
    pub async fn emit_raw<A: Serialize + ?Sized>(&self, name: &str, args: &A) {
        let packet = self.encode(name, |out| {
            event::encode_raw(name, &self.namespace, None, args, out)
        });
        self.send(name, packet).await;
    }

    /// Emits an event and waits for the answer.
    ///
    /// # Panics
    /// As [`emit`](Self::emit), and if no answer comes, or one that does not fit: a rejection, for
    /// example.
    #[track_caller]
    pub fn emit_with_ack<E>(&self, event: &E) -> impl Future<Output = E::Ack>
    where
        E: Event + Serialize,
        E::Ack: DeserializeOwned,
    {
        let at = Location::caller();
        async move {
            let asked = self.ask(E::NAME, at, |id, out| {
                event::encode(event, &self.namespace, Some(id), out)
            });
            let answer = asked.await;
            match answer.answer::<E>() {
                Ok(value) => value,
                Err(error) => self.fail(
                    at,
                    answer_to(E::NAME),
                    Instead::DoesNotFit(answer, error.to_string()),
                ),
            }
        }
    }

    /// Emits an untyped event and waits for the answer, whatever it is.
    ///
    /// # Panics
    /// As [`emit`](Self::emit), and if no answer comes.
    #[track_caller]
    pub fn emit_raw_with_ack<A: Serialize + ?Sized>(
        &self,
        name: &str,
        args: &A,
    ) -> impl Future<Output = Received> {
        self.ask(name, Location::caller(), move |id, out| {
            event::encode_raw(name, &self.namespace, Some(id), args, out)
        })
    }

    async fn ask(
        &self,
        name: &str,
        at: &'static Location<'static>,
        write: impl FnOnce(u64, &mut Vec<u8>) -> Encoded,
    ) -> Received {
        let id = self.next_ack.fetch_add(1, Ordering::Relaxed);
        let packet = self.encode(name, |out| write(id, out));
        let (sender, answer) = oneshot::channel();
        self.inbox.lock().acks.insert(id, sender);
        self.send(name, packet).await;
        let instead = match timeout(PATIENCE, answer).await {
            Ok(Ok(answer)) => {
                let answer = Received {
                    name: name.to_owned(),
                    ..answer
                };
                self.inbox.lock().remember(format!("<- answer {answer}"));
                return answer;
            }
            Ok(Err(_)) => self.ended(),
            Err(_) => Instead::Nothing,
        };
        self.fail(at, answer_to(name), instead)
    }

    /// From now on answers every event of this type that the server wants an ack for. Such events
    /// are not seen by [`expect`](Self::expect) any more; one that does not fit the type is.
    ///
    /// ```no_run
    /// # use roomcast::{prelude::*, testing::TestClient};
    /// #[derive(Serialize, Deserialize, Event)]
    /// #[event(ack = bool)]
    /// struct Confirm { question: String }
    ///
    /// # fn example(client: &TestClient) {
    /// client.answer(|confirm: Confirm| confirm.question.ends_with('?'));
    /// # }
    /// ```
    pub fn answer<E>(&self, mut answer: impl FnMut(E) -> E::Ack + Send + 'static)
    where
        E: Event + DeserializeOwned + 'static,
        E::Ack: Serialize,
    {
        let respond: Responder = Box::new(move |received, namespace, id| {
            let ack = answer(received.event().ok()?);
            let mut text = Vec::new();
            let attachments = event::encode_ack::<E>(namespace, id, &ack, &mut text).ok()?;
            Some((text, attachments))
        });
        self.inbox.lock().responders.insert(E::NAME, respond);
    }

    fn encode(&self, name: &str, write: impl FnOnce(&mut Vec<u8>) -> Encoded) -> Packed {
        let mut text = Vec::new();
        match write(&mut text) {
            Ok(attachments) => (text, attachments),
            Err(error) => panic!("`{name}` cannot be emitted: {error}"),
        }
    }

    async fn write(&self, (text, attachments): Packed) -> bool {
        let line = format!("-> {}", String::from_utf8_lossy(&text));
        self.inbox.lock().remember(line);
        self.outgoing.packet(text, attachments).await
    }

    async fn send(&self, name: &str, packet: Packed) {
        let sent = self.write(packet).await;
        assert!(sent, "`{name}` was not emitted: {}", self.ended());
    }
}

fn answer_to(name: &str) -> String {
    format!("an answer to `{name}`")
}
