//! `callgist doctor --call`: one real call through the snippet, whose two voices the switch plays, judged by its note.
//!
//! Our own profile at the switch calls the one on which the carrier's calls arrive, so the call comes in where calls come
//! in (a profile that calls itself would be taken for a loop). The Callgist that runs announces it; behind the notice,
//! where the snippet would go on to an agent's phone, it is transferred to a leg that plays what an agent says. Nobody's
//! phone rings, and the row is erased again at the end.

use super::talk::{Legs, Talk};
use crate::call::{AgentLeg, Number};
use crate::cli::counter::now;
use crate::cli::demo::audio::write_wav;
use crate::cli::switch::{NO_TRUNK, consents, finds, usual_trunk};
use crate::config::{Config, Line};
use crate::daemon::freeswitch::{Link, News, uuid};
use crate::daemon::notice;
use crate::store::{Clerk, Database, Filter, Kept, Outcome, Reader, StoreError};
use crate::wire::esl::{Command, Event, EventName, Execute, Line as Text, Word};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{sleep, timeout};

/// Which way the call takes at the switch.
pub struct Way<'a> {
    /// Our own profile, over which it goes out.
    pub profile: &'a str,
    /// Address and port where it comes in, unless the switch is to tell.
    pub trunk: Option<&'a str>,
}

/// Places the call and follows it to its note; gives what was seen, or what went wrong and what to do.
pub async fn place(
    config: &Config,
    line: &Line,
    way: &Way<'_>,
    link: &Link,
    news: &mut UnboundedReceiver<News>,
) -> Result<String, String> {
    let talk = Talk::in_language(line.language)
        .ok_or("there is no test talk in French yet: call the line yourself, and read callgist calls list")?;
    let sounds = Sounds::write(&talk)?;
    for file in [&sounds.caller, &sounds.agent] {
        if !finds(link, file).await {
            return Err(format!(
                "the switch does not see {}: run doctor as root, so that it can put its sounds into /run",
                file.display()
            ));
        }
    }
    let whole = notice::length(&line.notice).map_err(|error| error.to_string())?;
    // Before the call: a row that cannot be opened could not be erased either.
    let database = Database::of(&config.store).map_err(|error| format!("{error:#}"))?;
    let mut call = TestCall::new(line, link, news);
    let wait = match line.question() {
        Some(_) => format!("{},sleep:{}", consents(whole), CALL_BEGINS.as_millis()),
        None => format!("sleep:{}", (whole + CALL_BEGINS).as_millis()),
    };
    call.dial(way, &format!("{wait},playback:{}", sounds.caller.display())).await?;
    let told = call.told(&sounds, &talk, whole).await;
    // Nothing of it may go on, whatever became of it.
    call.end();
    let patience = if told.is_ok() { NOTED_WITHIN } else { REFUSED_WITHIN };
    let row = timeout(patience, row(&database, &call.number)).await;
    let seen = match (told, row) {
        (_, Ok(Err(error))) => Err(error.to_string()),
        (Ok(heard), Ok(Ok(kept))) => judged(&kept, line).map(|()| good(heard, line.agent_leg)),
        (Ok(_), Err(_)) => Err("no row was kept of the test call: see the log of callgist run".to_owned()),
        (Err(why), Ok(Ok(Kept { call, .. }))) => Err(match call.outcome {
            Outcome::NotNoted(reason) => {
                // Somebody has kept the row.
                let why = if why == NO_NOTICE { NOT_ANNOUNCED } else { &why };
                format!("{why}; its row says {}", reason.word())
            }
            Outcome::Noted(_) => why,
        }),
        (Err(why), Err(_)) => Err(why),
    };
    erase(&database, &call.number)
        .map_err(|error| format!("the test call's row cannot be erased: {error}"))?;
    seen
}

fn good(heard: Duration, agent_leg: AgentLeg) -> String {
    let tells = match agent_leg {
        AgentLeg::Heard => "the note tells who said what on which leg",
        AgentLeg::NotHeard => "the note tells what the caller said, and nothing of the agent",
    };
    format!("the notice was heard to its end ({:.1} s), and {tells}; it is erased again", heard.as_secs_f64())
}

pub(super) struct TestCall<'a> {
    line: &'a Line,
    link: &'a Link,
    news: &'a mut UnboundedReceiver<News>,
    /// Whose call it seems to be.
    number: String,
    /// The calling leg: what a caller's phone would be.
    phone: String,
}

impl<'a> TestCall<'a> {
    pub(super) fn new(line: &'a Line, link: &'a Link, news: &'a mut UnboundedReceiver<News>) -> TestCall<'a> {
        TestCall { line, link, news, number: made_up_number(), phone: uuid() }
    }

    pub(super) fn number(&self) -> &str {
        &self.number
    }

    /// Calls the line; the calling leg runs these applications, each with its argument behind a colon.
    pub(super) async fn dial(&mut self, way: &Way<'_>, applications: &str) -> Result<(), String> {
        let address = match way.trunk {
            Some(address) => address.to_owned(),
            None => usual_trunk(self.link).await.ok_or(NO_TRUNK)?,
        };
        let (phone, number, profile) = (&self.phone, &self.number, way.profile);
        let called = self.line.number.as_str().trim_start_matches('+');
        let originate = format!(
            "originate {{origination_uuid={phone},origination_caller_id_number={number},\
             origination_caller_id_name=callgist,absolute_codec_string=PCMA,originate_timeout=5,process_cdr=false,\
             ignore_early_media=true,rtp_secure_media=false}}sofia/{profile}/sip:{called}@{address};transport=udp \
             '{applications}' inline"
        );
        self.link
            .send(Command::bgapi(originate, &self.job()).map_err(|_| "--trunk cannot hold a line break")?);
        Ok(())
    }

    /// Gives how long the notice was heard.
    async fn told(&mut self, sounds: &Sounds, talk: &Talk, whole: Duration) -> Result<Duration, String> {
        let leg = self.offered().await?;
        let heard = self.announced(&leg, sounds, whole).await?;
        self.bridged(&leg).await?;
        self.over(&leg, talk).await?;
        Ok(heard)
    }

    /// The call waits in the snippet; gives the leg on which it came in.
    pub(super) async fn offered(&mut self) -> Result<String, String> {
        let (number, job) = (self.number.clone(), self.job());
        let line = self.line.name.clone();
        let refused = |text: &str| {
            format!(
                "the call was refused ({}): --trunk names address and port of a profile that takes calls from this \
                 host without a login, as the carrier's does",
                text.trim()
            )
        };
        let waits = |event: &Event| match event.name() {
            EventName::BackgroundJob if event.job_uuid() == Some(&job) => {
                let text = event.body().unwrap_or_default();
                text.contains("-ERR").then(|| Err(refused(text)))
            }
            EventName::ChannelExecute if event.application() == Some("sleep") && is_from(event, &number) => {
                let ms = event.application_data().and_then(|data| data.parse::<u32>().ok()).unwrap_or(0);
                Some(match event.variable("callgist") {
                    Some(name) if name == line && ms > 0 => {
                        Ok(event.unique_id().unwrap_or_default().to_owned())
                    }
                    Some(name) if name == line => Err(NO_NOTICE.to_owned()),
                    name => Err(format!(
                        "the call came to the snippet of \"{}\": set callgist={line} in the snippet of its number",
                        name.unwrap_or_default()
                    )),
                })
            }
            _ => None,
        };
        self.until(ANSWERED_WITHIN, "the call did not come to the snippet: see the line above", waits).await?
    }

    /// The notice is played to its end. Behind it, in the place of the agent's phone, the agent's voice is put.
    async fn announced(&mut self, leg: &str, sounds: &Sounds, whole: Duration) -> Result<Duration, String> {
        let begun = self.notice_begins(leg).await?;
        self.link.send(agent_behind(leg, &sounds.agent).ok_or("the agent's voice cannot be put there")?);
        let longest = whole + ANSWERED_WITHIN;
        let unended = "the notice did not end: look into the switch's log";
        let ended = self.until(longest, unended, self.of_notice(leg, EventName::PlaybackStop)).await?;
        let heard = Duration::from_micros(ended.saturating_sub(begun));
        if heard + ONE_PACKET < whole {
            return Err(format!(
                "the notice was cut off after {:.1} of {:.1} s: look for what else plays or breaks on this line",
                heard.as_secs_f64(),
                whole.as_secs_f64()
            ));
        }
        Ok(heard)
    }

    /// When the notice began, in microseconds of the switch's clock.
    pub(super) async fn notice_begins(&mut self, leg: &str) -> Result<u64, String> {
        self.until(ANSWERED_WITHIN, NO_NOTICE, self.of_notice(leg, EventName::PlaybackStart)).await
    }

    fn of_notice(&self, leg: &str, name: EventName) -> impl Fn(&Event) -> Option<u64> + use<> {
        let (notice, leg) = (self.line.notice.to_string_lossy().into_owned(), leg.to_owned());
        move |event| {
            let of_it = event.name() == name
                && event.unique_id() == Some(&leg)
                && event.playback_path() == Some(&*notice);
            event.date_micros().filter(|_| of_it)
        }
    }

    /// Behind the notice the leg waits and is hung up on, so that nobody's phone rings.
    pub(super) fn goes_no_further(&self, leg: &str) -> Result<(), String> {
        let waits = "'set:callgist_waiting=false,sleep:10000,hangup' inline";
        self.link.send(behind(leg, waits).ok_or("the test call cannot be kept from going on")?);
        Ok(())
    }

    async fn bridged(&mut self, leg: &str) -> Result<(), String> {
        let joined = |event: &Event| {
            let (a, _) = event.bridge_pair().filter(|_| event.name() == EventName::ChannelBridge)?;
            (a == leg).then_some(())
        };
        let nobody = "the call was not joined to the agent's voice: is mod_loopback loaded?";
        self.until(ANSWERED_WITHIN, nobody, joined).await
    }

    async fn over(&mut self, leg: &str, talk: &Talk) -> Result<(), String> {
        let longest = Duration::from_secs(talk.seconds()) + ANSWERED_WITHIN * 2;
        let ended = |event: &Event| {
            (event.name() == EventName::ChannelHangupComplete && event.unique_id() == Some(leg)).then_some(())
        };
        self.until(longest, "the test call did not end by itself: look into the switch's log", ended).await
    }

    /// Waits for what `read` reads from an event; `what` says that it did not come.
    pub(super) async fn until<T>(
        &mut self,
        within: Duration,
        what: &str,
        read: impl Fn(&Event) -> Option<T>,
    ) -> Result<T, String> {
        let come = async {
            loop {
                match self.news.recv().await {
                    Some(News::Event(event)) => {
                        if let Some(come) = read(&event) {
                            return Ok(come);
                        }
                    }
                    Some(News::Up) => {}
                    Some(News::Down(error)) => return Err(error.to_string()),
                    None => return Err("the switch's event socket was lost".to_owned()),
                }
            }
        };
        timeout(within, come).await.unwrap_or_else(|_| Err(what.to_owned()))
    }

    pub(super) fn end(&self) {
        if let Ok(command) = Command::api(format!("uuid_kill {}", self.phone)) {
            self.link.send(command);
        }
    }

    fn job(&self) -> String {
        format!("callgist-doctor-{}", self.phone)
    }
}

/// Switches add or drop the plus.
fn is_from(event: &Event, number: &str) -> bool {
    let caller = event.get("Caller-Caller-ID-Number").unwrap_or_default();
    caller.trim_start_matches('+') == number.trim_start_matches('+')
}

/// Queued while the notice is played, so it runs when that has ended and before the dialplan goes on.
fn agent_behind(leg: &str, voice: &Path) -> Option<Command> {
    let voice = voice.display();
    let bridges = format!(
        "'set:callgist_waiting=false,set:hangup_after_bridge=true,bridge:loopback/app=playback:{voice}' inline"
    );
    behind(leg, &bridges)
}

fn behind(leg: &str, dialplan: &str) -> Option<Command> {
    Some(Command::Execute(Execute {
        leg: Some(Word::new(leg).ok()?),
        application: Word::new("transfer").ok()?,
        argument: Some(Text::new(dialplan).ok()?),
        event_uuid: None,
        event_lock: true,
    }))
}

/// The two voices as files that the switch can read; they are gone with this value.
struct Sounds {
    caller: PathBuf,
    agent: PathBuf,
    _folder: TempDir,
}

impl Sounds {
    fn write(talk: &Talk) -> Result<Sounds, String> {
        let made = |place: &Path| tempfile::Builder::new().prefix("callgist-doctor-").tempdir_in(place);
        // A service manager may give the switch a /tmp of its own, but never a /run.
        let folder = made(Path::new("/run")).or_else(|_| made(&std::env::temp_dir()));
        let written = folder.and_then(|folder| {
            std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755))?;
            let [caller, agent] = ["caller.wav", "agent.wav"].map(|name| folder.path().join(name));
            write_wav(&caller, &talk.caller)?;
            write_wav(&agent, &talk.agent)?;
            Ok(Sounds { caller, agent, _folder: folder })
        });
        written.map_err(|error| format!("the sounds of the test call cannot be written: {error}"))
    }
}

/// Reads from the note whether each voice came from its own side.
fn judged(kept: &Kept, line: &Line) -> Result<(), String> {
    let note = match &kept.call.outcome {
        Outcome::Noted(summary) => &summary.text,
        Outcome::NotNoted(reason) => {
            return Err(format!(
                "there is no note: {}; the log of callgist run tells more of it",
                reason.word()
            ));
        }
    };
    let unheard = |who: &str| {
        Err(format!(
            "what the {who} said is not in the note: that leg was not heard; see the log of callgist run, and let nothing \
             bypass the switch's media (dialplan/README.md)"
        ))
    };
    let legs = match line.agent_leg {
        AgentLeg::Heard => Legs::told_by(note, line.language),
        AgentLeg::NotHeard => Legs::told_by_the_caller(note, line.language),
    };
    match legs {
        Legs::Right => Ok(()),
        Legs::Swapped => {
            Err("the legs are swapped: what the agent said stands in the note as the caller's; stop \
                              callgist, and report it with the switch's version"
                .to_owned())
        }
        Legs::WithoutAgent => unheard("agent"),
        Legs::WithoutCaller => unheard("caller"),
        Legs::AgentOverheard => Err("what the agent said is in the note, though agent_leg = \"not_heard\": reload callgist if \
                                     that was set since, else stop it, and report this with the switch's version"
            .to_owned()),
    }
}

/// Waits for the row of the call from this number.
pub(super) async fn row(database: &Database, number: &str) -> Result<Kept, StoreError> {
    loop {
        let reader = Reader::open(database.clone())?;
        for filter in from(number) {
            if let Some(kept) = reader.list(&filter)?.pop() {
                return Ok(kept);
            }
        }
        sleep(LOOK_EVERY).await;
    }
}

/// Nobody called: nothing of it is left but the log's entries, which have no content.
pub(super) fn erase(database: &Database, number: &str) -> Result<(), StoreError> {
    let mut clerk = Clerk::open(database.clone())?;
    for filter in from(number) {
        let calls: Vec<_> = clerk.calls(&filter)?.iter().map(|kept| kept.call.id).collect();
        if !calls.is_empty() {
            clerk.erase_calls(&calls, filter.number.as_ref(), true, now())?;
        }
    }
    Ok(())
}

/// All calls from this number, with its plus or without it, as the switch tells it.
fn from(number: &str) -> impl Iterator<Item = Filter> {
    let forms = [number, number.trim_start_matches('+')];
    forms
        .into_iter()
        .filter_map(|form| Number::new(form).ok())
        .map(|form| Filter { number: Some(form), ..Filter::default() })
}

/// +999 belongs to no country (ITU-T E.164), so no person has this number.
fn made_up_number() -> String {
    format!("+9990{:08}", rand::random::<u32>() % 100_000_000)
}

const NO_NOTICE: &str = "no notice was played: is callgist run running?";

const NOT_ANNOUNCED: &str = "no notice was played, though callgist runs: its log says \"calls are announced\" as soon as an ear is \
                             ready; try again then";

/// A busy switch takes a second or two for what takes it milliseconds.
const ANSWERED_WITHIN: Duration = Duration::from_secs(5);

/// From the answer to the notice, and from the notice to the agent.
const CALL_BEGINS: Duration = Duration::from_millis(200);

const ONE_PACKET: Duration = Duration::from_millis(20);

/// A machine that is busy recognises the rest of a call long after its end.
pub(super) const NOTED_WITHIN: Duration = Duration::from_secs(180);

/// A call that is not heard is kept at its end.
pub(super) const REFUSED_WITHIN: Duration = Duration::from_secs(5);

const LOOK_EVERY: Duration = Duration::from_millis(500);
