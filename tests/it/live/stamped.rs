//! A socket for RTP that tells when each datagram reached the machine. A phone on a busy machine wakes up late itself, and
//! must not take that for lateness of the switch.
#![allow(unsafe_code, reason = "no kept crate reads the kernel's time stamps; each block has its argument")]

use rustix::time::{ClockId, Timespec, clock_gettime};
use std::io;
use std::net::UdpSocket;
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

pub struct Stamped(UdpSocket);

impl Stamped {
    pub fn on(socket: UdpSocket) -> Stamped {
        let yes: libc::c_int = 1;
        // SAFETY: the kernel reads one integer of the length that it is told, which lives until the call returns.
        let set = unsafe {
            let length = size_of_val(&yes) as libc::socklen_t;
            let value = (&raw const yes).cast();
            libc::setsockopt(socket.as_raw_fd(), libc::SOL_SOCKET, libc::SO_TIMESTAMPNS, value, length)
        };
        assert_eq!(set, 0, "{}", io::Error::last_os_error());
        Stamped(socket)
    }

    pub fn socket(&self) -> &UdpSocket {
        &self.0
    }

    /// The length of the next datagram, and when it came.
    pub fn receive(&self, datagram: &mut [u8]) -> io::Result<(usize, Instant)> {
        let mut part = libc::iovec { iov_base: datagram.as_mut_ptr().cast(), iov_len: datagram.len() };
        let mut control = [0u64; 8];
        // SAFETY: it is a struct of numbers and pointers, for all of which zero is a value.
        let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
        message.msg_iov = &raw mut part;
        message.msg_iovlen = 1;
        message.msg_control = control.as_mut_ptr().cast();
        message.msg_controllen = size_of_val(&control);
        // SAFETY: the datagram and the control bytes have the lengths that the kernel is told, and both outlive the call.
        let length = unsafe { libc::recvmsg(self.0.as_raw_fd(), &raw mut message, 0) };
        let length = usize::try_from(length).map_err(|_| io::Error::last_os_error())?;
        let now = Instant::now();
        let at = stamp(&message).and_then(age).map_or(now, |age| now - age);
        Ok((length, at))
    }
}

fn stamp(message: &libc::msghdr) -> Option<Timespec> {
    // SAFETY: the kernel has filled these control bytes in, and they are there as long as the message is borrowed;
    // a header of this kind is followed by one `timespec`, which is copied.
    let stamp = unsafe {
        let header = libc::CMSG_FIRSTHDR(message).as_ref()?;
        if (header.cmsg_level, header.cmsg_type) != (libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS) {
            return None;
        }
        libc::CMSG_DATA(header).cast::<libc::timespec>().read_unaligned()
    };
    Some(Timespec { tv_sec: stamp.tv_sec, tv_nsec: stamp.tv_nsec })
}

/// How long ago that was; nothing where the clock has been set back meanwhile.
fn age(stamp: Timespec) -> Option<Duration> {
    let now = clock_gettime(ClockId::Realtime);
    let nanoseconds = (now.tv_sec - stamp.tv_sec) * 1_000_000_000 + (now.tv_nsec - stamp.tv_nsec);
    u64::try_from(nanoseconds).ok().map(Duration::from_nanos)
}
