//! `/proc/PID/net` goes in; where each socket of that network leads comes out.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// A TCP or UDP socket that can send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    pub socket: u64,
    /// Whose it is.
    pub user: u32,
    kind: &'static str,
    near: SocketAddr,
    /// A UDP socket that is not connected may send to anybody whom its own address can reach.
    far: Option<SocketAddr>,
}

impl End {
    /// Whether it may lead out of this machine: who sends from a loopback address reaches nothing else.
    pub fn leads_elsewhere(&self) -> bool {
        !self.far.unwrap_or(self.near).ip().to_canonical().is_loopback()
    }

    pub fn words(&self) -> String {
        match self.far {
            Some(far) => format!("{} {far}", self.kind),
            None => format!("{} from {} to anybody", self.kind, self.near),
        }
    }
}

/// All that send or could, in the network of this process.
pub fn ends(process: u32) -> Vec<End> {
    ["tcp", "tcp6", "udp", "udp6"].into_iter().flat_map(|kind| of_kind(process, kind)).collect()
}

fn of_kind(process: u32, kind: &'static str) -> Vec<End> {
    rows(process, kind).iter().filter_map(|row| end(kind, row)).collect()
}

fn end(kind: &'static str, row: &str) -> Option<End> {
    let fields: Vec<&str> = row.split_whitespace().collect();
    let (near, far) = (address(fields.get(1)?)?, address(fields.get(2)?)?);
    let far = Some(far).filter(|far| far.port() != 0);
    // A TCP socket that is joined to nobody listens, or is new.
    if far.is_none() && kind.starts_with("tcp") {
        return None;
    }
    Some(End { socket: fields.get(9)?.parse().ok()?, user: fields.get(7)?.parse().ok()?, kind, near, far })
}

/// Unix sockets, with the names of those that have one. Whom one without a name is joined to, `/proc` does not tell.
pub fn unix(process: u32) -> Vec<(u64, Option<String>)> {
    let rows = rows(process, "unix");
    let read = rows.iter().filter_map(|row| {
        let fields: Vec<&str> = row.split_whitespace().collect();
        Some((fields.get(6)?.parse().ok()?, fields.get(7).map(|name| (*name).to_owned())))
    });
    read.collect()
}

fn rows(process: u32, kind: &str) -> Vec<String> {
    let table = fs::read_to_string(format!("/proc/{process}/net/{kind}")).unwrap_or_default();
    table.lines().skip(1).map(str::to_owned).collect()
}

/// `0100007F:1F55` is 127.0.0.1:8021: words of four bytes, each as this processor stores it.
fn address(text: &str) -> Option<SocketAddr> {
    let (host, port) = text.split_once(':')?;
    let words = (0..host.len()).step_by(8).map(|at| u32::from_str_radix(host.get(at..at + 8)?, 16).ok());
    let bytes: Vec<u8> = words.collect::<Option<Vec<_>>>()?.into_iter().flat_map(u32::to_ne_bytes).collect();
    let host = match bytes.len() {
        4 => IpAddr::from(<[u8; 4]>::try_from(bytes).map(Ipv4Addr::from).ok()?),
        _ => IpAddr::from(<[u8; 16]>::try_from(bytes).map(Ipv6Addr::from).ok()?),
    };
    Some(SocketAddr::new(host, u16::from_str_radix(port, 16).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::UdpSocket;
    use std::os::fd::AsFd;

    fn socket_of(socket: &impl AsFd) -> u64 {
        rustix::fs::fstat(socket).unwrap().st_ino
    }

    fn seen(socket: &UdpSocket) -> End {
        let number = socket_of(socket);
        ends(std::process::id()).into_iter().find(|end| end.socket == number).unwrap()
    }

    #[test]
    fn an_address_is_read_as_the_kernel_writes_it() {
        let read = |text: &str| address(text).unwrap().to_string();
        assert_eq!(read("0100007F:1F55"), "127.0.0.1:8021");
        assert_eq!(read("00000000000000000000000001000000:1F55"), "[::1]:8021");
        assert_eq!(read("0000000000000000FFFF00000100007F:0050"), "[::ffff:127.0.0.1]:80");
        assert_eq!(address("moon"), None);
    }

    #[test]
    fn a_socket_that_is_joined_to_nobody_is_judged_by_its_own_address() {
        let inside = UdpSocket::bind("127.0.0.1:0").unwrap();
        assert!(!seen(&inside).leads_elsewhere());
        let outside = UdpSocket::bind("0.0.0.0:0").unwrap();
        assert!(seen(&outside).leads_elsewhere());
        assert!(seen(&outside).words().ends_with("to anybody"), "{}", seen(&outside).words());
        outside.connect("127.0.0.1:9").unwrap();
        assert!(!seen(&outside).leads_elsewhere());
        assert_eq!(seen(&outside).words(), "udp 127.0.0.1:9");
        let rows = [
            "0: 0100007F:1F55 070200C0:01BB 01 0:0 00:0 0 0 0 77 1",
            "0: 0100007F:1F55 00000000:0000 0A 0:0 00:0 0 0 0 78 1",
        ];
        assert!(end("tcp", rows[0]).unwrap().leads_elsewhere());
        assert_eq!(end("tcp", rows[1]), None);
    }

    #[test]
    fn a_unix_socket_is_seen_with_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let named = std::os::unix::net::UnixDatagram::bind(&path).unwrap();
        let (joined, _other) = std::os::unix::net::UnixDatagram::pair().unwrap();
        let seen = unix(std::process::id());
        assert!(seen.contains(&(socket_of(&named), Some(path.display().to_string()))));
        assert!(seen.contains(&(socket_of(&joined), None)));
    }
}
