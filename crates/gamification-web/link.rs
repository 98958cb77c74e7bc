//! Links that open the console.

use std::{
    fmt::Display,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

/// What opens the console: all of it is behind a `#`, which browsers send nowhere.
///
/// The server listens at `listen`; each of the tokens has the name of whom the console acts as by it (`admin`, `member`,
/// `platform`).
#[must_use]
pub fn console_link(listen: SocketAddr, community: impl Display, tokens: &[(&str, String)]) -> String {
    let tokens = tokens.iter().map(|(name, token)| format!("&{name}={token}")).collect::<String>();
    format!("http://{}/console/#community={community}{tokens}", reachable(listen))
}

/// Where a browser on this machine finds a server that listens on an address: on all of them means also on its own.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_to_an_address_that_a_browser_can_open() {
        let community = "c5";
        for (listen, host) in [
            ("127.0.0.1:8080", "127.0.0.1:8080"),
            ("0.0.0.0:80", "127.0.0.1:80"),
            ("[::]:9000", "[::1]:9000"),
            ("10.1.2.3:1", "10.1.2.3:1"),
        ] {
            let link = console_link(listen.parse().unwrap(), community, &[("member", "a.b.c".to_owned())]);
            assert_eq!(link, format!("http://{host}/console/#community={community}&member=a.b.c"));
        }
    }
}
