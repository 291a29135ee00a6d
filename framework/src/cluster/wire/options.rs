//! Whom a message is for, and how it is to be sent.

use std::borrow::Cow;

use super::{
    Flags, Options, WireError,
    value::{Object, Value},
    write::Writer,
};
use crate::config::SlowConsumer;

/// How the names of [`SlowConsumer`] are spelled in an event's attributes.
const POLICIES: [(&str, SlowConsumer); 4] = [
    ("close", SlowConsumer::Close),
    ("drop_newest", SlowConsumer::DropNewest),
    ("drop_oldest", SlowConsumer::DropOldest),
    ("latest", SlowConsumer::Latest),
];

/// A room that no socket can join: the name is the hub's own.
const NOBODY: &str = "roomcast:nobody";

/// Whether options have flags, and where: rooms are first, then the excepted ones.
#[derive(Debug, Clone, Copy)]
pub(super) enum Members {
    WithoutFlags,
    FlagsLast,
    FlagsBetween,
}

pub(super) fn write_options(
    out: &mut Writer,
    options: &Options<'_>,
    members: Members,
) -> Result<(), WireError> {
    out.key("opts")?;
    write_whom(out, options, members)
}

/// Options as a value.
pub(super) fn write_whom(
    out: &mut Writer,
    options: &Options<'_>,
    members: Members,
) -> Result<(), WireError> {
    out.object(members.len(), |out| {
        write_texts(out, "rooms", &options.rooms)?;
        match members {
            Members::WithoutFlags => write_texts(out, "except", &options.except),
            Members::FlagsLast => {
                write_texts(out, "except", &options.except)?;
                write_flags(out, &options.flags)
            }
            Members::FlagsBetween => {
                write_flags(out, &options.flags)?;
                write_texts(out, "except", &options.except)
            }
        }
    })
}

impl Members {
    fn len(self) -> usize {
        match self {
            Self::WithoutFlags => 2,
            Self::FlagsLast | Self::FlagsBetween => 3,
        }
    }
}

fn write_flags(out: &mut Writer, flags: &Flags) -> Result<(), WireError> {
    let Flags {
        volatile,
        compress,
        timeout,
        expect_single_response,
        slow_consumer,
    } = *flags;
    let members = [
        volatile,
        !compress,
        timeout.is_some(),
        expect_single_response,
    ];
    let members = members.into_iter().filter(|told| *told).count();
    let members = members + 2 * usize::from(slow_consumer.is_some());
    out.key("flags")?;
    out.object(members, |out| {
        // What has its default is not told.
        for (key, told, value) in [
            ("volatile", volatile, true),
            ("compress", !compress, false),
            ("expectSingleResponse", expect_single_response, true),
        ] {
            if told {
                out.key(key)?;
                out.flag(value)?;
            }
        }
        if let Some(timeout) = timeout {
            out.key("timeout")?;
            out.number(timeout)?;
        }
        // For roomcast's own nodes; Node's ignore flags that they do not know.
        if let Some((policy, key)) = slow_consumer {
            let name = POLICIES.iter().find(|(_, known)| *known == policy);
            out.key("slowConsumer")?;
            out.text(name.map_or("close", |(name, _)| name))?;
            out.key("key")?;
            out.number(key)?;
        }
        Ok(())
    })
}

/// Nothing at all is everyone, as in Node; emitters may leave out what is empty.
pub(super) fn read_options(options: Option<Value<'_>>) -> Result<Options<'_>, WireError> {
    let Some(options) = options else {
        return Ok(Options::default());
    };
    let options = options.object()?;
    Ok(Options {
        rooms: rooms(options.get("rooms"))?,
        except: texts(options.get("except"))?,
        flags: match options.get("flags") {
            Some(flags) => read_flags(&flags.object()?),
            None => Flags::default(),
        },
    })
}

/// A flag that is not as it should be is as good as absent: the event goes out.
fn read_flags(flags: &Object<'_>) -> Flags {
    let flag = |key| flags.get(key).and_then(|value| value.flag().ok());
    let number = |key| flags.get(key).and_then(|value| value.number().ok());
    let policy = flags.get("slowConsumer").and_then(|policy| {
        let name = policy.text().ok()?;
        let (_, policy) = POLICIES.iter().find(|(known, _)| *known == name)?;
        Some((*policy, number("key")?))
    });
    Flags {
        volatile: flag("volatile").unwrap_or(false),
        compress: flag("compress").unwrap_or(true),
        timeout: number("timeout"),
        expect_single_response: flag("expectSingleResponse").unwrap_or(false),
        slow_consumer: policy,
    }
}

/// A member that is a list of texts.
pub(super) fn write_texts(
    out: &mut Writer,
    key: &str,
    texts: &[Cow<'_, str>],
) -> Result<(), WireError> {
    out.key(key)?;
    out.list(texts.len(), |out| {
        texts.iter().try_for_each(|text| out.text(text))
    })
}

/// The texts of a list; none if there is no list. Node's servers tell rooms that are none, such as the
/// `null` of a user without a socket: nobody is in them.
pub(super) fn texts(list: Option<Value<'_>>) -> Result<Vec<Cow<'_, str>>, WireError> {
    let Some(list) = list else {
        return Ok(Vec::new());
    };
    let texts = list.list()?.into_iter();
    Ok(texts.filter_map(|text| text.text().ok()).collect())
}

/// The rooms that a message is for, of which none would be everyone.
pub(super) fn rooms(list: Option<Value<'_>>) -> Result<Vec<Cow<'_, str>>, WireError> {
    let mut rooms = texts(list)?;
    let is_for_some = |list: Value<'_>| list.list().is_ok_and(|list| !list.is_empty());
    if rooms.is_empty() && list.is_some_and(is_for_some) {
        rooms.push(NOBODY.into());
    }
    Ok(rooms)
}
