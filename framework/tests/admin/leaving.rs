//! Pages, and the hub that they look at, go.

use roomcast::testing::{Frame, RawClient};
use tokio::time::timeout;

use crate::common::within;
use crate::page::{open, serve};
use crate::waiting::PATIENCE;

#[actix_web::test]
async fn a_page_holds_up_no_drain() {
    let server = serve(open());
    let mut page = RawClient::open(&server).await;
    page.send("40/admin,").await;
    let told = async {
        while !matches!(page.next().await, Frame::Text(told) if told.contains("all_sockets")) {}
    };
    within("all sockets", told).await;
    let hub = server.hub().clone();
    let closed = async {
        loop {
            if let Frame::Close(code) = page.next().await {
                page.closed().await;
                return code;
            }
        }
    };
    let draining = async { tokio::join!(hub.drain(), closed) };
    let (drained, code) = timeout(PATIENCE, draining).await.expect("drained in time");
    assert_eq!((drained.clean, drained.closed, code), (true, 1, 1001));
}
