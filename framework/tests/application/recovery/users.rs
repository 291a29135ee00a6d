//! Users and presence: who comes back has its user again, and is told of no room any more.

use roomcast::Recovery;
use serde_json::json;

use super::app::News;
use super::world::World;

#[actix_web::test]
async fn who_comes_back_is_bound_to_its_user_again() {
    for workers in [1, 2] {
        let mut world = World::with(workers, |hub| hub, Recovery::new());
        let (mut client, socket) = world.seen(&["a"]).await;
        socket.bind_user("ann").unwrap();
        socket.track("a", &1).unwrap();
        socket.watch_presence("a").unwrap();
        assert_eq!(client.event().await[0], "presence_state");
        let ticket = world.cut(client).await;
        let hub = world.hub().clone();
        let ann = hub.user("ann");
        assert!(!ann.online().await.unwrap());
        ann.emit(&News(1)).unwrap();

        let (mut client, recovered) = world.back(&ticket).await;
        assert!(recovered);
        assert_eq!(client.missed, [json!(["news", 1])]);
        let socket = world.socket().await;
        assert_eq!(socket.user_id().as_deref(), Some("ann"));
        assert_eq!(ann.connections().await.unwrap(), 1);
        let (_bob, bobs) = world.enter(&[]).await;
        bobs.track("a", &2).unwrap();
        assert_eq!(hub.presence("a").count().await.unwrap(), 1, "only bob");
        ann.emit(&News(2)).unwrap();
        client.expect(json!(["news", 2])).await;

        socket.bind_user("cid").unwrap();
        ann.emit(&News(3)).unwrap();
        hub.user("cid").emit(&News(4)).unwrap();
        client.expect(json!(["news", 4])).await;
        world.cut(client).await;
        for user in ["ann", "cid"] {
            assert_eq!(hub.user(user).connections().await.unwrap(), 0);
        }
    }
}
