use roomcast::prelude::*;

/// A namespace that asks who one is.
#[derive(EventHandlers)]
#[handles()]
pub(crate) struct Private;

#[derive(Deserialize)]
pub(crate) struct Credentials {
    user: String,
    token: u32,
}

#[derive(Serialize)]
struct Reason {
    code: &'static str,
    user: String,
}

#[derive(Serialize, Event)]
struct Welcome(String);

impl Session for Private {
    type Auth = Credentials;

    async fn connect(auth: Credentials, socket: &Socket) -> Result<Self, Refusal> {
        let Credentials { user, token } = auth;
        if token != 1234 {
            let code = "E001";
            return Err(Refusal::new("not authorized").with_data(&Reason { code, user }));
        }
        socket.emit(&Welcome(user))?;
        Ok(Self)
    }
}
