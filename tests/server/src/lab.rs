use std::time::Duration;

use roomcast::{Incoming, prelude::*};

use crate::{
    commands::{
        Answers, AskMe, AskRoom, Cast, Count, Describe, DisconnectMe, DisconnectRoom, EAVESDROP,
        Fetch, Found, Gone, Heard, Identity, Join, Leave, Message, MessageBack, MessageWithAck,
        Number, Panic, Question, Refuse, Whoami,
    },
    value::{Value, Values},
};

/// Does what its client says.
#[derive(EventHandlers)]
#[handles(
    Message,
    MessageWithAck,
    Whoami,
    Join,
    Leave,
    Describe,
    Cast,
    AskMe,
    AskRoom,
    Count,
    Fetch,
    DisconnectMe,
    DisconnectRoom,
    Panic,
    Refuse
)]
pub(crate) struct Lab;

#[derive(Serialize, Event)]
struct Auth(Value);

impl Session for Lab {
    type Auth = Value;

    async fn connect(auth: Value, socket: &Socket) -> Result<Self, Refusal> {
        socket.emit(&Auth(auth))?;
        Ok(Self)
    }

    async fn disconnect(&mut self, socket: &Socket, reason: DisconnectReason) {
        let gone = Gone(socket.id(), reason.to_string(), socket.rooms());
        let _ = socket.broadcast().emit(&gone);
    }

    fn any(&mut self, event: &Incoming<'_>, socket: &Socket) {
        if socket.rooms().iter().any(|room| room == EAVESDROP) {
            let args = event.args().unwrap_or_default();
            let heard = Heard(event.name().to_owned(), args, event.wants_ack());
            let _ = socket.emit(&heard);
        }
    }
}

impl Handle<Message> for Lab {
    async fn handle(&mut self, event: Message, socket: &Socket) -> Result<(), Rejection> {
        Ok(socket.emit(&MessageBack(event.0))?)
    }
}

impl Handle<MessageWithAck> for Lab {
    async fn handle(&mut self, event: MessageWithAck, _: &Socket) -> Result<Values, Rejection> {
        Ok(event.0)
    }
}

impl Handle<Whoami> for Lab {
    async fn handle(&mut self, _: Whoami, socket: &Socket) -> Result<Identity, Rejection> {
        Ok(Identity {
            id: socket.id(),
            nsp: socket.namespace().name().to_owned(),
            rooms: socket.rooms(),
            query: socket.handshake().query().to_owned(),
            secure: socket.handshake().is_secure(),
            recovered: socket.recovered(),
        })
    }
}

impl Handle<Join> for Lab {
    async fn handle(&mut self, Join(room): Join, socket: &Socket) -> Result<(), Rejection> {
        Ok(socket.join(room)?)
    }
}

impl Handle<Leave> for Lab {
    async fn handle(&mut self, Leave(room): Leave, socket: &Socket) -> Result<(), Rejection> {
        Ok(socket.leave(room)?)
    }
}

impl Handle<Describe> for Lab {
    async fn handle(&mut self, Describe(data): Describe, socket: &Socket) -> Result<(), Rejection> {
        Ok(socket.set_data(&data)?)
    }
}

impl Handle<Cast> for Lab {
    async fn handle(&mut self, cast: Cast, socket: &Socket) -> Result<(), Rejection> {
        let mut broadcast = match cast.from_all {
            true => socket.namespace().everyone(),
            false => socket.broadcast(),
        };
        for room in cast.to {
            broadcast = broadcast.to(room);
        }
        for room in cast.except {
            broadcast = broadcast.except(room);
        }
        if cast.volatile {
            broadcast = broadcast.volatile();
        }
        Ok(broadcast.emit_raw(&cast.event, &cast.args)?)
    }
}

impl Handle<AskMe> for Lab {
    async fn handle(&mut self, ask: AskMe, socket: &Socket) -> Result<Answers, Rejection> {
        let timeout = Duration::from_millis(ask.timeout);
        let question = Question(ask.question);
        Ok(
            match socket.timeout(timeout).emit_with_ack(&question).await {
                Ok(answer) => Answers {
                    answers: vec![answer],
                    error: None,
                },
                Err(error) => Answers {
                    answers: Vec::new(),
                    error: Some(error.to_string()),
                },
            },
        )
    }
}

impl Handle<AskRoom> for Lab {
    async fn handle(&mut self, ask: AskRoom, socket: &Socket) -> Result<Answers, Rejection> {
        let timeout = Duration::from_millis(ask.timeout);
        let room = socket.namespace().to(ask.room).timeout(timeout);
        let acks = room.emit_with_ack(&Question(ask.question)).await?;
        Ok(Answers {
            error: (!acks.is_complete()).then(|| "incomplete".to_owned()),
            answers: acks.into_values(),
        })
    }
}

impl Handle<Count> for Lab {
    async fn handle(&mut self, Count(end): Count, socket: &Socket) -> Result<(), Rejection> {
        for number in 0..end {
            socket.emit(&Number(number))?;
        }
        Ok(())
    }
}

impl Handle<Fetch> for Lab {
    async fn handle(
        &mut self,
        Fetch(room): Fetch,
        socket: &Socket,
    ) -> Result<Vec<Found>, Rejection> {
        let sockets = socket.namespace().to(room).fetch_sockets().await?;
        let found = sockets.iter().map(|socket| Found {
            id: socket.id(),
            rooms: socket.rooms().map(str::to_owned).collect(),
        });
        Ok(found.collect())
    }
}

impl Handle<DisconnectMe> for Lab {
    async fn handle(&mut self, event: DisconnectMe, socket: &Socket) -> Result<(), Rejection> {
        Ok(socket.disconnect(event.0)?)
    }
}

impl Handle<DisconnectRoom> for Lab {
    async fn handle(&mut self, event: DisconnectRoom, socket: &Socket) -> Result<(), Rejection> {
        let DisconnectRoom(room, close) = event;
        Ok(socket.to(room).disconnect(close).await?)
    }
}

impl Handle<Panic> for Lab {
    async fn handle(&mut self, _: Panic, _: &Socket) -> Result<(), Rejection> {
        panic!("as the client wishes");
    }
}

impl Handle<Refuse> for Lab {
    async fn handle(&mut self, Refuse(why): Refuse, _: &Socket) -> Result<(), Rejection> {
        Err(Rejection::new(why).with_data(&[1, 2]))
    }
}
