//! Which servers take writes, and for what.

use std::collections::BTreeSet;

use redis::{Value, cmd, from_redis_value};

use super::dialer::{Address, Dialer, Tasks};
use crate::cluster::adapter::AdapterError;

/// The masters at one moment: one, or those of a Redis Cluster.
#[derive(Debug, Clone)]
pub(super) struct Topology {
    masters: Vec<Address>,
    /// Of a Redis Cluster: who is subscribed there hears everything, too.
    replicas: Vec<Address>,
    /// First and last slot, and the master that has them; in order.
    ranges: Vec<(u16, u16, usize)>,
}

impl Topology {
    /// One master that has everything.
    pub(super) fn single(address: Address) -> Self {
        Self {
            masters: vec![address],
            replicas: Vec::new(),
            ranges: vec![(0, u16::MAX, 0)],
        }
    }

    /// The sentinels may not know yet that a master is none any more.
    async fn verified(dialer: &Dialer, address: Address) -> Result<Self, AdapterError> {
        let role: Vec<Value> = ask(dialer, &address, &cmd("ROLE")).await?;
        match role.into_iter().next().map(from_redis_value::<String>) {
            Some(Ok(role)) if role == "master" => Ok(Self::single(address)),
            _ => Err(AdapterError::new("what the sentinels call master is none")),
        }
    }

    pub(super) fn masters(&self) -> &[Address] {
        &self.masters
    }

    /// Those that a Redis Cluster names; of others it is not known.
    pub(super) fn replicas(&self) -> &[Address] {
        &self.replicas
    }

    /// Whether another server takes writes: for one of these slots, or any if none are named.
    pub(super) fn has_moved_since(&self, before: &Self, slots: Option<&[u16]>) -> bool {
        let moved = |slot: &u16| self.master_of(*slot) != before.master_of(*slot);
        self.masters != before.masters
            || match slots {
                Some(slots) => slots.iter().any(moved),
                None => self.ranges != before.ranges,
            }
    }

    /// The index of the master that has the slot. Slots that nobody has are the first one's, which
    /// will refuse them.
    pub(super) fn master_of(&self, slot: u16) -> usize {
        let at = self.ranges.partition_point(|range| range.1 < slot);
        let range = self.ranges.get(at).filter(|range| range.0 <= slot);
        range.map_or(0, |range| range.2)
    }

    /// As a sentinel knows it. One that is cut off from the others may name a master of before.
    pub(super) async fn of_sentinel(
        dialer: &Dialer,
        sentinel: &Dialer,
        address: &Address,
        master: &str,
    ) -> Result<Self, AdapterError> {
        let master = ask_sentinel(sentinel, address, master).await?;
        Self::verified(dialer, master).await
    }

    /// As a node of a Redis Cluster knows it.
    pub(super) async fn of_node(dialer: &Dialer, node: &Address) -> Result<Self, AdapterError> {
        let mut command = cmd("CLUSTER");
        // SHARDS is newer than what other parts need.
        command.arg("SLOTS");
        let answer: Vec<Value> = ask(dialer, node, &command).await?;
        let ranges = answer.into_iter().map(|range| parse_range(range, node));
        let Some(ranges) = ranges.collect::<Option<Vec<_>>>() else {
            return Err(AdapterError::new("CLUSTER SLOTS has another form"));
        };
        let topology = Self::of_ranges(ranges);
        match topology.masters.is_empty() {
            true => Err(AdapterError::new("the Redis Cluster has no slots yet")),
            false => Ok(topology),
        }
    }

    /// Whoever was asked, and wherever the slots are: the same masters in the same order.
    fn of_ranges(mut ranges: Vec<Range>) -> Self {
        ranges.sort_unstable_by_key(|range| range.first);
        let distinct = |addresses: Vec<&Address>| {
            let distinct: BTreeSet<_> = addresses.into_iter().cloned().collect();
            distinct.into_iter().collect::<Vec<_>>()
        };
        let masters = distinct(ranges.iter().map(|range| &range.master).collect());
        let replicas = distinct(ranges.iter().flat_map(|range| &range.replicas).collect());
        let ranges = ranges.iter().map(|range| {
            let master = masters.binary_search(&range.master).unwrap_or_default();
            (range.first, range.last, master)
        });
        Self {
            ranges: ranges.collect(),
            masters,
            replicas,
        }
    }
}

async fn ask_sentinel(
    dialer: &Dialer,
    sentinel: &Address,
    master: &str,
) -> Result<Address, AdapterError> {
    let mut command = cmd("SENTINEL");
    command.arg("GET-MASTER-ADDR-BY-NAME").arg(master);
    let answer: Option<(String, u16)> = ask(dialer, sentinel, &command).await?;
    match answer {
        Some((host, port)) => Ok(Address::Tcp(host, port)),
        None => Err(AdapterError::new(format!(
            "the sentinel knows no master named {master:?}"
        ))),
    }
}

/// The slots from the first to the last, and who has them.
struct Range {
    first: u16,
    last: u16,
    master: Address,
    replicas: Vec<Address>,
}

/// `[first, last, [host, port, ..], replicas ..]`.
fn parse_range(range: Value, asked: &Address) -> Option<Range> {
    let Value::Array(parts) = range else {
        return None;
    };
    let mut parts = parts.into_iter();
    Some(Range {
        first: from_redis_value(parts.next()?).ok()?,
        last: from_redis_value(parts.next()?).ok()?,
        master: parse_node(parts.next()?, asked)?,
        replicas: parts.filter_map(|node| parse_node(node, asked)).collect(),
    })
}

fn parse_node(node: Value, asked: &Address) -> Option<Address> {
    let Value::Array(node) = node else {
        return None;
    };
    let mut node = node.into_iter();
    let host: Option<String> = from_redis_value(node.next()?).ok()?;
    let port = from_redis_value(node.next()?).ok()?;
    // A node that does not know how it is called is called as we did.
    let host = match (host.filter(|host| !host.is_empty()), asked) {
        (Some(host), _) => host,
        (None, Address::Tcp(host, _)) => host.clone(),
        (None, Address::Unix(_)) => return None,
    };
    Some(Address::Tcp(host, port))
}

async fn ask<T: redis::FromRedisValue>(
    dialer: &Dialer,
    address: &Address,
    command: &redis::Cmd,
) -> Result<T, AdapterError> {
    let mut tasks = Tasks::new();
    let timeout = Some(dialer.response_timeout);
    let mut connection = dialer
        .connection(address, None, timeout, &mut tasks)
        .await?;
    command
        .query_async(&mut connection)
        .await
        .map_err(AdapterError::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_slots_that_matter_have_moved() {
        let range = |first, last, port| Range {
            first,
            last,
            master: Address::Tcp("host".to_owned(), port),
            replicas: Vec::new(),
        };
        let before = Topology::of_ranges(vec![range(0, 99, 1), range(100, 199, 2)]);
        // The lowest slot of the first, by which another master is the first one.
        let now = Topology::of_ranges(vec![range(100, 199, 2), range(1, 99, 1), range(0, 0, 2)]);
        assert_eq!(now.masters(), before.masters());
        let moved = |slots: Option<&[u16]>| now.has_moved_since(&before, slots);
        assert!(moved(None) && moved(Some(&[5, 0])));
        assert!(!moved(Some(&[1, 99, 100])) && !moved(Some(&[])));
        assert!(!now.has_moved_since(&now, None));
        let more = Topology::of_ranges(vec![
            range(0, 99, 1),
            range(100, 198, 2),
            range(199, 199, 3),
        ]);
        assert!(more.has_moved_since(&before, Some(&[])));
    }

    #[test]
    fn slots_lead_to_their_master() {
        let address = |port| Address::Tcp("host".to_owned(), port);
        let topology = Topology {
            masters: vec![address(1), address(2)],
            replicas: Vec::new(),
            ranges: vec![(0, 99, 1), (200, 300, 0), (301, 16_383, 1)],
        };
        let of = |slot| topology.master_of(slot);
        assert_eq!(
            [of(0), of(99), of(200), of(300), of(301), of(16_383)],
            [1, 1, 0, 0, 1, 1]
        );
        assert_eq!(of(150), 0, "nobody's");
        assert_eq!(Topology::single(address(1)).master_of(16_383), 0);
    }
}
