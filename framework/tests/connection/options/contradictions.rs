//! Options each of which could work, but not together.

use std::time::{Duration, SystemTime};

use roomcast::{BuildError, Cookie, Cors, NamespaceBuilder, Rate, SameSite, TrustProxy};

use super::{EVER, NOTHING, Typing, Visitor, hub, refused};

#[test]
fn options_that_contradict_each_other_are_refused() {
    let named = || hub().server_id("node-1");
    let node = || Cookie::named("node");
    let rooms = || hub().dynamic_namespace::<Visitor>("/room-{id}");
    let hour = Duration::from_secs(3600);
    let (some, more) = (Rate::per_second(1), Rate::per_second(2));
    let visitors = || NamespaceBuilder::named::<Visitor>("/limited");
    for (told, hub) in [
        (
            "`event_rate_of` must not be given twice for one event",
            hub().namespace_with(
                visitors()
                    .event_rate_of::<Typing>(some)
                    .event_rate_of::<Typing>(more),
            ),
        ),
        (
            "`byte_rate_of` must not be given twice for one event",
            hub().namespace_with(
                visitors()
                    .byte_rate_of::<Typing>(some)
                    .byte_rate_of::<Typing>(some),
            ),
        ),
        (
            "`max_dynamic_namespaces` must not be zero where there are dynamic namespaces",
            rooms().max_dynamic_namespaces(0),
        ),
        (
            "`max_namespaces_per_connection` must not be zero where there are dynamic namespaces",
            rooms().max_namespaces_per_connection(0),
        ),
        (
            "`unhealthy_after` must not be less than `blocked_worker_after`",
            hub().blocked_worker_after(hour),
        ),
        (
            "`trust_proxy` must trust a proxy: with no hops, and no networks, it trusts none",
            hub().trust_proxy(TrustProxy::hops(0)),
        ),
        (
            "`trust_proxy` must trust a proxy: with no hops, and no networks, it trusts none",
            hub().trust_proxy(TrustProxy::networks([]).unwrap()),
        ),
        (
            "`cors` must not have `credentials` for `*`, which browsers ignore: name the origins, \
             or use `Origins::reflected`",
            hub().cors(Cors::new("*").credentials(true)),
        ),
        (
            "`cookie` must be `secure` with `SameSite::None`, or browsers drop it",
            hub().cookie(Cookie::default().same_site(Some(SameSite::None))),
        ),
        (
            "`affinity_cookie` must not expire, since sessions need it to their end",
            named().affinity_cookie(node().max_age(hour)),
        ),
        (
            "`affinity_cookie` must not expire, since sessions need it to their end",
            named().affinity_cookie(node().expires(SystemTime::now() + hour)),
        ),
        (
            "`affinity_cookie` needs a `server_id`: no load balancer knows a node by a name that is \
             new after each start",
            hub().affinity_cookie(node()),
        ),
        (
            "`affinity_cookie` must not have the name of `cookie`: one would replace the other",
            named().cookie(node()).affinity_cookie(node()),
        ),
    ] {
        let error = refused(hub);
        assert!(matches!(error, BuildError::Contradiction { .. }), "{error}");
        assert_eq!(error.to_string(), told);
    }
}

#[test]
fn what_only_looks_like_a_contradiction_is_built() {
    let hour = Duration::from_secs(3600);
    let rate = Rate::per_second(1);
    for hub in [
        hub().namespace_with(
            NamespaceBuilder::named::<Visitor>("/limited")
                .event_rate_of::<Typing>(rate)
                .byte_rate_of::<Typing>(rate),
        ),
        hub().max_dynamic_namespaces(0),
        hub().blocked_worker_after(EVER),
        hub().park_polls_after(EVER),
        hub().park_polls_after(NOTHING),
        hub().expiry_notice(NOTHING),
        hub().cookie(Cookie::default().max_age(hour)),
        hub().cookie(
            Cookie::default()
                .same_site(Some(SameSite::None))
                .secure(true),
        ),
        hub().cors(Cors::new(roomcast::Origins::reflected()).credentials(true)),
    ] {
        assert!(hub.build().is_ok());
    }
}
