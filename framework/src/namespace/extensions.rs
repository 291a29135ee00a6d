use std::{
    any::{Any, TypeId},
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

type Value = Arc<dyn Any + Send + Sync>;
pub(crate) type Values = Vec<(TypeId, Value)>;

/// Values that one socket carries, one of each type: what a middleware has found out and the
/// session wants to know. From [`Socket::extensions`](crate::Socket::extensions).
///
/// A socket that carries none costs nothing. They go with the last handle of the socket.
///
/// ```
/// use roomcast::prelude::*;
///
/// struct User(String);
///
/// fn greet(socket: &Socket) -> String {
///     match socket.extensions().get::<User>() {
///         Some(user) => format!("hello {}", user.0),
///         None => "hello".to_owned(),
///     }
/// }
/// ```
#[derive(Default)]
pub struct Extensions(OnceLock<Box<Mutex<Values>>>);

impl Extensions {
    /// Adds a value, in place of an earlier one of its type.
    pub fn insert<T: Send + Sync + 'static>(&self, value: T) {
        let key = TypeId::of::<T>();
        let value: Value = Arc::new(value);
        let mut values = lock(self.0.get_or_init(Box::default));
        let known = values.iter_mut().find(|(known, _)| *known == key);
        // What it replaces is the application's to drop, so not under the lock.
        let _replaced = match known {
            Some((_, known)) => Some(std::mem::replace(known, value)),
            None => {
                values.push((key, value));
                None
            }
        };
        drop(values);
    }

    pub(crate) fn values(&self) -> Values {
        let values = self.0.get();
        values
            .map(|values| lock(values).clone())
            .unwrap_or_default()
    }

    /// Carries what another socket carried.
    pub(crate) fn take_over(&self, values: Values) {
        if !values.is_empty() {
            *lock(self.0.get_or_init(Box::default)) = values;
        }
    }

    /// The value of this type, if there is one.
    #[must_use]
    pub fn get<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        let key = TypeId::of::<T>();
        let values = lock(self.0.get()?);
        let value = values.iter().find(|(known, _)| *known == key)?.1.clone();
        drop(values);
        value.downcast().ok()
    }
}

fn lock(values: &Mutex<Values>) -> MutexGuard<'_, Values> {
    values.lock().unwrap_or_else(PoisonError::into_inner)
}

impl std::fmt::Debug for Extensions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let count = self.0.get().map_or(0, |values| lock(values).len());
        f.debug_struct("Extensions").field("count", &count).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_value_of_each_type() {
        let extensions = Extensions::default();
        assert!(extensions.get::<u8>().is_none());
        extensions.insert(1_u8);
        extensions.insert("text");
        extensions.insert(2_u8);
        assert_eq!(extensions.get::<u8>().as_deref(), Some(&2));
        assert_eq!(extensions.get::<&str>().as_deref(), Some(&"text"));
        assert_eq!(format!("{extensions:?}"), "Extensions { count: 2 }");
    }
}
