//! Networks and ports, as settings name them.

use std::net::IpAddr;

/// A network: `10.1.0.0/16`, `fd00::/8`, or one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    /// Reads `ADDRESS/PREFIX`; without a prefix it is the one address.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let widest = bits(address).1;
        let prefix = match prefix {
            Some(prefix) => prefix.parse().ok().filter(|prefix| *prefix <= widest)?,
            None => widest,
        };
        Some(Self { address, prefix })
    }

    /// Whether `address` lies in it. An IPv4 address never lies in an IPv6 network.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let (own, widest) = bits(self.address);
        let (other, width) = bits(address);
        let differing = own ^ other;
        let free = u32::from(widest - self.prefix);
        widest == width && differing.checked_shr(free).unwrap_or(0) == 0
    }
}

/// The address as a number, and how many bits it has.
fn bits(address: IpAddr) -> (u128, u8) {
    match address {
        IpAddr::V4(address) => (u128::from(address.to_bits()), 32),
        IpAddr::V6(address) => (address.to_bits(), 128),
    }
}

/// A range of ports: `443` or `8000-8999`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ports {
    first: u16,
    last: u16,
}

impl Ports {
    /// Reads `PORT` or `FIRST-LAST`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let port = |text: &str| text.trim().parse::<u16>().ok().filter(|port| *port > 0);
        let ports = Self {
            first: port(first)?,
            last: port(last)?,
        };
        (ports.first <= ports.last).then_some(ports)
    }

    /// Whether `port` is one of them.
    #[must_use]
    pub const fn contains(&self, port: u16) -> bool {
        self.first <= port && port <= self.last
    }
}

#[cfg(test)]
mod tests {
    use super::{Network, Ports};

    #[test]
    fn an_address_lies_in_its_networks_and_in_no_other() {
        let check = |network: &str, address: &str, lies: bool| {
            let network = Network::parse(network).unwrap();
            assert_eq!(
                network.contains(address.parse().unwrap()),
                lies,
                "{network:?} {address}"
            );
        };
        check("127.0.0.1/32", "127.0.0.1", true);
        check("127.0.0.1", "127.0.0.2", false);
        check("10.1.0.0/16", "10.1.255.255", true);
        check("10.1.0.0/16", "10.2.0.0", false);
        check("0.0.0.0/0", "8.8.8.8", true);
        check("0.0.0.0/0", "::ffff:8.8.8.8", false);
        check("::/0", "8.8.8.8", false);
        check("fd00::/8", "fdff::1", true);
        check("fd00::/8", "fe80::1", false);
        for wrong in [
            "",
            "10.0.0.0/33",
            "fd00::/129",
            "a/8",
            "10.0.0.0/",
            "10.0.0.0/x",
        ] {
            assert_eq!(Network::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_port_lies_in_its_range() {
        let ports = Ports::parse("8000-8999").unwrap();
        assert!(ports.contains(8000) && ports.contains(8999) && !ports.contains(9000));
        assert!(Ports::parse("443").unwrap().contains(443));
        for wrong in ["", "0", "70000", "9-8", "a"] {
            assert_eq!(Ports::parse(wrong), None, "{wrong}");
        }
    }
}
