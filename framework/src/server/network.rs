use std::net::IpAddr;

/// An IP network like `10.0.0.0/8`, or a single address.
#[derive(Debug, Clone)]
pub(super) struct Network {
    base: IpAddr,
    bits: u32,
}

impl Network {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (base, bits) = match text.split_once('/') {
            Some((base, bits)) => (base, Some(bits.parse().ok()?)),
            None => (text, None),
        };
        let base: IpAddr = base.parse().ok()?;
        let all = match base {
            IpAddr::V4(_) => 32,
            IpAddr::V6(_) => 128,
        };
        let bits: u32 = bits.unwrap_or(all);
        match (base, base.to_canonical()) {
            // Addresses are compared as IPv4 where they can be: `::ffff:10.0.0.0/104` is `10.0.0.0/8`.
            (IpAddr::V6(_), base @ IpAddr::V4(_)) => {
                let bits = bits.checked_sub(96).filter(|bits| *bits <= 32)?;
                Some(Self { base, bits })
            }
            _ => (bits <= all).then_some(Self { base, bits }),
        }
    }

    pub(super) fn contains(&self, ip: IpAddr) -> bool {
        match (self.base, ip) {
            (IpAddr::V4(base), IpAddr::V4(ip)) => {
                let differing = base.to_bits() ^ ip.to_bits();
                differing.leading_zeros() >= self.bits
            }
            (IpAddr::V6(base), IpAddr::V6(ip)) => {
                let differing = base.to_bits() ^ ip.to_bits();
                differing.leading_zeros() >= self.bits
            }
            _ => false,
        }
    }
}
