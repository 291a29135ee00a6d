//! More than a page can be told.

use futures_util::future::join_all;
use roomcast::testing::TestServer;

use crate::page::{Page, builder, guest, open, serve};

#[actix_web::test]
async fn a_page_that_would_be_told_too_much_does_without_and_nobody_waits_for_it() {
    let server = serve(open());
    let (guest, _crowd) = (guest(&server).await, guest(&server).await);
    let page = Page::ready(&server).await;
    // In one turn of the worker, so that nothing of it is told meanwhile.
    guest.emit_raw_with_ack("flood", &[20_000]).await;
    let dropped = || server.hub().stats().admin_dropped.get("event").copied();
    assert!(dropped() > Some(0), "{:?}", server.hub().stats());
    guest.emit_raw_with_ack("join", &["tea"]).await;
    // What becomes of sockets is told all the same.
    assert_eq!(page.until("room_joined").await[2], "tea");
    assert_eq!(server.hub().stats().closed_slow, 0);
}

#[actix_web::test]
async fn a_page_is_sent_no_more_sockets_than_told() {
    let server = serve(open().max_sockets(2));
    let guests = [
        guest(&server).await,
        guest(&server).await,
        guest(&server).await,
    ];
    let page = Page::open(&server).await;
    let sockets = page.until("all_sockets").await;
    assert_eq!(sockets[1].as_array().unwrap().len(), 2);
    drop(guests);
}

#[actix_web::test]
async fn receivers_that_are_not_named_are_counted() {
    const NAMED: usize = 256;
    let hub = builder(open()).build().unwrap();
    let server = TestServer::builder(hub).workers(1).start();
    let crowd = join_all((0..NAMED + 5).map(|_| guest(&server))).await;
    let page = Page::ready(&server).await;
    let dropped = || server.hub().stats().admin_dropped.get("receivers").copied();
    assert_eq!(dropped(), None);
    server.hub().everyone().emit_raw("news", &()).unwrap();
    for _ in 0..NAMED {
        page.until("event_sent").await;
    }
    assert_eq!(dropped(), Some(5));
    let first = crowd[0].id();
    let except = server.hub().except(first.as_str());
    except.emit_raw("news", &()).unwrap();
    page.until("event_sent").await;
    assert_eq!(dropped(), Some(9));
}
