//! Samples of the chapter "Events and handlers".

use roomcast::{HubBuilder, prelude::*};

// ANCHOR: forms
#[derive(Deserialize, Event)]
struct Draw {
    x: u32,
    y: u32,
}

#[derive(Deserialize, Event)]
struct Rename(String);

#[derive(Deserialize, Event)]
struct Resize(u32, u32);

#[derive(Deserialize, Event)]
struct Clear;
// ANCHOR_END: forms

// ANCHOR: serde
#[derive(Deserialize, Event)]
#[event(name = "add note", ack = u32)]
#[serde(rename_all = "camelCase")]
struct AddNote {
    note_text: String,
    #[serde(default)]
    pinned: bool,
    colour: Option<String>,
}
// ANCHOR_END: serde

// ANCHOR: choice
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Direction {
    Up,
    Down,
}

#[derive(Deserialize, Event)]
#[event(ack = i32)]
struct Scroll(Direction);
// ANCHOR_END: choice

// ANCHOR: binary
#[derive(Deserialize, Event)]
#[event(ack = usize)]
struct Upload {
    name: String,
    content: Binary,
}

#[derive(Serialize, Event)]
struct Uploaded<'a> {
    name: &'a str,
    content: Binary,
}
// ANCHOR_END: binary

// ANCHOR: outgoing
#[derive(Serialize, Event)]
#[event(name = "note")]
struct Note<'a> {
    text: &'a str,
    colour: Option<&'a str>,
}

/// `T` is whatever the caller reports: `Changed { what: "title", to: &title }`.
#[derive(Serialize, Event)]
struct Changed<'a, T: Serialize> {
    what: &'static str,
    to: &'a T,
}
// ANCHOR_END: outgoing

// ANCHOR: session
#[derive(EventHandlers)]
#[handles(Draw, Rename, Resize, Clear, AddNote, Scroll, Upload)]
struct Board {
    title: String,
    size: (u32, u32),
    points: Vec<(u32, u32)>,
    notes: u32,
    line: i32,
}

impl Session for Board {
    type Auth = ();

    async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> {
        Ok(Self {
            title: String::new(),
            size: (640, 480),
            points: Vec::new(),
            notes: 0,
            line: 0,
        })
    }
}

impl Handle<Draw> for Board {
    async fn handle(&mut self, draw: Draw, _: &Socket) -> Result<(), Rejection> {
        if draw.x >= self.size.0 || draw.y >= self.size.1 {
            return Err(Rejection::new("outside of the board"));
        }
        self.points.push((draw.x, draw.y));
        Ok(())
    }
}
// ANCHOR_END: session

impl Handle<Rename> for Board {
    async fn handle(&mut self, Rename(title): Rename, socket: &Socket) -> Result<(), Rejection> {
        self.title = title;
        socket.emit(&Changed {
            what: "title",
            to: &self.title,
        })?;
        Ok(())
    }
}

// ANCHOR: positional
impl Handle<Resize> for Board {
    async fn handle(&mut self, size: Resize, socket: &Socket) -> Result<(), Rejection> {
        let Resize(width, height) = size;
        self.size = (width, height);
        socket.emit(&Changed {
            what: "size",
            to: &self.size,
        })?;
        Ok(())
    }
}
// ANCHOR_END: positional

// ANCHOR: raw
impl Handle<Clear> for Board {
    async fn handle(&mut self, _: Clear, socket: &Socket) -> Result<(), Rejection> {
        let cleared = self.points.len();
        self.points.clear();
        socket.emit_raw("cleared", &(cleared, "points"))?;
        Ok(())
    }
}
// ANCHOR_END: raw

impl Handle<AddNote> for Board {
    async fn handle(&mut self, note: AddNote, socket: &Socket) -> Result<u32, Rejection> {
        if !note.pinned {
            let (text, colour) = (&note.note_text, note.colour.as_deref());
            socket.emit(&Note { text, colour })?;
        }
        self.notes += 1;
        Ok(self.notes)
    }
}

impl Handle<Scroll> for Board {
    async fn handle(&mut self, Scroll(to): Scroll, _: &Socket) -> Result<i32, Rejection> {
        self.line += match to {
            Direction::Up => -1,
            Direction::Down => 1,
        };
        Ok(self.line)
    }
}

// ANCHOR: upload
impl Handle<Upload> for Board {
    async fn handle(&mut self, upload: Upload, socket: &Socket) -> Result<usize, Rejection> {
        let Upload { name, content } = upload;
        // A clone of a `Binary` shares its bytes.
        socket.emit(&Uploaded {
            name: &name,
            content: content.clone(),
        })?;
        Ok(content.len())
    }
}
// ANCHOR_END: upload

// ANCHOR: auth
#[derive(Deserialize)]
struct Login {
    token: String,
    language: Option<String>,
}

#[derive(EventHandlers)]
#[handles()]
struct Members {
    user: String,
}

impl Session for Members {
    type Auth = Login;

    async fn connect(login: Login, socket: &Socket) -> Result<Self, Refusal> {
        let Some(user) = login.token.strip_prefix("user:") else {
            return Err(Refusal::new("not authorized")
                .with_data(&serde_json::json!({ "code": "bad_token" })));
        };
        let hello = match login.language.as_deref() {
            Some("de") => "Willkommen",
            _ => "Welcome",
        };
        socket.emit_raw("welcome", &[hello])?;
        Ok(Self {
            user: user.to_owned(),
        })
    }

    async fn disconnect(&mut self, socket: &Socket, reason: DisconnectReason) {
        println!("{} ({}) has gone: {reason}", self.user, socket.id());
    }
}
// ANCHOR_END: auth

pub(crate) fn add(to: HubBuilder) -> HubBuilder {
    to.namespace::<Board>("/events")
        .namespace::<Members>("/members")
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use roomcast::testing::{TestClient, TestServer};
    use serde_json::json;

    async fn board(server: &TestServer) -> Result<TestClient, Box<dyn Error>> {
        Ok(TestClient::builder(server)
            .namespace("/events")
            .connect()
            .await?)
    }

    #[actix_web::test]
    async fn every_form_arrives_as_its_type() -> Result<(), Box<dyn Error>> {
        let server = TestServer::start(crate::hub()?);
        let client = board(&server).await?;
        client.emit_raw("draw", &[json!({"x": 3, "y": 4})]).await;
        client.emit_raw("rename", &["Sketch"]).await;
        assert_eq!(
            client.next().await.json(),
            r#"[{"what":"title","to":"Sketch"}]"#
        );
        client.emit_raw("resize", &(800, 600)).await;
        assert_eq!(
            client.next().await.json(),
            r#"[{"what":"size","to":[800,600]}]"#
        );
        client.emit_raw("clear", &[0; 0]).await;
        assert_eq!(client.next().await.to_string(), r#"`cleared` [1,"points"]"#);
        Ok(())
    }

    #[actix_web::test]
    async fn serde_names_and_defaults_the_fields() -> Result<(), Box<dyn Error>> {
        let server = TestServer::start(crate::hub()?);
        let client = board(&server).await?;
        let note = json!({"noteText": "buy milk"});
        let answer = client.emit_raw_with_ack("add note", &[note]).await;
        assert_eq!(answer.json(), "[1]");
        assert_eq!(
            client.next().await.json(),
            r#"[{"text":"buy milk","colour":null}]"#
        );
        assert_eq!(
            client.emit_raw_with_ack("scroll", &["down"]).await.json(),
            "[1]"
        );
        Ok(())
    }

    #[actix_web::test]
    async fn only_a_good_token_gets_in() -> Result<(), Box<dyn Error>> {
        let server = TestServer::start(crate::hub()?);
        let with = |auth| {
            TestClient::builder(&server)
                .namespace("/members")
                .auth(&auth)
        };
        let ann = with(json!({"token": "user:ann", "language": "de"}))
            .connect()
            .await?;
        assert_eq!(ann.next().await.json(), r#"["Willkommen"]"#);
        let Err(refused) = with(json!({"token": "let me in"})).connect().await else {
            return Err("was let in".into());
        };
        assert_eq!(refused.message, "not authorized");
        assert_eq!(refused.data, Some(json!({"code": "bad_token"})));
        let Err(refused) = with(json!({})).connect().await else {
            return Err("was let in".into());
        };
        assert!(
            refused.message.contains("missing field `token`"),
            "{refused}"
        );
        Ok(())
    }
}
