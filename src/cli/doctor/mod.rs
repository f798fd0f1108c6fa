//! `callgist doctor`: looks at everything that a call needs; every line says what was seen, and what to do.

mod call;
mod holder;
mod key;
mod mend;
mod recordings;
mod switch;
pub mod talk;

use super::config::told_later;
use super::counter::{counted, time, today};
use super::notices::{Drift, drift};
use super::switch::meant;
use super::{Exit, fail};
use crate::call::AgentLeg;
use crate::config::{Config, Ears, Remark, Sandbox, Switch};
use crate::daemon::clock::Clock;
use crate::daemon::ears::NotReady;
use crate::daemon::housekeeping::{SWEEP_EVERY, retention};
use crate::daemon::{self, ears, notice};
use crate::sandbox;
use crate::store::{Clerk, Database, Store, StoreError, Trouble, UtcMillis};
use clap::Args;
use futures_util::future::join_all;
use serde::Serialize;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::time::timeout;

#[derive(Args)]
pub struct DoctorArgs {
    /// Print the findings as JSON.
    #[arg(long)]
    json: bool,
    /// Place no test call to the lines' numbers. The call is ended while it waits in the snippet; a number that
    /// does not reach the snippet may ring for half a second.
    #[arg(long)]
    no_call: bool,
    /// Also place one whole call to each line, whose two voices the switch plays: the notice is heard to its end, both
    /// legs are copied, and the note tells who said what; and a short one that presses the key to object. Takes a minute
    /// and a half; nobody's phone rings, the rows are erased again, and `callgist run` must be running.
    #[arg(long, conflicts_with = "no_call")]
    call: bool,
    /// Also wait two minutes for a call of yours to one of the lines (of several switches to one line of each, all at once), from a telephone such as your callers have, and tell
    /// whether its key to object reaches the switch.
    #[arg(long, conflicts_with = "no_call")]
    key: bool,
    /// Of several switches look at this one alone.
    #[arg(long, value_name = "NAME")]
    switch: Option<String>,
    /// Address and port of the profile on which the carrier's calls arrive, and so the whole call; the switch is asked for
    /// that of vanilla's profile `external` otherwise. Of several switches --switch says whose it is.
    #[arg(long, value_name = "ADDRESS")]
    trunk: Option<String>,
    /// The dialplan context in which calls to the lines' numbers arrive.
    #[arg(long, default_value = "public", value_name = "CONTEXT")]
    context: String,
}

/// One thing that was looked at.
#[derive(Serialize)]
struct Finding {
    what: String,
    /// Of which of several switches.
    #[serde(skip_serializing_if = "Option::is_none")]
    switch: Option<String>,
    state: State,
    /// What was seen, or what to do.
    says: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Good,
    Warning,
    Bad,
    /// Could not be looked at, since something before it is bad.
    Skipped,
}

#[derive(Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, what: impl Into<String>, state: State, says: impl Into<String>) {
        self.0.push(Finding { what: what.into(), switch: None, state, says: says.into() });
    }

    /// Adds what was found at one switch.
    fn of(&mut self, switch: &Switch, found: Findings) {
        self.0.extend(found.0.into_iter().map(|found| Finding { switch: switch.name.clone(), ..found }));
    }

    fn good(&mut self, what: impl Into<String>, says: impl Into<String>) {
        self.add(what, State::Good, says);
    }

    fn bad(&mut self, what: impl Into<String>, says: impl Into<String>) {
        self.add(what, State::Bad, says);
    }

    fn print(&self, json: bool) {
        if json {
            println!("{}", serde_json::json!({ "findings": self.0 }));
            return;
        }
        for Finding { what, switch, state, says } in &self.0 {
            let mark = match state {
                State::Good => "good",
                State::Warning => "WARN",
                State::Bad => "BAD ",
                State::Skipped => "----",
            };
            let at = switch.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
            println!("{mark}  {what}{at}: {says}");
        }
    }
}

pub fn run(path: &Path, args: &DoctorArgs) -> Exit {
    super::run::start_log(super::run::LogForm::Text, "warn");
    let mut findings = Findings::default();
    match Config::load(path) {
        Err(problems) => {
            for problem in problems.to_string().lines() {
                findings.bad("settings", problem);
            }
        }
        Ok(config) => {
            findings.good("settings", format!("{} can be used", path.display()));
            let switches = match looked_at(&config, args) {
                Ok(switches) => switches,
                Err(why) => return fail(Exit::Usage, &why),
            };
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
            match runtime {
                Ok(runtime) => runtime.block_on(look(&config, &switches, args, &mut findings)),
                Err(error) => return fail(Exit::Failed, &format!("threads cannot be started: {error}")),
            }
        }
    }
    findings.print(args.json);
    let bad = findings.0.iter().any(|finding| finding.state == State::Bad);
    if bad { Exit::Failed } else { Exit::Done }
}

/// All switches, unless one of them is named; a trunk is that of one of them.
fn looked_at<'a>(config: &'a Config, args: &DoctorArgs) -> Result<Vec<&'a Switch>, String> {
    match (&args.switch, &args.trunk) {
        (None, None) => Ok(config.switches.iter().collect()),
        (named, _) => Ok(vec![meant(config, named.as_deref())?]),
    }
}

async fn look(config: &Config, switches: &[&Switch], args: &DoctorArgs, findings: &mut Findings) {
    if let Some(says) = sandbox::MAY_BE_DUMPED {
        findings.bad("build", says);
    }
    store(config, findings);
    kernel(config, findings);
    memory(config, findings);
    let free = ports(config, findings).await;
    notices(config, findings);
    law(config, findings);
    if args.key {
        keys(config, switches, findings).await;
    }
    for at in switches {
        findings.of(at, switch::look(config, at, args, free).await);
    }
    models(config, findings).await;
}

/// All switches wait at the same time, each for a call of its own.
async fn keys(config: &Config, switches: &[&Switch], findings: &mut Findings) {
    if switches.len() > 1 {
        eprintln!(
            "callgist: {} switches wait at the same time, two minutes in all: call a line of each",
            switches.len()
        );
    }
    let waits = switches.iter().map(|at| switch::key(config, at));
    for (at, found) in switches.iter().zip(join_all(waits).await) {
        findings.of(at, found);
    }
}

fn store(config: &Config, findings: &mut Findings) {
    let path = &config.store.database;
    let database = match Database::of(&config.store) {
        Ok(database) => database,
        Err(error) => return findings.bad("database", format!("{error:#}")),
    };
    if !path.exists() {
        return no_database_yet(path, findings);
    }
    let encrypted = if database.key.is_some() { ", and is encrypted" } else { "" };
    match Store::check(&database) {
        Ok(()) => {
            findings.good("database", format!("{} can be written and is whole{encrypted}", path.display()));
        }
        Err(error @ StoreError { trouble: Trouble::ContactsPlain, .. }) => {
            return findings.add("database", State::Warning, error.to_string());
        }
        Err(error) => return findings.bad("database", error.to_string()),
    }
    findings.good("do-not-contact list", if database.contacts.is_some() { HIDDEN } else { PLAIN });
    if let Err(error) = kept_in_order(config, database, findings) {
        findings.bad("database", error.to_string());
    }
}

const HIDDEN: &str = "its numbers are encrypted; without [store] contacts_key_file nobody reads it: keep a copy of the key elsewhere";
const PLAIN: &str =
    "its numbers stand in the database as they are ([store] contacts_key_file would encrypt them)";

/// Whether the log is as it was written, and nothing is past its retention.
fn kept_in_order(config: &Config, database: Database, findings: &mut Findings) -> Result<(), StoreError> {
    let clerk = Clerk::open(database)?;
    let verdict = clerk.verify_log(None)?;
    match verdict.faults.first() {
        None => findings.good(
            "log",
            format!("{}, none changed, removed or moved", counted(verdict.entries, "entry", "entries")),
        ),
        Some(fault) => findings.bad("log", format!("{fault}; callgist log verify names all that is wrong")),
    }
    // A sweep is due every hour; the second hour is for a sweep that is under way.
    let grace = i64::try_from(2 * SWEEP_EVERY.as_millis()).unwrap_or(i64::MAX);
    let due = UtcMillis(super::counter::now().0.saturating_sub(grace));
    let last = clerk.last_sweep()?;
    let when = |at| time(at);
    match clerk.overdue(&retention(config), due)? {
        0 if let Some(failed) = last.failed => {
            let says = format!(
                "the sweep of {} UTC failed, and none was good after it: the log of callgist run says why; then run \
                 callgist store sweep",
                when(failed)
            );
            findings.bad("retention", says);
        }
        0 => {
            let swept = last.good.map_or("no sweep yet".to_owned(), |at| format!("last swept {} UTC", when(at)));
            let old = last.good.is_some_and(|at| at < due);
            let state = if old { State::Warning } else { State::Good };
            let run = if old { ": callgist run, which sweeps every hour, does not run" } else { "" };
            findings.add("retention", state, format!("0 rows are past their time; {swept}{run}"));
        }
        rows => findings.bad(
            "retention",
            format!(
                "{} past their time, though an hourly sweep is due: is callgist run running? Run callgist store sweep",
                counted(rows, "row is", "rows are")
            ),
        ),
    }
    Ok(())
}

/// What this kernel cannot restrict of all that the processes give up.
fn kernel(config: &Config, findings: &mut Findings) {
    let state = if config.sandbox == Sandbox::Strict { State::Bad } else { State::Warning };
    let missing = sandbox::daemon::cannot_restrict();
    if missing.is_empty() {
        return findings.good("kernel", RESTRICTS_ALL);
    }
    let mend = mend::kernel(config.sandbox);
    missing.into_iter().for_each(|missing| findings.add("kernel", state, format!("{missing}; {mend}")));
}

const RESTRICTS_ALL: &str = "it can restrict all that both processes give up; UDP and addresses are restricted by the \
                             systemd unit alone, not where callgist is started by other means";

/// How long anything that was said can stay in an ear's memory, and whether its pages may be swapped out meanwhile.
fn memory(config: &Config, findings: &mut Findings) {
    let Ears { rotate_after_calls: calls, rotate_after_hours: hours, .. } = config.ears;
    let says = format!(
        "what was said is wiped with its call; whatever of it a library kept is gone when its ear is rotated, after \
         {} or {hours} h, and ends with the last call then in it: {hours} h and that call is the longest \
         possible stay ([ears] rotate_after_calls, rotate_after_hours)",
        counted(calls, "call", "calls")
    );
    findings.good("memory", says);
    match sandbox::pages::may_be_locked() {
        true => {
            findings.good("locked memory", "no page of an ear that is started from here can be swapped out")
        }
        false => {
            let says = format!("{}; {}", sandbox::pages::NOT_LOCKED, mend::LOCKED_MEMORY);
            findings.add("locked memory", State::Warning, says);
        }
    }
}

/// It is made by the daemon and not here: made by an administrator, it would be that user's.
fn no_database_yet(path: &Path, findings: &mut Findings) {
    let folder = path.parent().unwrap_or(Path::new("/"));
    let says = match tempfile::tempfile_in(folder) {
        Ok(_) => format!("{} is made at the first start", path.display()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            format!("{} is made at the first start, and its folder with it", path.display())
        }
        Err(error) => {
            let says = format!(
                "{} cannot be written: {error}; give the folder to the user that runs callgist, or change [store] \
                 database",
                folder.display()
            );
            return findings.bad("database", says);
        }
    };
    findings.good("database", says);
}

/// Whether the SIP port was free: a running Callgist holds it.
async fn ports(config: &Config, findings: &mut Findings) -> bool {
    let listen = config.sip.listen;
    let sip = UdpSocket::bind(listen).await;
    match &sip {
        Ok(_) => findings.good("SIP port", format!("{listen} is free")),
        Err(_) if holder::is_callgist(listen).await => {
            findings.good("SIP port", format!("a Callgist runs at {listen}"));
        }
        Err(error) => {
            let says = format!(
                "{listen}: {error}, and what holds it is no Callgist that answers: stop it, or change [sip] listen"
            );
            findings.add("SIP port", State::Warning, says);
        }
    }
    let mut taken = 0;
    for port in config.sip.first_rtp_port..=config.sip.last_rtp_port {
        taken += usize::from(UdpSocket::bind((listen.ip(), port)).await.is_err());
    }
    let all = usize::from(config.sip.last_rtp_port - config.sip.first_rtp_port) + 1;
    let range = format!("{} to {}", config.sip.first_rtp_port, config.sip.last_rtp_port);
    match taken {
        0 => findings.good(
            "RTP ports",
            format!("{range} are free: {} at a time", counted(config.calls(), "call", "calls")),
        ),
        _ if taken * 2 > all => {
            findings.bad("RTP ports", format!("taken: {taken} of {range}; choose another range in [sip]"))
        }
        _ => findings.add("RTP ports", State::Warning, format!("taken: {taken} of {all} ({range})")),
    }
    sip.is_ok()
}

fn notices(config: &Config, findings: &mut Findings) {
    for line in &config.lines {
        let what = format!("texts of {}", line.name);
        match drift(config, line) {
            Drift::None(version) => findings.good(what, format!("version {version}, as published")),
            Drift::NothingPublished(version) => findings.add(
                what,
                State::Warning,
                format!(
                    "no version is set as published: callgist notices render, publish, then set texts_version = \
                     \"{version}\""
                ),
            ),
            Drift::Drifted(version, changed) => findings.bad(
                what,
                format!(
                    "{} no longer what was published: callgist notices render, publish and record anew, then set \
                     texts_version = \"{version}\"",
                    changed.words()
                ),
            ),
        }
        let what = format!("notice of {}", line.name);
        plays(findings, what, notice::length(&line.notice));
        if let Some(question) = line.question() {
            plays(findings, format!("question of {}", line.name), notice::question_length(question));
        }
    }
}

fn plays(findings: &mut Findings, what: String, length: Result<Duration, notice::NoticeError>) {
    match length {
        Ok(length) => findings.good(what, format!("{:.1} s", length.as_secs_f64())),
        Err(error) => findings.bad(what, error.to_string()),
    }
}

/// What only whoever answers for a line can decide, and has not said.
fn law(config: &Config, findings: &mut Findings) {
    for line in &config.lines {
        if let Some(unset) = line.waits_for() {
            let says = format!("off, nobody is told or heard, until these are set in its [[line]]: {unset}");
            findings.bad(format!("line {}", line.name), says);
        }
        let what = format!("agents of {}", line.name);
        match (line.agent_leg, line.told_later(today()), line.told.employees_told) {
            (AgentLeg::NotHeard, ..) => findings.good(what, AGENTS_UNHEARD),
            (_, Some(day), _) => findings.bad(what, told_later(day)),
            (_, None, Some(day)) if line.is_on() => {
                findings.good(what, format!("heard, and told so on {day}"));
            }
            // That it is missing was said above, or nobody is heard anyway.
            (_, None, _) => {}
        }
        let what = format!("legal basis of {}", line.name);
        match line.told.bases.missing(line.tell_earlier_notes).as_slice() {
            [] => findings.good(what, "set for every purpose"),
            missing => findings.add(
                what,
                State::Warning,
                format!("not set for {}: decide, and write it into [line.basis]", missing.join(", ")),
            ),
        }
        let told = [("controller", &line.told.controller), ("contact", &line.told.contact)];
        let missing: Vec<&str> =
            told.iter().filter_map(|(name, set)| set.is_none().then_some(*name)).collect();
        if !missing.is_empty() {
            let says = format!(
                "{} is not set, whom callers may turn to: write it into the line",
                missing.join(", ")
            );
            findings.add(format!("who answers for {}", line.name), State::Warning, says);
        }
        let what = format!("permission to process speech on {}", line.name);
        let laws = || line.profile.map_or_else(|| LAWS.to_owned(), |profile| profile.law());
        match &line.told.speech_permission {
            Some(_) => findings.good(what, "the settings say on what it rests"),
            None => findings.add(
                what,
                State::Warning,
                format!("not set: ask a lawyer ({}), and write the answer into speech_permission", laws()),
            ),
        }
        for remark in line.remarks() {
            let state = if matches!(remark, Remark::Proposal(_)) { State::Warning } else { State::Good };
            findings.add(format!("profile of {}", line.name), state, remark.to_string());
        }
    }
}

const AGENTS_UNHEARD: &str = "what they say is never copied; notes are told from the caller's words alone";

const LAWS: &str = "section 201 StGB in Germany, article 226-1 of the Criminal Code in France, article 4 of the law of 30 May \
                    2005 in Luxembourg";

/// Starts every ear that the lines need, and waits until it is locked in.
async fn models(config: &Config, findings: &mut Findings) {
    let mut asked = BTreeSet::new();
    for line in &config.lines {
        let chosen = match daemon::choose(config, line) {
            Ok((recogniser, _)) => recogniser,
            Err(error) => {
                findings.bad(format!("model of {}", line.name), error.to_string());
                continue;
            }
        };
        let settings = match daemon::ear_settings(config, chosen, line.language) {
            Ok(settings) => settings,
            Err(error) => {
                findings.bad(format!("ear of {}", line.name), error.to_string());
                continue;
            }
        };
        if !asked.insert((chosen, settings.model.clone())) {
            continue;
        }
        let what = format!("ear {}", chosen.word());
        match timeout(READY_WITHIN, ears::try_one(settings, Clock::new(1))).await {
            Ok(Ok(tried)) => findings.good(
                what,
                format!(
                    "the model {} loads, the ear locks itself in; {} tried and refused",
                    tried.model,
                    counted(tried.acts_refused, "forbidden act was", "forbidden acts were")
                ),
            ),
            Ok(Err(NotReady { why, gone })) => findings.bad(what, format!("{why}{}", mend::ear(gone))),
            Err(_) => findings.bad(
                what,
                "does not become ready within a minute: look for what else uses the machine, and ask again",
            ),
        }
    }
}

/// Loading and warming up take a few seconds; a busy machine several times that.
const READY_WITHIN: Duration = Duration::from_secs(60);
