//! A page that shows the list.

use std::sync::{Mutex, MutexGuard, PoisonError};

use roomcast::prelude::*;

use crate::events::{Create, Created, Delete, Deleted, List as All, Todo, Update, Updated};
use crate::list::List;

#[derive(EventHandlers)]
#[handles(All, Create, Update, Delete)]
#[broadcasts(Created<'_>, Updated<'_>, Deleted)]
pub(crate) struct Guest;

impl Session for Guest {
    type Auth = ();

    async fn connect((): (), _: &TypedSocket<Self>) -> Result<Self, Refusal> {
        Ok(Self)
    }
}

impl Handle<All> for Guest {
    async fn handle(
        &mut self,
        All: All,
        socket: &TypedSocket<Self>,
    ) -> Result<Vec<Todo>, Rejection> {
        Ok(lock(socket).all().to_vec())
    }
}

impl Handle<Create> for Guest {
    async fn handle(
        &mut self,
        create: Create,
        socket: &TypedSocket<Self>,
    ) -> Result<Todo, Rejection> {
        let mut list = lock(socket);
        let todo = list.create(&create.title)?;
        // The one who asked has it from the answer.
        socket.broadcast().emit(&Created(&todo))?;
        Ok(todo)
    }
}

impl Handle<Update> for Guest {
    async fn handle(
        &mut self,
        update: Update,
        socket: &TypedSocket<Self>,
    ) -> Result<Todo, Rejection> {
        let mut list = lock(socket);
        let todo = list.update(update.id, update.title.as_deref(), update.done)?;
        socket.broadcast().emit(&Updated(todo))?;
        Ok(todo.clone())
    }
}

impl Handle<Delete> for Guest {
    /// Of two who delete the same, both have what they want.
    async fn handle(
        &mut self,
        Delete { id }: Delete,
        socket: &TypedSocket<Self>,
    ) -> Result<u64, Rejection> {
        let mut list = lock(socket);
        if list.delete(id) {
            socket.broadcast().emit(&Deleted(id))?;
        }
        Ok(id)
    }
}

/// Not to be held over an await. Emits do not wait, so what is emitted under the lock reaches everybody in the order of
/// the changes.
fn lock(socket: &Socket) -> MutexGuard<'_, List> {
    let list: &Mutex<List> = socket.state();
    list.lock().unwrap_or_else(PoisonError::into_inner)
}
