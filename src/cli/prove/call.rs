//! A phrase goes in and is spoken on a simulated call; out comes where `callgist run`, a process of its own, could
//! have left something of it.

use super::ProveArgs;
use super::phrase::Phrase;
use super::places::Ground;
use super::watch::{Seen, Watch, alive};
use crate::call::{CallId, Language};
use crate::cli::demo::daemon::{Daemon, Line, write_settings};
use crate::cli::demo::{CALLER, MOST_BACKLOG_MS, NUMBER, settings};
use crate::sim::{Script, SimClock, Switch};
use crate::store::{Kept, Outcome, Reader};
use anyhow::{Context, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// A call that is over, and all that was seen of it.
pub struct Done {
    /// Removed with this value.
    pub folder: TempDir,
    pub ground: Ground,
    pub seen: Seen,
    pub config: PathBuf,
    pub notice: PathBuf,
    pub kept: Kept,
}

/// One call in which both parties speak the phrase.
pub async fn simulated(args: &ProveArgs, phrase: &Phrase) -> anyhow::Result<Done> {
    let folder = tempfile::Builder::new().prefix("callgist-prove-").tempdir()?;
    let at = |name: &str| folder.path().join(name);
    let (temp, work, output) = (at("tmp"), at("work"), at("output"));
    for made in [&temp, &work, &output] {
        fs::create_dir(made)?;
    }
    let stamp = output.join("started");
    fs::write(&stamp, "")?;
    let since = fs::metadata(&stamp)?.modified()?;
    fs::remove_file(stamp)?;

    let switch = Switch::start(settings(args.factor)).await?;
    let written = write_settings(folder.path(), Language::En, args.recogniser, &switch)?;
    let (log, stdout) = (output.join("log"), output.join("stdout"));
    let told = fs::File::create(&stdout)?;
    let mut daemon = Daemon::start_as(&written.config, &log, args.factor, |command| {
        command
            .stdout(Stdio::from(told))
            .current_dir(&work)
            .env("TMPDIR", &temp)
            // Whatever can be said is said, so that nothing is kept back from the search.
            .env("CALLGIST_LOG", "trace")
    })?;
    daemon.ready().await?;
    // Before it is ready nothing is heard, and it may not have given up its rights yet.
    let process = daemon.process().context("callgist run has ended")?;
    let watch = Watch::start(process, &written.database);
    let call = switch.call(script(phrase)).await;
    let id = tokio::time::timeout(LONGEST, follow(&mut daemon, switch.clock())).await;
    let id =
        id.map_err(|_| anyhow::anyhow!("the call was not kept within {} minutes", LONGEST.as_secs() / 60))??;
    call.ended().await;
    daemon.stop().await?;
    let seen = watch.end();
    gone(&seen).await;
    switch.shut_down().await;

    let kept = Reader::open(&written.database)?.show(id)?.context("the call's row is not in the database")?;
    was_heard(&kept, phrase)?;
    let ground = Ground {
        stderr: separate(&log)?,
        journal: export_journal(&output, &seen)?,
        log,
        stdout,
        database: written.database,
        temp,
        work,
        state: vec![written.config.clone(), at("switch.password")],
        since,
        note: note(&kept),
    };
    Ok(Done { ground, seen, config: written.config, notice: at("notice.wav"), kept, folder })
}

/// An ear ends by itself when its daemon has ended; whether all have, the report says.
async fn gone(seen: &Seen) {
    for _ in 0..200 {
        if !seen.processes.keys().any(|process| alive(*process)) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn script(phrase: &Phrase) -> Script {
    Script {
        line: NUMBER.into(),
        caller: Some(CALLER.into()),
        caller_speech: phrase.sound.caller.clone(),
        agent_speech: phrase.sound.agent.clone(),
        answer_after: Some(Duration::from_secs(1)),
        ..Script::default()
    }
}

async fn follow(daemon: &mut Daemon, clock: &SimClock) -> anyhow::Result<CallId> {
    loop {
        match daemon.line().await? {
            Line::Hearing { backlog_ms, .. } => clock.hold_back(backlog_ms > MOST_BACKLOG_MS),
            Line::Kept { id } => {
                clock.hold_back(false);
                return Ok(id);
            }
            _ => {}
        }
    }
}

/// A proof that nothing was kept of what was never heard would prove nothing.
fn was_heard(kept: &Kept, phrase: &Phrase) -> anyhow::Result<()> {
    let said_ms = (phrase.sound.agent.len() / 8) as u32;
    let Some(heard) = kept.call.heard else {
        let Outcome::NotNoted(reason) = &kept.call.outcome else { bail!("the row is not whole") };
        bail!("nothing of the call was heard ({}), so nothing would be proved", reason.word());
    };
    if heard.listened_ms * 10 < said_ms * 9 {
        bail!("only {} ms of {said_ms} ms were heard, so little would be proved", heard.listened_ms);
    }
    if heard.speech_ms == 0 || heard.words == 0 {
        bail!("no word was recognised, so nothing would be proved of words");
    }
    Ok(())
}

fn note(kept: &Kept) -> Option<String> {
    match &kept.call.outcome {
        Outcome::Noted(summary) => Some(summary.text.clone()),
        Outcome::NotNoted(_) => None,
    }
}

/// What stands on standard error beside the log: lines that are no JSON.
fn separate(log: &Path) -> anyhow::Result<PathBuf> {
    let text = String::from_utf8_lossy(&fs::read(log)?).into_owned();
    let beside = text.lines().filter(|line| serde_json::from_str::<serde_json::Value>(line).is_err());
    let stderr = log.with_file_name("stderr");
    fs::write(&stderr, beside.collect::<Vec<_>>().join("\n"))?;
    Ok(stderr)
}

/// What our processes wrote into the system's journal. Where there is none, there is no file.
fn export_journal(output: &Path, seen: &Seen) -> anyhow::Result<PathBuf> {
    let file = output.join("journal");
    let wanted: Vec<String> = seen.processes.keys().map(|process| format!("_PID={process}")).collect();
    let between: Vec<String> = wanted.join(" + ").split(' ').map(str::to_owned).collect();
    let read = Command::new("journalctl")
        .args(["--quiet", "--no-pager", "--output", "export"])
        .args(between)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output();
    match read {
        Ok(read) if read.status.success() => fs::write(&file, read.stdout)?,
        // No such program, or no journal that this user may read.
        _ => {}
    }
    Ok(file)
}

const LONGEST: Duration = Duration::from_secs(600);
