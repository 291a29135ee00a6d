//! The page as Vite has built it: a folder of files, read once.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use actix_web::web::{self, Bytes, ServiceConfig};

/// Where `npm run build` puts it.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/web/dist");

/// Vite names what is in this folder by its content, so that it can be kept for ever.
const HASHED: &str = "/assets/";

const NOT_BUILT: &str = "The page is not built: cargo xtask todo builds and serves it\n";

#[derive(Clone)]
struct File {
    /// Of the URL.
    path: String,
    content: Bytes,
}

#[derive(Clone)]
pub(crate) struct Dist(Vec<File>);

impl Dist {
    /// Without a page the server runs all the same: `npm run dev` has its own.
    pub(crate) fn read() -> Self {
        let folder = std::env::var_os("DIST").map_or_else(|| FOLDER.into(), PathBuf::from);
        let mut files = Vec::new();
        if let Err(error) = collect(&folder, "", &mut files) {
            eprint!("{}: {error}. {NOT_BUILT}", folder.display());
        }
        Self(files)
    }

    pub(crate) fn routes(&self, config: &mut ServiceConfig) {
        if self.0.is_empty() {
            let not_built = || std::future::ready(HttpResponse::NotFound().body(NOT_BUILT));
            config.route("/", web::get().to(not_built));
        }
        for file in self.0.iter().cloned() {
            let path = match &*file.path {
                "/index.html" => "/".to_owned(),
                path => path.to_owned(),
            };
            let answer = move || std::future::ready(answer(&file));
            config.route(&path, web::get().to(answer));
        }
    }
}

fn collect(folder: &Path, url: &str, files: &mut Vec<File>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = format!("{url}/{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &path, files)?;
        } else {
            let content = fs::read(entry.path())?.into();
            files.push(File { path, content });
        }
    }
    Ok(())
}

fn answer(File { path, content }: &File) -> HttpResponse {
    let kept = match path.starts_with(HASHED) {
        true => "public, max-age=31536000, immutable",
        false => "no-cache",
    };
    HttpResponse::Ok()
        .content_type(example_page::content_type(path))
        .insert_header((CONTENT_SECURITY_POLICY, example_page::POLICY))
        .insert_header((CACHE_CONTROL, kept))
        .body(content.clone())
}
