//! How many nodes there are: the connections that listen to a channel which every node listens to
//! once.

use futures_util::future::join_all;
use redis::cmd;

use super::link::Link;
use crate::cluster::adapter::AdapterError;

/// With NUMSUB or SHARDNUMSUB. The masters of a Redis Cluster know their own subscribers only.
pub(super) async fn subscribers(
    link: &Link,
    subcommand: &str,
    channel: &str,
) -> Result<usize, AdapterError> {
    let mut query = cmd("PUBSUB");
    query.arg(subcommand).arg(channel);
    let query = &query;
    let answers = link.all_requests()?.into_iter().map(async |mut master| {
        let answer: (String, usize) = query
            .query_async(&mut master)
            .await
            .map_err(AdapterError::new)?;
        Ok(answer.1)
    });
    let mut answers = join_all(answers).await.into_iter();
    answers.try_fold(0, |count: usize, answer| Ok(count.saturating_add(answer?)))
}
