/// How an event lies in the argument list of its packet.
///
/// ```
/// use roomcast::{event::Args, prelude::*};
///
/// #[derive(Serialize, Event)]
/// struct Moved(i32, i32);
///
/// assert_eq!(Moved::ARGS, Args::Many(2));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Args {
    /// A unit struct: no argument.
    None,
    /// Named fields, or one unnamed: the value is the one argument.
    One,
    /// A tuple struct: each field is an argument.
    Many(usize),
}
