//! What is told of changes.

use std::sync::Arc;

use tokio::{sync::mpsc, time::timeout};

use super::*;
use crate::cluster::{
    adapter::AdapterFuture,
    presence::store::{Diff, Listener},
};

/// Hears what a store tells.
pub(super) struct Ear {
    diffs: mpsc::Receiver<Diff>,
    listening: actix_web::rt::task::JoinHandle<()>,
}

struct Mouth {
    ready: mpsc::Sender<()>,
    diffs: mpsc::Sender<Diff>,
}

impl Listener for Mouth {
    fn listening(&self) {
        self.ready.try_send(()).unwrap();
    }

    fn changed(&self, diff: Diff) {
        self.diffs.try_send(diff).unwrap();
    }
}

impl Ear {
    pub(super) async fn to(store: &Arc<dyn Store>) -> Self {
        let (ready, mut listens) = mpsc::channel(1);
        let (sender, diffs) = mpsc::channel(1000);
        let mouth = Mouth {
            ready,
            diffs: sender,
        };
        let listen: AdapterFuture<'static, ()> = Arc::clone(store).listen(Arc::new(mouth));
        let listening = actix_web::rt::spawn(listen);
        timeout(LONG, listens.recv()).await.unwrap().unwrap();
        Self { diffs, listening }
    }

    async fn next(&mut self) -> Diff {
        let diff = timeout(Duration::from_secs(5), self.diffs.recv()).await;
        diff.expect("a change in time").unwrap()
    }

    /// What comes until a change of this key, which is not among it.
    pub(super) async fn until(&mut self, key: &str) -> Vec<Diff> {
        let mut heard = Vec::new();
        loop {
            let diff = self.next().await;
            if diff.keys.iter().any(|state| &*state.key == key) {
                return heard;
            }
            heard.push(diff);
        }
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

pub(crate) async fn changes_are_told_in_order_with_what_they_lead_to(store: Arc<dyn Store>) {
    take(&*store, "aaaa.1", LONG).await;
    let mut ear = Ear::to(&store).await;
    let lobby = lobby();
    write(&*store, "aaaa.1", &[put(&lobby, "ann", 1, "1")]).await;
    let first = ear.next().await;
    assert_eq!(first.topic, lobby);
    assert_eq!(first.keys, [state("ann", &["1"])]);

    let writes = [
        put(&lobby, "ann", 2, "2"),
        put(&Topic::Users, "ann", 2, "3"),
    ];
    write(&*store, "aaaa.1", &writes).await;
    let mut number = first.moment.number;
    for (topic, metas) in [(&lobby, &["1", "2"][..]), (&Topic::Users, &["3"])] {
        let mut diff = ear.next().await;
        number += 1;
        assert_eq!(diff.moment.number, number);
        assert_eq!(diff.moment.epoch, first.moment.epoch);
        assert_eq!(diff.topic, *topic);
        diff.keys.iter_mut().for_each(|key| key.metas.sort());
        assert_eq!(diff.keys, [state("ann", metas)]);
    }
    let page = store.page(&lobby, None, 1).await.unwrap();
    assert_eq!(page.moment.number, number, "read behind all of them");

    let gone = [remove(&lobby, "ann", 1), remove(&lobby, "ann", 2)];
    write(&*store, "aaaa.1", &gone).await;
    assert_eq!(ear.next().await.keys, [state("ann", &[])], "once");
}

pub(crate) async fn a_batch_that_changes_nothing_in_the_end_tells_it_once(store: Arc<dyn Store>) {
    take(&*store, "aaaa.1", LONG).await;
    let lobby = lobby();
    write(&*store, "aaaa.1", &[put(&lobby, "ann", 1, "1")]).await;
    let mut ear = Ear::to(&store).await;
    // Ann loads her page again.
    let reload = [put(&lobby, "ann", 2, "1"), remove(&lobby, "ann", 1)];
    write(&*store, "aaaa.1", &reload).await;
    assert_eq!(ear.next().await.keys, [state("ann", &["1"])]);
    // What is written again as it was is no change.
    write(&*store, "aaaa.1", &[put(&lobby, "ann", 2, "1")]).await;
    write(&*store, "aaaa.1", &[put(&lobby, "end", 9, "1")]).await;
    assert_eq!(ear.until("end").await, []);
}
