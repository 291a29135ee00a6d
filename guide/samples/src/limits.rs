//! Samples of the chapter "Limits".

use roomcast::{BuildError, PresenceError, prelude::*};

/// Who the token says it is.
fn verify(token: &str) -> Option<&str> {
    token.strip_prefix("user-")
}

// ANCHOR: account
#[derive(Serialize, Deserialize)]
struct Login {
    token: String,
}

#[derive(EventHandlers)]
#[handles()]
struct Inbox;

impl Session for Inbox {
    type Auth = Login;

    async fn connect(Login { token }: Login, socket: &Socket) -> Result<Self, Refusal> {
        let user = verify(&token).ok_or("not logged in")?;
        match socket.bind_user(user) {
            // In your own words; with `?` it is `too many connections of this user`.
            Err(PresenceError::TooManySockets(_)) => {
                Err(Refusal::new("close another window first"))
            }
            bound => Ok(bound.map(|()| Self)?),
        }
    }
}

fn for_accounts() -> Result<Hub, BuildError> {
    Hub::builder()
        .namespace::<Inbox>("/")
        .max_sockets_per_user(20)
        .build()
}
// ANCHOR_END: account

#[cfg(test)]
mod tests {
    use roomcast::testing::{TestClient, TestServer};

    use super::*;

    #[actix_web::test]
    async fn the_twenty_first_window_is_told_so() -> Result<(), Box<dyn std::error::Error>> {
        let server = TestServer::start(for_accounts()?);
        let token = "user-7".to_owned();
        let login = Login { token };
        let open = || TestClient::builder(&server).auth(&login).connect();
        let mut windows = Vec::new();
        for _ in 0..20 {
            windows.push(open().await?);
        }
        let refused = open().await.err().ok_or("a window too many")?;
        assert_eq!(refused.to_string(), "close another window first");
        Ok(())
    }
}
