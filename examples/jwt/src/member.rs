//! A socket of somebody who has shown a token.

use std::sync::Arc;

use roomcast::prelude::*;

use crate::accounts::Role;
use crate::tokens::{Claims, Purpose, Refused, Tokens};

#[derive(Deserialize)]
pub(crate) struct Auth {
    token: String,
}

/// To a client: who it is, and when it has to show another token.
#[derive(Serialize, Event)]
struct Welcome<'a> {
    name: &'a str,
    role: Role,
    /// Seconds from now.
    expires_in: u64,
}

/// To a client: its token is valid for not much longer.
#[derive(Serialize, Event)]
struct TokenExpires {
    /// Seconds from now.
    expires_in: u64,
}

/// A new token; the answer is for how many seconds it is valid.
#[derive(Deserialize, Event)]
#[event(ack = u64)]
struct Renew {
    token: String,
}

#[derive(Deserialize, Event)]
struct Say(String);

/// For admins: ends all sockets of an account. Those who are logged in can come back.
#[derive(Deserialize, Event)]
struct DisconnectUser {
    name: String,
}

#[derive(Serialize, Event)]
struct Said<'a> {
    name: &'a str,
    text: &'a str,
}

#[derive(EventHandlers)]
#[handles(Renew, Say, DisconnectUser)]
pub(crate) struct Member(Claims);

impl Session for Member {
    type Auth = Auth;

    async fn connect(auth: Auth, socket: &Socket) -> Result<Self, Refusal> {
        let claims = verify(socket, &auth.token).map_err(Refused::text)?;
        socket.bind_user(&claims.sub)?;
        socket.expires_at(claims.expires())?;
        socket.emit(&Welcome {
            name: &claims.sub,
            role: claims.role,
            expires_in: left(socket),
        })?;
        Ok(Self(claims))
    }

    async fn expiring(&mut self, socket: &Socket) {
        let expires_in = left(socket);
        // A client that cannot be told has no use for it either.
        let _ = socket.emit(&TokenExpires { expires_in });
    }
}

impl Handle<Renew> for Member {
    async fn handle(&mut self, Renew { token }: Renew, socket: &Socket) -> Result<u64, Rejection> {
        let claims = verify(socket, &token).map_err(Refused::text)?;
        // A socket stays whose it is: what it has joined and been sent is not for others.
        if claims.sub != self.0.sub {
            return Err("This token is somebody else's.".into());
        }
        socket.expires_at(claims.expires())?;
        // What the account may do can have changed.
        self.0 = claims;
        Ok(left(socket))
    }
}

impl Handle<Say> for Member {
    async fn handle(&mut self, Say(text): Say, socket: &Socket) -> Result<(), Rejection> {
        if !(1..=500).contains(&text.trim().chars().count()) {
            return Err("Too long or empty.".into());
        }
        let name = &self.0.sub;
        Ok(socket.hub().emit(&Said { name, text: &text })?)
    }
}

impl Handle<DisconnectUser> for Member {
    async fn handle(&mut self, whom: DisconnectUser, socket: &Socket) -> Result<(), Rejection> {
        if self.0.role != Role::Admin {
            return Err("Only admins may do that.".into());
        }
        // Not awaited: it may be this very socket, which waits for this handler.
        drop(socket.hub().user(&whom.name).disconnect(false));
        Ok(())
    }
}

fn verify(socket: &Socket, token: &str) -> Result<Claims, Refused> {
    let tokens: &Arc<Tokens> = socket.state();
    tokens.verify(Purpose::Socket, token)
}

/// Whole seconds until the socket expires, rounded up.
fn left(socket: &Socket) -> u64 {
    let left = socket.time_left().unwrap_or_default();
    left.as_secs() + u64::from(left.subsec_nanos() > 0)
}
