//! `callgist run` as a process of its own goes through one call, watched from outside; out comes where it could have left
//! something of it.

use super::phrase::Phrase;
use super::places::Ground;
use super::watch::{Seen, Watch, alive};
use crate::call::CallId;
use crate::cli::demo::MOST_BACKLOG_MS;
use crate::cli::demo::daemon::{Daemon, Line, Written};
use crate::store::{Kept, Outcome, Reader};
use anyhow::{Context, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, SystemTime};
use tempfile::TempDir;

/// A call that is over, and all that was seen of it.
pub struct Done {
    pub kind: Kind,
    /// Removed with this value.
    pub folder: TempDir,
    pub ground: Ground,
    pub seen: Seen,
    pub config: PathBuf,
    pub notice: PathBuf,
    pub kept: Kept,
}

/// On which switch the call was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Simulated,
    Live,
}

impl Kind {
    pub fn word(self) -> &'static str {
        match self {
            Kind::Simulated => "simulated",
            Kind::Live => "live",
        }
    }
}

/// The folders that are the processes' own.
pub struct Rooms {
    folder: TempDir,
    temp: PathBuf,
    work: PathBuf,
    output: PathBuf,
    /// When they were made, by the file system's clock.
    since: SystemTime,
}

impl Rooms {
    pub fn make() -> anyhow::Result<Rooms> {
        let folder = tempfile::Builder::new().prefix("callgist-prove-").tempdir()?;
        let [temp, work, output] = ["tmp", "work", "output"].map(|name| folder.path().join(name));
        for made in [&temp, &work, &output] {
            fs::create_dir(made)?;
        }
        let stamp = output.join("started");
        fs::write(&stamp, "")?;
        let since = fs::metadata(&stamp)?.modified()?;
        fs::remove_file(stamp)?;
        Ok(Rooms { folder, temp, work, output, since })
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// A daemon that announces calls, and is watched.
pub struct Course {
    rooms: Rooms,
    written: Written,
    daemon: Daemon,
    watch: Watch,
}

impl Course {
    pub async fn begin(rooms: Rooms, written: Written, factor: u32) -> anyhow::Result<Course> {
        let told = fs::File::create(rooms.output.join("stdout"))?;
        let mut daemon = Daemon::start_as(&written.config, &rooms.output.join("log"), factor, |command| {
            command
                .stdout(Stdio::from(told))
                .current_dir(&rooms.work)
                .env("TMPDIR", &rooms.temp)
                // Whatever can be said is said, so that nothing is kept back from the search.
                .env("CALLGIST_LOG", "trace")
        })?;
        daemon.ready().await?;
        // Before it is ready nothing is heard, and it may not have given up its rights yet.
        let process = daemon.process().context("callgist run has ended")?;
        let watch = Watch::start(process, &written.database);
        Ok(Course { rooms, written, daemon, watch })
    }

    /// The next call that is kept. `hold_back` is told whether more waits for the recogniser than is good.
    pub async fn kept(&mut self, hold_back: impl Fn(bool)) -> anyhow::Result<Kept> {
        let kept = tokio::time::timeout(LONGEST, follow(&mut self.daemon, hold_back)).await;
        let id = kept.map_err(|_| {
            anyhow::anyhow!("the call was not kept within {} minutes", LONGEST.as_secs() / 60)
        })??;
        let row = Reader::open(&self.written.database)?.show(id)?;
        row.context("the call's row is not in the database")
    }

    /// Ends the daemon; `kept` is the call that is looked for.
    pub async fn end(self, kind: Kind, kept: Kept, phrase: &Phrase) -> anyhow::Result<Done> {
        let Course { rooms, written, daemon, watch } = self;
        daemon.stop().await?;
        let seen = watch.end();
        gone(&seen).await;
        was_heard(&kept, phrase)?;
        let log = rooms.output.join("log");
        let ground = Ground {
            stderr: separate(&log)?,
            journal: rooms.output.join("journal"),
            log,
            stdout: rooms.output.join("stdout"),
            database: written.database,
            temp: rooms.temp,
            work: rooms.work,
            home: rooms.folder.path().to_owned(),
            since: rooms.since,
            note: note(&kept),
        };
        let (config, notice) = (written.config, written.notice);
        Ok(Done { kind, ground, seen, config, notice, kept, folder: rooms.folder })
    }
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

async fn follow(daemon: &mut Daemon, hold_back: impl Fn(bool)) -> anyhow::Result<CallId> {
    loop {
        match daemon.line().await? {
            Line::Hearing { backlog_ms, .. } => hold_back(backlog_ms > MOST_BACKLOG_MS),
            Line::Kept { id } => {
                hold_back(false);
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

const LONGEST: Duration = Duration::from_secs(600);
