//! `callgist prove`: a random phrase is spoken on a call; then every place where something of it could have been left
//! is searched, and a report says what was found.
//!
//! The switch is simulated and in this process, or with `--live` the real one of the settings; `callgist run` and its
//! locked ear are processes of their own, and only what *they* could have touched is searched.

mod course;
pub mod dumpable;
mod journal;
mod listing;
mod live;
mod phrase;
mod places;
mod plant;
mod report;
mod search;
mod simulated;
mod sockets;
mod watch;
mod watched;

use super::counter::now;
use super::demo::{FAST, Which};
use super::{Exit, fail};
use crate::config::Config;
use crate::store::{Clerk, Database, Deed, Entry};
use anyhow::Context;
use clap::Args;
use course::Done;
use phrase::Phrase;
use places::Place;
use report::{Report, Verdict};
use search::Search;
use std::path::{Path, PathBuf};

#[derive(Args)]
#[command(after_help = HELP)]
pub struct ProveArgs {
    /// Leave the phrase in this place before the search, which must then find it; may be given several times.
    #[arg(long, value_enum, value_name = "PLACE")]
    plant: Vec<Place>,
    /// Call this number of a line through the switch of the settings, in place of a simulated call. Callgist itself must
    /// not run meanwhile, and dialplan/10_callgist_prove.xml must stand beside the snippet.
    #[arg(long, value_name = "NUMBER")]
    live: Option<String>,
    /// Address and port where calls from outside arrive at the switch, if not where a vanilla one takes them.
    #[arg(long, value_name = "ADDRESS:PORT", requires = "live")]
    trunk: Option<String>,
    /// The switch of the line, where lines on several have the number.
    #[arg(long, value_name = "NAME", requires = "live")]
    switch: Option<String>,
    /// Which recogniser listens; auto takes Vosk when CALLGIST_VOSK_MODEL_EN names a model.
    #[arg(long, value_enum, default_value_t = Which::Auto)]
    recogniser: Which,
    /// Print one JSON object: report, sha256, signature.
    #[arg(long)]
    json: bool,
    /// Leave proof.json, proof.txt and, when it is signed, proof.json.sig in this folder.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// The operator's Ed25519 key (PKCS #8 in PEM), with which the report is signed.
    #[arg(long, value_name = "FILE", env = "CALLGIST_PROOF_KEY")]
    key: Option<PathBuf>,
    /// How many times faster than real time the call runs.
    #[arg(long, hide = true, default_value_t = FAST, value_parser = clap::value_parser!(u32).range(1..=50))]
    factor: u32,
}

pub fn run(config: &Path, args: &ProveArgs) -> Exit {
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(Exit::ProofFailed, &format!("threads cannot be started: {error}")),
    };
    match prove(config, args, &runtime) {
        Ok(Verdict::NothingFound) => Exit::Done,
        Ok(Verdict::Found) => Exit::Failed,
        Ok(Verdict::Incomplete) => Exit::ProofIncomplete,
        Err(error) => fail(Exit::ProofFailed, &format!("{error:#}")),
    }
}

fn prove(config: &Path, args: &ProveArgs, runtime: &tokio::runtime::Runtime) -> anyhow::Result<Verdict> {
    let phrase = Phrase::draw()?;
    let mut done = runtime.block_on(spoken(config, args, &phrase))?;
    for place in &args.plant {
        plant::leave(*place, &phrase, &mut done)?;
    }
    let search = Search::new(&phrase).and_note(done.ground.note.as_deref().unwrap_or_default());
    let findings = places::search(&done.ground, &done.seen, &search);
    let report = Report::new(&done, &phrase, &findings, args.key.as_deref())?;
    if let Some(folder) = &args.out {
        report.save(folder)?;
    }
    match args.json {
        true => println!("{}", report.whole()?),
        false => print!("{}", report.text),
    }
    done.folder.close()?;
    if args.plant.is_empty() {
        log(config, &report.sha256);
    }
    Ok(Verdict::of(&findings))
}

async fn spoken(config: &Path, args: &ProveArgs, phrase: &Phrase) -> anyhow::Result<Done> {
    let say = |kind: &str| {
        if !args.json {
            eprintln!("a {kind} call in which both parties speak; it takes a minute or less");
        }
    };
    match &args.live {
        None => {
            say("simulated");
            simulated::call(args, phrase).await
        }
        Some(number) => {
            say("real");
            let config = Config::load(config).with_context(|| config.display().to_string())?;
            live::call(args, &config, number, phrase).await
        }
    }
}

/// The report's hash goes into the log of the database of the settings, where there is one, so that a report cannot be
/// exchanged for a better one later. The proof stands without it.
fn log(config: &Path, sha256: &str) {
    let store = Config::load(config).ok().map(|config| config.store).filter(|store| store.database.exists());
    let Some(store) = store else {
        return eprintln!("there is no database in {}: the report's hash is in no log", config.display());
    };
    let database = match Database::of(&store) {
        Ok(database) => database,
        Err(error) => return eprintln!("callgist: the report's hash is in no log: {error:#}"),
    };
    let entry = Entry::new(Deed::ProofMade).detail(&sha256[..LOGGED]);
    match Clerk::open(database).and_then(|mut clerk| clerk.log(&entry, now())) {
        Ok(()) => eprintln!("the report's hash is in the log of {}", store.database.display()),
        Err(error) => eprintln!("callgist: the report's hash is in no log: {error}"),
    }
}

/// Digits of the hash that the log takes.
const LOGGED: usize = 32;

const HELP: &str = "\
Places that are searched, and that --plant takes: log, temp, database, wal, state, stdout, stderr, journal, core, samples.
Looked at as well: swap, open files, connections, memory.
Each is searched, not present, excluded (the evidence says why nothing of ours can be there) or not readable.

Exit codes: 0 nothing found; 1 found; 2 wrong arguments; 3 incomplete, since something was not readable; 4 the run \
itself failed.

A signed report is verified with: openssl pkeyutl -verify -rawin -pubin -inkey PUBLIC.pem -in proof.json -sigfile \
proof.json.sig";
