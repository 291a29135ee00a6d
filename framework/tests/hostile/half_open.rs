//! Clients that have vanished behind a proxy, which has not noticed: it goes on taking what they are sent, and keeps
//! their connections open.

use std::{net::SocketAddr, time::Duration};

use actix_web::rt::spawn;
use futures_util::future::join_all;
use tokio::{
    io::{copy, sink},
    net::{TcpListener, TcpStream},
    sync::watch,
};

use crate::{
    common::until,
    crowd::Crowd,
    stage::MIB,
    well_behaved::WELL_BEHAVED,
    wire::{HANDSHAKE, MODES, Wire, descriptors},
};

/// On each transport.
const CLIENTS: usize = 20;

struct Proxy {
    address: SocketAddr,
    /// Whether its clients have vanished.
    vanished: watch::Sender<bool>,
}

impl Proxy {
    async fn before(node: SocketAddr) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (vanished, have_vanished) = watch::channel(false);
        spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let node = TcpStream::connect(node).await.unwrap();
                spawn(forward(client, node, have_vanished.clone()));
            }
        });
        Self { address, vanished }
    }

    async fn dial(&self) -> Wire {
        Wire::over(TcpStream::connect(self.address).await.unwrap())
    }

    async fn websocket(&self) -> Wire {
        let mut wire = self.dial().await;
        wire.write(HANDSHAKE.as_bytes()).await;
        wire.head().await;
        wire.opened().await;
        wire.connect().await;
        wire.text(r#"42["enter","hall"]"#).await;
        wire
    }

    /// With a GET that waits.
    async fn poller(&self) -> Wire {
        let mut wire = self.dial().await;
        let open = wire.request("GET", "", "").await;
        let session = format!("&sid={}", open.split('"').nth(3).unwrap());
        let packets = "40\u{1e}42[\"enter\",\"hall\"]";
        assert_eq!(wire.request("POST", &session, packets).await, "ok");
        assert!(wire.request("GET", &session, "").await.starts_with("40{"));
        wire.begin("GET", &session, "").await;
        wire
    }
}

async fn forward(mut client: TcpStream, mut node: TcpStream, mut vanished: watch::Receiver<bool>) {
    let ((mut from_client, mut to_client), (mut from_node, mut to_node)) =
        (client.split(), node.split());
    tokio::select! {
        _ = copy(&mut from_client, &mut to_node) => return,
        _ = copy(&mut from_node, &mut to_client) => return,
        _ = vanished.wait_for(|vanished| *vanished) => {}
    }
    let _ = copy(&mut from_node, &mut sink()).await;
}

#[actix_web::test]
async fn clients_that_vanish_behind_a_proxy_are_given_up_while_it_takes_what_they_are_sent() {
    for mode in MODES {
        let crowd = Crowd::gather(|hub| {
            // All come in before the first ping times out, and pollers before the first ping.
            let hub = hub.ping_interval(Duration::from_millis(1_200));
            hub.ping_timeout(Duration::from_millis(800))
                .websocket_mode(mode)
        })
        .await;
        let proxy = Proxy::before(crowd.server.addr()).await;
        let before = descriptors();
        let news = "x".repeat(1000);
        let flood = async {
            let websockets = join_all((0..CLIENTS).map(|_| proxy.websocket())).await;
            let pollers = join_all((0..CLIENTS).map(|_| proxy.poller())).await;
            until("all are in", || {
                crowd.stats().sockets == (WELL_BEHAVED + 2 * CLIENTS) as u64
            })
            .await;
            proxy.vanished.send_replace(true);
            let hall = crowd.server.hub().to("hall");
            until("they are given up", || {
                hall.emit_raw("news", &[&news]).unwrap();
                crowd.stats().connections == WELL_BEHAVED as u64
            })
            .await;
            drop((websockets, pollers));
        };
        crowd.endures(8 * MIB, flood).await;
        crowd.has_gone().await;
        let gone = crowd.stats().disconnects;
        assert_eq!(gone.values().sum::<u64>(), 2 * CLIENTS as u64, "{gone:?}");
        assert_eq!(
            gone.get("ping timeout"),
            Some(&(2 * CLIENTS as u64)),
            "{gone:?}"
        );
        until("all descriptors are given back", || descriptors() <= before).await;
    }
}
