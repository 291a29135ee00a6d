//! What cannot be is said when the hub is built.

use std::time::Duration;

use roomcast::{
    BuildError,
    admin::{Admin, Auth, RedisStore},
};

use crate::page::{HASH, builder};

#[track_caller]
fn refused(admin: Admin) -> String {
    builder(admin).build().unwrap_err().to_string()
}

#[test]
fn a_password_must_be_a_hash() {
    for text in [
        "changeit",
        "",
        "$2b$10$short",
        "$1$abc$defghijklmnop",
        &HASH.replace("$2b", "$2x"),
        &HASH.replace("$04$", "$03$"),
        &HASH.replace("$04$", "$15$"),
        &HASH.replace("$04$", "$31$"),
        &HASH[..HASH.len() - 1],
        &format!("{HASH}\n"),
        // As long as a salt and a hash, and neither: no password would ever be right.
        &format!("$2b$04${}", "!".repeat(53)),
        &format!("$2b$04${}", "x".repeat(53)),
    ] {
        let told = refused(Admin::new(Auth::basic("admin", text)));
        assert!(
            told.contains("`admin.auth.password` must be a bcrypt hash of a cost from 4 to 14"),
            "{told}"
        );
    }
    for version in ["$2a", "$2b", "$2y"] {
        let hash = HASH.replace("$2b", version);
        assert!(
            builder(Admin::new(Auth::basic("admin", &hash)))
                .build()
                .is_ok(),
            "{hash}"
        );
    }
    let told = refused(Admin::new(Auth::basic("", HASH)));
    assert!(told.contains("`admin.auth.username`"), "{told}");
    assert!(!format!("{:?}", Auth::basic("admin", HASH)).contains("$2b"));
}

#[test]
fn options_have_their_bounds() {
    let open = || Admin::new(Auth::none());
    let told = refused(open().max_sockets(0));
    assert!(told.contains("`admin.max_sockets`"), "{told}");
    let short = RedisStore::new("redis://127.0.0.1/").session_duration(Duration::from_millis(999));
    let told = refused(open().store(short));
    assert!(told.contains("`admin.store.session_duration`"), "{told}");
    let unnamed = RedisStore::new("redis://127.0.0.1/").prefix("");
    let told = refused(open().store(unnamed));
    assert!(told.contains("`admin.store.prefix`"), "{told}");
    let told = refused(open().store(RedisStore::new("http://127.0.0.1/")));
    assert!(told.contains("`admin.store`"), "{told}");
    let taken = builder(open().namespace("/")).build();
    assert!(matches!(taken, Err(BuildError::DuplicateNamespace(_))));
}
