//! How many nodes there are: the connections that listen to a channel which every node listens to
//! once. Which: those that listen to a channel of their own.

use std::{collections::BTreeSet, sync::Arc};

use futures_util::future::{try_join, try_join_all};
use redis::{FromRedisValue, cmd};
use tokio::time::timeout;

use super::{
    link::Link,
    requests::{Asked, known},
};
use crate::cluster::{
    adapter::AdapterError,
    wire::{Channel, Place},
};

/// Those of a channel, with NUMSUB or SHARDNUMSUB; `own` is a channel to which this node listens. The servers
/// of a Redis Cluster know their own subscribers only, and those of Node's servers may be replicas.
pub(super) async fn subscribers(
    link: &Link,
    subcommand: &str,
    channel: &str,
    own: &str,
) -> Result<usize, AdapterError> {
    let is_somebody = |counts: &Counts| counts.iter().any(|(_, count)| *count > 0);
    let answers: Vec<Counts> = ask_all(link, subcommand, &[channel, own], is_somebody).await?;
    // In the order in which they were asked for.
    let of = |place: usize| {
        let counts = answers.iter().filter_map(|counts| counts.get(place));
        counts.fold(0, |sum: usize, (_, count)| sum.saturating_add(*count))
    };
    // Redis has closed this node's subscriptions, which it has not noticed yet: it is not counted, and whoever
    // leaves it out of the count would leave out another one.
    if of(1) == 0 {
        return Err(AdapterError::new(
            "Redis does not know this node as a subscriber",
        ));
    }
    Ok(of(0))
}

/// How many listen to which channel.
type Counts = Vec<(String, usize)>;

/// The names below a channel that someone listens to, with CHANNELS or SHARDCHANNELS.
pub(super) async fn names(
    link: &Link,
    subcommand: &str,
    channel: &Channel,
    pattern: &str,
) -> Result<Vec<Arc<str>>, AdapterError> {
    let is_somebody = |names: &Vec<String>| !names.is_empty();
    let answers = ask_all(link, subcommand, &[pattern], is_somebody).await?;
    let names = answers.iter().flatten();
    // Servers may tell the same twice, and a namespace may look like another's room.
    let names: BTreeSet<&str> = names
        .filter_map(|name| match channel.place(name) {
            Some(Place::Named(name)) if !name.contains('#') => Some(name),
            _ => None,
        })
        .collect();
    Ok(names.into_iter().map(Arc::from).collect())
}

async fn ask_all<T: FromRedisValue>(
    link: &Link,
    subcommand: &str,
    about: &[&str],
    is_somebody: impl Fn(&T) -> bool,
) -> Result<Vec<T>, AdapterError> {
    let mut query = cmd("PUBSUB");
    query.arg(subcommand).arg(about);
    let query = &query;
    let requests = link.all_requests()?;
    // Who asks is to have time for what is asked of the nodes.
    let patience = link.dialer.response_timeout / 4;
    let replicas = known(requests.replicas.clone(), patience).await?;
    let ask = async |asked: &Asked| query.query_async(&mut asked.connection.clone()).await;
    let of_masters = try_join_all(requests.masters.iter().map(async |master| {
        let answer = ask(master).await;
        answer.map_err(AdapterError::new)
    }));
    let of_replicas = try_join_all(replicas.iter().map(async |replica| {
        let audience = &replica.audience;
        let answer = match audience.is_passed_over() {
            true => None,
            false => timeout(patience, ask(&replica.asked)).await.ok(),
        };
        audience.answered(answer, &is_somebody)
    }));
    let (mut answers, of_replicas) = try_join(of_masters, of_replicas).await?;
    // This node is not among them any more, and would take another one for itself.
    if link.is_deaf() {
        return Err(AdapterError::new("this node leaves the cluster"));
    }
    answers.extend(of_replicas.into_iter().flatten());
    Ok(answers)
}
