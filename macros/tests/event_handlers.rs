//! What the `EventHandlers` derive makes of a session.

use std::marker::PhantomData;

use roomcast::prelude::*;

#[derive(Deserialize, Event)]
#[event(name = "chat message")]
struct Say;

#[derive(Deserialize, Event)]
struct Wrapped<T>(PhantomData<T>);

#[derive(EventHandlers)]
#[handles(Wrapped<u8>, Say)]
struct Chat;

#[derive(EventHandlers)]
#[handles()]
struct Listener;

#[derive(EventHandlers)]
#[handles(Wrapped<T>)]
struct Generic<T: 'static>(PhantomData<T>);

impl Handle<Say> for Chat {
    async fn handle(&mut self, _: Say, _: &Socket) -> Result<(), Rejection> {
        Ok(())
    }
}

impl Handle<Wrapped<u8>> for Chat {
    async fn handle(&mut self, _: Wrapped<u8>, _: &Socket) -> Result<(), Rejection> {
        Ok(())
    }
}

impl<T: 'static> Handle<Wrapped<T>> for Generic<T> {
    async fn handle(&mut self, _: Wrapped<T>, _: &Socket) -> Result<(), Rejection> {
        Ok(())
    }
}

impl Session for Chat {
    type Auth = ();

    async fn connect((): (), _: &Socket) -> Result<Self, Refusal> {
        Ok(Self)
    }
}

impl<T: 'static> Session for Generic<T> {
    type Auth = ();

    async fn connect((): (), _: &Socket) -> Result<Self, Refusal> {
        Ok(Self(PhantomData))
    }
}

#[test]
fn events_are_named_in_the_order_of_the_list() {
    assert_eq!(Chat::EVENTS, ["wrapped", "chat message"]);
    assert_eq!(Generic::<u8>::EVENTS, ["wrapped"]);
    assert!(Listener::EVENTS.is_empty());
}

#[test]
fn what_is_listed_has_a_route_and_nothing_else_has() {
    assert!(Chat::route("chat message").is_some());
    assert!(Chat::route("wrapped").is_some());
    assert!(Generic::<u8>::route("wrapped").is_some());
    for name in ["", "say", "Chat message", "chat message "] {
        assert!(Chat::route(name).is_none());
        assert!(Listener::route(name).is_none());
    }
}
