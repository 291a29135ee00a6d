use std::ops::RangeInclusive;

use crate::error::BuildError;

/// What a hash may cost: bcrypt knows no less, and more takes a second and longer, with 31 hours, for each login.
const COSTS: RangeInclusive<u32> = 4..=14;

/// Who may see the admin page.
///
/// ```
/// use roomcast::admin::{Admin, Auth};
///
/// let hash = "$2b$10$tnmhZh3NH.xfbjGo7Xm9LexGYq83TG8irndnNL5GFOeV88h96jFH6";
/// let admin = Admin::new(Auth::basic("admin", hash));
/// ```
#[derive(Clone)]
#[must_use = "give it to `Admin::new`"]
pub struct Auth(pub(super) Option<Basic>);

/// A name and a password, as a bcrypt hash.
#[derive(Clone)]
pub(super) struct Basic {
    pub(super) username: String,
    pub(super) hash: String,
}

impl Auth {
    /// No authentication: everyone who can connect. For hubs that strangers cannot reach, or together with
    /// [`allow_request`](crate::HubBuilder::allow_request).
    pub fn none() -> Self {
        Self(None)
    }

    /// A user name and the bcrypt hash of a password (`$2a$`, `$2b$` or `$2y$`), with a cost from 4 to 14,
    /// as made by `htpasswd -nbB` or Node's `bcrypt`. Building the hub fails with anything else.
    ///
    /// After a login the page gets a session id, with which it reconnects; see
    /// [`Admin::store`](super::Admin::store). Since hashes are slow by design, they are computed on separate
    /// threads, at most two at a time, and further attempts are refused while 64 wait. An address may fail
    /// ten times, and then six times a minute.
    pub fn basic(username: &str, hash: &str) -> Self {
        Self(Some(Basic {
            username: username.to_owned(),
            hash: hash.to_owned(),
        }))
    }

    pub(super) fn validate(&self) -> Result<(), BuildError> {
        let Some(basic) = &self.0 else {
            return Ok(());
        };
        if basic.username.is_empty() {
            return Err(BuildError::Zero("admin.auth.username"));
        }
        let known = ["$2a$", "$2b$", "$2y$"];
        let is_hash = known.iter().any(|prefix| basic.hash.starts_with(prefix))
            && basic
                .hash
                .parse::<bcrypt::HashParts>()
                .is_ok_and(|parts| COSTS.contains(&parts.get_cost()));
        match is_hash {
            true => Ok(()),
            false => Err(BuildError::PasswordHash("admin.auth.password")),
        }
    }
}

impl std::fmt::Debug for Auth {
    // A hash is as good as the password to who has time.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let username = self.0.as_ref().map(|basic| &basic.username);
        f.debug_struct("Auth")
            .field("username", &username)
            .finish_non_exhaustive()
    }
}
