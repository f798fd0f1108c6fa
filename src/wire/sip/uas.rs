//! The dialogs of a user agent server (RFC 3261, 12, 13 and 17.2): who is invited, taken, told again, and gone.

use super::message::{Message, Method, Start, Status};
use super::sdp::{Offer, Offered};
use super::{Error, MessageError};
use rand::{Rng, SeedableRng, rngs::StdRng};
use std::collections::{BTreeMap, VecDeque};
use std::fmt::{self, Write};
use std::net::SocketAddr;
use std::time::Duration;

/// Our own name of a dialog, never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DialogId(u64);

/// The user part of an INVITE's Request-URI: the secret that tells a leg we asked for. 1 to 64 letters, digits, `-`
/// and `_`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Token(Box<str>);

impl Token {
    fn of_uri(uri: &str) -> Option<Token> {
        let (user, _) = uri.strip_prefix("sip:")?.split_once('@')?;
        let fits = (1..=64).contains(&user.len());
        let plain = user.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        (fits && plain).then(|| Token(user.into()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    /// A token opens a socket, so it is never shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

/// What the owner has to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A leg wants to be taken. The owner accepts or refuses within 100 ms.
    Invited { dialog: DialogId, token: Token, offer: Offer },
    /// The switch took it back before it was accepted. The dialog is gone.
    Cancelled { dialog: DialogId },
    /// The switch has our answer.
    Acked { dialog: DialogId },
    /// An accepted dialog is over: told exactly once.
    Ended { dialog: DialogId, how: Ending },
}

/// How an accepted dialog ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The switch sent BYE.
    Theirs,
    /// The switch answered our BYE.
    Ours,
    /// The switch never sent an ACK, or never answered our BYE.
    Silence,
}

/// There is no such dialog, or it is not in a state for that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotThere;

impl fmt::Display for NotThere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the SIP dialog is not there any more")
    }
}

impl std::error::Error for NotThere {}

/// All dialogs of one socket.
pub struct Uas {
    /// Our address, for `Contact` and for the `Via` of our BYE.
    local: SocketAddr,
    rng: StdRng,
    next: u64,
    dialogs: BTreeMap<DialogId, Dialog>,
    names: BTreeMap<Name, DialogId>,
    transmits: VecDeque<(SocketAddr, Vec<u8>)>,
    events: VecDeque<Event>,
}

/// What a request in a dialog must bring to be of it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Name {
    from: SocketAddr,
    call_id: Box<str>,
    tag: Box<str>,
}

impl Name {
    fn of(message: &Message, from: SocketAddr) -> Name {
        let tag = message.param("From", "tag");
        Name { from, call_id: message.text("Call-ID").into(), tag: tag.into() }
    }
}

struct Dialog {
    name: Name,
    invite: Message,
    tag: String,
    offered: Option<Offered>,
    /// The last final answer, said again when the INVITE comes again.
    answer: Vec<u8>,
    state: State,
}

enum State {
    /// Nobody has decided yet.
    Waiting {
        until: Duration,
    },
    /// 200 is said again until the ACK is there (13.3.1.4); then BYE, when `leave` is set.
    Accepted {
        resend: Resend,
        leave: bool,
    },
    Confirmed,
    /// The refusal is said again until the ACK is there (17.2.1).
    Refused {
        resend: Resend,
    },
    /// Our BYE is said again until it is answered (17.1.2).
    Leaving {
        resend: Resend,
    },
    /// Over, kept for a while so that what comes again is answered as before.
    Over {
        until: Duration,
    },
}

/// A datagram that is said again after T1, twice that, and so on, at most every T2, for 64 times T1.
struct Resend {
    bytes: Vec<u8>,
    next: Duration,
    wait: Duration,
    until: Duration,
}

impl Resend {
    fn new(bytes: Vec<u8>, now: Duration) -> Resend {
        Resend { bytes, next: now + T1, wait: T1, until: now + PATIENCE }
    }

    fn due(&self) -> Duration {
        self.next.min(self.until)
    }

    fn again(&mut self, now: Duration) -> Vec<u8> {
        self.wait = (self.wait * 2).min(T2);
        self.next = now + self.wait;
        self.bytes.clone()
    }
}

impl State {
    fn due(&self) -> Option<Duration> {
        match self {
            State::Waiting { until } | State::Over { until } => Some(*until),
            State::Accepted { resend, .. } | State::Refused { resend } | State::Leaving { resend } => {
                Some(resend.due())
            }
            State::Confirmed => None,
        }
    }

    fn over(now: Duration) -> State {
        State::Over { until: now + PATIENCE }
    }
}

impl Uas {
    /// `seed` makes tags and branches; it is drawn at random by whoever owns the socket.
    pub fn new(local: SocketAddr, seed: [u8; 32]) -> Uas {
        Uas {
            local,
            rng: StdRng::from_seed(seed),
            next: 0,
            dialogs: BTreeMap::new(),
            names: BTreeMap::new(),
            transmits: VecDeque::new(),
            events: VecDeque::new(),
        }
    }

    /// A datagram that came from `from`.
    pub fn handle(&mut self, datagram: &[u8], from: SocketAddr, now: Duration) -> Result<(), Error> {
        if !from.ip().is_loopback() {
            return Err(Error::Stranger);
        }
        if datagram.iter().all(|b| matches!(b, b'\r' | b'\n' | 0)) {
            // A keep-alive (RFC 5626, 3.5.1).
            return Ok(());
        }
        let message = Message::parse(datagram).map_err(Error::Message)?;
        let method = match &message.start {
            Start::Request { method, .. } => *method,
            Start::Response { status } => {
                self.handle_response(&message, *status, from, now);
                return Ok(());
            }
        };
        match method {
            Method::Invite => return self.handle_invite(message, from, now),
            Method::Ack => self.handle_ack(&message, from, now),
            Method::Bye => self.handle_bye(&message, from, now),
            Method::Cancel => self.handle_cancel(&message, from, now),
            Method::Options => self.answer_stateless(&message, Status::OK, from),
            Method::Other => self.answer_stateless(&message, Status::METHOD_NOT_ALLOWED, from),
        }
        Ok(())
    }

    /// Takes a leg: the switch is told to send to `rtp`.
    pub fn accept(&mut self, dialog: DialogId, rtp: SocketAddr, now: Duration) -> Result<(), NotThere> {
        let local = self.local;
        let found = self.dialogs.get_mut(&dialog).ok_or(NotThere)?;
        let (State::Waiting { .. }, Some(offered)) = (&found.state, &found.offered) else {
            return Err(NotThere);
        };
        let mut answer = Message::response(&found.invite, Status::OK, &found.tag);
        answer.push("Contact", &contact(local));
        answer.push("Content-Type", "application/sdp");
        answer.body = offered.answer(dialog.0 + 1, rtp);
        found.answer = answer.to_bytes();
        found.state = State::Accepted { resend: Resend::new(found.answer.clone(), now), leave: false };
        self.transmits.push_back((found.name.from, found.answer.clone()));
        Ok(())
    }

    /// Refuses a leg that nobody asked for, or that cannot be heard.
    pub fn refuse(&mut self, dialog: DialogId, status: Status, now: Duration) -> Result<(), NotThere> {
        let found = self.dialogs.get_mut(&dialog).ok_or(NotThere)?;
        let State::Waiting { .. } = found.state else { return Err(NotThere) };
        found.answer = Message::response(&found.invite, status, &found.tag).to_bytes();
        found.state = State::Refused { resend: Resend::new(found.answer.clone(), now) };
        self.transmits.push_back((found.name.from, found.answer.clone()));
        Ok(())
    }

    /// Ends a leg in any state: what waits is refused, and a BYE that may not be sent before the ACK (RFC 3261, 15)
    /// follows it. Told twice is told once.
    pub fn bye(&mut self, dialog: DialogId, now: Duration) -> Result<(), NotThere> {
        match &mut self.dialogs.get_mut(&dialog).ok_or(NotThere)?.state {
            State::Waiting { .. } => self.refuse(dialog, Status::TERMINATED, now),
            State::Accepted { leave, .. } => {
                *leave = true;
                Ok(())
            }
            State::Confirmed => {
                self.leave(dialog, now);
                Ok(())
            }
            State::Leaving { .. } => Ok(()),
            State::Refused { .. } | State::Over { .. } => Err(NotThere),
        }
    }

    pub fn poll_transmit(&mut self) -> Option<(SocketAddr, Vec<u8>)> {
        self.transmits.pop_front()
    }

    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// When [`Uas::handle_timeout`] wants to be called next.
    pub fn poll_timeout(&self) -> Option<Duration> {
        self.dialogs.values().filter_map(|dialog| dialog.state.due()).min()
    }

    pub fn handle_timeout(&mut self, now: Duration) {
        let due = |dialog: &Dialog| dialog.state.due().is_some_and(|at| at <= now);
        let ids: Vec<DialogId> = self.dialogs.iter().filter(|(_, d)| due(d)).map(|(id, _)| *id).collect();
        for id in ids {
            self.time_out(id, now);
        }
    }

    fn time_out(&mut self, id: DialogId, now: Duration) {
        let Some(dialog) = self.dialogs.get_mut(&id) else { return };
        match &mut dialog.state {
            State::Accepted { resend, .. } | State::Refused { resend } | State::Leaving { resend }
                if now < resend.until =>
            {
                self.transmits.push_back((dialog.name.from, resend.again(now)));
            }
            State::Waiting { .. } => {
                self.events.push_back(Event::Cancelled { dialog: id });
                // It waits, so it can be refused.
                let _ = self.refuse(id, Status::UNAVAILABLE, now);
            }
            // Without an ACK the dialog is confirmed all the same and must be ended (13.3.1.4).
            State::Accepted { .. } => self.leave(id, now),
            State::Leaving { .. } => self.end(id, Ending::Silence, now),
            State::Refused { .. } | State::Over { .. } => self.forget(id),
            State::Confirmed => {}
        }
    }

    fn handle_invite(&mut self, invite: Message, from: SocketAddr, now: Duration) -> Result<(), Error> {
        let name = Name::of(&invite, from);
        let known = self.names.get(&name).copied();
        if !invite.param("To", "tag").is_empty() {
            // A tap is never asked to change (measured), so an offer within a dialog is refused and the dialog stays.
            let ours = known.is_some_and(|id| self.is_of(id, &invite));
            let status = if ours { Status::NOT_ACCEPTABLE } else { Status::NO_DIALOG };
            self.answer_stateless(&invite, status, from);
            return Ok(());
        }
        if let Some(id) = known {
            self.invited_again(id, &invite, from);
            return Ok(());
        }
        if self.dialogs.len() >= MAX_DIALOGS {
            self.answer_stateless(&invite, Status::UNAVAILABLE, from);
            return Err(Error::Full);
        }
        self.invited(invite, name, now)
    }

    fn invited(&mut self, invite: Message, name: Name, now: Duration) -> Result<(), Error> {
        let Start::Request { uri, .. } = &invite.start else {
            return Err(Error::Message(MessageError::Start));
        };
        let token = Token::of_uri(uri.as_str());
        let offered = Offered::read(&invite.body);
        let dialog = DialogId(self.next);
        self.next += 1;
        self.names.insert(name.clone(), dialog);
        let tag = self.word();
        let state = State::Waiting { until: now + PATIENCE };
        let offer = offered.as_ref().ok().map(|offered| offered.offer);
        self.dialogs
            .insert(dialog, Dialog { name, invite, tag, offered: offered.ok(), answer: Vec::new(), state });
        let refusal = match (token, offer) {
            (Some(token), Some(offer)) => {
                self.events.push_back(Event::Invited { dialog, token, offer });
                return Ok(());
            }
            (None, _) => Status::NOT_FOUND,
            (_, None) => Status::NOT_ACCEPTABLE,
        };
        // It waits, so it can be refused.
        let _ = self.refuse(dialog, refusal, now);
        Ok(())
    }

    /// The same INVITE gets the same answer; one that came another way round is merged no further (8.2.2.2).
    fn invited_again(&mut self, id: DialogId, invite: &Message, from: SocketAddr) {
        let Some(dialog) = self.dialogs.get(&id) else { return };
        if branch(&dialog.invite) != branch(invite) {
            return self.answer_stateless(invite, Status::LOOP, from);
        }
        let answer = match dialog.state {
            State::Waiting { .. } => Message::response(invite, Status::TRYING, &dialog.tag).to_bytes(),
            State::Accepted { .. } | State::Refused { .. } => dialog.answer.clone(),
            State::Confirmed | State::Leaving { .. } | State::Over { .. } => return,
        };
        self.transmits.push_back((from, answer));
    }

    fn handle_ack(&mut self, ack: &Message, from: SocketAddr, now: Duration) {
        let Some(id) = self.dialog_of(ack, from) else { return };
        let Some(dialog) = self.dialogs.get_mut(&id) else { return };
        match dialog.state {
            State::Accepted { leave, .. } => {
                dialog.state = State::Confirmed;
                self.events.push_back(Event::Acked { dialog: id });
                if leave {
                    self.leave(id, now);
                }
            }
            State::Refused { .. } => dialog.state = State::over(now),
            // An ACK may come again, and after a BYE.
            _ => {}
        }
    }

    fn handle_bye(&mut self, bye: &Message, from: SocketAddr, now: Duration) {
        let Some(id) = self.dialog_of(bye, from) else {
            return self.answer_stateless(bye, Status::NO_DIALOG, from);
        };
        self.answer_stateless(bye, Status::OK, from);
        let accepted = match self.dialogs.get(&id).map(|dialog| &dialog.state) {
            Some(State::Accepted { .. } | State::Confirmed | State::Leaving { .. }) => true,
            // The caller may hang up an early dialog by BYE (15.1.2).
            Some(State::Waiting { .. }) => {
                self.events.push_back(Event::Cancelled { dialog: id });
                // It waits, so it can be refused.
                let _ = self.refuse(id, Status::TERMINATED, now);
                false
            }
            _ => false,
        };
        if accepted {
            self.end(id, Ending::Theirs, now);
        }
    }

    fn handle_cancel(&mut self, cancel: &Message, from: SocketAddr, now: Duration) {
        let known = self.names.get(&Name::of(cancel, from)).copied();
        let found =
            known.filter(|id| self.dialogs.get(id).is_some_and(|d| branch(&d.invite) == branch(cancel)));
        let Some(id) = found else { return self.answer_stateless(cancel, Status::NO_DIALOG, from) };
        let Some(dialog) = self.dialogs.get(&id) else { return };
        let answer = Message::response(cancel, Status::OK, &dialog.tag).to_bytes();
        self.transmits.push_back((from, answer));
        // What is answered already cannot be taken back (9.2).
        if let State::Waiting { .. } = dialog.state {
            self.events.push_back(Event::Cancelled { dialog: id });
            // It waits, so it can be refused.
            let _ = self.refuse(id, Status::TERMINATED, now);
        }
    }

    fn handle_response(&mut self, response: &Message, status: Status, from: SocketAddr, now: Duration) {
        let leaving = self.dialogs.iter().find(|(_, dialog)| {
            matches!(dialog.state, State::Leaving { .. })
                && dialog.name.from == from
                && &*dialog.name.call_id == response.text("Call-ID")
                && dialog.tag == response.param("From", "tag")
        });
        let answered = status.is_final() && response.cseq().1 == Method::Bye;
        if let (Some((&id, _)), true) = (leaving, answered) {
            self.end(id, Ending::Ours, now);
        }
    }

    /// The dialog that a request is of: as it came, with our tag where it has one.
    fn dialog_of(&self, request: &Message, from: SocketAddr) -> Option<DialogId> {
        let id = *self.names.get(&Name::of(request, from))?;
        self.is_of(id, request).then_some(id)
    }

    fn is_of(&self, id: DialogId, request: &Message) -> bool {
        self.dialogs.get(&id).is_some_and(|dialog| dialog.tag == request.param("To", "tag"))
    }

    /// Sends BYE, to where the INVITE came from.
    fn leave(&mut self, id: DialogId, now: Duration) {
        let branch = self.word();
        let Some(dialog) = self.dialogs.get_mut(&id) else { return };
        let bytes = bye_of(dialog, self.local, &branch);
        self.transmits.push_back((dialog.name.from, bytes.clone()));
        dialog.state = State::Leaving { resend: Resend::new(bytes, now) };
    }

    fn end(&mut self, id: DialogId, how: Ending, now: Duration) {
        if let Some(dialog) = self.dialogs.get_mut(&id) {
            dialog.state = State::over(now);
            self.events.push_back(Event::Ended { dialog: id, how });
        }
    }

    fn forget(&mut self, id: DialogId) {
        if let Some(dialog) = self.dialogs.remove(&id) {
            self.names.remove(&dialog.name);
        }
    }

    fn answer_stateless(&mut self, request: &Message, status: Status, to: SocketAddr) {
        let tag = self.word();
        let mut answer = Message::response(request, status, &tag);
        if matches!(status, Status::OK | Status::METHOD_NOT_ALLOWED) {
            answer.push("Allow", ALLOW);
            answer.push("Server", SERVER);
        }
        self.transmits.push_back((to, answer.to_bytes()));
    }

    /// Sixteen hexadecimal digits, drawn at random.
    fn word(&mut self) -> String {
        let mut word = String::new();
        // Writing into a String cannot fail.
        let _ = write!(word, "{:016x}", self.rng.next_u64());
        word
    }
}

fn branch(message: &Message) -> &str {
    message.param("Via", "branch")
}

fn contact(local: SocketAddr) -> String {
    let mut text = String::new();
    // Writing into a String cannot fail.
    let _ = write!(text, "<sip:callgist@{local}>");
    text
}

fn bye_of(dialog: &Dialog, local: SocketAddr, branch: &str) -> Vec<u8> {
    let invite = &dialog.invite;
    let from = invite.get("From");
    // The remote target (12.1.1); it only names the switch, the datagram goes to where the INVITE came from.
    let target = invite.get("Contact").or(from).map_or("", |value| value.address());
    let mut bye = Message::request(Method::Bye, target);
    let mut via = String::new();
    // Writing into a String cannot fail.
    let _ = write!(via, "SIP/2.0/UDP {local};branch=z9hG4bK{branch}");
    bye.push("Via", &via);
    bye.push("Max-Forwards", "70");
    bye.push("From", &[invite.text("To"), ";tag=", &dialog.tag].concat());
    bye.push("To", invite.text("From"));
    bye.push("Call-ID", invite.text("Call-ID"));
    bye.push("CSeq", "1 BYE");
    bye.to_bytes()
}

/// Round trip time estimate (RFC 3261, 17.1.1.1).
const T1: Duration = Duration::from_millis(500);
/// The longest wait between two sendings.
const T2: Duration = Duration::from_secs(4);
/// How long a silent peer is waited for, and how long a dead dialog is remembered: 64 times T1.
const PATIENCE: Duration = Duration::from_secs(32);
/// Two legs a call, each kept 32 s after its end: more would only be a flood. Less refuses legs sooner, more holds
/// more memory (3 kB each).
const MAX_DIALOGS: usize = 4_096;
/// By this name `callgist doctor` knows who holds the port (RFC 3261, 20.35).
pub const SERVER: &str = "callgist";

const ALLOW: &str = "INVITE, ACK, BYE, CANCEL, OPTIONS";
