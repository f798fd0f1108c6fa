//! The process that writes: switch links, SIP, ears (started, watched, handed sockets), store, clock.
//!
//! It binds the RTP sockets, never reads one, and hands them over against the notice's proof. It links no
//! recogniser and names nothing of what only an ear may hold.

mod admission;
pub mod clock;
mod door;
pub mod ears;
pub mod events;
mod follow;
pub mod freeswitch;
pub mod housekeeping;
pub mod models;
pub mod notice;
mod reload;
mod segments;
mod service;
pub mod switch;
mod switches;
pub mod taps;

use crate::border::{ModelId, Recogniser};
use crate::call::{Event, Language, NoSummary};
use crate::config::{Choice, Config, Line};
use crate::figures::LineDrift;
use crate::store::{Database, Measured, Name, Store};
use admission::{Admission, Seat};
use clock::Clock;
use ears::Ears;
use std::collections::BTreeMap;
use std::future::Future;
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use switch::Begun;
use switches::Refused;
use taps::Taps;
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

/// All that following a call needs.
pub struct Desk {
    clock: Clock,
    taps: Taps,
    ears: Ears,
    store: Arc<Store>,
    rtp_ports: RangeInclusive<u16>,
    lines: Mutex<BTreeMap<String, Prepared>>,
    admission: Admission,
    /// Those that calls go by.
    settings: Mutex<Arc<Config>>,
    /// Looks whether what was published for each line still holds.
    drifts: Drifts,
    /// Speech that may wait in one kind of ear.
    audio_budget: Duration,
    /// The daemon is being stopped.
    leaving: AtomicBool,
}

/// Tells of each line whether what was published for it still holds; it reads the sounds.
pub type Drifts = fn(&Config) -> Vec<LineDrift>;

/// Settings that were read anew, or what is wrong with them.
pub type Reading = Result<Config, String>;

/// What was found out about a line when its settings were read.
struct Prepared {
    notice: Duration,
    /// What goes into the row of a call that is announced; nothing where a name is none.
    measured: Option<Measured>,
    recogniser: Recogniser,
}

impl Desk {
    fn notice_length(&self, line: &Line) -> Duration {
        self.lines().get(&line.name).map_or(Duration::MAX, |line| line.notice)
    }

    fn measured(&self, line: &Line) -> Option<Measured> {
        self.lines().get(&line.name).and_then(|line| line.measured.clone())
    }

    fn recogniser(&self, line: &Line) -> Recogniser {
        self.lines().get(&line.name).map_or(Recogniser::Whisper, |line| line.recogniser)
    }

    fn lines(&self) -> MutexGuard<'_, BTreeMap<String, Prepared>> {
        // The map is whole after every statement.
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn settings(&self) -> Arc<Config> {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn change_settings(&self, new: Config) {
        // They are replaced in one statement.
        *self.settings.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(new);
    }

    /// Of each line; nothing of any where that could not be looked at.
    fn drifts(&self) -> impl Future<Output = Vec<LineDrift>> + Send + use<> {
        let (look, settings) = (self.drifts, self.settings());
        // Files are read.
        let looked = tokio::task::spawn_blocking(move || look(&settings));
        async { looked.await.unwrap_or_default() }
    }

    fn model(&self, recogniser: Recogniser, language: Language) -> Option<ModelId> {
        self.ears.model(recogniser, language)
    }

    /// Whether a call of this line may be announced now: the notice is played only when a note can be made.
    fn admits(&self, line: &Line, recogniser: Recogniser) -> Result<(), NoSummary> {
        if self.leaving.load(Ordering::Relaxed) {
            return Err(NoSummary::Shutdown);
        }
        if !line.is_on() {
            return Err(NoSummary::SwitchedOff);
        }
        if !self.ears.ready(recogniser, line.language) {
            return Err(NoSummary::EngineFailed);
        }
        let held = self.ears.held(recogniser, line.language);
        if held.audio < self.audio_budget && self.admission.has_room(line.agent_leg) {
            Ok(())
        } else {
            Err(NoSummary::Overload)
        }
    }

    /// Admits one call.
    fn admit(&self, line: &Line, recogniser: Recogniser) -> Result<Seat, NoSummary> {
        self.admits(line, recogniser)?;
        self.admission.seat(line.agent_leg).ok_or(NoSummary::Overload)
    }
}

/// Why the daemon does not run; each says what to do.
#[derive(Debug)]
pub enum StartError {
    /// The store cannot be used.
    Store(crate::store::StoreError),
    /// The SIP port is taken.
    Sip {
        listen: std::net::SocketAddr,
        error: std::io::Error,
    },
    /// The port for questions by HTTP is taken.
    Http(std::io::Error),
    Notice(notice::NoticeError),
    Model(models::ModelError),
    /// Every switch refuses us.
    Switch(Vec<Refused>),
    /// Our own program cannot be found.
    Ear(std::io::Error),
}

impl std::fmt::Display for StartError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            StartError::Store(error) => write!(f, "{error}"),
            StartError::Sip { listen, error } => write!(
                f,
                "cannot listen for SIP on {listen}: {error}; if another callgist runs, stop it, else change \
                 [sip] listen"
            ),
            StartError::Http(error) => {
                write!(f, "cannot listen for HTTP: {error}; change [http] listen, or take it away")
            }
            StartError::Notice(error) => write!(f, "{error}"),
            StartError::Model(error) => write!(f, "{error}"),
            StartError::Switch(refused) => {
                let each: Vec<String> = refused.iter().map(Refused::to_string).collect();
                f.write_str(&each.join("\n"))
            }
            StartError::Ear(error) => {
                write!(f, "the ears' programs cannot be found: {error}; set CALLGIST_EAR_DIR")
            }
        }
    }
}

impl std::error::Error for StartError {}

/// Runs until `stop` is done: follows every call of the configured lines.
///
/// `drifts` is asked every hour and for the figures. `database` was put together while its key could be read, and the door
/// for questions by HTTP opened while that could be done. Settings that arrive in `settings` take the place of the old ones, as far as that goes without a restart.
pub async fn run(
    config: Config,
    database: Database,
    door: Option<std::net::TcpListener>,
    clock: Clock,
    stop: impl Future<Output = ()>,
    mut settings: mpsc::UnboundedReceiver<Reading>,
    drifts: Drifts,
) -> Result<(), StartError> {
    // Before the database: a second callgist by mistake must not encrypt a list that the first one reads.
    let listen = config.sip.listen;
    let sip = UdpSocket::bind(listen).await.map_err(|error| StartError::Sip { listen, error })?;
    let store = Store::open(database).map_err(StartError::Store)?;
    let lines = prepare(&config)?;
    tell_what_lines_wait_for(&config);
    let taps = taps::start(sip, clock).map_err(|error| StartError::Sip { listen, error })?;
    let store = Arc::new(store);
    let ears = ears::start(wanted(&config, &lines)?, clock, &housekeeping::diary(&store, clock));
    let desk = Arc::new(Desk {
        clock,
        taps,
        ears: ears.clone(),
        store,
        rtp_ports: config.sip.first_rtp_port..=config.sip.last_rtp_port,
        lines: Mutex::new(lines),
        admission: Admission::new(&config.ears, &config.sip),
        settings: Mutex::new(Arc::new(config.clone())),
        drifts,
        audio_budget: Duration::from_secs(config.ears.audio_budget_s.into()),
        leaving: AtomicBool::new(false),
    });
    if let Some(listener) = door {
        let country = config.lines.first().map(|line| line.country_code.clone()).unwrap_or_default();
        let desk = Arc::downgrade(&desk);
        door::open(listener, door::Desk { desk, clock, country }).map_err(StartError::Http)?;
    }
    let (begun, mut calls_begun) = mpsc::unbounded_channel::<Begun>();
    let (switches, work) = switches::join(&config, &desk, &begun);
    let mut reload = reload::Reload::new(&config, desk.clone(), &switches);
    let (version, lines) = (env!("CARGO_PKG_VERSION"), config.lines.len());
    events::Started { version, switches: config.switches.len(), lines }.log();
    let calls = TaskTracker::new();
    let house = housekeeping::keep_house(desk.clone(), config.version(), clock);
    let refused = switches.refused();
    tokio::pin!(work, refused, stop, house);
    service::ready();
    let mut beat = clock.now() + BEAT;
    loop {
        tokio::select! {
            // In the boards' own task, so that it is not told of one that hangs.
            () = clock.sleep_until(Some(beat)) => {
                service::alive();
                beat = clock.now() + BEAT;
            }
            () = &mut house => {}
            () = &mut work => return Ok(()),
            refused = &mut refused => return Err(StartError::Switch(refused)),
            Some(call) = calls_begun.recv() => {
                calls.spawn(follow::follow(call, desk.clone()));
            }
            Some(reading) = settings.recv() => reload.read(reading),
            () = &mut stop => break,
        }
    }
    service::stopping();
    let drain = async {
        // First of all: nobody shall begin to wait for a daemon that is going away.
        desk.leaving.store(true, Ordering::Relaxed);
        switches.leave().await;
        calls.close();
        loop {
            tokio::select! {
                biased;
                // Who began to wait before the switch was told goes on at once.
                Some(call) = calls_begun.recv() => {
                    calls.spawn(follow::follow(call, desk.clone()));
                    switches.deliver_all(&Event::Shutdown);
                }
                () = calls.wait() => break,
                () = &mut work => break,
            }
        }
        // The copies that the calls have ended are gone when both have answered.
        tokio::join!(desk.taps.settled(), switches.withdraw());
    };
    // A row is written and a copy ended within milliseconds; the bound is for a disk or a switch that hangs.
    let _ = tokio::time::timeout(DRAINED_WITHIN, drain).await;
    Ok(())
}

/// Reads every notice and question, and chooses every line's recogniser.
fn prepare(config: &Config) -> Result<BTreeMap<String, Prepared>, StartError> {
    let mut lines = BTreeMap::new();
    let settings = Name::new(&config.version()).ok();
    for line in &config.lines {
        let notice = notice::length(&line.notice).map_err(StartError::Notice)?;
        line.question().map(notice::question_length).transpose().map_err(StartError::Notice)?;
        let sound = notice::hash("notice", &line.notice).map_err(StartError::Notice)?;
        let asked = line.question().map(|question| notice::hash("question", question));
        let question = asked.transpose().map_err(StartError::Notice)?;
        let lasts = u32::try_from(notice.as_millis()).ok();
        let measured = settings.clone().zip(lasts);
        let measured = measured.map(|(settings, lasts)| Measured { sound, question, lasts, settings });
        let (recogniser, why) = choose(config, line).map_err(StartError::Model)?;
        events::Chosen { line: &line.name, recogniser, why }.log();
        lines.insert(line.name.clone(), Prepared { notice, measured, recogniser });
    }
    Ok(lines)
}

/// `auto` takes Vosk when a Vosk model for the line's language is installed, else Whisper.
pub fn choose(config: &Config, line: &Line) -> Result<(Recogniser, &'static str), models::ModelError> {
    let (recogniser, why) = match line.recogniser {
        Choice::Fixed(recogniser) => (recogniser, "set for the line"),
        Choice::Auto if models::folder(config, Recogniser::Vosk, line.language).is_dir() => {
            (Recogniser::Vosk, "a Vosk model for the language is installed")
        }
        Choice::Auto => (Recogniser::Whisper, "no Vosk model for the language is installed"),
    };
    models::check(config, recogniser, line.language)?;
    Ok((recogniser, why))
}

fn tell_what_lines_wait_for(config: &Config) {
    for line in &config.lines {
        if let Some(unset) = line.waits_for() {
            events::LineWaits { line: &line.name, unset: &unset }.log();
        }
    }
}

/// The ears that the lines need that are on: one for each recogniser and model folder.
fn wanted(config: &Config, lines: &BTreeMap<String, Prepared>) -> Result<Vec<ears::Settings>, StartError> {
    let mut wanted: Vec<ears::Settings> = Vec::new();
    for line in config.lines.iter().filter(|line| line.is_on()) {
        let Some(prepared) = lines.get(&line.name) else { continue };
        let settings = ear_settings(config, prepared.recogniser, line.language)?;
        match wanted
            .iter_mut()
            .find(|other| (other.recogniser, &other.model) == (settings.recogniser, &settings.model))
        {
            Some(other) if other.languages.contains(&line.language) => {}
            Some(other) => other.languages.push(line.language),
            None => wanted.push(settings),
        }
    }
    Ok(wanted)
}

/// What an ear for this recogniser and language is started with.
pub fn ear_settings(
    config: &Config,
    recogniser: Recogniser,
    language: Language,
) -> Result<ears::Settings, StartError> {
    Ok(ears::Settings {
        recogniser,
        languages: vec![language],
        program: ears::program(recogniser).map_err(StartError::Ear)?,
        model: models::folder(config, recogniser, language),
        threads: config.ears.threads,
        audio_budget: config.ears.audio_budget_s as usize * BYTES_PER_SECOND,
        rotate_after_calls: config.ears.rotate_after_calls,
        rotate_after: Duration::from_secs(3_600) * config.ears.rotate_after_hours,
    })
}

/// Makes the store's folder, mode 0700, where it is missing; afterwards no right to make one is left.
pub fn make_store_folder(config: &Config) -> Result<(), String> {
    use std::os::unix::fs::DirBuilderExt;
    let Some(folder) = config.store.database.parent() else { return Ok(()) };
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| {
        format!(
            "cannot make the folder {} for the database: {error}; make it, or change [store] database",
            folder.display()
        )
    })
}

/// The daemon's panic hook: the place, and nothing of the values at hand.
pub fn panicked(info: &std::panic::PanicHookInfo<'_>) {
    let place = info.location();
    let (file, line) = place.map_or(("", 0), |place| (place.file(), place.line()));
    tracing::error!(file, line, "callgist has a fault: please report this place");
}

/// Speech is kept at 16 kHz in 16 bit.
const BYTES_PER_SECOND: usize = 32_000;

/// How often the service manager is told that we live; the unit's `WatchdogSec` is three times as long and more.
const BEAT: Duration = Duration::from_secs(5);

/// Longer, and a service manager kills us in the middle of a row.
const DRAINED_WITHIN: Duration = Duration::from_secs(5);
