//! Sockets that are open for as long as a JWT is valid, and renew it while they are connected.

mod accounts;
mod hs256;
mod login;
mod member;
mod tokens;

use std::{error::Error, sync::Arc, time::Duration};

use actix_web::web::Data;
use example_page::Page;
use roomcast::{Hub, Rate};
use tokens::Tokens;

const PAGE: Page = Page {
    name: "jwt",
    about: "Sockets that are open for as long as a JWT is valid.\n\n\
            JWT_SECRET     what tokens are signed with, 32 bytes or more: random unless given\n\
            TOKEN_SECONDS  for how long a token is valid: 60 unless given",
    files: example_page::files!["index.html", "jwt.css", "jwt.js"],
};

#[actix_web::main]
async fn main() -> example_page::Ending {
    let tokens = Arc::new(Tokens::from_environment()?);
    let routes = {
        let tokens = Data::from(tokens.clone());
        move |config: &mut _, hub: &_| login::routes(config, hub, &tokens)
    };
    example_page::run_with(PAGE, || hub(tokens), routes).await
}

fn hub(tokens: Arc<Tokens>) -> Result<Hub, Box<dyn Error>> {
    // Time for a few attempts, should the network fail.
    let notice = tokens.lifetime / 3;
    let hub = Hub::builder()
        .namespace::<member::Member>("/")
        .state(tokens)
        .expiry_notice(notice.max(Duration::from_secs(1)))
        .max_auth_bytes(8 * 1024)
        .max_http_buffer_size(16 * 1024)
        .max_sockets_per_user(50)
        .event_rate(Rate::per_second(20))
        .build()?;
    Ok(hub)
}
