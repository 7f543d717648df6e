//! Whose address counts for the bounds on log-ins when requests come through a reverse proxy.

use std::net::IpAddr;

use http::HeaderMap;

/// The client behind a request: of the addresses in `X-Forwarded-For`, the last that is no proxy of ours. What a client
/// writes there itself stands before it, and so changes nothing. Without a proxy of ours as the peer the header is the
/// client's own words, and the peer counts.
pub(super) fn client(peer: IpAddr, headers: &HeaderMap, proxies: &[IpAddr]) -> IpAddr {
    let peer = peer.to_canonical();
    if !proxies.contains(&peer) {
        return peer;
    }
    let lines = headers.get_all("x-forwarded-for").iter().filter_map(|line| line.to_str().ok());
    let named: Vec<&str> = lines.flat_map(|line| line.split(',')).map(str::trim).collect();
    for text in named.into_iter().rev() {
        match text.parse::<IpAddr>().map(|address| address.to_canonical()) {
            Ok(address) if proxies.contains(&address) => {}
            Ok(address) => return address,
            Err(_) => return peer,
        }
    }
    peer
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn client_of(peer: &str, lines: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("x-forwarded-for", HeaderValue::from_str(line).unwrap());
        }
        let proxies = ["127.0.0.1", "10.0.0.2"].map(|address| address.parse().unwrap());
        client(peer.parse().unwrap(), &headers, &proxies).to_string()
    }

    #[test]
    fn the_last_address_that_is_no_proxy_counts() {
        assert_eq!(client_of("127.0.0.1", &["203.0.113.9"]), "203.0.113.9");
        assert_eq!(client_of("127.0.0.1", &["198.51.100.1, 203.0.113.9", "10.0.0.2"]), "203.0.113.9");
        assert_eq!(client_of("::ffff:127.0.0.1", &["2001:db8::1"]), "2001:db8::1");
    }

    #[test]
    fn what_a_client_says_of_itself_counts_for_nothing() {
        assert_eq!(client_of("203.0.113.9", &["198.51.100.1"]), "203.0.113.9", "no proxy of ours");
        assert_eq!(client_of("127.0.0.1", &["198.51.100.1, not an address"]), "127.0.0.1");
        assert_eq!(client_of("127.0.0.1", &[]), "127.0.0.1");
        assert_eq!(client_of("127.0.0.1", &["10.0.0.2, 127.0.0.1"]), "127.0.0.1");
    }
}
