//! Over HTTP: logging in, a new token, logging out.

use actix_web::{
    HttpRequest, HttpResponse,
    cookie::{Cookie, SameSite},
    error::{ErrorInternalServerError, ErrorUnauthorized},
    web::{self, Data, Json, JsonConfig, ServiceConfig},
};
use roomcast::Hub;
use serde::{Deserialize, Serialize};

use crate::accounts::{self, Account};
use crate::tokens::{Purpose, Tokens};

/// What renews tokens. Of no use to scripts, other sites, and other paths than these.
const COOKIE: &str = "renewal";
const PATH: &str = "/login";

#[derive(Deserialize)]
struct Login {
    name: String,
    password: String,
}

#[derive(Serialize)]
struct Token {
    token: String,
    /// Seconds for which it is valid.
    expires_in: u64,
}

pub(crate) fn routes(config: &mut ServiceConfig, hub: &Hub, tokens: &Data<Tokens>) {
    config
        .app_data(Data::new(hub.clone()))
        .app_data(tokens.clone())
        .app_data(JsonConfig::default().limit(4 * 1024))
        .route(PATH, web::post().to(log_in))
        .route(PATH, web::put().to(renew))
        .route(PATH, web::delete().to(log_out));
}

async fn log_in(login: Json<Login>, tokens: Data<Tokens>) -> actix_web::Result<HttpResponse> {
    let account = accounts::check(&login.name, &login.password)
        .ok_or_else(|| ErrorUnauthorized("There is no such name with this password."))?;
    let renewal = tokens.issue(Purpose::Renewal, account);
    let renewal = renewal.map_err(ErrorInternalServerError)?;
    Ok(HttpResponse::Ok()
        .cookie(cookie(renewal))
        .json(token(&tokens, account)?))
}

async fn renew(request: HttpRequest, tokens: Data<Tokens>) -> actix_web::Result<Json<Token>> {
    let account = logged_in(&request, &tokens)?;
    Ok(Json(token(&tokens, account)?))
}

/// Here and in all other tabs.
async fn log_out(
    request: HttpRequest,
    tokens: Data<Tokens>,
    hub: Data<Hub>,
) -> actix_web::Result<HttpResponse> {
    let account = logged_in(&request, &tokens)?;
    if let Err(error) = hub.user(account.name).disconnect(false).await {
        // The sockets that are left end with their tokens. The cookie has to go nevertheless: it would log in again.
        tracing::warn!(%error, "not all nodes have said that they ended the sockets");
    }
    let mut gone = cookie(String::new());
    gone.make_removal();
    Ok(HttpResponse::NoContent().cookie(gone).finish())
}

/// Looks the account up again, so that one that was closed gets no more tokens.
fn logged_in(request: &HttpRequest, tokens: &Tokens) -> actix_web::Result<&'static Account> {
    let refused = || ErrorUnauthorized("You are not logged in.");
    let cookie = request.cookie(COOKIE).ok_or_else(refused)?;
    let claims = tokens.verify(Purpose::Renewal, cookie.value());
    let claims = claims.map_err(|_| refused())?;
    accounts::find(&claims.sub).ok_or_else(refused)
}

fn token(tokens: &Tokens, account: &Account) -> actix_web::Result<Token> {
    let token = tokens.issue(Purpose::Socket, account);
    Ok(Token {
        token: token.map_err(ErrorInternalServerError)?,
        expires_in: tokens.lifetime.as_secs(),
    })
}

/// Behind TLS it has to be `secure` as well.
fn cookie(value: String) -> Cookie<'static> {
    Cookie::build(COOKIE, value)
        .path(PATH)
        .http_only(true)
        .same_site(SameSite::Strict)
        .finish()
}
