//! A node whose first connection to its cluster takes its time: nobody comes back over what other nodes
//! said until then.

use std::{
    future::{pending, ready},
    sync::Arc,
};

use roomcast::{
    Recovery,
    adapter::{
        Adapter, AdapterContext, AdapterError, AdapterFuture, Inbound, IntoAdapter, Message,
        PublishError,
    },
};
use tokio::sync::Semaphore;

use super::world::Node;
use crate::wire::recovering::{Client, Ticket};

/// Connects when it is told to.
struct Late(Arc<Semaphore>);

impl IntoAdapter for Late {
    fn into_adapter(self, _: AdapterContext) -> Result<Arc<dyn Adapter>, AdapterError> {
        Ok(Arc::new(self))
    }
}

impl Adapter for Late {
    fn run(self: Arc<Self>, inbound: Inbound) -> AdapterFuture<'static, ()> {
        Box::pin(async move {
            let _told = self.0.acquire().await;
            inbound.connected();
            pending().await
        })
    }

    fn attach(&self, _: &Arc<str>) {}

    fn detach(&self, _: &str) {}

    fn publish(&self, _: &str, _: &Message<'_>) -> Result<(), PublishError> {
        Ok(())
    }

    fn respond(&self, _: &str, _: &str, _: &Message<'_>) -> Result<(), PublishError> {
        Ok(())
    }

    fn server_count(&self, _: &str) -> AdapterFuture<'_, Result<usize, AdapterError>> {
        Box::pin(ready(Ok(1)))
    }

    fn close(&self) -> AdapterFuture<'_, ()> {
        Box::pin(ready(()))
    }
}

async fn is_recovered(node: &Node, ticket: &Ticket) -> bool {
    Client::back(&node.server, ticket).await.1
}

#[actix_web::test]
async fn nobody_comes_back_over_what_was_said_before_the_first_connection() {
    let connects = Arc::new(Semaphore::new(0));
    let node = Node::on(Late(Arc::clone(&connects)), Some(Recovery::new()));
    let [before, across] = [node.enter(&[]).await.cut(), node.enter(&[]).await.cut()];
    assert!(!is_recovered(&node, &before).await);
    connects.add_permits(1);
    node.connected().await;
    assert!(!is_recovered(&node, &across).await);
    let after = node.enter(&[]).await.cut();
    assert!(is_recovered(&node, &after).await);
}
