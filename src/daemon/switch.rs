//! The seam to a telephone switch: what the sentence asks of it, in no switch's words.
//!
//! FreeSWITCH is the first implementation (`daemon::freeswitch`). Nothing here waits: what comes of a request
//! arrives as a [`Mail`] of the call, and nothing arrives when the switch is gone.

use super::ears::EarWord;
use crate::call::{CallId, Direction, Event, Leg, Number, Party, SwitchTime};
use crate::config::Line;
use crate::store::{Earlier, Name};
use crate::wire::sip::{DialogId, Offer};
use std::sync::Arc;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};

/// What the sentence asks of a switch.
pub trait Switch: std::fmt::Debug + Send + Sync {
    /// Play the notice to the caller, if he still waits, and behind it the question of a line that asks for consent.
    fn play_notice(&self, call: CallId, caller: &Leg, line: &Line);
    /// End the caller's wait now. Only as long as he waits: later it would cut whatever he hears.
    fn decline(&self, call: CallId, caller: &Leg);
    /// End the question that the caller is being asked, and the wait for his key behind it.
    fn end_question(&self, caller: &Leg);
    /// Nothing of the notice is to come: undo what [`Switch::play_notice`] changed on the caller's leg.
    fn notice_over(&self, call: CallId, caller: &Leg);
    /// Leave a mark on the caller's leg: this notice was played, from when to when.
    fn mark_announced(&self, caller: &Leg, mark: &str);
    /// Leave a mark on the caller's leg: he consented, at that time of the switch's clock.
    fn mark_consented(&self, caller: &Leg, at: SwitchTime);
    /// Leave on the caller's leg how many earlier notes there are, and where they are found: for whoever takes the call.
    fn tell_earlier(&self, caller: &Leg, earlier: &Earlier);
    /// Find out whether the leg can be copied; answered by [`Event::Examined`].
    fn examine(&self, call: CallId, leg: &Leg);
    /// Copy what goes in that direction of `leg`, and nothing of the other; answered by [`Mail::Copy`], or
    /// [`Event::ForkEnded`].
    fn fork(&self, call: CallId, leg: &Leg, party: Party, direction: Direction);
    /// End a copy whose SIP dialog we do not hold.
    fn end_fork(&self, call: CallId, party: Party);
    /// The call is told: forget its legs.
    fn forget(&self, call: CallId);
}

/// What arrives for one call.
#[derive(Debug)]
pub enum Mail {
    Event(Event),
    /// A copy made of `leg` is offered by SIP.
    Copy {
        party: Party,
        leg: Leg,
        dialog: DialogId,
        offer: Offer,
    },
    /// Whose leg this is, as far as the switch says it.
    Agent {
        leg: Leg,
        /// The extension, where the line keeps it, or `outside`.
        name: Option<Name>,
        /// It is only on the way to an agent's.
        passing: bool,
    },
    /// The SIP dialog of a copy is over.
    CopyEnded {
        dialog: DialogId,
    },
    /// The switch's word for why the call ended, before the event that says so.
    Cause(Box<str>),
    Ear(EarWord),
}

/// A call as it begins: who calls whom, and where its mail arrives.
#[derive(Debug)]
pub struct Offered {
    pub call: CallId,
    /// Where it is.
    pub switch: Arc<dyn Switch>,
    pub line: Arc<Line>,
    pub leg: Leg,
    /// Nothing when the number is withheld.
    pub caller: Option<Number>,
    pub called: Option<Number>,
    pub mail: UnboundedReceiver<Mail>,
    pub mailbox: Mailbox,
}

/// A call that was under way when we came: what the switch remembers of it. Times are milliseconds since 1970, UTC, on
/// the switch's clock.
#[derive(Debug)]
pub struct Found {
    pub offered: Offered,
    pub began: Option<i64>,
    /// The mark of the notice, where one was played to its end.
    pub noticed: Option<Noticed>,
    /// When consent was given, where it was.
    pub consented: Option<i64>,
    pub bridged: Option<i64>,
}

/// Which notice was played, when it began and when it ended.
#[derive(Debug)]
pub struct Noticed {
    pub version: Box<str>,
    pub from: i64,
    pub at: i64,
}

/// A call to be followed.
#[derive(Debug)]
pub enum Begun {
    Offered(Offered),
    Found(Found),
}

/// The sending end of a call's mail.
pub type Mailbox = UnboundedSender<Mail>;
