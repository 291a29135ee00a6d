use std::sync::Arc;

use redis::Pipeline;

use super::outbox::Waiting;

/// The name of a field of ours, which others pass over: the node that has added the entry has
/// delivered it already.
pub(super) const HERE: &str = "here";

/// How entries are added.
pub(super) struct Adding {
    pub(super) server_id: Arc<str>,
    pub(super) max_len: u64,
}

impl Adding {
    /// One transaction, or one command, as it is sent.
    pub(super) fn pack<'a>(
        &self,
        batch: &[Arc<Waiting>],
        name: impl Fn(usize) -> &'a str,
    ) -> Vec<u8> {
        let mut pipeline = Pipeline::new();
        if batch.len() > 1 {
            pipeline.atomic();
        }
        for entry in batch {
            let Waiting {
                nsp, kind, data, ..
            } = &**entry;
            pipeline
                .cmd("XADD")
                .arg(name(entry.stream))
                .arg(("MAXLEN", "~", self.max_len, "*"))
                .arg(("uid", &*self.server_id, "nsp", &**nsp, "type", *kind))
                .arg("data")
                .arg(&**data);
            if entry.is_here() {
                pipeline.arg((HERE, "1"));
            }
        }
        pipeline.get_packed_pipeline()
    }
}
