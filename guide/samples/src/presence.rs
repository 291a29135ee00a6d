//! Users and presence.

use roomcast::{HubBuilder, PresenceChange, prelude::*};

fn verify(token: &str) -> Result<String, &'static str> {
    Some(token.to_owned())
        .filter(|token| !token.is_empty())
        .ok_or("who are you?")
}

// ANCHOR: bind
#[derive(Deserialize)]
struct Login {
    token: String,
}

#[derive(EventHandlers)]
#[handles(Enter)]
struct Inbox;

impl Session for Inbox {
    type Auth = Login;

    async fn connect(login: Login, socket: &Socket) -> Result<Self, Refusal> {
        let user = verify(&login.token)?;
        socket.bind_user(&user)?;
        Ok(Self)
    }
}
// ANCHOR_END: bind

#[derive(Debug, Serialize, Deserialize, PartialEq, Event)]
struct Mail {
    subject: String,
}

// ANCHOR: send
async fn notify(hub: &Hub, mail: &Mail) -> Result<(), Box<dyn std::error::Error>> {
    let ann = hub.user("ann");
    ann.emit(mail)?; // to all her tabs, on all nodes
    if !ann.online().await? {
        println!("by letter, then: last seen {:?}", ann.last_seen().await?);
    }
    Ok(())
}
// ANCHOR_END: send

// ANCHOR: track
#[derive(Debug, Serialize, Deserialize, PartialEq)]
struct Device {
    device: String,
}

#[derive(Serialize, Deserialize, Event)]
struct Enter {
    room: String,
    device: String,
}

impl Handle<Enter> for Inbox {
    async fn handle(&mut self, enter: Enter, socket: &Socket) -> Result<(), Rejection> {
        let Enter { room, device } = enter;
        socket.track(&room, &Device { device })?; // joins the room, too
        socket.watch_presence(&room)?;
        Ok(())
    }
}
// ANCHOR_END: track

// ANCHOR: read
async fn read(hub: &Hub) -> Result<(), Box<dyn std::error::Error>> {
    let lobby = hub.presence("lobby");
    println!("{} people", lobby.count().await?);
    let mut page = lobby.page(None, 100).await?;
    loop {
        for present in &page.present {
            println!("{} on {:?}", present.key(), present.metas::<Device>()?);
        }
        let Some(next) = page.next else { break };
        page = lobby.page(Some(&next), 100).await?;
    }
    Ok(())
}

async fn follow(hub: &Hub) -> Result<(), Box<dyn std::error::Error>> {
    let mut watch = hub.presence("lobby").watch().await?;
    while let Some(change) = watch.next().await {
        match change {
            PresenceChange::Joined(present) => println!("{} came", present.key()),
            PresenceChange::Left(present) => println!("{} went", present.key()),
            PresenceChange::Missed => println!("too slow: read it anew"),
            _ => {}
        }
    }
    Ok(())
}
// ANCHOR_END: read

pub(crate) fn add(to: HubBuilder) -> HubBuilder {
    to.namespace::<Inbox>("/inbox")
}

#[cfg(test)]
mod tests {
    use roomcast::{
        PresenceDiff, PresenceState,
        prelude::*,
        testing::{TestClient, TestServer},
    };

    use super::{Device, Enter, Inbox, Mail, notify, read};

    #[actix_web::test]
    async fn two_tabs_are_one_person() -> Result<(), Box<dyn std::error::Error>> {
        let server = TestServer::start(Hub::builder().namespace::<Inbox>("/").build()?);
        let mut tabs = Vec::new();
        for device in ["phone", "desktop"] {
            let builder = TestClient::builder(&server);
            let tab = builder.auth(&serde_json::json!({ "token": "ann" }));
            let tab = tab.connect().await?;
            tab.emit(&Enter {
                room: "lobby".into(),
                device: device.into(),
            })
            .await;
            let state = tab.expect::<PresenceState>().await;
            assert_eq!(state.total, 1);
            tabs.push(tab);
        }
        let diff = tabs[0].expect::<PresenceDiff>().await;
        let [ann] = &*diff.updates else {
            return Err(format!("{diff:?}").into());
        };
        assert_eq!((ann.key(), ann.connections()), ("ann", 2));
        let mut devices = ann.metas::<Device>()?;
        devices.sort_by(|a, b| a.device.cmp(&b.device));
        assert_eq!(devices.len(), 2);

        let subject = "tea".to_owned();
        notify(server.hub(), &Mail { subject }).await?;
        for tab in &tabs {
            // What else a tab is told of presence may come before.
            while tab.next().await.name() != "mail" {}
        }
        read(server.hub()).await?;
        server.stop().await;
        Ok(())
    }
}
