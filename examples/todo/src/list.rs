//! The list, and what may be in it. It knows nothing of sockets.

use roomcast::Rejection;

use crate::events::{Fields, Todo};

const MAX_TODOS: usize = 500;
const MAX_TITLE: usize = 80; // characters

#[derive(Default)]
pub(crate) struct List {
    todos: Vec<Todo>,
    last_id: u64,
}

/// What is wrong, for people to read.
#[derive(Debug)]
pub(crate) enum Invalid {
    /// With a field of what was sent.
    Title(&'static str),
    /// With all of it.
    Request(&'static str),
}

impl From<Invalid> for Rejection {
    fn from(invalid: Invalid) -> Self {
        match invalid {
            Invalid::Title(title) => Self::new("invalid").with_data(&Fields { title }),
            Invalid::Request(text) => Self::new(text),
        }
    }
}

impl List {
    pub(crate) fn all(&self) -> &[Todo] {
        &self.todos
    }

    pub(crate) fn create(&mut self, title: &str) -> Result<Todo, Invalid> {
        let title = self.title(title, None)?;
        if self.todos.len() >= MAX_TODOS {
            return Err(Invalid::Request("The list is full."));
        }
        self.last_id += 1;
        let todo = Todo {
            id: self.last_id,
            title,
            done: false,
        };
        self.todos.push(todo.clone());
        Ok(todo)
    }

    pub(crate) fn update(
        &mut self,
        id: u64,
        title: Option<&str>,
        done: Option<bool>,
    ) -> Result<&Todo, Invalid> {
        let title = title.map(|title| self.title(title, Some(id))).transpose()?;
        let todo = self.todos.iter_mut().find(|todo| todo.id == id);
        let todo = todo.ok_or(Invalid::Request("It is not there any more."))?;
        if let Some(title) = title {
            todo.title = title;
        }
        todo.done = done.unwrap_or(todo.done);
        Ok(todo)
    }

    /// Whether it was there.
    pub(crate) fn delete(&mut self, id: u64) -> bool {
        let before = self.todos.len();
        self.todos.retain(|todo| todo.id != id);
        self.todos.len() < before
    }

    /// The title as it is kept, if no other than `own` has it.
    fn title(&self, title: &str, own: Option<u64>) -> Result<String, Invalid> {
        let title = title.trim();
        match title.chars().count() {
            0 => return Err(Invalid::Title("What is to be done?")),
            1..=MAX_TITLE => {}
            _ => return Err(Invalid::Title("This is too long: 80 characters at most.")),
        }
        let taken = |todo: &Todo| todo.title == title && Some(todo.id) != own;
        match self.todos.iter().any(taken) {
            true => Err(Invalid::Title("This is on the list already.")),
            false => Ok(title.to_owned()),
        }
    }
}
