//! Whether somebody listens at a replica of a Redis Cluster, as far as it tells.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use redis::RedisResult;

use super::refusal::Refusal;
use crate::error::AdapterError;

#[derive(Default)]
pub(super) struct Audience {
    /// It has told of somebody.
    known: AtomicBool,
    /// It has not answered the last question.
    silent: AtomicBool,
    /// The log has told that it refuses.
    refused: AtomicBool,
}

impl Audience {
    /// Whether nobody waits for its answers, until it [speaks](Self::speaks) again.
    pub(super) fn is_passed_over(&self) -> bool {
        self.silent.load(Relaxed) && !self.known.load(Relaxed)
    }

    /// It has answered something else.
    pub(super) fn speaks(&self) {
        self.silent.store(false, Relaxed);
    }

    /// What it has answered, if it has. Where nobody was heard of before, nobody is while it is silent.
    ///
    /// # Errors
    /// If it may be that somebody listens there.
    pub(super) fn answered<T>(
        &self,
        answer: Option<RedisResult<T>>,
        is_somebody: impl Fn(&T) -> bool,
    ) -> Result<Option<T>, AdapterError> {
        match answer {
            Some(Ok(answer)) => {
                self.speaks();
                if is_somebody(&answer) {
                    self.known.store(true, Relaxed);
                }
                Ok(Some(answer))
            }
            Some(Err(error)) if Refusal::of(&error).is_some() => {
                if !self.refused.swap(true, Relaxed) {
                    tracing::warn!(%error, "a replica does not tell who is subscribed there");
                }
                Err(AdapterError::new(error))
            }
            _ => {
                self.silent.store(true, Relaxed);
                match self.known.load(Relaxed) {
                    true => Err(AdapterError::new("a replica with subscribers is silent")),
                    false => Ok(None),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use redis::{ErrorKind, RedisError, make_extension_error};

    use super::*;

    fn ask(audience: &Audience, answer: Option<RedisResult<usize>>) -> Result<Option<usize>, ()> {
        let answered = audience.answered(answer, |count| *count > 0);
        answered.map_err(|_| ())
    }

    fn broken() -> Option<RedisResult<usize>> {
        Some(Err(RedisError::from((ErrorKind::Io, "broken"))))
    }

    #[test]
    fn silence_means_nobody_only_where_nobody_was() {
        for silence in [|| None, broken] {
            let audience = Audience::default();
            assert_eq!(ask(&audience, Some(Ok(0))), Ok(Some(0)));
            assert_eq!(ask(&audience, silence()), Ok(None));
            assert!(audience.is_passed_over());
            audience.speaks();
            assert!(!audience.is_passed_over());
            assert_eq!(ask(&audience, Some(Ok(2))), Ok(Some(2)));
            assert_eq!(
                ask(&audience, Some(Ok(0))),
                Ok(Some(0)),
                "in another namespace"
            );
            assert_eq!(ask(&audience, silence()), Err(()));
            assert!(!audience.is_passed_over());
        }
    }

    #[test]
    fn who_refuses_may_have_somebody() {
        let audience = Audience::default();
        for code in ["NOPERM", "LOADING"] {
            let refused = make_extension_error(code.to_owned(), None);
            assert_eq!(ask(&audience, Some(Err(refused))), Err(()));
        }
        assert!(!audience.is_passed_over());
    }
}
