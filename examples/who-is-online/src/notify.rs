//! A word to somebody: from a page, or over HTTP from another program.

use actix_web::{
    HttpRequest,
    error::{ErrorBadRequest, ErrorServiceUnavailable, ErrorUnauthorized},
    http::header::AUTHORIZATION,
    web::{self, Data, Json, Path, ServiceConfig},
};
use roomcast::prelude::*;

/// Whom words over HTTP are from. No person may be called so.
pub(crate) const SERVER: &str = "the server";

const LONGEST: usize = 1_000; // bytes

/// What other programs prove themselves with.
struct Secret(String);

#[derive(Serialize, Event)]
struct Word<'a> {
    from: &'a str,
    text: &'a str,
}

#[derive(Serialize)]
pub(crate) struct Told {
    /// On how many devices, on all nodes.
    devices: usize,
}

/// Who is not there gets nothing, and that is no error: look at `devices`.
pub(crate) async fn tell(hub: &Hub, to: &str, from: &str, text: &str) -> Result<Told, Rejection> {
    let user = hub.user(to);
    let devices = user.connections().await;
    let devices = devices.map_err(|_| "try again later")?;
    user.emit(&Word { from, text })?;
    Ok(Told { devices })
}

/// `curl -H "Authorization: Bearer $NOTIFY_SECRET" --data 'The build is red.' http://127.0.0.1:3000/notify/ann`, from a job,
/// a webhook, another service. Without the header's secret any page that somebody visits could do it as well.
pub(crate) fn routes(config: &mut ServiceConfig, hub: &Hub) {
    let Ok(secret) = std::env::var("NOTIFY_SECRET") else {
        return;
    };
    config
        .app_data(Data::new(hub.clone()))
        .app_data(Data::new(Secret(secret)))
        .route("/notify/{name}", web::post().to(notify));
}

async fn notify(
    request: HttpRequest,
    name: Path<String>,
    text: String,
    hub: Data<Hub>,
    secret: Data<Secret>,
) -> actix_web::Result<Json<Told>> {
    let given = request.headers().get(AUTHORIZATION);
    let given = given.and_then(|it| it.as_bytes().strip_prefix(b"Bearer "));
    if !given.is_some_and(|given| is_same(given, secret.0.as_bytes())) {
        return Err(ErrorUnauthorized("This takes the secret."));
    }
    if text.is_empty() || text.len() > LONGEST {
        return Err(ErrorBadRequest("Too long or empty."));
    }
    let told = tell(&hub, &name, SERVER, &text).await;
    told.map(Json)
        .map_err(|rejection| ErrorServiceUnavailable(rejection.to_string()))
}

/// In a time that does not depend on where they differ.
fn is_same(given: &[u8], secret: &[u8]) -> bool {
    let pairs = given.iter().zip(secret);
    given.len() == secret.len() && pairs.fold(0, |all, (one, other)| all | (one ^ other)) == 0
}
