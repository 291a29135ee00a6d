//! What the chapters about clusters say in tables: the options of adapters and of the shared state with their
//! defaults, and what does not fit into the outbox.

use std::collections::BTreeMap;

use crate::{
    Tested,
    pages::{code, quoted, read, root, sources_below, table},
    shown,
};

/// The functions of builders that a source declares.
fn options(source: &str) -> impl Iterator<Item = String> {
    let functions = source.split("pub fn ").skip(1);
    functions.filter_map(|function| {
        let (name, arguments) = function.split_once('(')?;
        let name = name.split('<').next()?;
        let takes = arguments.trim_start().starts_with("mut self");
        takes.then(|| name.to_owned())
    })
}

/// What fields are said to be in a source, as the guide writes it: values, and types.
fn values(source: &str) -> BTreeMap<&str, Vec<String>> {
    let mut values = BTreeMap::<_, Vec<_>>::new();
    for line in source.lines() {
        let field = line.trim().strip_suffix(',');
        if let Some((name, value)) = field.and_then(|field| field.split_once(": ")) {
            let name = name.rsplit(' ').next().unwrap_or(name);
            values.entry(name).or_default().push(shown(name, value));
        }
    }
    values
}

#[test]
fn every_option_of_an_adapter_is_there_with_its_default() -> Tested {
    let of_all = table("adapters.md", "option of `Redis`")?;
    let of_each = table("adapters.md", "option of")?;
    let rows = of_all.iter().map(|row| (&row[0], &row[1]));
    let rows = rows.chain(of_each.iter().map(|row| (&row[1], &row[2])));
    let rows: Vec<_> = rows.collect();
    let sources = sources_below(&root().join("framework/src/cluster/adapter/redis"))?;
    let told: Vec<&str> = rows.iter().flat_map(|(names, _)| code(names)).collect();
    // What a broadcast of the emitter takes is no option of an adapter.
    let broadcast = read("framework/src/cluster/adapter/redis/emitter/broadcast.rs")?;
    let broadcast: Vec<_> = options(&broadcast).collect();
    for option in options(&sources).filter(|option| !broadcast.contains(option)) {
        assert!(told.contains(&&*option), "`{option}` is not told");
    }
    let set = [
        "options.rs",
        "pub_sub.rs",
        "sharded.rs",
        "streams/options.rs",
    ]
    .map(|file| read(&format!("framework/src/cluster/adapter/redis/{file}")));
    let set = set.into_iter().collect::<Result<Vec<_>, _>>()?.concat();
    let values = values(&set);
    for (names, default) in rows {
        for name in code(names) {
            let known = sources.contains(&format!("pub fn {name}"));
            assert!(known, "there is no `{name}`");
            let Some(values) = values.get(name) else {
                continue;
            };
            // A default of another type is told by its name.
            if !values.iter().any(|value| value.contains("default()")) {
                let told = default.trim_end_matches(" entries").to_owned();
                assert!(values.contains(&told), "{name}: {told}, not {values:?}");
            }
        }
    }
    Ok(())
}

#[test]
fn every_option_of_the_shared_state_is_there_with_its_default() -> Tested {
    let source = read("framework/src/config/shared_state.rs")?;
    let rows = table("presence.md", "option of `SharedState`")?;
    let told: Vec<_> = rows.iter().map(|row| row[0].replace('`', "")).collect();
    assert_eq!(told, options(&source).collect::<Vec<_>>());
    let values = values(&source);
    for row in &rows {
        let name = row[0].replace('`', "");
        let values = values.get(&*name).ok_or("no default")?;
        // A product is told in words.
        let is_told = values.contains(&row[1]) || values.iter().any(|value| value.contains('*'));
        assert!(is_told, "{name}: {values:?}");
    }
    Ok(())
}

#[test]
fn every_reason_of_a_dropped_message_is_there() -> Tested {
    let outbox = sources_below(&root().join("framework/src/cluster/adapter/redis"))?;
    let rows = table("running-redis.md", "`OutboxPolicy`")?;
    let told: Vec<&str> = rows.iter().flat_map(|row| code(&row[2])).collect();
    // `Debug` of the options has the name of one.
    let reasons =
        quoted(&outbox).filter(|word| word.starts_with("outbox_") && *word != "outbox_policy");
    for reason in reasons {
        assert!(told.contains(&reason), "`{reason}` is not told");
    }
    Ok(())
}
