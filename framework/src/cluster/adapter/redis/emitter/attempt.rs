//! What is made once it is needed, by one of those who need it.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use crate::error::AdapterError;

/// One at a time tries to make it. Those who wait for an attempt share its end, so that nobody waits for
/// one after the other.
pub(super) struct Shared<T> {
    known: Mutex<Known<T>>,
    attempt: tokio::sync::Mutex<()>,
}

struct Known<T> {
    made: Option<T>,
    /// When the last attempt failed, and why, if none has succeeded since.
    failed: Option<(Instant, String)>,
}

impl<T> Default for Shared<T> {
    fn default() -> Self {
        Self {
            known: Mutex::new(Known {
                made: None,
                failed: None,
            }),
            attempt: tokio::sync::Mutex::default(),
        }
    }
}

impl<T: Clone> Shared<T> {
    // Held for a few instructions.
    fn known(&self) -> MutexGuard<'_, Known<T>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was made last, good or not.
    pub(super) fn get(&self) -> Option<T> {
        self.known().made.clone()
    }

    pub(super) fn has_failed(&self) -> bool {
        self.known().failed.is_some()
    }

    /// What is there, if it is good, or what is made now.
    ///
    /// # Cancel safety
    /// Another one who waits tries again.
    pub(super) async fn get_or(
        &self,
        is_good: impl Fn(&T) -> bool,
        make: impl Future<Output = Result<T, AdapterError>>,
    ) -> Result<T, AdapterError> {
        let waiting = Instant::now();
        let _attempt = self.attempt.lock().await;
        {
            let known = self.known();
            if let Some(made) = known.made.as_ref().filter(|made| is_good(made)) {
                return Ok(made.clone());
            }
            if let Some((at, why)) = &known.failed
                && *at > waiting
            {
                return Err(AdapterError::new(why.clone()));
            }
        }
        let made = make.await;
        let mut known = self.known();
        match &made {
            Ok(made) => {
                known.made = Some(made.clone());
                known.failed = None;
            }
            Err(error) => known.failed = Some((Instant::now(), error.to_string())),
        }
        made
    }
}
