//! Keeps one kind of ear running: starts it, starts it again when it ends, and rotates it.

use super::attend::{Attended, Gone, NotReady, Order, State, Tried};
use super::held::{Gauge, Held};
use super::log::EarEnded;
use super::process::spawn;
use super::{Diary, Settings};
use crate::border::{EarExit, ModelId, Recogniser, ToEar};
use crate::call::Language;
use crate::daemon::clock::Clock;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// One kind of ear, and the one of it that takes new calls.
pub struct Slot {
    settings: Settings,
    current: watch::Sender<Option<Current>>,
    taken: Mutex<u32>,
    wants_rotation: Notify,
    diary: Diary,
    clock: Clock,
    gauge: Arc<Gauge>,
}

/// The way to a ready ear.
#[derive(Clone)]
pub struct Current {
    orders: mpsc::UnboundedSender<Order>,
    model: Option<ModelId>,
}

impl Slot {
    /// Keeps such an ear running until `stop`.
    pub fn start(settings: Settings, clock: Clock, stop: CancellationToken, diary: Diary) -> Arc<Slot> {
        let (current, _) = watch::channel(None);
        let (taken, wants_rotation) = (Mutex::default(), Notify::new());
        let gauge = Arc::default();
        let slot = Arc::new(Slot { settings, current, taken, wants_rotation, diary, clock, gauge });
        let kept = Arc::clone(&slot);
        tokio::spawn(async move { stop.run_until_cancelled(keep(&kept)).await });
        slot
    }

    pub fn serves(&self, recogniser: Recogniser, language: Language) -> bool {
        self.settings.recogniser == recogniser && self.settings.languages.contains(&language)
    }

    /// The way to the ear that takes calls, if there is one.
    pub fn current(&self) -> Option<mpsc::UnboundedSender<Order>> {
        let current = self.current.borrow().clone()?;
        (!current.orders.is_closed()).then_some(current.orders)
    }

    /// The model of that ear.
    pub fn model(&self) -> Option<ModelId> {
        self.current.borrow().as_ref().and_then(|current| current.model)
    }

    /// The same for one call more, which counts towards rotation.
    pub fn take_one(&self) -> Option<mpsc::UnboundedSender<Order>> {
        let orders = self.current()?;
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        *taken += 1;
        // Once: calls that come until the fresh one is ready must not rotate that one, too.
        if *taken == self.settings.rotate_after_calls {
            self.rotate();
        }
        Some(orders)
    }

    /// What its ears hold of their calls.
    pub fn held(&self) -> Held {
        self.gauge.held(self.clock.now())
    }

    pub fn rotate(&self) {
        self.wants_rotation.notify_one();
    }

    /// Waits until an ear takes calls.
    pub async fn ready(&self) {
        let mut seen = self.current.subscribe();
        // The sender is `self`, so it is there as long as this waits.
        let _ = seen.wait_for(Option::is_some).await;
    }

    fn publish(&self, current: Option<Current>) {
        *self.taken.lock().unwrap_or_else(PoisonError::into_inner) = 0;
        self.current.send_replace(current);
    }
}

/// A running ear.
struct Running {
    orders: mpsc::UnboundedSender<Order>,
    state: watch::Receiver<State>,
    attended: JoinHandle<Gone>,
    /// What it said of its model when it became ready.
    model: Option<ModelId>,
}

/// Never ends by itself; dropped, it lets go of its ear.
async fn keep(slot: &Slot) {
    let mut patience = Patience::default();
    let recogniser = slot.settings.recogniser;
    let mut running = start_until_ready(slot, &mut patience).await;
    loop {
        slot.publish(Some(Current { orders: running.orders.clone(), model: running.model }));
        let rotation = async {
            tokio::select! {
                () = slot.wants_rotation.notified() => {}
                () = slot.clock.sleep(slot.settings.rotate_after) => {}
                Ok(_) = running.state.wait_for(|state| *state == State::Worn) => {}
            }
        };
        let gone = tokio::select! {
            gone = &mut running.attended => Some(gone.unwrap_or(Gone::Unknown)),
            () = rotation => None,
        };
        if let Some(gone) = gone {
            slot.publish(None);
            log_end(&slot.settings, gone);
            (slot.diary)(recogniser, false);
        }
        // An old one takes calls until the fresh one is ready.
        let fresh = start_until_ready(slot, &mut patience).await;
        let old = std::mem::replace(&mut running, fresh);
        if gone.is_none() {
            tokio::spawn(retire(old, slot.settings.clone(), Arc::clone(&slot.diary)));
        }
    }
}

/// Lets an ear end with its last call.
async fn retire(old: Running, settings: Settings, diary: Diary) {
    // If it has ended meanwhile there is nobody to tell.
    let _ = old.orders.send(Order::Tell(ToEar::Retire));
    drop(old.orders);
    let gone = old.attended.await.unwrap_or(Gone::Unknown);
    if gone != Gone::Exit(EarExit::Retired) {
        log_end(&settings, gone);
    }
    diary(settings.recogniser, false);
}

async fn start_until_ready(slot: &Slot, patience: &mut Patience) -> Running {
    let recogniser = slot.settings.recogniser;
    loop {
        tokio::time::sleep(patience.pause()).await;
        match start(&slot.settings, slot.clock, &slot.gauge) {
            Ok(mut running) => {
                let ready =
                    running.state.wait_for(|state| *state != State::Starting).await.map(|state| *state);
                if let Ok(state) = ready {
                    running.model = match state {
                        State::Ready(tried) => Some(tried.model),
                        _ => None,
                    };
                    patience.rewarded();
                    (slot.diary)(recogniser, true);
                    return running;
                }
                log_end(&slot.settings, running.attended.await.unwrap_or(Gone::Unknown));
            }
            Err(error) => EarEnded { recogniser, why: &format!("it cannot be started: {error}") }.log(),
        }
        patience.tried();
    }
}

/// See [`super::try_one`].
pub async fn try_one(settings: Settings, clock: Clock) -> Result<Tried, NotReady> {
    let mut running = start(&settings, clock, &Arc::default())
        .map_err(|error| NotReady { why: format!("it cannot be started: {error}"), gone: Gone::Unknown })?;
    let tried = match running.state.wait_for(|state| *state != State::Starting).await.as_deref() {
        Ok(State::Ready(tried)) => Some(*tried),
        _ => None,
    };
    drop(running.orders);
    let gone = running.attended.await.unwrap_or(Gone::Unknown);
    tried.ok_or_else(|| NotReady { why: gone.words(&settings), gone })
}

fn start(settings: &Settings, clock: Clock, gauge: &Arc<Gauge>) -> std::io::Result<Running> {
    let (child, line) = spawn(settings, clock.factor())?;
    let (orders, ordered) = mpsc::unbounded_channel();
    let (told, state) = watch::channel(State::Starting);
    let (settings, gauge) = (settings.clone(), Arc::clone(gauge));
    let attended = tokio::spawn(async move {
        let settings = &settings;
        Attended { settings, clock, child, line, orders: ordered, state: told, gauge }.attend().await
    });
    Ok(Running { orders, state, attended, model: None })
}

fn log_end(settings: &Settings, gone: Gone) {
    EarEnded { recogniser: settings.recogniser, why: &gone.words(settings) }.log();
}

/// How long to wait before the next start: not at all after an ear that was ready, ever longer after others.
#[derive(Default)]
struct Patience {
    failures: u32,
}

impl Patience {
    fn pause(&self) -> Duration {
        match self.failures {
            0 => Duration::ZERO,
            failures => (FIRST_PAUSE * 2u32.saturating_pow(failures - 1)).min(LONGEST_PAUSE),
        }
    }

    fn tried(&mut self) {
        self.failures = self.failures.saturating_add(1).min(16);
    }

    fn rewarded(&mut self) {
        self.failures = 0;
    }
}

const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// A model that is missing stays so until somebody acts; longer would make him wait, shorter fills the log.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
