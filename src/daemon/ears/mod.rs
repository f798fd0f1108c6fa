//! Ears from the daemon's side: announced calls and their sockets go in, words about them come out.
//!
//! One ear process for each recogniser and model, serving many calls. It is started, watched, rotated, and never
//! trusted: [`judge`] counts what it says. A call's socket can be handed over only with the proof that its notice was
//! played ([`Announced`]), by value, so that the daemon keeps no copy.

mod attend;
mod held;
mod judge;
mod keep;
mod log;
mod note;
mod process;
mod rtp;

pub use attend::{Gone, NotReady, Tried};
pub use held::Held;
pub use judge::{Breach, Heed, Judge};
pub use note::{Flaw, check_text};
pub use process::{libraries, program, programs};
pub use rtp::rtp_socket;

use super::clock::Clock;
use crate::border::{Day, DoNotContact, Heard, LeftOut, ModelId, Note, Recogniser, ToEar};
use crate::call::{AgentLeg, Announced, CallId, Language, NoSummary, Party};
use crate::wire::rtp::Format;
use attend::{Order, Words};
use keep::Slot;
use std::net::UdpSocket;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};

/// What one kind of ear is started with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    pub recogniser: Recogniser,
    /// Languages that it is asked for: one for Vosk, all for Whisper.
    pub languages: Vec<Language>,
    /// The program; [`program`] finds the one beside ours.
    pub program: PathBuf,
    /// An absolute path.
    pub model: PathBuf,
    /// Threads that decode.
    pub threads: u16,
    /// Bytes of audio that may wait in it before it takes no more calls.
    pub audio_budget: usize,
    /// It is rotated after so many calls; fewer make what was heard leave the machine's memory sooner.
    pub rotate_after_calls: u32,
    /// It is rotated after this time, on the daemon's clock.
    pub rotate_after: Duration,
}

/// What an ear said of one call, or what became of it.
#[derive(Debug, PartialEq, Eq)]
pub enum EarWord {
    /// The first packet of a party's stream has come.
    Flowing {
        party: Party,
    },
    Counters {
        heard: Heard,
    },
    /// Somebody asked not to be contacted; at most two come, and they count whatever becomes of the call.
    DoNotContact {
        request: DoNotContact,
    },
    /// The one ending, with a note whose form was checked.
    Noted {
        heard: Heard,
        note: Box<Note>,
    },
    /// The one ending, without a note.
    NotNoted {
        heard: Heard,
        reason: NoSummary,
    },
    /// The one ending: somebody objected.
    Objected,
    /// The answer to a stop; the call is wiped.
    Stopped,
    /// The one ending: the ear died, broke a rule, or panicked at this place in its code (file's number and line).
    Failed {
        place: Option<(u16, u32)>,
    },
}

impl EarWord {
    /// Whether nothing more comes of this call.
    pub fn ends(&self) -> bool {
        match self {
            EarWord::Flowing { .. } | EarWord::Counters { .. } | EarWord::DoNotContact { .. } => false,
            EarWord::Noted { .. }
            | EarWord::NotNoted { .. }
            | EarWord::Objected
            | EarWord::Stopped
            | EarWord::Failed { .. } => true,
        }
    }
}

/// All ears. When the last clone is dropped no more are started, and each ends with its last [`EarCall`].
#[derive(Clone)]
pub struct Ears {
    kept: Arc<Kept>,
}

struct Kept {
    slots: Vec<Arc<Slot>>,
    /// Dropped with the last clone.
    _stop: DropGuard,
}

/// Is told whenever an ear is locked in (`true`) or has ended.
pub type Diary = Arc<dyn Fn(Recogniser, bool) + Send + Sync>;

/// Starts an ear for each of `settings` and keeps it running. Needs a running tokio.
pub fn start(settings: Vec<Settings>, clock: Clock, diary: &Diary) -> Ears {
    let stop = CancellationToken::new();
    let start = |settings| Slot::start(settings, clock, stop.clone(), Arc::clone(diary));
    let slots = settings.into_iter().map(start).collect();
    Ears { kept: Arc::new(Kept { slots, _stop: stop.drop_guard() }) }
}

/// Starts one ear, waits until it is locked in, and ends it: `doctor`'s question, and why it fails.
pub async fn try_one(settings: Settings, clock: Clock) -> Result<Tried, NotReady> {
    keep::try_one(settings, clock).await
}

impl Ears {
    /// Whether an ear of that kind is locked in and takes calls. Until then no notice is played on its lines.
    pub fn ready(&self, recogniser: Recogniser, language: Language) -> bool {
        self.slot(recogniser, language).is_some_and(|slot| slot.current().is_some())
    }

    /// Whether ears of that kind are kept running at all.
    pub fn serves(&self, recogniser: Recogniser, language: Language) -> bool {
        self.slot(recogniser, language).is_some()
    }

    /// What ears of that kind hold in memory now.
    pub fn held(&self, recogniser: Recogniser, language: Language) -> Held {
        self.slot(recogniser, language).map(|slot| slot.held()).unwrap_or_default()
    }

    /// The model of the ear that takes calls of that kind.
    pub fn model(&self, recogniser: Recogniser, language: Language) -> Option<ModelId> {
        self.slot(recogniser, language)?.model()
    }

    /// Waits until every ear is ready; the demo's and `doctor`'s.
    pub async fn all_ready(&self) {
        for slot in self.kept.slots.iter() {
            slot.ready().await;
        }
    }

    /// Tells an ear of a call that was announced. `words` gets all that the ear says of it, its ending last.
    ///
    /// `None` when no ear of that kind is ready.
    pub fn open(
        &self,
        proof: &Announced,
        recogniser: Recogniser,
        opening: Opening,
        words: impl Fn(EarWord) + Send + 'static,
    ) -> Option<EarCall> {
        let slot = self.slot(recogniser, opening.language)?;
        let orders = slot.take_one()?;
        let call = proof.call();
        orders.send(Order::Open { call, opening, words: Words::new(words) }).ok()?;
        Some(EarCall { call, orders })
    }

    /// Starts a fresh ear for new calls and lets the present one end with its last call.
    pub fn rotate(&self) {
        for slot in self.kept.slots.iter() {
            slot.rotate();
        }
    }

    fn slot(&self, recogniser: Recogniser, language: Language) -> Option<&Arc<Slot>> {
        self.kept.slots.iter().find(|slot| slot.serves(recogniser, language))
    }
}

/// What an ear is told of a call at its beginning, beside its number.
#[derive(Clone, Copy, Debug)]
pub struct Opening {
    pub language: Language,
    /// So that "on Thursday" can be told apart.
    pub today: Day,
    pub agent_leg: AgentLeg,
    pub left_out: LeftOut,
}

/// A call that an ear was told of. Dropped, it is wiped there.
pub struct EarCall {
    call: CallId,
    orders: mpsc::UnboundedSender<Order>,
}

impl EarCall {
    /// Gives the ear one party's socket ([`rtp_socket`]) and closes our copy. The proof must be this call's.
    ///
    /// ```no_run
    /// # use callgist::{call::{Announced, Party}, daemon::ears::EarCall, wire::rtp::Format};
    /// fn hand(ear: &EarCall, proof: &Announced, format: Format, socket: std::net::UdpSocket) {
    ///     ear.hand_over(proof, Party::Caller, format, socket);
    /// }
    /// ```
    ///
    /// Without the proof it does not compile:
    ///
    /// ```compile_fail,E0061
    /// # use callgist::{call::{Announced, Party}, daemon::ears::EarCall, wire::rtp::Format};
    /// fn hand(ear: &EarCall, proof: &Announced, format: Format, socket: std::net::UdpSocket) {
    ///     ear.hand_over(Party::Caller, format, socket);
    /// }
    /// ```
    ///
    /// A copy of the socket cannot be kept either, for it is given away:
    ///
    /// ```compile_fail,E0382
    /// # use callgist::{call::{Announced, Party}, daemon::ears::EarCall, wire::rtp::Format};
    /// fn hand(ear: &EarCall, proof: &Announced, format: Format, socket: std::net::UdpSocket) {
    ///     ear.hand_over(proof, Party::Caller, format, socket);
    ///     socket.recv(&mut [0]);
    /// }
    /// ```
    pub fn hand_over(&self, proof: &Announced, party: Party, format: Format, socket: UdpSocket) {
        let call = self.call;
        if proof.call() == call {
            self.order(Order::Hear { call, party, format, socket });
        }
    }

    pub fn bridged(&self) {
        self.tell(ToEar::Bridged { call: self.call });
    }

    pub fn paused(&self) {
        self.tell(ToEar::Paused { call: self.call });
    }

    pub fn resumed(&self) {
        self.tell(ToEar::Resumed { call: self.call });
    }

    /// The call is over: an ending comes once the rest is recognised.
    pub fn end(&self, partial: bool) {
        self.tell(ToEar::End { call: self.call, partial });
    }

    /// The call is to be wiped now; [`EarWord::Stopped`] or [`EarWord::Failed`] comes within about a second.
    pub fn stop(&self) {
        self.tell(ToEar::Stop { call: self.call });
    }

    fn tell(&self, order: ToEar) {
        self.order(Order::Tell(order));
    }

    fn order(&self, order: Order) {
        // An ear that has ended has said so to the call already.
        let _ = self.orders.send(order);
    }
}

impl Drop for EarCall {
    /// The ear that holds the call no longer, because it has ended, is not told.
    fn drop(&mut self) {
        self.stop();
    }
}
