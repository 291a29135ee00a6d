//! What becomes of an event for a client whose outbox is full: the policy, and the key of what is kept.

use syn::{Fields, LitStr, Member};

use crate::attribute::Given;
use crate::event::SlowConsumer;
use crate::mistakes::Mistakes;
use crate::names;

const POLICIES: [(&str, SlowConsumer); 4] = [
    ("close", SlowConsumer::Close),
    ("drop_newest", SlowConsumer::DropNewest),
    ("drop_oldest", SlowConsumer::DropOldest),
    ("latest", SlowConsumer::Latest),
];

pub(super) fn slow_consumer(
    given: Option<Given<LitStr>>,
    mistakes: &mut Mistakes,
) -> Option<SlowConsumer> {
    let literal = given?.value?;
    let policy = policy(&literal);
    if policy.is_none() {
        let known = POLICIES.map(|(word, _)| word);
        let quoted = known.map(|word| format!("`\"{word}\"`"));
        let message = match names::nearest(&literal.value(), &known) {
            Some(nearest) => format!("unknown policy: did you mean `\"{nearest}\"`?"),
            None => format!(
                "unknown policy: the policies are {}",
                names::sentence(&quoted)
            ),
        };
        mistakes.at(&literal, message);
    }
    policy
}

fn policy(literal: &LitStr) -> Option<SlowConsumer> {
    let word = literal.value();
    POLICIES
        .iter()
        .find(|(known, _)| *known == word)
        .map(|(_, policy)| *policy)
}

/// Whether a key has a use. A policy that is wrong gets the benefit of the doubt: it is reported itself.
pub(super) fn keeps_latest(given: Option<&Given<LitStr>>) -> bool {
    given.is_some_and(|given| {
        let policy = given.value.as_ref().and_then(policy);
        policy.is_none_or(|policy| policy == SlowConsumer::Latest)
    })
}

pub(super) fn key(
    given: Option<Given<Member>>,
    keeps_latest: bool,
    fields: Option<&Fields>,
    mistakes: &mut Mistakes,
) -> Option<Member> {
    let Given { word, value } = given?;
    if !keeps_latest {
        mistakes.at(
            &word,
            "`key` says of what the latest is kept: it needs `slow_consumer = \"latest\"`",
        );
    }
    let key = value?;
    let known: Vec<Member> = fields?.members().collect();
    if known.contains(&key) {
        return Some(key);
    }
    mistakes.at(&key, no_such_field(&key, &known));
    None
}

fn no_such_field(key: &Member, known: &[Member]) -> String {
    let key = displayed(key);
    if known.is_empty() {
        return format!("there is no field {key}: this struct has none, and thus no key");
    }
    let known: Vec<String> = known.iter().map(displayed).collect();
    format!(
        "there is no field {key}: this struct has {}",
        names::sentence(&known)
    )
}

fn displayed(member: &Member) -> String {
    match member {
        Member::Named(ident) => format!("`{ident}`"),
        Member::Unnamed(index) => format!("`{}`", index.index),
    }
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::super::tests::validated;
    use super::*;

    #[test]
    fn every_policy_has_its_word() {
        for (word, policy) in POLICIES {
            let (seen, messages) = validated(
                parse_quote!(
                    #[event(slow_consumer = #word)]
                    struct A;
                ),
                |event| event.slow_consumer,
            );
            assert_eq!(seen, Some(policy));
            assert!(messages.is_empty());
        }
    }
}
