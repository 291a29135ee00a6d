//! Who may log in. It stands for your users: a table with hashes of passwords, or another server that does the login.

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Role {
    Member,
    Admin,
}

#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) name: &'static str,
    password: &'static str,
    pub(crate) role: Role,
}

const ACCOUNTS: &[Account] = &[
    Account {
        name: "ann",
        password: "ann",
        role: Role::Admin,
    },
    Account {
        name: "ben",
        password: "ben",
        role: Role::Member,
    },
];

/// The account, if the password is its own.
pub(crate) fn check(name: &str, password: &str) -> Option<&'static Account> {
    find(name).filter(|account| account.password == password)
}

pub(crate) fn find(name: &str) -> Option<&'static Account> {
    ACCOUNTS.iter().find(|account| account.name == name)
}
