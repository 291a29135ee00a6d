//! The static files of the admin page, from a folder of the application.

use std::{
    collections::HashMap,
    fs::{self, DirEntry},
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use actix_web::{
    HttpRequest, HttpResponse,
    http::{Method, header},
    web::{self, ServiceConfig},
};

use super::file::File;
use crate::{admin::Admin, error::BuildError};

const INDEX: &str = "index.html";

/// What the page has no use for, and an attacker would have.
const POLICY: &str = "frame-ancestors 'none'; object-src 'none'; base-uri 'none'";

/// More is not the page, but a mistake in the path.
const MAX_FILES: usize = 256;
const MAX_BYTES: u64 = 32 << 20;
const MAX_LEVELS: usize = 4;

/// The files of the admin page, in memory: see [`Admin::serve`]. Clones share them.
///
/// ```
/// use roomcast::{BuildError, admin::Admin};
///
/// fn page() -> Result<roomcast::AdminPage, BuildError> {
///     // The folder of the npm package.
///     Admin::serve("node_modules/@socket.io/admin-ui/ui/dist")
/// }
/// ```
#[derive(Clone)]
pub struct AdminPage {
    files: Arc<HashMap<String, File>>,
}

impl Admin {
    /// Reads the files of the page, so that they can be served: those in the folder `ui/dist` of the
    /// npm package `@socket.io/admin-ui`. Hidden files are left out, and so are symbolic links that
    /// lead elsewhere.
    ///
    /// This is independent of the namespace that the page connects to: it may be served by another
    /// process, on a port that clients do not reach, or from `https://admin.socket.io`, and it asks
    /// whoever opens it for the server's address.
    ///
    /// ```no_run
    /// use actix_web::{App, HttpServer, web};
    /// use roomcast::admin::Admin;
    /// # async fn serve(hub: roomcast::Hub) -> Result<(), Box<dyn std::error::Error>> {
    /// let page = Admin::serve("node_modules/@socket.io/admin-ui/ui/dist")?;
    /// HttpServer::new(move || {
    ///     App::new()
    ///         .configure(hub.mount())
    ///         .service(web::scope("/admin-page").configure(page.mount()))
    /// })
    /// # .bind(("127.0.0.1", 3000))?.run().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// There is no `index.html` in the folder, a file cannot be read, or they are more than 256 or
    /// more than 32 MiB.
    pub fn serve(directory: impl AsRef<Path>) -> Result<AdminPage, BuildError> {
        let directory = directory.as_ref();
        let mut reader = Reader {
            root: directory
                .canonicalize()
                .map_err(|source| unreadable(directory, source))?,
            bytes: 0,
            files: HashMap::new(),
        };
        reader.read_folder(&reader.root.clone(), "", MAX_LEVELS)?;
        match reader.files.contains_key(INDEX) {
            true => Ok(AdminPage {
                files: Arc::new(reader.files),
            }),
            false => Err(BuildError::NoAdminPage(directory.to_owned())),
        }
    }
}

impl AdminPage {
    /// Registers the page; for [`Scope::configure`](actix_web::Scope::configure) of a scope of its
    /// own, or [`App::configure`](actix_web::App::configure) where nothing else is served. It takes
    /// every path below, and sends who leaves out the last slash there.
    ///
    /// The files have an `ETag` and are compressed once for each encoding that is asked for. No other
    /// site can show the page in a frame, which could trick an operator into clicking.
    pub fn mount(&self) -> impl FnOnce(&mut ServiceConfig) + Clone + use<> {
        let page = self.clone();
        move |config| {
            config
                .route("", web::to(add_slash))
                .route("/{file:.*}", web::to(move |req| page.clone().answer(req)));
        }
    }

    async fn answer(self, req: HttpRequest) -> HttpResponse {
        let name = match req.match_info().query("file") {
            "" => INDEX,
            name => name,
        };
        let mut response = match self.files.get(name) {
            Some(file) => file.serve(&req),
            None => HttpResponse::NotFound().finish(),
        };
        for (name, value) in [
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::CONTENT_SECURITY_POLICY, POLICY),
            (header::REFERRER_POLICY, "no-referrer"),
        ] {
            let value = header::HeaderValue::from_static(value);
            response.headers_mut().insert(name, value);
        }
        response
    }
}

/// The page's links are relative to the folder. So is this one, since a proxy may have shortened the
/// path.
async fn add_slash(req: HttpRequest) -> HttpResponse {
    if req.method() != Method::GET && req.method() != Method::HEAD {
        return HttpResponse::MethodNotAllowed().finish();
    }
    let last = req.path().rsplit('/').next().unwrap_or_default();
    let location = match req.query_string() {
        "" => format!("./{last}/"),
        query => format!("./{last}/?{query}"),
    };
    HttpResponse::TemporaryRedirect()
        .insert_header((header::LOCATION, location))
        .finish()
}

struct Reader {
    /// Without symbolic links.
    root: PathBuf,
    bytes: u64,
    /// By their path below the root, with slashes.
    files: HashMap<String, File>,
}

impl Reader {
    fn read_folder(
        &mut self,
        folder: &Path,
        prefix: &str,
        levels: usize,
    ) -> Result<(), BuildError> {
        let failed = |source| unreadable(folder, source);
        for entry in fs::read_dir(folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let Some(name) = visible_name(&entry) else {
                continue;
            };
            let path = entry.path();
            let kind = entry
                .file_type()
                .map_err(|source| unreadable(&path, source))?;
            let name = format!("{prefix}{name}");
            if kind.is_dir() {
                if levels > 0 {
                    self.read_folder(&path, &format!("{name}/"), levels - 1)?;
                }
            } else if kind.is_file() || self.stays_inside(&path) {
                self.read_file(&path, name)?;
            }
        }
        Ok(())
    }

    /// Whether a link leads to a file that is below the root.
    fn stays_inside(&self, link: &Path) -> bool {
        link.canonicalize()
            .is_ok_and(|target| target.starts_with(&self.root) && target.is_file())
    }

    fn read_file(&mut self, path: &Path, name: String) -> Result<(), BuildError> {
        let failed = |source| unreadable(path, source);
        self.bytes += fs::metadata(path).map_err(failed)?.len();
        if self.bytes > MAX_BYTES || self.files.len() == MAX_FILES {
            return Err(BuildError::AdminPageSize(self.root.clone()));
        }
        let content = fs::read(path).map_err(failed)?;
        let file = File::new(content_type(path), content.into(), None);
        self.files.insert(name, file);
        Ok(())
    }
}

fn visible_name(entry: &DirEntry) -> Option<String> {
    let name = entry.file_name().into_string().ok()?;
    (!name.starts_with('.')).then_some(name)
}

fn unreadable(path: &Path, source: io::Error) -> BuildError {
    BuildError::AdminPage {
        path: path.to_owned(),
        source,
    }
}

fn content_type(path: &Path) -> &'static str {
    let extension = path.extension().and_then(|extension| extension.to_str());
    match extension.unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "json" | "map" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}
