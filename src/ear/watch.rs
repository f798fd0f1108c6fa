//! The thread that never decodes: orders and datagrams go to the hall, each within its turn.

use super::clock::Clock;
use super::way::{self, Broken, Order};
use crate::border::{FromEar, ToEar};
use crate::call::{CallId, NoSummary, Party};
use crate::confidential::recogniser::Recogniser;
use crate::confidential::{Hall, NoteTaker, wipe_stack};
use crate::sandbox::ear::Way;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};
use serde::Serialize;
use std::collections::BTreeMap;
use std::net::UdpSocket;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Calls that have had their ending, told by the threads that decode; their sockets are to be closed.
#[derive(Default)]
pub struct Over(Mutex<Vec<CallId>>);

impl Over {
    /// Notes the call of `answer` if that is its ending.
    pub fn notice<Note>(&self, answer: &FromEar<Note>) {
        let ended = match answer {
            FromEar::Noted { call, .. }
            | FromEar::NotNoted { call, .. }
            | FromEar::Objected { call }
            | FromEar::Panicked { call, .. } => *call,
            _ => return,
        };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(ended);
    }

    fn take(&self) -> Vec<CallId> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What the watching thread holds.
pub struct Watch<'a, R: Recogniser, N: NoteTaker> {
    pub hall: &'a Hall<R, N>,
    pub way: &'a Way,
    pub over: &'a Over,
    pub clock: &'a Clock,
    sockets: BTreeMap<(CallId, Party), UdpSocket>,
    /// Those that have something.
    ready: Vec<(CallId, Party)>,
    retired: bool,
}

impl<'a, R: Recogniser, N: NoteTaker<Note: Serialize>> Watch<'a, R, N> {
    pub fn new(hall: &'a Hall<R, N>, way: &'a Way, over: &'a Over, clock: &'a Clock) -> Self {
        Watch { hall, way, over, clock, sockets: BTreeMap::new(), ready: Vec::new(), retired: false }
    }

    /// Watches until the ear is retired and its last call has ended.
    pub fn run(mut self) -> Result<(), Broken> {
        loop {
            while let Some(order) = self.next_order()? {
                self.obey(order)?;
            }
            self.hear();
            self.hall.handle_timeout(self.clock.now());
            for call in self.over.take() {
                self.close(call);
            }
            if self.retired && self.hall.open_calls() == 0 {
                return Ok(());
            }
            self.wait();
        }
    }

    fn next_order(&mut self) -> Result<Option<ToEar>, Broken> {
        match way::receive(self.way)? {
            Order::Nothing => Ok(None),
            Order::Plain(order) => Ok(Some(order)),
            Order::Socket(order, socket) => {
                if let ToEar::Hear { call, party, .. } = order {
                    self.sockets.insert((call, party), socket);
                }
                Ok(Some(order))
            }
        }
    }

    fn obey(&mut self, order: ToEar) -> Result<(), Broken> {
        let now = self.clock.now();
        match order {
            ToEar::Open { call, language, today, agent_leg, left_out } if self.hall.has_room() => {
                self.hall.open(call, language, today, agent_leg, left_out)
            }
            ToEar::Open { call, .. } => self.refuse(call)?,
            ToEar::Hear { call, party, format } => self.hall.hear(call, party, format),
            ToEar::Bridged { call } => self.hall.bridged(call, now),
            ToEar::Paused { call } => self.hall.paused(call, now),
            ToEar::Resumed { call } => self.hall.resumed(call, now),
            ToEar::End { call, partial } => {
                // What the kernel still holds was spoken before the end.
                self.hear_out(call);
                self.hall.end(call, partial, now);
            }
            ToEar::Stop { call } => {
                self.close(call);
                self.hall.stop(call);
            }
            ToEar::Retire => self.retired = true,
            ToEar::Ping { number } => way::answer(self.way, &FromEar::<N::Note>::Pong { number })?,
        }
        Ok(())
    }

    fn refuse(&self, call: CallId) -> Result<(), Broken> {
        let (heard, reason) = (Default::default(), NoSummary::Overload);
        way::answer(self.way, &FromEar::<N::Note>::NotNoted { call, heard, reason })
    }

    /// One turn of every socket that has something.
    fn hear(&self) {
        for &(call, party) in &self.ready {
            if let Some(socket) = self.sockets.get(&(call, party)) {
                self.drain(call, party, socket, PACKETS_A_TURN);
            }
        }
    }

    fn hear_out(&mut self, call: CallId) {
        for party in [Party::Caller, Party::Agent] {
            if let Some(socket) = self.sockets.remove(&(call, party)) {
                self.drain(call, party, &socket, PACKETS_AT_THE_END);
            }
        }
    }

    fn drain(&self, call: CallId, party: Party, socket: &UdpSocket, most: usize) {
        let mut datagram = [0; DATAGRAM];
        for _ in 0..most {
            match recv(socket, &mut datagram, RecvFlags::DONTWAIT) {
                // The hall wipes what it is given.
                Ok((length, _)) => self.hall.packet(call, party, &mut datagram[..length], self.clock.now()),
                Err(Errno::INTR) => {}
                // Nothing is waiting; or the sender has gone, which the daemon will tell by its own means.
                Err(_) => break,
            }
        }
    }

    /// The call's sockets, and what its packets left on this thread's stack.
    fn close(&mut self, call: CallId) {
        self.sockets.retain(|(of, _), _| *of != call);
        wipe_stack();
    }

    /// Sleeps until an order, a datagram or the hall's next timeout, but never long: endings come from other threads.
    fn wait(&mut self) {
        let idle = self.sockets.is_empty() && !self.retired && self.hall.open_calls() == 0;
        let longest = if idle { IDLE_SLEEP } else { LONGEST_SLEEP };
        let due = self.hall.poll_timeout().map_or(longest, |then| self.clock.until(then).min(longest));
        let gathers =
            if self.ready.is_empty() { Duration::ZERO } else { self.clock.on_the_wall(GATHERS).min(due) };
        let way = || PollFd::new(&self.way.0, PollFlags::IN);
        // Only orders are watched first, so that datagrams of many calls gather and one turn takes them all.
        // An interrupted sleep is a short one.
        if !gathers.is_zero() {
            let _ = poll(&mut [way()], Some(&timespec(gathers)));
        }
        let mut watched: Vec<PollFd<'_>> = [way()]
            .into_iter()
            .chain(self.sockets.values().map(|socket| PollFd::new(socket, PollFlags::IN)))
            .collect();
        let _ = poll(&mut watched, Some(&timespec(due - gathers)));
        let ready = watched[1..].iter().map(|socket| !socket.revents().is_empty());
        self.ready = self.sockets.keys().zip(ready).filter(|(_, ready)| *ready).map(|(of, _)| *of).collect();
    }
}

/// Of less than a second.
fn timespec(sleep: Duration) -> Timespec {
    Timespec { tv_sec: 0, tv_nsec: i64::from(sleep.subsec_nanos()) }
}

/// Datagrams taken from one socket before the others have their turn: at fifty a second and party, more than a
/// second's worth; larger would let one flooded socket delay an objection on another.
const PACKETS_A_TURN: usize = 64;

/// Datagrams taken at a call's end: the kernel's buffer holds fewer.
const PACKETS_AT_THE_END: usize = 2_048;

/// Larger than any frame of the codecs we take.
const DATAGRAM: usize = 2_048;

/// How long datagrams gather while some come, on the hall's clock. Longer makes fewer turns, each of which asks every call
/// for its timeout; shorter hears a voice sooner, which nobody waits for.
const GATHERS: Duration = Duration::from_millis(10);

/// Larger keeps a finished call's socket open longer; smaller wakes an idle ear more often.
const LONGEST_SLEEP: Duration = Duration::from_millis(100);

/// The same while no call is open: nothing can happen then but an order, which wakes it.
const IDLE_SLEEP: Duration = Duration::from_millis(900);
