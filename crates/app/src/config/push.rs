//! Which push gateways may be called, and by whom they must be certified.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use http::Uri;
use model::limits;

use super::tls::{Tls, TlsError};

/// The path of every push gateway (spec "Push Gateway API").
const PATH: &str = "/_matrix/push/v1/notify";

/// The push gateways that may be called: every one on the public network over `https://`, or those that the operator
/// names.
#[derive(Debug, Clone, Default)]
pub struct PushGateways {
    named: Option<Vec<Uri>>,
    tls: Option<Tls>,
}

/// Why gateways cannot be called.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// It is no address of a gateway.
    #[error("{0} is no gateway: an address is http:// or https://, a host and /_matrix/push/v1/notify")]
    Address(String),
    /// There are too many, or none.
    #[error("name 1 to {} gateways", limits::GATEWAYS)]
    Number,
    /// Nobody can be trusted.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

impl PushGateways {
    /// Gateways by their addresses, `None` for any; those over `https://` must be certified by an authority of this machine
    /// or by one of `authorities`, certificates in PEM form.
    ///
    /// # Errors
    /// Names the first that is no address of a gateway, or says what is wrong with the authorities.
    pub fn new(named: Option<&[&str]>, authorities: Option<&[u8]>) -> Result<Self, GatewayError> {
        let named = named.map(|named| named.iter().map(|text| gateway(text)).collect::<Result<Vec<_>, _>>()).transpose()?;
        if named.as_ref().is_some_and(|named| named.is_empty() || named.len() > limits::GATEWAYS) {
            return Err(GatewayError::Number);
        }
        let tls = authorities.map(|authorities| Tls::trusting(Some(authorities))).transpose()?;
        Ok(Self { named, tls })
    }

    /// Whether a gateway may be called. `dev`: also one on this machine, in plain text.
    pub(crate) fn allow(&self, url: &str, dev: bool) -> bool {
        let Ok(url) = gateway(url) else { return false };
        match &self.named {
            Some(named) => named.contains(&url),
            None => is_public(&url) || (dev && is_here(&url)),
        }
    }

    /// Whether a name may turn out to be a host on this machine or its own network.
    pub(crate) fn may_be_inside(&self, dev: bool) -> bool {
        self.named.is_some() || dev
    }

    /// Whom to trust. Where no authority is known no gateway over `https://` is.
    pub(crate) fn tls(&self) -> Result<Tls, TlsError> {
        match &self.tls {
            Some(tls) => Ok(tls.clone()),
            None => Tls::trusting(None).or_else(|error| match error {
                TlsError::NoAuthority => Tls::trusting_nobody(),
                other => Err(other),
            }),
        }
    }
}

fn gateway(text: &str) -> Result<Uri, GatewayError> {
    let wrong = || GatewayError::Address(text.to_owned());
    let url: Uri = text.parse().map_err(|_| wrong())?;
    let web = matches!(url.scheme_str(), Some("http" | "https")) && url.host().is_some_and(|host| !host.is_empty());
    let names_nobody = url.authority().is_some_and(|authority| !authority.as_str().contains('@'));
    if web && names_nobody && url.path() == PATH && url.query().is_none() { Ok(url) } else { Err(wrong()) }
}

/// Over `https://`, at a name: addresses are left to those that the operator names.
fn is_public(url: &Uri) -> bool {
    let host = url.host().unwrap_or_default();
    let is_address = host.starts_with('[') || host.parse::<IpAddr>().is_ok();
    url.scheme_str() == Some("https") && !is_address && host.contains('.')
}

fn is_here(url: &Uri) -> bool {
    let host = url.host().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Whether an address is of the public network: not of this machine, its own network, or a kind that no host has.
pub(crate) fn on_public_network(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => public_v4(address),
        IpAddr::V6(address) => public_v6(address),
    }
}

fn public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let shared = a == 100 && (64..128).contains(&b);
    let reserved = a == 0 || a >= 240 || (a, b, c) == (192, 0, 0) || (a == 198 && matches!(b, 18 | 19));
    let odd = address.is_private() || address.is_loopback() || address.is_link_local() || address.is_documentation();
    !(shared || reserved || odd || address.is_multicast())
}

fn public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    // an IPv4 address inside one of IPv6: mapped, translated (RFC 6052), 6to4
    let octets = address.octets();
    let inner = |at: usize| public_v4(Ipv4Addr::new(octets[at], octets[at + 1], octets[at + 2], octets[at + 3]));
    match (first, second) {
        (0x64, 0xff9b) => inner(12),
        (0x2002, _) => inner(2),
        _ if address.to_ipv4_mapped().is_some() => inner(12),
        // global unicast, without what is set aside for documentation
        (0x2001, 0xdb8) => false,
        _ => (0x2000..0x4000).contains(&first),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(urls: &[&str]) -> Result<PushGateways, GatewayError> {
        PushGateways::new(Some(urls), None)
    }

    #[test]
    fn any_gateway_is_one_on_the_public_network() {
        let any = PushGateways::default();
        for (url, dev, allowed) in [
            ("https://push.example.org/_matrix/push/v1/notify", false, true),
            ("https://push.example.org:8443/_matrix/push/v1/notify", false, true),
            ("http://push.example.org/_matrix/push/v1/notify", true, false),
            ("https://push.example.org/_matrix/push/v1/notify?x=1", false, false),
            ("https://push.example.org/notify", false, false),
            ("https://somebody@push.example.org/_matrix/push/v1/notify", false, false),
            ("https://localhost/_matrix/push/v1/notify", false, false),
            ("https://10.0.0.1/_matrix/push/v1/notify", true, false),
            ("https://[::1]/_matrix/push/v1/notify", false, false),
            ("http://127.0.0.1:9/_matrix/push/v1/notify", false, false),
            ("http://127.0.0.1:9/_matrix/push/v1/notify", true, true),
            ("http://[::1]:9/_matrix/push/v1/notify", true, true),
            ("http://localhost:9/_matrix/push/v1/notify", true, true),
            ("http://169.254.169.254/_matrix/push/v1/notify", true, false),
            ("/_matrix/push/v1/notify", true, false),
            ("", true, false),
        ] {
            assert_eq!(any.allow(url, dev), allowed, "{url}");
        }
    }

    #[test]
    fn the_operator_may_name_them() {
        let inside = named(&["http://10.0.0.1:9/_matrix/push/v1/notify"]).unwrap();
        assert!(inside.allow("http://10.0.0.1:9/_matrix/push/v1/notify", false));
        assert!(!inside.allow("https://push.example.org/_matrix/push/v1/notify", false));
        assert!(!inside.allow("http://127.0.0.1:9/_matrix/push/v1/notify", true));
        for wrong in ["ftp://a/_matrix/push/v1/notify", "/_matrix/push/v1/notify", "https://push.example.org/notify", "x y"] {
            assert!(named(&[wrong]).is_err(), "{wrong}");
        }
        assert!(named(&[]).is_err());
        assert!(named(&["https://a.example/_matrix/push/v1/notify"; limits::GATEWAYS + 1]).is_err());
    }

    #[test]
    fn inside_is_not_outside() {
        for inside in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "192.0.0.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "::ffff:127.0.0.1",
            "64:ff9b::a00:1",
            "2002:a00:1::",
            "2001:db8::1",
            "ff02::1",
        ] {
            assert!(!on_public_network(inside.parse().unwrap()), "{inside}");
        }
        for outside in ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "64:ff9b::101:101", "2002:101:101::", "::ffff:1.1.1.1"] {
            assert!(on_public_network(outside.parse().unwrap()), "{outside}");
        }
    }
}
