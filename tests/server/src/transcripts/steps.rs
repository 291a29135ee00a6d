//! What the application does when the test says so.

use std::{io, sync::Arc, thread, time::Duration};

use roomcast::{event::Args, prelude::*};
use serde_json::{Value as Json, json};
use tokio::sync::{Notify, mpsc};

use super::{say, sessions::Sockets};
use crate::value::Value;

/// Does what the lines on standard input say, in their order.
pub(super) fn follow(hub: Hub, close: Arc<Notify>) {
    let (labels, mut next) = mpsc::channel(1);
    thread::spawn(move || {
        for label in io::stdin().lines().map_while(Result::ok) {
            if labels.blocking_send(label).is_err() {
                return;
            }
        }
    });
    actix_web::rt::spawn(async move {
        while let Some(label) = next.recv().await {
            if label == "server: io.close()" {
                close.notify_one();
            } else if let Err(error) = step(&hub, &label).await {
                say("error", &json!([label, error.to_string()]));
            }
            say("step", &json!([label]));
        }
    });
}

async fn step(hub: &Hub, label: &str) -> Result<(), EmitError> {
    let sockets = hub.state::<Sockets>().all();
    let [first, ..] = &*sockets else {
        return Ok(());
    };
    let last = sockets.last().unwrap_or(first);
    match label {
        "server: socket.disconnect()" => last.disconnect(false)?,
        "server: socket.disconnect(true)" => last.disconnect(true)?,
        "io.emit" => {
            first.join("r1")?;
            for room in ["r1", "r2"] {
                sockets[1].join(room)?;
            }
            emit(&hub.everyone(), "e1")?;
        }
        "io.to(r1)" => emit(&hub.to("r1"), "e2")?,
        "io.to(r1).to(r2) (union, delivered once)" => emit(&hub.to("r1").to("r2"), "e3")?,
        "io.to(r1).except(r2)" => emit(&hub.to("r1").except("r2"), "e4")?,
        "io.except(r1)" => emit(&hub.except("r1"), "e5")?,
        "io.to(socket id)" => emit(&hub.to(last.id().to_string()), "e6")?,
        "socket[0].broadcast" => emit(&first.broadcast(), "e7")?,
        "socket[0].to(r1)" => emit(&first.to("r1"), "e8")?,
        "io.local.volatile.compress(false)" => emit(&hub.everyone().local().volatile(), "e9")?,
        // Longer than their labels say, for who has to answer on a busy machine.
        "io.timeout(500).emit with ack (all answer)" => ask_everyone(hub, 5_000),
        "io.timeout(100).emit with ack (one silent)" => ask_everyone(hub, 5_000),
        "socket[0].timeout(50).emit with ack, no answer" => ask(first.clone()),
        "io.in(r1).disconnectSockets()" => hub.to("r1").disconnect(false).await?,
        "io.disconnectSockets(true)" => hub.everyone().disconnect(true).await?,
        "emit while connected" => {
            last.join("room")?;
            last.emit_raw("direct", &(1,))?;
            hub.everyone().emit_raw("all", &(json!({ "a": 1 }),))?;
            emit(&hub.to("room"), "room")?;
            emit(&hub.everyone().volatile(), "volatile")?;
            let unanswered = last.timeout(Duration::ZERO);
            let _ = unanswered.emit_raw_with_ack("with-ack", &()).await;
            hub.everyone()
                .emit_raw("bin", &(Binary::from(vec![1, 2]),))?;
        }
        "emit while away" => {
            hub.everyone().emit_raw("missed-all", &(2,))?;
            emit(&hub.to("room"), "missed-room")?;
            emit(&hub.to("other"), "missed-other-room")?;
            emit(&hub.except("room"), "missed-excepted")?;
            emit(&hub.everyone().volatile(), "missed-volatile")?;
            let gone = hub.to(last.id().to_string());
            gone.emit_raw("missed-direct", &(Binary::from(vec![7]),))?;
        }
        "emit after" => emit(&hub.to("room"), "after")?,
        "emit without a poll" => {
            last.emit_raw("a", &(1,))?;
            last.emit_raw("b", &(Binary::from(vec![1, 2]),))?;
            // Sent when this returns, as what is before and behind it; nobody answers.
            let unanswered = last.timeout(Duration::ZERO);
            let _ = unanswered.emit_raw_with_ack("c", &()).await;
            last.volatile().emit_raw("lost", &())?;
        }
        "emit volatile to a poll" => last.volatile().emit_raw("kept", &())?,
        "disconnect(true) with buffered packets and no poll pending" => {
            last.emit_raw("last", &())?;
            last.disconnect(true)?;
        }
        _ => say("error", &json!([label, "unknown"])),
    }
    Ok(())
}

fn emit(broadcast: &Broadcast<'_>, name: &str) -> Result<(), EmitError> {
    broadcast.emit_raw(name, &())
}

#[derive(Serialize)]
struct Q;

impl Event for Q {
    const NAME: &'static str = "q";
    const ARGS: Args = Args::None;
    type Ack = Value;
    const ACK_ARGS: Args = Args::One;
}

#[derive(Serialize, Event)]
#[event(name = "silent", ack = Value)]
struct Unanswered;

/// Asks everyone; says what came until the timeout.
fn ask_everyone(hub: &Hub, timeout: u64) {
    let hub = hub.clone();
    actix_web::rt::spawn(async move {
        let everyone = hub.everyone().timeout(Duration::from_millis(timeout));
        let Ok(acks) = everyone.emit_with_ack(&Q).await else {
            return;
        };
        let error = match acks.is_complete() {
            true => Json::Null,
            false => timed_out(),
        };
        say("broadcast ack", &json!([error, acks.into_values()]));
    });
}

/// Asks one who does not answer.
fn ask(socket: Socket) {
    actix_web::rt::spawn(async move {
        let socket = socket.timeout(Duration::from_millis(50));
        if socket.emit_with_ack(&Unanswered).await.is_err() {
            say("ack", &json!([timed_out(), { "$undefined": true }]));
        }
    });
}

fn timed_out() -> Json {
    json!({ "$error": "operation has timed out" })
}
