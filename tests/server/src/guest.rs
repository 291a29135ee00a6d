use std::time::Duration;

use roomcast::prelude::*;

/// Stays for as long as its tokens last.
#[derive(EventHandlers)]
#[handles(Renew)]
pub(crate) struct Guest;

/// A token says how long it lasts, in milliseconds.
#[derive(Deserialize, Event)]
pub(crate) struct Renew {
    token: u64,
    /// Does not come to a decision.
    #[serde(default)]
    hesitate: bool,
}

#[derive(Serialize, Event)]
struct TokenExpires;

impl Renew {
    fn grant(&self, socket: &Socket) -> Result<(), roomcast::EmitError> {
        socket.expires_in(Duration::from_millis(self.token))
    }
}

impl Session for Guest {
    type Auth = Renew;

    async fn connect(auth: Renew, socket: &Socket) -> Result<Self, Refusal> {
        auth.grant(socket)?;
        if auth.hesitate {
            std::future::pending().await
        }
        Ok(Self)
    }

    async fn expiring(&mut self, socket: &Socket) {
        let _ = socket.emit(&TokenExpires);
    }
}

impl Handle<Renew> for Guest {
    async fn handle(&mut self, renew: Renew, socket: &Socket) -> Result<(), Rejection> {
        Ok(renew.grant(socket)?)
    }
}
