//! The chat of the chapter "Your first chat", after each of its steps.

mod step_1;
mod step_2;
mod step_3;
mod step_4;

pub(crate) use step_4::run;

#[cfg(test)]
mod tests {
    use std::error::Error;

    use roomcast::testing::{ConnectRefused, TestClient, TestServer};
    use serde_json::json;

    use super::{step_1, step_2, step_3, step_4};

    async fn enter(server: &TestServer, nick: &str) -> Result<TestClient, ConnectRefused> {
        let login = json!({ "nick": nick });
        TestClient::builder(server).auth(&login).connect().await
    }

    #[actix_web::test]
    async fn step_1_everyone_else_hears_it() -> Result<(), Box<dyn Error>> {
        let server = TestServer::start(step_1::hub()?);
        let (ann, bob) = (enter(&server, "ann").await?, enter(&server, "bob").await?);
        ann.emit_raw("say", &[json!({"text": "hi"})]).await;
        assert_eq!(bob.next().await.to_string(), r#"`said` [{"text":"hi"}]"#);
        ann.sync().await;
        assert_eq!(ann.pending(), []);
        Ok(())
    }

    #[actix_web::test]
    async fn step_2_who_has_no_name_is_refused() -> Result<(), Box<dyn Error>> {
        let server = TestServer::start(step_2::hub()?);
        let (ann, bob) = (enter(&server, "ann").await?, enter(&server, "bob").await?);
        ann.emit_raw("say", &[json!({"text": "hi"})]).await;
        assert_eq!(bob.next().await.json(), r#"[{"from":"ann","text":"hi"}]"#);
        let refused = enter(&server, " ").await.err().ok_or("was let in")?;
        assert_eq!(refused.message, "please choose a nick name");
        Ok(())
    }

    #[actix_web::test]
    async fn steps_3_and_4_have_rooms() -> Result<(), Box<dyn Error>> {
        for hub in [step_3::hub()?, step_4::hub()?] {
            let server = TestServer::start(hub);
            let (ann, bob) = (enter(&server, "ann").await?, enter(&server, "bob").await?);
            let lobby = [json!({"room": "lobby"})];
            assert_eq!(
                ann.emit_raw_with_ack("join", &lobby).await.json(),
                r#"[["lobby"]]"#
            );
            let said = [json!({"room": "lobby", "text": "hi"})];
            let refused = bob.emit_raw_with_ack("say", &said).await;
            assert_eq!(
                refused.json(),
                r#"[{"error":{"message":"join the room first"}}]"#
            );
            bob.emit_raw_with_ack("join", &lobby).await;
            bob.emit_raw("say", &said).await;
            bob.disconnect().await;
            let heard = ["joined", "said", "left"];
            for name in heard {
                assert_eq!(ann.next().await.name(), name);
            }
        }
        Ok(())
    }
}
