//! Descriptor 3: orders come in, one with a socket; answers go out.

use crate::border::{self, FromEar, MAX_MESSAGE, ToEar};
use crate::sandbox::ear::Way;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendFlags, recvmsg, send,
};
use serde::Serialize;
use std::io::IoSliceMut;
use std::mem::MaybeUninit;
use std::net::UdpSocket;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;
use zeroize::Zeroize;

/// What came from the daemon.
pub enum Order {
    /// Nothing is waiting.
    Nothing,
    Plain(ToEar),
    /// `ToEar::Hear` with its socket.
    Socket(ToEar, UdpSocket),
}

/// The daemon is gone or does not keep to the border.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken;

/// Waits so long for the daemon to go away; whether it has.
pub fn is_deserted(way: &Way, patience: Duration) -> bool {
    let mut line = [PollFd::new(&way.0, PollFlags::empty())];
    let waited = Timespec::try_from(patience).ok().map(|patience| poll(&mut line, Some(&patience)));
    matches!(waited, Some(Ok(1)))
}

/// Takes one order without waiting.
///
/// Exactly one descriptor comes with `Hear`, none with any other order. What comes beyond that is closed, and the
/// border counts as broken.
pub fn receive(way: &Way) -> Result<Order, Broken> {
    let mut bytes = [0; MAX_MESSAGE];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(ROOM))];
    let mut beside = RecvAncillaryBuffer::new(&mut space);
    let flags = RecvFlags::DONTWAIT | RecvFlags::CMSG_CLOEXEC;
    let got = match recvmsg(&way.0, &mut [IoSliceMut::new(&mut bytes)], &mut beside, flags) {
        Ok(got) => got,
        Err(Errno::AGAIN | Errno::INTR) => return Ok(Order::Nothing),
        Err(_) => return Err(Broken),
    };
    let mut descriptors = descriptors(&mut beside);
    if got.bytes == 0 || got.flags.intersects(ReturnFlags::TRUNC | ReturnFlags::CTRUNC) {
        return Err(Broken);
    }
    let order = border::decode::<ToEar>(&bytes[..got.bytes]).map_err(|_| Broken)?;
    match (order, descriptors.pop(), descriptors.is_empty()) {
        (ToEar::Hear { .. }, Some(socket), true) => Ok(Order::Socket(order, UdpSocket::from(socket))),
        (ToEar::Hear { .. }, ..) | (_, Some(_), _) => Err(Broken),
        (_, None, _) => Ok(Order::Plain(order)),
    }
}

fn descriptors(beside: &mut RecvAncillaryBuffer<'_>) -> Vec<OwnedFd> {
    let rights = beside.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(descriptors) => Some(descriptors),
        _ => None,
    });
    rights.flatten().collect()
}

/// Sends one answer; the place it was written in is wiped, for it may have held a note.
pub fn answer<Note: Serialize>(way: &Way, answer: &FromEar<Note>) -> Result<(), Broken> {
    let mut room = [0; MAX_MESSAGE];
    let sent =
        border::encode(answer, &mut room).map_err(|_| Broken).and_then(|bytes| push(way.0.as_fd(), bytes));
    room.zeroize();
    sent
}

fn push(way: BorrowedFd<'_>, bytes: &[u8]) -> Result<(), Broken> {
    loop {
        match send(way, bytes, SendFlags::NOSIGNAL) {
            Ok(sent) if sent == bytes.len() => return Ok(()),
            Err(Errno::INTR) => {}
            _ => return Err(Broken),
        }
    }
}

/// Room for more descriptors than any order has, so that too many are seen and closed here.
const ROOM: usize = 4;
