//! What goes over the wire, and what is done with it. Nothing here says that there are several nodes. The example
//! `mixed-cluster` has the same for Node.js.

use std::collections::HashMap;
use std::time::UNIX_EPOCH;

use roomcast::{EmitError, Present, prelude::*};

pub(crate) struct Node {
    /// What this node is called.
    pub(crate) name: String,
    /// There are servers on Node.js in the cluster, whose people presence knows nothing of.
    pub(crate) with_node_js: bool,
}

#[derive(Deserialize)]
pub(crate) struct Auth {
    nick: String,
}

/// What every node can read of a socket, wherever it is.
#[derive(Deserialize, Serialize)]
struct Data {
    nick: String,
    node: String,
}

#[derive(Serialize, Event)]
struct Welcome<'a>(&'a str);

#[derive(Deserialize, Event)]
struct Say(String);

#[derive(Serialize, Event)]
struct Message<'a> {
    from: &'a str,
    text: &'a str,
    /// Milliseconds since 1970.
    at: u128,
    node: &'a str,
}

/// Who is there is not what it was: for clients of servers without presence.
#[derive(Serialize, Event)]
struct Changed;

#[derive(Deserialize, Event)]
#[event(ack = Vec<Person>)]
struct Who;

/// One of those who are there, with each of their tabs.
#[derive(Serialize)]
struct Person {
    key: String,
    metas: Vec<Tab>,
}

#[derive(Deserialize, Serialize)]
struct Tab {
    node: String,
}

#[derive(EventHandlers)]
#[handles(Say, Who)]
pub(crate) struct Guest {
    nick: String,
}

impl Session for Guest {
    type Auth = Auth;

    async fn connect(Auth { nick }: Auth, socket: &Socket) -> Result<Self, Refusal> {
        if nick.trim() != nick || !(1..=24).contains(&nick.chars().count()) {
            return Err("A name has 1 to 24 characters.".into());
        }
        let node: &Node = socket.state();
        socket.set_data(&Data {
            nick: nick.clone(),
            node: node.name.clone(),
        })?;
        // Nobody proves here who they are: whoever gives a name is that person.
        socket.bind_user(&nick)?;
        socket.track(
            "lobby",
            &Tab {
                node: node.name.clone(),
            },
        )?;
        socket.emit(&Welcome(&node.name))?;
        // From now on the client is told who comes and goes, on whichever node.
        socket.watch_presence("lobby")?;
        Self::changed(socket)?;
        Ok(Self { nick })
    }

    async fn disconnect(&mut self, socket: &Socket, _: DisconnectReason) {
        // Nobody is left to be told that it fails.
        let _ = Self::changed(socket);
    }
}

impl Guest {
    fn changed(socket: &Socket) -> Result<(), EmitError> {
        match socket.state::<Node>().with_node_js {
            true => socket.hub().to("lobby").emit(&Changed),
            false => Ok(()),
        }
    }
}

impl Handle<Say> for Guest {
    async fn handle(&mut self, Say(text): Say, socket: &Socket) -> Result<(), Rejection> {
        if !(1..=2_000).contains(&text.chars().count()) {
            return Err("Too long or empty.".into());
        }
        let Node { name: node, .. } = socket.state();
        socket.hub().to("lobby").emit(&Message {
            from: &self.nick,
            text: &text,
            at: UNIX_EPOCH.elapsed().unwrap_or_default().as_millis(),
            node,
        })?;
        Ok(())
    }
}

impl Handle<Who> for Guest {
    async fn handle(&mut self, Who: Who, socket: &Socket) -> Result<Vec<Person>, Rejection> {
        match socket.state::<Node>().with_node_js {
            true => asked_of_all_nodes(&socket.hub()).await,
            false => present(&socket.hub()).await,
        }
    }
}

async fn present(hub: &Hub) -> Result<Vec<Person>, Rejection> {
    let present = hub.presence("lobby").list().await;
    let people = present.map_err(|_| "Redis does not answer.")?;
    let person = |present: Present| Person {
        key: present.key().to_owned(),
        metas: present.metas().unwrap_or_default(),
    };
    Ok(people.into_iter().map(person).collect())
}

async fn asked_of_all_nodes(hub: &Hub) -> Result<Vec<Person>, Rejection> {
    let mut people = HashMap::<_, Vec<_>>::new();
    for remote in hub.to("lobby").fetch_sockets().await? {
        // A socket without data has only just connected.
        if let Ok(Some(Data { nick, node })) = remote.data() {
            people.entry(nick).or_default().push(Tab { node });
        }
    }
    let people = people.into_iter();
    Ok(people.map(|(key, metas)| Person { key, metas }).collect())
}
