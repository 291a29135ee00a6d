//! A device of somebody.

use std::time::{SystemTime, UNIX_EPOCH};

use roomcast::prelude::*;

use crate::notify;

/// Where everybody is shown.
const OFFICE: &str = "office";

#[derive(Deserialize)]
pub(crate) struct Auth {
    name: String,
    device: String,
}

/// What a device says of itself; others get it as it is.
#[derive(Clone, Serialize)]
struct Presence {
    device: String,
    activity: Activity,
    /// Milliseconds since 1970, when it came.
    since: u128,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Activity {
    Active,
    Away,
}

/// The device is being used, or it is not any more.
#[derive(Deserialize, Event)]
struct Set(Activity);

/// A word to somebody, wherever they are. The answer tells whether they are.
#[derive(Deserialize, Event)]
#[event(ack = notify::Told)]
struct Tell {
    to: String,
    text: String,
}

/// When somebody was last there, if they are not; nothing for who never was.
#[derive(Deserialize, Event)]
#[event(ack = Option<u128>)]
struct LastSeen(String);

#[derive(EventHandlers)]
#[handles(Set, Tell, LastSeen)]
pub(crate) struct Member {
    name: String,
    presence: Presence,
}

impl Session for Member {
    type Auth = Auth;

    async fn connect(Auth { name, device }: Auth, socket: &Socket) -> Result<Self, Refusal> {
        if !is_text(&name, 24) || !is_text(&device, 24) {
            return Err("A name has up to 24 characters.".into());
        }
        if name == notify::SERVER {
            return Err("Nobody is called so.".into());
        }
        let presence = Presence {
            device,
            activity: Activity::Active,
            since: milliseconds(SystemTime::now()),
        };
        // Nobody proves here who they are; the example `jwt` does.
        socket.bind_user(&name)?;
        socket.track(OFFICE, &presence)?;
        // From now on the client is told who comes, changes and goes.
        socket.watch_presence(OFFICE)?;
        Ok(Self { name, presence })
    }
}

impl Handle<Set> for Member {
    async fn handle(&mut self, Set(activity): Set, socket: &Socket) -> Result<(), Rejection> {
        if activity != self.presence.activity {
            self.presence.activity = activity;
            socket.track(OFFICE, &self.presence)?;
        }
        Ok(())
    }
}

impl Handle<Tell> for Member {
    async fn handle(&mut self, tell: Tell, socket: &Socket) -> Result<notify::Told, Rejection> {
        if !is_text(&tell.text, 300) {
            return Err("Too long or empty.".into());
        }
        notify::tell(&socket.hub(), &tell.to, &self.name, &tell.text).await
    }
}

impl Handle<LastSeen> for Member {
    async fn handle(
        &mut self,
        LastSeen(name): LastSeen,
        socket: &Socket,
    ) -> Result<Option<u128>, Rejection> {
        let last_seen = socket.hub().user(&name).last_seen().await;
        let last_seen = last_seen.map_err(|_| "try again later")?;
        Ok(last_seen.map(milliseconds))
    }
}

fn milliseconds(time: SystemTime) -> u128 {
    time.duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_millis()
}

fn is_text(text: &str, longest: usize) -> bool {
    (1..=longest).contains(&text.chars().count()) && text.trim() == text
}
