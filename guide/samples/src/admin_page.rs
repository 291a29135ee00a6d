//! Samples of the chapter "The admin page".

use std::{error::Error, time::Duration};

use actix_web::{App, HttpServer, web};
use roomcast::{
    Cors,
    admin::{Admin, Auth, Mode, RedisStore},
    prelude::*,
};

// ANCHOR: development
async fn run<S: Session>(hash: &str) -> Result<(), Box<dyn Error>> {
    let hub = Hub::builder()
        .namespace::<S>("/")
        .admin(Admin::new(Auth::basic("admin", hash)))
        .build()?;
    let page = Admin::serve("node_modules/@socket.io/admin-ui/ui/dist")?;
    let app = hub.clone();
    HttpServer::new(move || {
        App::new()
            .configure(app.mount())
            .service(web::scope("/admin-page").configure(page.mount()))
    })
    .on_connect(hub.on_connect())
    .shutdown_signal(hub.shutdown_on(roomcast::signals()))
    .bind(("127.0.0.1", 3000))?
    .run()
    .await?;
    Ok(())
}
// ANCHOR_END: development

fn production<S: Session>(hash: &str) -> Result<Hub, Box<dyn Error>> {
    // ANCHOR: production
    let admin = Admin::new(Auth::basic("admin", hash))
        .mode(Mode::Production)
        .readonly(true);
    let hub = Hub::builder().namespace::<S>("/").admin(admin).build()?;
    // ANCHOR_END: production
    Ok(hub)
}

fn several(hash: &str) -> Admin {
    // ANCHOR: store
    let store =
        RedisStore::new("redis://127.0.0.1/").session_duration(Duration::from_secs(8 * 3600));
    let admin = Admin::new(Auth::basic("admin", hash)).store(store);
    // ANCHOR_END: store
    admin
}

fn elsewhere<S: Session>(admin: Admin) -> Result<Hub, Box<dyn Error>> {
    // ANCHOR: cors
    let hub = Hub::builder()
        .namespace::<S>("/")
        .admin(admin)
        .cors(Cors::new("https://admin.socket.io").credentials(true))
        .build()?;
    // ANCHOR_END: cors
    Ok(hub)
}

// ANCHOR: guarded
async fn guarded(page: roomcast::AdminPage) -> std::io::Result<()> {
    HttpServer::new(move || App::new().configure(page.mount()))
        .workers(1)
        .bind(("127.0.0.1", 9001))?
        .run()
        .await
}
// ANCHOR_END: guarded

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(EventHandlers)]
    #[handles()]
    struct Chat;

    impl Session for Chat {
        type Auth = ();

        async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> {
            Ok(Self)
        }
    }

    /// `changeit`, with the least rounds that there may be.
    const HASH: &str = "$2b$04$roCsQGLId/br6TLjn23rzO1MQ9jmDcOKQC.7WARj/h9gmWyyyqTXG";

    #[test]
    fn the_options_build() -> Result<(), Box<dyn Error>> {
        production::<Chat>(HASH)?;
        elsewhere::<Chat>(several(HASH))?;
        assert!(production::<Chat>("changeit").is_err());
        Ok(())
    }
}
