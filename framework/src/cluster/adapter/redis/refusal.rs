//! What Redis means by an error that it answers with.

use redis::RedisError;

/// In the order of how soon the same may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Refusal {
    /// Not here: the master is to be looked for, and connected to anew.
    Elsewhere,
    /// Here, in a moment.
    Soon,
    /// Here, once there is room again.
    Full,
    Never,
}

impl Refusal {
    /// What an error's first word means.
    pub(super) fn of_code(code: &str) -> Self {
        match code {
            "MOVED" | "READONLY" | "MASTERDOWN" | "CLUSTERDOWN" | "LOADING" | "NOAUTH" => {
                Self::Elsewhere
            }
            // While slots are on their way (ASK, TRYAGAIN) the one that had them is to be asked.
            "ASK" | "TRYAGAIN" | "BUSY" | "NOREPLICAS" => Self::Soon,
            "OOM" | "MISCONF" => Self::Full,
            _ => Self::Never,
        }
    }

    /// Whether the same server takes the same later.
    pub(super) fn is_for_now(self) -> bool {
        matches!(self, Self::Soon | Self::Full)
    }

    /// `None` if it is not Redis that has answered so. Of several errors, the first in order.
    pub(super) fn of(error: &RedisError) -> Option<Self> {
        let errors = error.clone().into_server_errors()?;
        let meanings = errors.iter().flat_map(|(_, error)| {
            let words = error.details().unwrap_or_default().split(' ');
            // Before version 7 Redis wraps what a script runs into.
            let wrapped = words.filter_map(|word| word.strip_prefix('-'));
            wrapped.chain([error.code()]).map(Self::of_code)
        });
        Some(meanings.min().unwrap_or(Self::Never))
    }
}

#[cfg(test)]
mod tests {
    use redis::{ErrorKind, make_extension_error};

    use super::*;

    fn meaning(code: &str, detail: &str) -> Option<Refusal> {
        Refusal::of(&make_extension_error(
            code.to_owned(),
            Some(detail.to_owned()),
        ))
    }

    #[test]
    fn an_error_means_the_same_to_all() {
        for (code, expected) in [
            ("NOAUTH", Refusal::Elsewhere),
            ("BUSY", Refusal::Soon),
            ("NOREPLICAS", Refusal::Soon),
            ("OOM", Refusal::Full),
            ("WRONGTYPE", Refusal::Never),
        ] {
            assert_eq!(meaning(code, "because"), Some(expected), "{code}");
        }
    }

    #[test]
    fn what_a_script_ran_into_is_found() {
        let text = "Error running script (call to f_1): @user_script:1: -READONLY You can't write";
        assert_eq!(meaning("ERR", text), Some(Refusal::Elsewhere));
        assert_eq!(meaning("ERR", "no such thing"), Some(Refusal::Never));
    }

    #[test]
    fn a_connection_that_breaks_is_no_refusal() {
        let broken = RedisError::from((ErrorKind::Io, "broken"));
        assert_eq!(Refusal::of(&broken), None);
    }
}
