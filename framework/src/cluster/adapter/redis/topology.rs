//! Which servers take writes, and for what.

use redis::{Value, cmd, from_redis_value};

use super::{
    dialer::{Address, Dialer, Tasks},
    options::Endpoints,
};
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
    fn single(address: Address) -> Self {
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

    /// Whether another server takes writes.
    pub(super) fn has_moved_since(&self, before: &Self) -> bool {
        self.masters != before.masters || self.ranges != before.ranges
    }

    /// The index of the master that has the slot. Slots that nobody has are the first one's, which
    /// will refuse them.
    pub(super) fn master_of(&self, slot: u16) -> usize {
        let at = self.ranges.partition_point(|range| range.1 < slot);
        let range = self.ranges.get(at).filter(|range| range.0 <= slot);
        range.map_or(0, |range| range.2)
    }

    /// Asks for it, in a Redis Cluster also the masters of before.
    ///
    /// # Errors
    /// If nobody knows.
    pub(super) async fn discover(
        dialer: &Dialer,
        endpoints: &Endpoints,
        before: &[Address],
    ) -> Result<Self, AdapterError> {
        let mut error = AdapterError::new("there is nobody to ask for the masters of Redis");
        match endpoints {
            Endpoints::Single(address) => return Ok(Self::single(address.clone())),
            Endpoints::Sentinel { master, sentinels } => {
                for (sentinel, address) in sentinels {
                    // One that is cut off from the others may name a master of before.
                    let found = async {
                        let master = ask_sentinel(sentinel, address, master).await?;
                        Self::verified(dialer, master).await
                    };
                    match found.await {
                        Ok(topology) => return Ok(topology),
                        Err(reason) => error = reason,
                    }
                }
            }
            Endpoints::Cluster(nodes) => {
                for node in before.iter().chain(nodes) {
                    match ask_node(dialer, node).await {
                        Ok(topology) => return Ok(topology),
                        Err(reason) => error = reason,
                    }
                }
            }
        }
        Err(error)
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

async fn ask_node(dialer: &Dialer, node: &Address) -> Result<Topology, AdapterError> {
    let mut command = cmd("CLUSTER");
    // SHARDS is newer than what other parts need.
    command.arg("SLOTS");
    let answer: Vec<Value> = ask(dialer, node, &command).await?;
    let ranges = answer.into_iter().map(|range| parse_range(range, node));
    let Some(mut ranges) = ranges.collect::<Option<Vec<_>>>() else {
        return Err(AdapterError::new("CLUSTER SLOTS has another form"));
    };
    // Whoever is asked: the same masters in the same order.
    ranges.sort_unstable_by_key(|range| range.first);
    let mut topology = Topology {
        masters: Vec::new(),
        replicas: Vec::new(),
        ranges: Vec::new(),
    };
    for Range {
        first,
        last,
        master: address,
        replicas,
    } in ranges
    {
        for replica in replicas {
            if !topology.replicas.contains(&replica) {
                topology.replicas.push(replica);
            }
        }
        let masters = &mut topology.masters;
        let known = masters.iter().position(|master| *master == address);
        let index = known.unwrap_or(masters.len());
        if known.is_none() {
            masters.push(address);
        }
        topology.ranges.push((first, last, index));
    }
    match topology.masters.is_empty() {
        true => Err(AdapterError::new("the Redis Cluster has no slots yet")),
        false => Ok(topology),
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
