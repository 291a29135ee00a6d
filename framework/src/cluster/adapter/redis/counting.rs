//! How many nodes there are: the connections that listen to a channel which every node listens to
//! once.

use redis::cmd;

use super::link::Link;
use crate::cluster::adapter::AdapterError;

/// With NUMSUB or SHARDNUMSUB. The masters of a Redis Cluster know their own subscribers only.
pub(super) async fn subscribers(
    link: &Link,
    subcommand: &str,
    channel: &str,
) -> Result<usize, AdapterError> {
    let mut count = 0;
    for mut connection in link.all_requests()? {
        let answer: (String, usize) = cmd("PUBSUB")
            .arg(subcommand)
            .arg(channel)
            .query_async(&mut connection)
            .await
            .map_err(AdapterError::new)?;
        count += answer.1;
    }
    Ok(count)
}
