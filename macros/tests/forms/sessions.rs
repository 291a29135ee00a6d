//! Sessions of every form.

use std::marker::PhantomData;

use roomcast::prelude::*;

mod room {
    use super::*;

    #[derive(Deserialize, Event)]
    pub struct Join(pub String);
}

#[derive(Deserialize, Event)]
#[event(name = "chat message", ack = u64)]
pub struct Say {
    pub text: String,
}

#[derive(Deserialize, Event)]
pub struct Wrapped<T>(pub T);

#[derive(EventHandlers)]
#[handles(Say, room::Join)]
#[handles(Wrapped<u8>)]
pub struct Chat;

impl Handle<Say> for Chat {
    async fn handle(&mut self, say: Say, _: &Socket) -> Result<u64, Rejection> {
        Ok(say.text.len() as u64)
    }
}

impl Handle<room::Join> for Chat {
    async fn handle(&mut self, _: room::Join, _: &Socket) -> Result<(), Rejection> {
        Ok(())
    }
}

impl Handle<Wrapped<u8>> for Chat {
    async fn handle(&mut self, _: Wrapped<u8>, _: &Socket) -> Result<(), Rejection> {
        Ok(())
    }
}

#[derive(EventHandlers)]
#[handles()]
pub enum Listener {
    Waiting,
}

#[derive(EventHandlers)]
#[handles(Say, Wrapped<T>)]
pub struct Generic<T, const N: usize>
where
    T: for<'de> Deserialize<'de> + 'static,
{
    pub of: PhantomData<T>,
}

impl<T, const N: usize> Handle<Say> for Generic<T, N>
where
    T: for<'de> Deserialize<'de> + 'static,
{
    async fn handle(&mut self, _: Say, _: &Socket) -> Result<u64, Rejection> {
        Ok(N as u64)
    }
}

impl<T, const N: usize> Handle<Wrapped<T>> for Generic<T, N>
where
    T: for<'de> Deserialize<'de> + 'static,
{
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

impl<T, const N: usize> Session for Generic<T, N>
where
    T: for<'de> Deserialize<'de> + 'static,
{
    type Auth = ();

    async fn connect((): (), _: &Socket) -> Result<Self, Refusal> {
        Ok(Self { of: PhantomData })
    }
}

#[test]
fn a_generic_session_has_routes_for_what_it_is_made_of() {
    assert!(Generic::<u8, 2>::route("wrapped").is_some());
}
