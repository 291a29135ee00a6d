//! The admin page.

use std::{error::Error, fs};

use actix_web::web::{self, ServiceConfig};
use roomcast::{
    AdminPage,
    admin::{Admin, Auth, RedisStore},
};

use crate::options::Options;

/// For whom the first line of a file tells: their name and the hash of their password, as
/// `htpasswd -nB` writes them.
pub(crate) fn admin(file: &str, redis: &str) -> Result<Admin, Box<dyn Error>> {
    let line = fs::read_to_string(file).map_err(|error| format!("--admin: {file}: {error}"))?;
    let line = line.lines().next().and_then(|line| line.split_once(':'));
    let (name, hash) = line.ok_or_else(|| format!("--admin: {file} holds no NAME:HASH"))?;
    // Whoever has logged in at one node is let in by the others.
    let store = RedisStore::new(redis).prefix("cluster-example-admin");
    Ok(Admin::new(Auth::basic(name, hash.trim_end())).store(store))
}

/// The page's files.
#[derive(Clone)]
pub(crate) struct Page(Option<AdminPage>);

impl Page {
    pub(crate) fn read(options: &Options) -> Result<Self, Box<dyn Error>> {
        let folder = options.admin_page.as_ref();
        Ok(Self(folder.map(Admin::serve).transpose()?))
    }

    pub(crate) fn mount(&self, config: &mut ServiceConfig) {
        if let Some(page) = &self.0 {
            config.service(web::scope("/admin-page").configure(page.mount()));
        }
    }
}
