//! In which stream a namespace's messages are.

use crate::cluster::wire::entry::stream_name;

/// The streams of the cluster.
#[derive(Debug)]
pub(super) struct Places {
    name: String,
    count: u32,
    names: Vec<String>,
}

impl Places {
    /// Those with a negative number too, in which half of all namespaces are: see
    /// [`stream_name`].
    pub(super) fn new(name: String, count: u32) -> Self {
        let numbers = i64::from(count);
        let names = match count {
            0 | 1 => vec![name.clone()],
            _ => (1 - numbers..numbers)
                .map(|number| format!("{name}-{number}"))
                .collect(),
        };
        Self { name, count, names }
    }

    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// The index of the namespace's among the [`names`](Self::names).
    pub(super) fn index(&self, namespace: &str) -> usize {
        let name = stream_name(&self.name, self.count, namespace);
        let mut names = self.names.iter();
        names.position(|known| **known == *name).unwrap_or_default()
    }

    /// Whether Node's nodes read the namespace's stream. What they publish they write there, too.
    pub(super) fn is_read_by_node(&self, namespace: &str) -> bool {
        self.count <= 1 || self.index(namespace) + 1 >= self.count as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_namespace_has_one_of_the_streams() {
        let one = Places::new("s".to_owned(), 1);
        assert_eq!(one.names(), ["s"]);
        assert!(one.index("/my-namespace") == 0 && one.is_read_by_node("/my-namespace"));
        let four = Places::new("s".to_owned(), 4);
        assert_eq!(
            four.names(),
            ["s--3", "s--2", "s--1", "s-0", "s-1", "s-2", "s-3"]
        );
        for (namespace, name, read) in [
            ("/", "s-3", true),
            ("/admin", "s-0", true),
            ("/my-namespace", "s--3", false),
        ] {
            assert_eq!(four.names()[four.index(namespace)], name);
            assert_eq!(four.is_read_by_node(namespace), read, "{namespace}");
        }
    }
}
