//! `callgist demo`: a simulated switch in this process, `callgist run` as a process of its own with a real locked
//! ear, one call between them over real sockets; then the note.

pub(super) mod audio;
pub(super) mod daemon;

use super::counter::counted;
use super::{Exit, calls, fail};
use crate::border::Recogniser;
use crate::call::{CallId, Language};
use crate::config::Config;
use crate::daemon::models;
use crate::sim::{Script, Settings, SimClock, Switch, User};
use crate::store::{Kept, Outcome, Reader};
use audio::Recording;
use clap::{Args, ValueEnum};
use daemon::{Daemon, Line, Written};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Duration;

#[derive(Args)]
pub struct DemoArgs {
    /// A stereo recording instead of the built-in call: left the caller, right the agent; WAV or FLAC of any rate.
    #[arg(long, value_name = "FILE")]
    audio: Option<PathBuf>,
    /// Which recogniser listens; auto takes Vosk when CALLGIST_VOSK_MODEL_EN (_DE, _FR) names a model.
    #[arg(long, value_enum, default_value_t = Which::Auto)]
    recogniser: Which,
    /// The language that is spoken, and that the note is written in.
    #[arg(long, value_enum, default_value_t = Speech::En)]
    language: Speech,
    /// Several times faster than real time.
    #[arg(long)]
    fast: bool,
    /// The id in the output of --json.
    #[arg(long)]
    id: Option<String>,
    /// Leave settings, database and log in a folder, and say which.
    #[arg(long)]
    keep: bool,
    /// Print one JSON object: id, summary, do_not_contact, objection, no_summary_reason.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Which {
    Auto,
    Vosk,
    Whisper,
}

impl Which {
    pub(super) fn word(self) -> &'static str {
        match self {
            Which::Auto => "auto",
            Which::Vosk => "vosk",
            Which::Whisper => "whisper",
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
enum Speech {
    En,
    De,
    Fr,
}

impl Speech {
    fn language(self) -> Language {
        match self {
            Speech::En => Language::En,
            Speech::De => Language::De,
            Speech::Fr => Language::Fr,
        }
    }
}

pub fn run(args: &DemoArgs) -> Exit {
    let recording = match recording(args) {
        Ok(recording) => recording,
        Err(error) => return fail(Exit::Usage, &format!("{error:#}")),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(Exit::Failed, &format!("threads cannot be started: {error}")),
    };
    match runtime.block_on(demo(args, recording)) {
        Ok(exit) => exit,
        Err(error) => fail(Exit::Failed, &format!("{error:#}")),
    }
}

fn recording(args: &DemoArgs) -> anyhow::Result<Recording> {
    match (&args.audio, args.language) {
        (Some(path), _) => Recording::open(path),
        (None, Speech::En) => Recording::flac(include_bytes!("../../../sounds/demo/en.flac")),
        (None, Speech::De) => Recording::flac(include_bytes!("../../../sounds/demo/de.flac")),
        (None, Speech::Fr) => {
            anyhow::bail!(
                "there is no built-in call in French: give one with --audio FILE (stereo, caller left)"
            )
        }
    }
}

async fn demo(args: &DemoArgs, recording: Recording) -> anyhow::Result<Exit> {
    let folder = tempfile::Builder::new().prefix("callgist-demo-").tempdir()?;
    let factor = if args.fast { FAST } else { 1 };
    let switch = Switch::start(settings(factor)).await?;
    let written = daemon::write_settings(folder.path(), args.language.language(), args.recogniser, &switch)?;
    let mut daemon = Daemon::start(&written.config, &folder.path().join("callgist.log"), factor)?;
    let seconds = recording.seconds();
    say(args, &format!("a call of {seconds:.0} s on a simulated switch, {}", pace(factor)));
    daemon.ready().await?;
    say(
        args,
        "callgist runs as a process of its own; its ear is locked in; the switch knows that it is alive",
    );
    let call = switch
        .call(Script {
            line: NUMBER.into(),
            caller: Some(CALLER.into()),
            caller_speech: recording.caller,
            agent_speech: recording.agent,
            answer_after: Some(Duration::from_secs(2)),
            ..Script::default()
        })
        .await;
    let told = tokio::time::timeout(LONGEST, follow(args, &mut daemon, switch.clock())).await;
    let id = told
        .map_err(|_| anyhow::anyhow!("the call was not kept within {} minutes", LONGEST.as_secs() / 60))??;
    let report = call.ended().await;
    daemon.stop().await?;
    say(args, &format!("the caller heard {:.1} s of the notice", report.notice_heard.as_secs_f64()));
    let exit = show(args, &written, id)?;
    switch.shut_down().await;
    if args.keep {
        let kept = folder.keep();
        say(args, &format!("settings, database and log are in {}", kept.display()));
    }
    Ok(exit)
}

/// Prints every step as it happens, and keeps the simulated call from running ahead of the recogniser.
async fn follow(args: &DemoArgs, daemon: &mut Daemon, clock: &SimClock) -> anyhow::Result<CallId> {
    loop {
        match daemon.line().await? {
            Line::Step { step } => say(args, step_words(&step)),
            Line::Hearing { listened_ms, words, backlog_ms } => {
                clock.hold_back(backlog_ms > MOST_BACKLOG_MS);
                say(
                    args,
                    &format!(
                        "  heard {} s, {} recognised",
                        listened_ms / 1_000,
                        counted(words, "word", "words")
                    ),
                );
            }
            Line::Kept { id } => {
                clock.hold_back(false);
                return Ok(id);
            }
            Line::Warning(text) => eprintln!("callgist: {text}"),
            Line::Other => {}
        }
    }
}

fn step_words(step: &str) -> &'static str {
    match step {
        "offered" => "offered: a caller waits",
        "announced" => "announced: the notice was played to its end",
        "bridged" => "bridged: caller and agent talk",
        "forked" => "forked: the switch copies both voices to the ear",
        "heard" => "heard: the call is over",
        "summarised" => "summarised: every word was recognised and searched",
        "guarded" => "guarded: the note passed",
        _ => "…",
    }
}

/// The note, which recogniser made it of what, and the row as `calls show` prints it.
fn show(args: &DemoArgs, written: &Written, id: CallId) -> anyhow::Result<Exit> {
    let reader = Reader::open(&written.database)?;
    let kept = reader.show(id)?.ok_or_else(|| anyhow::anyhow!("the call's row is not in the database"))?;
    if args.json {
        println!("{}", output(args, &kept));
        return Ok(Exit::Done);
    }
    match &kept.call.outcome {
        Outcome::Noted(summary) => println!("\n{}\n", summary.text),
        Outcome::NotNoted(reason) => println!("\nno summary: {}\n", reason.word()),
    }
    if let (Some((recogniser, model)), Some(heard)) = (kept.call.origin.ear, kept.call.heard) {
        println!(
            "{} listened, with the model {} ({}…): {} gone.\n",
            recogniser.word(),
            model_name(&written.config, recogniser, kept.call.language),
            &model.to_string()[..8],
            counted(
                heard.words,
                "word was recognised in memory, and it is",
                "words were recognised in memory, and they are"
            )
        );
    }
    println!("$ callgist calls show {id}");
    calls::print_call(&kept);
    Ok(Exit::Done)
}

/// The name of the folder that the ear read.
fn model_name(config: &Path, recogniser: Recogniser, language: Language) -> String {
    let folder = Config::load(config).map(|config| models::folder(&config, recogniser, language));
    let name = folder.ok().and_then(|folder| Some(folder.file_name()?.to_string_lossy().into_owned()));
    name.unwrap_or_else(|| models::name(recogniser, language))
}

/// The object that the scorer of written calls reads, without statements.
fn output(args: &DemoArgs, kept: &Kept) -> Value {
    let (summary, reason) = match &kept.call.outcome {
        Outcome::Noted(summary) => (summary.text.as_str(), None),
        Outcome::NotNoted(reason) => ("", Some(reason.word())),
    };
    let request = kept.requests.first().map(|request| {
        let number = request.number.as_ref().map(|number| number.as_str());
        let own = number.is_none_or(|number| number == CALLER);
        json!({
            "scope": request.channels.words(),
            "purpose": request.purpose,
            "number": if own { "caller" } else { number.unwrap_or_default() },
        })
    });
    json!({
        "id": args.id.as_deref().unwrap_or("demo"),
        "summary": summary,
        "do_not_contact": request,
        "objection": reason == Some("objection"),
        "no_summary_reason": reason,
    })
}

pub(super) fn settings(factor: u32) -> Settings {
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect();
    Settings {
        clock: SimClock::times(factor),
        patience: factor,
        users: vec![User {
            name: USER.into(),
            password: PASSWORD.into(),
            events: words(daemon::EVENTS),
            apis: words(daemon::APIS),
        }],
        ..Settings::default()
    }
}

fn pace(factor: u32) -> String {
    if factor == 1 { "in real time".into() } else { format!("{factor} times faster than real time") }
}

fn say(args: &DemoArgs, text: &str) {
    // With --json standard output belongs to the object.
    if args.json { eprintln!("{text}") } else { println!("{text}") }
}

/// The number in `dialplan/00_callgist.xml`.
pub(super) const NUMBER: &str = "352260000";
/// A number from a range that is kept free for fiction.
pub(super) const CALLER: &str = "+442079460123";
const USER: &str = "callgist@callgist.invalid";
const PASSWORD: &str = "only for this demo";

/// Recognition takes about a sixth of real time on one core (docs/sizing.md), and the machine does other things, too.
pub(super) const FAST: u32 = 5;

/// With more unrecognised than this the simulated call waits, so that no packet is lost.
pub(super) const MOST_BACKLOG_MS: u64 = 10_000;

const LONGEST: Duration = Duration::from_secs(3 * 3_600);
