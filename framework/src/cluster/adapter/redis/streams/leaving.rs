//! What a node that leaves still has to read.

use redis::{Value, cmd};

use super::{adapter::StreamsAdapter, reply};
use crate::{cluster::adapter::redis::refusal::Refusal, error::AdapterError, id::EntryId};

impl StreamsAdapter {
    /// Waits until everything has been received that is in the streams by now. What comes behind it is of
    /// nodes that do not count this one any more.
    ///
    /// # Errors
    /// If Redis cannot be asked how much that is.
    pub(super) async fn read_to_end(&self) -> Result<(), AdapterError> {
        let lanes = self.lanes.iter();
        let streams = lanes.flat_map(|lane| (0..lane.len()).map(move |stream| (lane, stream)));
        let mut ends = Vec::new();
        for (lane, stream) in streams {
            let end = self.end(lane.name(stream)).await?;
            lane.leave(stream, end);
            ends.push((lane.delivered(stream), end));
        }
        for (delivered, end) in ends {
            if let Some(mut delivered) = delivered {
                // The sender is the lane's.
                let _ = delivered.wait_for(|delivered| *delivered >= end).await;
            }
        }
        Ok(())
    }

    async fn end(&self, stream: &str) -> Result<EntryId, AdapterError> {
        let mut redis = self.link.requests(stream.as_bytes())?;
        let mut info = cmd("XINFO");
        info.arg("STREAM").arg(stream);
        match info.query_async::<Value>(&mut redis).await {
            Ok(found) => Ok(reply::info(found).last),
            // Nothing was written to it yet.
            Err(error) if Refusal::of(&error) == Some(Refusal::Never) => Ok(EntryId::default()),
            Err(error) => Err(AdapterError::new(error)),
        }
    }
}
