use std::{
    any::{Any, TypeId, type_name},
    collections::HashMap,
};

/// Values of the application, one of each type.
#[derive(Default)]
pub(crate) struct States(HashMap<TypeId, Box<dyn Any + Send + Sync>>);

impl States {
    pub(crate) fn insert<T: Send + Sync + 'static>(&mut self, state: T) {
        self.0.insert(TypeId::of::<T>(), Box::new(state));
    }

    pub(crate) fn get<T: 'static>(&self) -> Option<&T> {
        let state = self.0.get(&TypeId::of::<T>())?;
        state.downcast_ref()
    }

    /// # Panics
    /// If there is no value of this type.
    pub(crate) fn of<T: 'static>(&self) -> &T {
        match self.get() {
            Some(state) => state,
            None => panic!(
                "no state of type `{}` was given to the hub",
                type_name::<T>()
            ),
        }
    }
}
