//! Samples of the chapter "Security".

use std::time::Duration;

use actix_web::{HttpRequest, rt::time::timeout};
use roomcast::{BuildError, Forbidden, Handshake, prelude::*};

/// Stands for a lookup in a database.
async fn is_member(key: &str) -> bool {
    key == "sesame"
}

// ANCHOR: allow
fn members_only<S: Session>() -> Result<Hub, BuildError> {
    Hub::builder()
        .namespace::<S>("/")
        .allow_request(async |handshake: &Handshake, _: &HttpRequest| {
            let key = handshake.header("x-key").unwrap_or_default();
            match timeout(Duration::from_secs(2), is_member(key)).await {
                Ok(true) => Ok(()),
                Ok(false) => Err(Forbidden::new("members only")),
                Err(_) => Err(Forbidden::default()),
            }
        })
        .on_connection_error(|error| {
            let from = error.request().address();
            eprintln!(
                "{from:?} was refused: {} {:?}",
                error.message(),
                error.context()
            );
        })
        .build()
}
// ANCHOR_END: allow

#[cfg(test)]
mod tests {
    use std::error::Error;

    use roomcast::{
        prelude::*,
        testing::{TestClient, TestServer},
    };

    #[derive(EventHandlers)]
    #[handles()]
    struct Listener;

    impl Session for Listener {
        type Auth = ();

        async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> {
            Ok(Self)
        }
    }

    #[actix_web::test]
    async fn members_come_in_and_others_do_not() -> Result<(), Box<dyn Error>> {
        let server = TestServer::start(super::members_only::<Listener>()?);
        let member = TestClient::builder(&server).header("X-Key", "sesame");
        member.connect().await?;
        match TestClient::connect(&server).await {
            Ok(_) => Err("a stranger was let in".into()),
            Err(refused) => {
                assert_eq!(refused.message, "members only");
                Ok(())
            }
        }
    }
}
