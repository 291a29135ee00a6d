#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn v4(host: u32) -> SocketAddr {
    SocketAddr::new(std::net::Ipv4Addr::from_bits(host).into(), 1)
}

fn admission(change: impl FnOnce(&mut Config)) -> Admission {
    let mut config = Config::default();
    change(&mut config);
    Admission::new(&config)
}

fn known(admission: &Admission) -> usize {
    admission.addresses.as_ref().unwrap().lock().unwrap().len()
}

#[test]
fn places_are_taken_and_given_back() {
    let admission = admission(|config| config.max_connections = 2);
    let now = Instant::now();
    assert_eq!(admission.enter(None, now), Ok(()));
    assert_eq!(admission.enter(Some(v4(1)), now), Ok(()));
    assert_eq!(admission.enter(Some(v4(2)), now), Err(Denied::Full));
    admission.leave(None);
    assert_eq!(admission.enter(Some(v4(2)), now), Ok(()));
}

#[test]
fn an_address_has_its_share_and_others_theirs() {
    let admission = admission(|config| config.max_connections_per_address = Some(2));
    let now = Instant::now();
    for _ in 0..2 {
        assert_eq!(admission.enter(Some(v4(1)), now), Ok(()));
    }
    assert_eq!(admission.enter(Some(v4(1)), now), Err(Denied::AddressFull));
    assert_eq!(admission.enter(Some(v4(2)), now), Ok(()));
    // Who is not told apart is not limited.
    assert_eq!(admission.enter(None, now), Ok(()));
    admission.leave(Some(v4(1)));
    assert_eq!(admission.enter(Some(v4(1)), now), Ok(()));
}

#[test]
fn a_network_of_ipv6_counts_as_one_address_and_ipv4_in_ipv6_as_itself() {
    let admission = admission(|config| config.max_connections_per_address = Some(1));
    let now = Instant::now();
    let enter = |text: &str| admission.enter(Some(text.parse().unwrap()), now);
    assert_eq!(enter("[2001:db8::1]:1"), Ok(()));
    assert_eq!(enter("[2001:db8::ffff:2]:2"), Err(Denied::AddressFull));
    assert_eq!(enter("[2001:db8:0:1::1]:1"), Ok(()));
    assert_eq!(enter("1.2.3.4:1"), Ok(()));
    assert_eq!(enter("[::ffff:1.2.3.4]:1"), Err(Denied::AddressFull));
    assert_eq!(enter("[::ffff:1.2.3.5]:1"), Ok(()));
}

#[test]
fn an_address_that_comes_too_often_leaves_the_others_their_turns() {
    let admission = admission(|config| {
        config.handshake_rate = Some(Rate::per_second(5));
        config.handshake_rate_per_address = Some(Rate::per_second(2));
    });
    let now = Instant::now();
    let admitted = |host, now| {
        let tries = (0..100).map(|_| admission.enter(Some(v4(host)), now));
        tries.filter(Result::is_ok).count()
    };
    assert_eq!(admitted(1, now), 2);
    assert_eq!(admitted(2, now), 2);
    // One turn is left for everyone.
    assert_eq!(admitted(3, now), 1);
    assert_eq!(admitted(4, now), 0);
    assert_eq!(admitted(4, now + SECOND), 2);
    let denied = admission.enter(Some(v4(4)), now + SECOND);
    let retry_after = SECOND / 2;
    assert_eq!(denied, Err(Denied::AddressTooOften { retry_after }));
}

#[test]
fn what_is_refused_for_all_is_not_charged_to_the_address() {
    let admission = admission(|config| {
        config.max_connections = 1;
        config.handshake_rate = Some(Rate::per_minute(2));
        config.handshake_rate_per_address = Some(Rate::per_minute(2));
    });
    let (now, office) = (Instant::now(), Some(v4(2)));
    admission.enter(Some(v4(1)), now).unwrap();
    for _ in 0..10 {
        assert_eq!(admission.enter(office, now), Err(Denied::Full));
    }
    admission.leave(Some(v4(1)));
    // Neither its own turns nor those of all are used up.
    assert_eq!(admission.enter(office, now), Ok(()));
    admission.leave(office);
    for _ in 0..10 {
        let denied = admission.enter(office, now);
        assert!(matches!(denied, Err(Denied::TooOften { .. })), "{denied:?}");
    }
    assert_eq!(admission.enter(office, now + SECOND * 30), Ok(()));
}

#[test]
fn an_address_is_forgotten_once_there_is_nothing_to_remember() {
    let admission = admission(|config| config.max_connections_per_address = Some(10));
    let now = Instant::now();
    for host in 0..100 {
        admission.enter(Some(v4(host)), now).unwrap();
    }
    assert_eq!(known(&admission), 100);
    for host in 0..100 {
        admission.leave(Some(v4(host)));
    }
    assert_eq!(known(&admission), 0);
}

#[test]
fn addresses_that_never_come_back_are_remembered_in_bounded_number() {
    let admission = admission(|config| {
        config.max_connections = 2;
        config.handshake_rate_per_address = Some(Rate::per_minute(2));
    });
    let mut now = Instant::now();
    admission.enter(Some(v4(0)), now).unwrap();
    for host in 1..200_000 {
        now += Duration::from_nanos(1);
        admission.enter(Some(v4(host)), now).unwrap();
        admission.leave(Some(v4(host)));
        assert!(known(&admission) <= 65_537);
    }
    // The one that is connected is still known.
    admission.enter(Some(v4(0)), now).unwrap();
    admission.leave(Some(v4(0)));
    let denied = admission.enter(Some(v4(0)), now);
    assert!(matches!(denied, Err(Denied::AddressTooOften { .. })));
    admission.leave(Some(v4(0)));
    now += SECOND * 120;
    for host in 0..70_000 {
        now += SECOND * 60;
        admission.enter(Some(v4(1_000_000 + host)), now).unwrap();
        admission.leave(Some(v4(1_000_000 + host)));
    }
    assert!(known(&admission) <= 65_537);
}
