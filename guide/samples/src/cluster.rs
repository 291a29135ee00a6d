//! Scaling out, Choosing an adapter, Calls across nodes, Failure modes.

use roomcast::{ClusterEvent, adapter::Redis, prelude::*};

#[derive(Serialize, Deserialize, Event)]
struct Notice(String);

fn one(builder: roomcast::HubBuilder) -> Result<Hub, roomcast::BuildError> {
    // ANCHOR: adapter
    let hub = builder
        .adapter(Redis::pub_sub("redis://10.0.0.5/"))
        .build()?;
    // ANCHOR_END: adapter
    Ok(hub)
}

fn each(builder: fn() -> roomcast::HubBuilder, url: &str) -> [roomcast::HubBuilder; 3] {
    // ANCHOR: adapters
    let pub_sub = builder().adapter(Redis::pub_sub(url));
    let sharded = builder().adapter(Redis::sharded(url));
    let streams = builder().adapter(Redis::streams(url).max_len(100_000));
    // ANCHOR_END: adapters
    [pub_sub, sharded, streams]
}

fn layouts(builder: fn() -> roomcast::HubBuilder) -> [roomcast::HubBuilder; 2] {
    // ANCHOR: layouts
    let sentinels = ["redis://10.0.0.7:26379/", "redis://10.0.0.8:26379/"];
    let redis = Redis::pub_sub("rediss://app:secret@master/").sentinel("main", sentinels);
    let with_sentinel = builder().adapter(redis);

    let others = ["redis://10.0.0.6:6379/"];
    let redis = Redis::sharded("redis://10.0.0.5:6379/").cluster(others);
    let with_cluster = builder().adapter(redis);
    // ANCHOR_END: layouts
    [with_sentinel, with_cluster]
}

fn local(hub: &Hub) -> Result<(), roomcast::EmitError> {
    // ANCHOR: local
    let everyone_here = hub.everyone().local();
    everyone_here.emit(&Notice("this node restarts in a minute".into()))?;
    // ANCHOR_END: local
    Ok(())
}

async fn manage(hub: &Hub) -> Result<(), roomcast::EmitError> {
    // ANCHOR: manage
    hub.to("banned").disconnect(true); // under way
    hub.to("team-1").join(["finals"]).await?; // made, on every node
    // ANCHOR_END: manage
    Ok(())
}

async fn fetch(hub: &Hub) -> Result<(), roomcast::EmitError> {
    // ANCHOR: fetch
    let found = hub.to("finals").fetch_sockets().await?;
    if !found.is_complete() {
        println!("silent: {:?} nodes", found.missing_nodes());
    }
    for remote in found {
        println!("{} is here: {}", remote.id(), remote.is_local());
    }
    // ANCHOR_END: fetch
    Ok(())
}

fn events(builder: roomcast::HubBuilder) -> roomcast::HubBuilder {
    // ANCHOR: events
    builder.on_cluster(|event| match event {
        ClusterEvent::Connected => println!("with the others"),
        ClusterEvent::Disconnected { error, .. } => println!("alone: {error}"),
        ClusterEvent::Gap { lost, .. } => println!("missed {lost:?} messages: load the state anew"),
        _ => {}
    })
    // ANCHOR_END: events
}

mod servers {
    use roomcast::{NamespaceBuilder, prelude::*};

    #[derive(EventHandlers)]
    #[handles()]
    struct Chat;

    impl Session for Chat {
        type Auth = ();

        async fn connect((): (), _: &Socket) -> Result<Self, Refusal> {
            Ok(Self)
        }
    }

    // ANCHOR: server-side
    #[derive(Serialize, Deserialize, Event)]
    #[event(ack = usize)]
    struct CountRooms;

    fn namespace() -> NamespaceBuilder {
        NamespaceBuilder::named::<Chat>("/")
            .on_server_side(async |_: CountRooms, namespace| namespace.rooms().len())
    }

    async fn rooms(namespace: &roomcast::Namespace) -> Result<usize, roomcast::EmitError> {
        let others = namespace.server_side_emit_with_ack(&CountRooms).await?;
        Ok(namespace.rooms().len() + others.into_values().into_iter().sum::<usize>())
    }
    // ANCHOR_END: server-side
}

mod in_process {
    use roomcast::{BuildError, adapter::InProcess, prelude::*};

    // ANCHOR: in-process
    fn two<S: Session>() -> Result<[Hub; 2], BuildError> {
        let cluster = InProcess::new();
        let hub = || Hub::builder().namespace::<S>("/").adapter(cluster.clone());
        Ok([hub().build()?, hub().build()?])
    }
    // ANCHOR_END: in-process
}
