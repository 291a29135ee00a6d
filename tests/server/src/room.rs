use roomcast::{ConnectAuth, NamespaceBuilder, Params, RawEvent, prelude::*};

/// What the names `/room-{id}` and `/tenant/…` lead to.
#[derive(EventHandlers)]
#[handles(WhereAmI, Forbidden, TellAllRooms)]
pub(crate) struct Room;

#[derive(Deserialize, Event)]
#[event(ack = (String, String))]
struct WhereAmI;

/// Refused before its handler.
#[derive(Deserialize, Event)]
#[event(ack = String)]
struct Forbidden;

#[derive(Deserialize, Event)]
struct TellAllRooms(String);

#[derive(Serialize, Event)]
struct Told(String);

const PATTERN: &str = "/room-{id}";

struct Guest(String);

impl Session for Room {
    type Auth = ();

    async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> {
        Ok(Self)
    }
}

impl Handle<WhereAmI> for Room {
    async fn handle(
        &mut self,
        _: WhereAmI,
        socket: &Socket,
    ) -> Result<(String, String), Rejection> {
        let guest = socket.extensions().get::<Guest>();
        let guest = guest.map_or_else(String::new, |guest| guest.0.clone());
        let place = socket.params().get("id").unwrap_or("nowhere");
        Ok((guest, place.to_owned()))
    }
}

impl Handle<Forbidden> for Room {
    async fn handle(&mut self, _: Forbidden, _: &Socket) -> Result<String, Rejection> {
        Ok("handled".to_owned())
    }
}

impl Handle<TellAllRooms> for Room {
    async fn handle(&mut self, event: TellAllRooms, socket: &Socket) -> Result<(), Rejection> {
        if let Some(rooms) = socket.hub().parent(PATTERN) {
            rooms.emit(&Told(event.0))?;
        }
        Ok(())
    }
}

#[derive(Deserialize)]
struct Card {
    guest: Option<String>,
}

async fn at_the_door(socket: &Socket, auth: &ConnectAuth) -> Result<(), Refusal> {
    let Card { guest } = auth.parse()?;
    let Some(guest) = guest else {
        return Err(Refusal::new("who are you?").with_data(&serde_json::json!({"code": 401})));
    };
    socket.extensions().insert(Guest(guest));
    Ok(())
}

async fn before_each_event(event: &RawEvent, _: &Socket) -> Result<(), Rejection> {
    match event.name() {
        "forbidden" => Err(Rejection::new("not here").with_data(&event.wants_ack())),
        _ => Ok(()),
    }
}

pub(crate) fn rooms() -> NamespaceBuilder {
    NamespaceBuilder::matching::<Room>(PATTERN)
        .middleware(at_the_door)
        .event_middleware(before_each_event)
}

pub(crate) fn tenants() -> NamespaceBuilder {
    NamespaceBuilder::accepted_by::<Room>("tenants", async |name: &str, _: &ConnectAuth| {
        let Some(tenant) = name.strip_prefix("/tenant/") else {
            return Ok(None);
        };
        match tenant {
            "umbrella" => Err(Refusal::new("no such tenant")),
            tenant => Ok(Some(Params::from_iter([("id", tenant)]))),
        }
    })
}
