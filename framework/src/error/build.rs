use std::{io, path::PathBuf};

use super::AdapterError;

/// Why a hub could not be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// Two sessions were registered for the same namespace, pattern or label.
    #[error("namespace `{0}` is registered twice")]
    DuplicateNamespace(String),
    /// A pattern must have a part, parts need names that differ and something between them, and
    /// braces stand around the names of parts only.
    #[error("`{0}` is not a pattern of namespaces such as `/room-{{id}}`")]
    NamespacePattern(String),
    /// No namespace was registered: nobody could connect.
    #[error("the hub has no namespace; register one with `.namespace::<Session>(\"/\")`")]
    NoNamespace,
    /// A path must start with `/` and hold neither `?`, `#` nor braces.
    #[error("`path` must begin with `/` and have neither `?`, `#` nor braces, unlike `{0}`")]
    Path(String),
    /// A text that is to stand in a header cannot.
    #[error("`{option}` has `{text}`, which cannot stand in an HTTP header")]
    Header {
        /// The option that it belongs to.
        option: &'static str,
        /// The text.
        text: String,
    },
    /// A node's name is 1 to 64 characters of `A-Z`, `a-z`, `0-9`, `-` and `_`.
    #[error("`server_id` must be 1 to 64 characters of A-Z, a-z, 0-9, `-` and `_`, unlike `{0}`")]
    ServerId(String),
    /// An entry of [`Origins`](crate::Origins) that no browser sends, so that nobody would be let in:
    /// with a path, upper case, a wildcard, or the scheme's own port.
    #[error(
        "`{option}` has `{text}`, which is not an origin as browsers send it, such as `https://app.example`"
    )]
    Origin {
        /// The option that it belongs to.
        option: &'static str,
        /// The text.
        text: String,
    },
    /// There is no bundle of the client in the directory given to
    /// [`serve_client`](crate::HubBuilder::serve_client).
    #[error("`serve_client` has `{}`, which holds no bundle of the client", .0.display())]
    NoClient(PathBuf),
    /// A bundle of the client cannot be read.
    #[error("`serve_client` cannot read {}: {source}", .path.display())]
    Client {
        /// The bundle.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// There is no `index.html` in the folder given to `Admin::serve`.
    #[error(
        "`{}` holds no index.html; the admin page is the folder ui/dist of the npm package @socket.io/admin-ui",
        .0.display()
    )]
    NoAdminPage(PathBuf),
    /// A file of the admin page cannot be read.
    #[error("`admin.serve` cannot read {}: {source}", .path.display())]
    AdminPage {
        /// The file or folder.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// What was given to `Admin::serve` is too large for the admin page.
    #[error("`{}` holds more than 256 files or 32 MiB, which the admin page never is", .0.display())]
    AdminPageSize(PathBuf),
    /// The [adapter](crate::HubBuilder::adapter) cannot be made of its options.
    #[error("the `adapter` cannot be made: {0}")]
    Adapter(#[source] AdapterError),
    /// An option that must not be zero, or empty, is.
    #[error("`{0}` must not be zero, or empty")]
    Zero(&'static str),
    /// The store of the admin page's logins cannot be made of its options.
    #[error("`admin.store` cannot be made: {0}")]
    AdminStore(#[source] AdapterError),
    /// A password is given as something else than its bcrypt hash.
    #[error(
        "`{0}` must be a bcrypt hash of a cost from 4 to 14, which begins with `$2a$`, `$2b$` or `$2y$`"
    )]
    PasswordHash(&'static str),
    /// An option has a value that it cannot have.
    #[error("`{option}` must be {allowed}")]
    OutOfRange {
        /// Its name.
        option: &'static str,
        /// What it can have.
        allowed: &'static str,
    },
    /// An option cannot work together with the others, or without them.
    #[error("`{option}` {conflict}")]
    Contradiction {
        /// Its name.
        option: &'static str,
        /// With what, and why.
        conflict: &'static str,
    },
}
