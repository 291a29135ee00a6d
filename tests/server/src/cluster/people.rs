//! Users and presence.

use roomcast::Namespace;
use serde_json::{Value as Json, json};

use super::control::Result;

/// Each of those present with the number of connections and what they say.
pub(super) async fn present(namespace: &Namespace, room: &str) -> Result<Json> {
    let present = namespace.presence(room).list().await?;
    let present = present.iter().map(|present| {
        Ok(json!({
            "user": present.key(),
            "connections": present.connections(),
            "metas": present.metas::<Json>()?,
        }))
    });
    present.collect()
}

pub(super) async fn user(namespace: &Namespace, user: &str) -> Result<Json> {
    let user = namespace.user(user);
    Ok(json!({
        "online": user.online().await?,
        "connections": user.connections().await?,
        "nodes": user.nodes().await?.len(),
        "seen": user.last_seen().await?.is_some(),
    }))
}
