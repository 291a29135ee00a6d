//! Every call that the chapter "Feature table" names: what stands there compiles.
//!
//! `tests/facts` looks the calls up here.

use std::{error::Error, time::Duration};

use actix_web::App;
use roomcast::{
    BuildError, ConnectAuth, Cookie, Cors, Hub, HubBuilder, NamespaceBuilder, Params,
    PerMessageDeflate, RawAck, RawEvent, Recovery, RemoteSocket, Transports, TrustProxy,
    adapter::Redis, parser::Msgpack, prelude::*,
};

use crate::listener::Listener as Chat;

type Done = Result<(), Box<dyn Error>>;

#[derive(Serialize, Event)]
struct News(String);

#[derive(Serialize, Event)]
#[event(ack = bool)]
struct Question;

#[derive(Deserialize, Event)]
struct Answer;

#[derive(Serialize, Event)]
struct File(Binary);

async fn check(_: &Socket, _: &ConnectAuth) -> Result<(), Refusal> {
    Ok(())
}

async fn check_event(_: &RawEvent, _: &Socket) -> Result<(), Rejection> {
    Ok(())
}

fn from_socket(socket: &Socket, event: News, bytes: Vec<u8>) -> Done {
    socket.emit(&event)?;
    socket.broadcast().emit(&event)?;
    socket.to("a").emit(&event)?;
    socket.to("a").to("b").emit(&event)?;
    socket.except("a").emit(&event)?;
    socket.to("a").except("b").emit(&event)?;
    socket.compress(false).emit(&event)?;
    socket.volatile().emit(&event)?;
    socket.broadcast().volatile().emit(&event)?;
    socket.emit_raw("message", &("hi", 7))?;
    socket.emit(&File(Binary::from(bytes)))?;
    Ok(())
}

fn from_hub(hub: &Hub, event: News, id: SocketId) -> Done {
    hub.emit(&event)?;
    hub.to("a").emit(&event)?;
    hub.to("a").to("b").except("c").emit(&event)?;
    hub.except("a").emit(&event)?;
    hub.to(id).emit(&event)?;
    hub.everyone().local().emit(&event)?;
    hub.everyone().volatile().emit(&event)?;
    hub.everyone().compress(false).emit(&event)?;
    hub.everyone().emit_raw("message", &("hi", 7))?;
    let namespace = hub.namespace("/admin").ok_or("not registered")?;
    namespace.emit(&event)?;
    namespace.everyone().emit(&event)?;
    namespace.to("a").emit(&event)?;
    let parent = hub.parent("/room-{id}").ok_or("not registered")?;
    parent.emit(&event)?;
    namespace.server_side_emit(&event)?;
    Ok(())
}

async fn acks(socket: &Socket, hub: &Hub) -> Done {
    let yes = socket.emit_with_ack(&Question).await?;
    let five = Duration::from_secs(5);
    let in_time = socket.timeout(five).emit_with_ack(&Question).await?;
    let _: RawAck = socket.emit_raw_with_ack("question", &()).await?;
    let all = hub
        .everyone()
        .timeout(five)
        .emit_with_ack(&Question)
        .await?;
    let room = hub.to("a").emit_with_ack(&Question).await?;
    let parent = hub.parent("/room-{id}").ok_or("not registered")?;
    let children = parent.timeout(five).emit_with_ack(&Question).await?;
    println!("{}", children.is_complete());
    let others = socket.broadcast().emit_with_ack(&Question).await?;
    let complete = all.is_complete() && room.is_complete() && others.is_complete();
    println!("{yes} {in_time} {complete}");
    let namespace = hub.namespace("/admin").ok_or("not registered")?;
    let servers = namespace.server_side_emit_with_ack(&Question).await?;
    println!("{}", servers.is_complete());
    Ok(())
}

async fn many(hub: &Hub, remote: &RemoteSocket, event: News) -> Done {
    let sockets = hub.everyone().fetch_sockets().await?;
    let members = hub.to("a").fetch_sockets().await?;
    println!("{} of {}", members.len(), sockets.len());
    hub.to("a").join(["b"]).await?;
    hub.to("a").leave(["b"]).await?;
    hub.to("a").disconnect(true).await?;
    let rooms: Vec<&str> = remote.rooms().collect();
    let name: Option<String> = remote.data()?;
    let handshake: serde_json::Value = remote.handshake()?;
    println!("{} {rooms:?} {name:?} {handshake}", remote.id());
    remote.emit(&event)?;
    remote.join(["b"]).await?;
    remote.leave(["b"]).await?;
    remote.disconnect(false).await?;
    remote.emit_with_ack(&Question).await?;
    let five = Duration::from_secs(5);
    hub.to(remote.id())
        .timeout(five)
        .emit_with_ack(&Question)
        .await?;
    Ok(())
}

fn about_namespaces(hub: &Hub) -> Option<usize> {
    let namespace = hub.namespace("/")?;
    println!("{} {:?}", namespace.name(), namespace.rooms());
    let parent = hub.parent("/room-{id}")?;
    println!("{}", parent.children().len());
    println!("{}", hub.stats().connections);
    Some(namespace.room_size("a"))
}

async fn about_sockets(socket: &Socket) -> Done {
    socket.join("a")?;
    socket.leave("a")?;
    socket.set_data(&"ann")?;
    let name: Option<String> = socket.data()?;
    println!("{} {:?} {name:?}", socket.id(), socket.rooms());
    println!("{} {}", socket.is_connected(), socket.recovered());
    println!("{} {:?}", socket.namespace().name(), socket.auth());
    println!("{:?}", socket.hub());
    let handshake = socket.handshake();
    println!(
        "{:?} {:?}",
        handshake.header("cookie"),
        handshake.query_value("device")
    );
    println!("{:?} {}", handshake.address(), handshake.is_secure());
    println!("{:?} {}", handshake.time(), handshake.issued());
    println!("{} {}", handshake.url(), handshake.xdomain());
    println!("{}", handshake.headers().count());
    let Answer = socket.wait_for::<Answer>(Duration::from_secs(5)).await?;
    socket.disconnect(false)?;
    socket.disconnect(true)?;
    Ok(())
}

fn namespaces(builder: HubBuilder) -> HubBuilder {
    builder
        .namespace::<Chat>("/")
        .dynamic_namespace::<Chat>("/room-{id}")
        .namespace_with(
            NamespaceBuilder::accepted_by::<Chat>("tenants", async |_, _| {
                Ok(Some(Params::default()))
            })
            .middleware(check)
            .event_middleware(check_event),
        )
}

fn options(builder: HubBuilder) -> Result<Hub, BuildError> {
    let twenty = Duration::from_secs(20);
    builder
        .path("/live")
        .serve_client("node_modules/socket.io-client/dist")
        .parser(Msgpack)
        .adapter(Redis::pub_sub("redis://10.0.0.5/"))
        .adapter(Redis::sharded("redis://10.0.0.5/"))
        .adapter(Redis::streams("redis://10.0.0.5/"))
        .connect_timeout(twenty)
        .connection_state_recovery(Recovery::default())
        .add_trailing_slash(false)
        .cleanup_empty_child_namespaces(false)
        .ping_timeout(twenty)
        .ping_interval(twenty)
        .upgrade_timeout(twenty)
        .max_http_buffer_size(64_000)
        .allow_request(async |_, _| Ok(()))
        .transports(Transports::WebSocket)
        .allow_upgrades(false)
        .per_message_deflate(PerMessageDeflate::default())
        .http_compression(None)
        .cors(Cors::new("https://app.example"))
        .check_origin(["https://app.example"])
        .cookie(Cookie::default())
        .trust_proxy(TrustProxy::hops(1))
        .on_connection_error(|error| println!("{}", error.code()))
        .initial_headers(|_, _| {})
        .headers(|_, _| {})
        .on_any_outgoing(|event| println!("{}", event.name()))
        .build()
}

async fn serving(hub: &Hub) {
    let app = App::new().configure(hub.mount());
    drop(app);
    hub.drain().await;
}
