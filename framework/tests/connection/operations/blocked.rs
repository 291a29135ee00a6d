//! Workers that are blocked: who notices, and who is told.

use std::sync::Arc;

use super::*;

/// A hub on so many workers, each with a client, of which the first blocks its worker.
struct Stuck {
    server: TestServer,
    /// They stay connected.
    clients: Vec<TestClient>,
    leave: SyncSender<()>,
}

impl Stuck {
    async fn start(workers: usize) -> Self {
        Self::with(workers, |hub| hub).await
    }

    async fn with(workers: usize, set: impl FnOnce(HubBuilder) -> HubBuilder) -> Self {
        let ((entered, is_in), (leave, may_leave)) = (sync_channel(1), sync_channel(1));
        let leave_gate = Mutex::new(may_leave);
        let gate = Gate {
            entered,
            leave: leave_gate,
        };
        let hub = hub()
            .state(gate)
            .blocked_worker_after(Duration::from_secs(1))
            .unhealthy_after(Duration::from_secs(2));
        let server = TestServer::builder(set(hub).build().unwrap())
            .workers(workers)
            .start();
        let mut clients = Vec::new();
        let filling = async {
            while server.hub().health().workers() < workers {
                clients.push(TestClient::connect(&server).await.unwrap());
            }
        };
        within("a client on each worker", filling).await;
        clients[0].emit(&Block).await;
        let entered = actix_web::rt::task::spawn_blocking(move || is_in.recv());
        let entered = within("the handler runs", entered).await;
        entered.unwrap().expect("a hub");
        Self {
            server,
            clients,
            leave,
        }
    }

    fn reports(&self) -> u64 {
        self.server.hub().stats().worker_blocks
    }
}

#[actix_web::test]
async fn a_worker_that_is_blocked_is_reported_by_another_one_with_the_event_that_blocks_it() {
    let stuck = Stuck::start(2).await;
    let hub = stuck.server.hub();
    until("it is reported while it is blocked", || {
        stuck.reports() == 1
    })
    .await;
    until("it is unhealthy", || !hub.health().is_healthy()).await;
    let operators = operators(hub);
    let (status, health) = ask(&operators, "/health").await;
    assert_eq!((status, &health["status"]), (503, &json!("unhealthy")));
    assert_eq!(health["workers"], 2);
    let blocked = &health["blocked"][0];
    assert_eq!(
        (&blocked["namespace"], &blocked["event"]),
        (&json!("/"), &json!("block"))
    );
    assert_eq!(
        ask(&operators, "/ready").await.0,
        200,
        "restarting is the cure"
    );

    stuck.leave.send(()).unwrap();
    until("it is healthy again", || hub.health().is_healthy()).await;
    assert_eq!(stuck.reports(), 1, "it is told once");
}

#[actix_web::test]
async fn a_worker_alone_reports_its_block_when_it_is_over() {
    let stuck = Stuck::start(1).await;
    let hub = stuck.server.hub();
    until("it is unhealthy", || !hub.health().is_healthy()).await;
    let place = hub.health().blocked()[0].place.clone();
    assert_eq!(place.map(|(_, event)| event), Some("block"));
    assert_eq!(stuck.reports(), 0, "nobody is there to notice");
    stuck.leave.send(()).unwrap();
    until("it has told", || stuck.reports() == 1).await;
    until("it is healthy again", || hub.health().is_healthy()).await;
}

/// A worker, and the event that blocks it.
type Stop = (u16, Option<&'static str>);

/// What `on_worker_blocked` was told.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<Stop>>>);

impl Told {
    fn listen(&self, hub: HubBuilder) -> HubBuilder {
        let told = self.clone();
        hub.on_worker_blocked(move |blocked| {
            assert!(blocked.since > Duration::from_secs(1));
            let event = blocked.place.as_ref().map(|(_, event)| *event);
            told.0.lock().unwrap().push((blocked.worker, event));
        })
    }

    fn all(&self) -> Vec<Stop> {
        self.0.lock().unwrap().clone()
    }
}

#[actix_web::test]
async fn the_application_is_told_of_a_blocked_worker_while_it_is_blocked() {
    let told = Told::default();
    let stuck = Stuck::with(2, |hub| told.listen(hub)).await;
    // On a busy machine a worker may be late with nothing in particular.
    let by_it = || {
        told.all()
            .into_iter()
            .filter(|(_, by)| *by == Some("block"))
    };
    until("it is told", || by_it().count() > 0).await;
    let hub = stuck.server.hub();
    until("it is unhealthy", || !hub.health().is_healthy()).await;
    let worker = hub.health().blocked()[0].worker;
    assert_eq!(by_it().collect::<Vec<_>>(), [(worker, Some("block"))]);
    stuck.leave.send(()).unwrap();
}

#[actix_web::test]
async fn a_panic_of_who_is_told_of_a_blocked_worker_is_counted_and_costs_nothing_else() {
    let stuck = Stuck::with(2, |hub| hub.on_worker_blocked(|_| panic!("when told"))).await;
    let stats = || stuck.server.hub().stats();
    until("it has panicked", || stats().panics > 0).await;
    stuck.leave.send(()).unwrap();
    let hub = stuck.server.hub();
    until("it is healthy again", || hub.health().is_healthy()).await;
    assert_eq!(stats().connections, stuck.clients.len() as u64);
}
