//! What a node that leaves still has to read.

use redis::{Value, cmd};

use super::{adapter::StreamsAdapter, reply};
use crate::{cluster::adapter::redis::refusal::Refusal, error::AdapterError};

impl StreamsAdapter {
    /// Waits until everything has been received that is in the streams by now.
    ///
    /// # Errors
    /// If Redis cannot be asked how much that is.
    pub(super) async fn read_to_end(&self) -> Result<(), AdapterError> {
        for lane in &self.lanes {
            for stream in 0..lane.len() {
                let name = lane.name(stream);
                let mut redis = self.link.requests(name.as_bytes())?;
                let mut info = cmd("XINFO");
                info.arg("STREAM").arg(name);
                let end = match info.query_async::<Value>(&mut redis).await {
                    Ok(found) => reply::info(found).last,
                    // Nothing was written to it yet.
                    Err(error) if Refusal::of(&error) == Some(Refusal::Never) => continue,
                    Err(error) => return Err(AdapterError::new(error)),
                };
                if let Some(mut delivered) = lane.delivered(stream) {
                    // The sender is the lane's.
                    let _ = delivered.wait_for(|delivered| *delivered >= end).await;
                }
            }
        }
        Ok(())
    }
}
