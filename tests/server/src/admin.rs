//! The admin page, where `ADMIN` says how much it is told (what is not `development` is production, as
//! in Node). Besides: `ADMIN_PASSWORD` (the hash of that of `admin`; without it there is none),
//! `ADMIN_READONLY` (if it is there), `ADMIN_NAMESPACE`, `ADMIN_STORE` (URL of the Redis that keeps
//! logins) and `ADMIN_PAGE` (the folder of the page's files, served below `/admin-page`).

use std::{env, error::Error};

use actix_web::web::{self, ServiceConfig};
use roomcast::{
    AdminPage, HubBuilder,
    admin::{Admin, Auth, Mode, RedisStore},
};

pub(crate) fn add(builder: HubBuilder) -> HubBuilder {
    let Ok(mode) = env::var("ADMIN") else {
        return builder;
    };
    let auth = match env::var("ADMIN_PASSWORD") {
        Ok(hash) => Auth::basic("admin", &hash),
        Err(_) => Auth::none(),
    };
    let mut admin = Admin::new(auth)
        .mode(match &*mode {
            "development" => Mode::Development,
            _ => Mode::Production,
        })
        .readonly(env::var_os("ADMIN_READONLY").is_some());
    if let Ok(name) = env::var("ADMIN_NAMESPACE") {
        admin = admin.namespace(&name);
    }
    if let Ok(url) = env::var("ADMIN_STORE") {
        admin = admin.store(RedisStore::new(url));
    }
    builder.admin(admin)
}

/// The page's files.
#[derive(Clone)]
pub(crate) struct Page(Option<AdminPage>);

impl Page {
    pub(crate) fn from_env() -> Result<Self, Box<dyn Error>> {
        let directory = env::var_os("ADMIN_PAGE");
        Ok(Self(directory.map(Admin::serve).transpose()?))
    }

    pub(crate) fn mount(&self, config: &mut ServiceConfig) {
        if let Some(page) = &self.0 {
            config.service(web::scope("/admin-page").configure(page.mount()));
        }
    }
}
