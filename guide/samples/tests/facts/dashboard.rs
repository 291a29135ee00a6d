//! The dashboard for Grafana: what it asks for is there, and it asks for all that there is.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{
    Tested,
    pages::{quoted, read},
};

const DASHBOARD: &str = "examples/deploy/grafana/roomcast.json";

/// Every query in it.
fn queries(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value.as_str() {
                    Some(query) if name == "expr" => found.push(query.to_owned()),
                    _ => queries(value, found),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| queries(value, found)),
        _ => {}
    }
}

/// The metrics that a query names: whatever has labels behind it.
fn metrics(query: &str) -> impl Iterator<Item = &str> {
    let ends = query.match_indices('{').map(|(at, _)| &query[..at]);
    ends.filter_map(|before| {
        let name = before.rsplit(|c: char| !c.is_alphanumeric() && c != '_');
        name.into_iter().next()
    })
}

#[test]
fn every_query_is_for_a_metric_that_is_there_in_the_form_that_it_has() -> Tested {
    let figures = read("framework/src/metrics.rs")?;
    let figures: BTreeSet<_> = figures
        .lines()
        .filter_map(|line| line.trim().strip_suffix("\",")?.split_once(" => \""))
        .map(|(_, name)| name.to_owned())
        .collect();
    let labelled = read("framework/src/metrics/labelled.rs")?;
    let declared = labelled.lines().filter(|line| line.starts_with("const "));
    let (latencies, labelled): (BTreeSet<_>, BTreeSet<_>) = declared
        .flat_map(quoted)
        .map(ToOwned::to_owned)
        .partition(|name| name.ends_with("_seconds"));

    let mut found = Vec::new();
    queries(&serde_json::from_str(&read(DASHBOARD)?)?, &mut found);
    let mut named = BTreeSet::new();
    for query in &found {
        for name in metrics(query) {
            let latency = name.strip_suffix("_bucket");
            let there = match latency {
                Some(latency) => latencies.contains(latency),
                None => figures.contains(name) || labelled.contains(name),
            };
            assert!(there, "there is no `{name}`: {query}");
            let is_counter = name.ends_with("_total");
            let is_rate = query.contains("rate(") || query.contains("increase(");
            assert_eq!(is_counter || latency.is_some(), is_rate, "{query}");
            named.insert(latency.unwrap_or(name).to_owned());
        }
    }
    assert!(figures.len() > 60, "only {figures:?}");
    for name in figures.iter().chain(&latencies).chain(&labelled) {
        assert!(named.contains(name), "`{name}` is not shown");
    }
    Ok(())
}
