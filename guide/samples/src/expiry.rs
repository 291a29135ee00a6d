//! Samples of the chapter "Sessions": expiry.

use std::time::Duration;

use roomcast::prelude::*;

#[derive(EventHandlers)]
#[handles(Renew)]
struct Account;

#[derive(Serialize, Deserialize, Event)]
struct TokenExpires;

/// How long a token is valid.
fn verify(token: &str) -> Result<Duration, &'static str> {
    match token {
        "short" => Ok(Duration::from_secs(30)),
        "long" => Ok(Duration::from_secs(3600)),
        _ => Err("invalid token"),
    }
}

// ANCHOR: expiry
#[derive(Serialize, Deserialize, Event)]
struct Renew {
    token: String,
}

impl Session for Account {
    type Auth = Renew;

    async fn connect(auth: Renew, socket: &Socket) -> Result<Self, Refusal> {
        socket.expires_in(verify(&auth.token)?)?;
        Ok(Self)
    }

    async fn expiring(&mut self, socket: &Socket) {
        let _ = socket.emit(&TokenExpires);
    }
}

impl Handle<Renew> for Account {
    async fn handle(&mut self, renew: Renew, socket: &Socket) -> Result<(), Rejection> {
        socket.expires_in(verify(&renew.token)?)?;
        Ok(())
    }
}
// ANCHOR_END: expiry

#[cfg(test)]
mod tests {
    use roomcast::testing::{TestClient, TestServer};

    use super::*;

    #[actix_web::test]
    async fn who_renews_in_time_stays() {
        let hub = Hub::builder().namespace::<Account>("/").build();
        let server = TestServer::start(hub.expect("a hub"));
        let renew = |token: &str| Renew {
            token: token.to_owned(),
        };
        let client = TestClient::builder(&server).auth(&renew("short")).connect();
        let client = client.await.expect("a client");
        // Told at once: less is left than the notice.
        let TokenExpires = client.expect().await;
        client.emit_with_ack(&renew("long")).await;
        assert_eq!(client.pending(), []);
    }
}
