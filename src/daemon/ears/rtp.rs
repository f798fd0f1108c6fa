//! The address of a copy's offer goes in; a bound socket comes out from which that copy alone can be read and
//! through which nothing can be sent. The daemon never reads it; it hands it to an ear.

use rustix::io::Errno;
use rustix::net::{RecvFlags, Shutdown, recv, shutdown, sockopt::set_socket_recv_buffer_size};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::ops::RangeInclusive;

/// Binds a port of `ports` on loopback (any free one for `0..=0`), connects it to the address and port of the SDP
/// offer, and shuts it for writing.
///
/// The kernel then refuses every send, whoever holds the descriptor, and drops what comes from elsewhere.
pub fn rtp_socket(offer: SocketAddr, ports: RangeInclusive<u16>) -> io::Result<(u16, UdpSocket)> {
    let socket = bind(ports)?;
    socket.connect(offer)?;
    shutdown(&socket, Shutdown::Write)?;
    discard(&socket)?;
    // More room bridges a longer stall of the ear; the kernel gives what its own limit allows.
    let _ = set_socket_recv_buffer_size(&socket, RECEIVE_BUFFER);
    Ok((socket.local_addr()?.port(), socket))
}

/// What came between the two calls above is no copy's: the switch has not been told of this port. It is dropped
/// without a byte of it being read.
fn discard(socket: &UdpSocket) -> io::Result<()> {
    loop {
        match recv(socket, &mut [] as &mut [u8], RecvFlags::DONTWAIT) {
            Ok(_) => {}
            Err(Errno::AGAIN) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}

/// The first even port that is free: RTP's are even (RFC 3550, section 11).
fn bind(ports: RangeInclusive<u16>) -> io::Result<UdpSocket> {
    if ports == (0..=0) {
        return UdpSocket::bind((LOOPBACK, 0));
    }
    ports
        .filter(|port| port % 2 == 0)
        .find_map(|port| UdpSocket::bind((LOOPBACK, port)).ok())
        .ok_or_else(|| io::ErrorKind::AddrInUse.into())
}

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Some twenty seconds of one party, with the kernel's own book-keeping.
const RECEIVE_BUFFER: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn only_the_offers_own_port_is_heard_and_nothing_can_be_sent() {
        let [switch, stranger] = [0, 0].map(|port| UdpSocket::bind((LOOPBACK, port)).unwrap());
        let (port, socket) = rtp_socket(switch.local_addr().unwrap(), 0..=0).unwrap();
        stranger.send_to(b"no", (LOOPBACK, port)).unwrap();
        switch.send_to(b"yes", (LOOPBACK, port)).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let mut datagram = [0; 8];
        assert_eq!(socket.recv(&mut datagram).unwrap(), 3);
        let refused = [socket.send(b"x"), socket.send_to(b"x", switch.local_addr().unwrap())];
        for answer in refused {
            assert_eq!(answer.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
        }
    }

    #[test]
    fn a_port_of_the_range_is_taken_and_a_full_range_is_an_error() {
        let switch = SocketAddr::from(([127, 0, 0, 1], 9));
        let free = UdpSocket::bind((LOOPBACK, 0)).unwrap().local_addr().unwrap().port() & !1;
        let (port, _kept) = rtp_socket(switch, free..=free).unwrap();
        assert_eq!(port, free);
        assert!(rtp_socket(switch, free..=free).is_err());
    }
}
