//! Who there is, known by an id that everybody may see and by a secret that nobody else may.

use std::collections::HashMap;

use crate::conversations::Conversations;
use crate::events::Contact;

const MAX_PEOPLE: usize = 1_000;

/// Characters of a secret, in hexadecimal.
const SECRET: usize = 32;

#[derive(Default)]
pub(crate) struct People {
    /// By secret.
    known: HashMap<String, Known>,
    /// By id.
    names: HashMap<String, String>,
    pub(crate) conversations: Conversations,
}

#[derive(Clone)]
pub(crate) struct Known {
    pub(crate) id: String,
    pub(crate) name: String,
}

impl People {
    pub(crate) fn find(&self, secret: &str) -> Option<&Known> {
        self.known.get(secret)
    }

    pub(crate) fn has(&self, id: &str) -> bool {
        self.names.contains_key(id)
    }

    /// Somebody new, and their secret: the one that they have made, or one for those who have not.
    pub(crate) fn register(
        &mut self,
        name: String,
        secret: Option<String>,
    ) -> Result<(Known, String), &'static str> {
        if self.names.values().any(|taken| *taken == name) {
            return Err("Somebody has this name already.");
        }
        if self.known.len() >= MAX_PEOPLE {
            return Err("There are too many people.");
        }
        let known = Known {
            id: random::<8>()?,
            name,
        };
        let secret = match secret {
            Some(secret) if secret.len() != SECRET => return Err("A secret has 32 characters."),
            Some(secret) => secret,
            None => random::<{ SECRET / 2 }>()?,
        };
        self.names.insert(known.id.clone(), known.name.clone());
        self.known.insert(secret.clone(), known.clone());
        Ok((known, secret))
    }

    /// Whom `reader` can write to.
    pub(crate) fn contacts(&self, reader: &str) -> Vec<Contact> {
        let others = self.names.iter().filter(|(id, _)| *id != reader);
        others
            .map(|(id, name)| Contact {
                id: id.clone(),
                name: name.clone(),
                unread: self.conversations.unread(reader, id),
            })
            .collect()
    }
}

/// Of so many bytes, in hexadecimal. Nobody can guess 16.
fn random<const BYTES: usize>() -> Result<String, &'static str> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes).map_err(|_| "internal server error")?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
