//! Boards to draw on, each a namespace of its own: `/board-7`.

// ANCHOR: boards
use roomcast::prelude::*;

#[derive(EventHandlers)]
#[handles(Draw)]
pub(super) struct Board {
    number: u32,
}

#[derive(Deserialize)]
struct Name {
    number: u32,
}

#[derive(Deserialize, Event)]
struct Draw(u32, u32);

#[derive(Serialize, Event)]
struct Drawn(u32, u32, u32);

impl Session for Board {
    type Auth = ();

    async fn connect(_: (), socket: &Socket) -> Result<Self, Refusal> {
        let Name { number } = socket.params().parse()?;
        Ok(Self { number })
    }
}

impl Handle<Draw> for Board {
    async fn handle(&mut self, Draw(x, y): Draw, socket: &Socket) -> Result<(), Rejection> {
        socket.namespace().emit(&Drawn(self.number, x, y))?;
        Ok(())
    }
}
// ANCHOR_END: boards
