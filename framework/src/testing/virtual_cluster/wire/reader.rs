use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use tokio::time::Sleep;

use super::{Way, Wire};

/// The end of a lane at which bytes come out.
pub(in super::super) struct Reader {
    wire: Arc<Wire>,
    way: Way,
    alarm: Option<Pin<Box<Sleep>>>,
}

impl Reader {
    pub(in super::super) fn new(wire: Arc<Wire>, way: Way) -> Self {
        Self {
            wire,
            way,
            alarm: None,
        }
    }

    /// The next bytes; `None` at the end.
    pub(in super::super) fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<Option<Bytes>>> {
        self.wire.poll_read(self.way, &mut self.alarm, cx)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.wire.refuse(self.way);
    }
}
