//! `callgist run` as a process of its own: its settings are written, its log is read.

use super::{NUMBER, PASSWORD, USER, Which};
use crate::call::{CallId, Language};
use crate::cli::counter::today;
use crate::sim::Switch;
use anyhow::{Context, bail};
use serde_json::Value;
use std::fs;
use std::io::Write;
use std::net::UdpSocket;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};

/// What was written into the demo's folder.
pub struct Written {
    pub config: PathBuf,
    pub notice: PathBuf,
    pub database: PathBuf,
}

/// Settings, password and notice for the simulated switch.
pub fn write_settings(
    folder: &Path,
    language: Language,
    recogniser: Which,
    switch: &Switch,
) -> anyhow::Result<Written> {
    let language = language.code();
    let notice: &[u8] = match language {
        "de" => include_bytes!("../../../sounds/de/8000/notice.wav"),
        "fr" => include_bytes!("../../../sounds/fr/8000/notice.wav"),
        _ => include_bytes!("../../../sounds/en/8000/notice.wav"),
    };
    let (notice_path, secret) = (folder.join("notice.wav"), folder.join("switch.password"));
    fs::write(&notice_path, notice)?;
    fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&secret)?
        .write_all(PASSWORD.as_bytes())?;
    let database = folder.join("store/callgist.db");
    let sip = UdpSocket::bind("127.0.0.1:0")?.local_addr()?;
    let (first, last) = free_ports()?;
    let text = format!(
        "[switch]\nport = {port}\nuser = \"{USER}\"\npassword_file = \"{secret}\"\n\
         [sip]\nlisten = \"{sip}\"\nfirst_rtp_port = {first}\nlast_rtp_port = {last}\n\
         [store]\ndatabase = \"{database}\"\n\
         [ears]\nmodels = \"{models}\"\n\
         [[line]]\nname = \"main\"\nnumber = \"+{NUMBER}\"\ncountry_code = \"352\"\nlanguage = \"{language}\"\n\
         recogniser = \"{recogniser}\"\nnotice = \"{notice}\"\nnotice_version = \"demo\"\nmode = \"notice\"\n\
         basis = \"legitimate_interest\"\nkeep_notes_days = 1\ncontact = \"demo\"\n\
         employees_told = \"{today}\"\n",
        port = switch.event_socket().port(),
        secret = secret.display(),
        database = database.display(),
        models = models().display(),
        recogniser = recogniser.word(),
        notice = notice_path.display(),
        // Whoever speaks is a recording.
        today = today(),
    );
    let config = folder.join("callgist.toml");
    fs::write(&config, text)?;
    Ok(Written { config, notice: notice_path, database })
}

/// Where `make` puts the models, unless `CALLGIST_MODELS` names another folder.
fn models() -> PathBuf {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("CALLGIST_MODELS")
        .or_else(|| set("CALLGIST_CACHE"))
        .or_else(|| Some(set("XDG_CACHE_HOME")?.join("callgist")))
        .or_else(|| Some(set("HOME")?.join(".cache/callgist")))
        .unwrap_or_else(|| PathBuf::from("/usr/share/callgist/models"))
}

/// A few UDP ports in a row that nobody holds now.
fn free_ports() -> anyhow::Result<(u16, u16)> {
    for _ in 0..100 {
        let first = (UdpSocket::bind("127.0.0.1:0")?.local_addr()?.port() & !1).min(65_500);
        let held: Vec<_> =
            (first..first + 16).map_while(|port| UdpSocket::bind(("127.0.0.1", port)).ok()).collect();
        if held.len() == 16 {
            return Ok((first, first + 15));
        }
    }
    bail!("no sixteen free UDP ports in a row on 127.0.0.1")
}

/// The running daemon.
pub struct Daemon {
    child: Child,
    lines: Lines<BufReader<ChildStderr>>,
    log: fs::File,
}

/// What a line of its log says.
pub enum Line {
    Step {
        step: String,
    },
    Hearing {
        listened_ms: u64,
        words: u64,
        backlog_ms: u64,
    },
    Kept {
        id: CallId,
    },
    /// Something that a person should look at.
    Warning(String),
    Other,
}

impl Daemon {
    pub fn start(config: &Path, log: &Path, factor: u32) -> anyhow::Result<Daemon> {
        Daemon::start_as(config, log, factor, |command| command.stdout(Stdio::null()))
    }

    /// The same, with a place for what it says on standard output, and more of its surroundings chosen.
    pub fn start_as(
        config: &Path,
        log: &Path,
        factor: u32,
        placed: impl FnOnce(&mut Command) -> &mut Command,
    ) -> anyhow::Result<Daemon> {
        let own = std::env::current_exe().context("our own program cannot be found")?;
        let mut command = Command::new(own);
        let mut child = placed(&mut command)
            .arg("--config")
            .arg(config)
            .args(["run", "--log", "json", "--factor", &factor.to_string()])
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("callgist run cannot be started")?;
        let stderr = child.stderr.take().context("its log cannot be read")?;
        Ok(Daemon { child, lines: BufReader::new(stderr).lines(), log: fs::File::create(log)? })
    }

    /// Its process, while it runs.
    pub fn process(&self) -> Option<u32> {
        self.child.id()
    }

    /// Waits until calls are announced.
    pub async fn ready(&mut self) -> anyhow::Result<()> {
        let ready = async {
            loop {
                let line = self.json().await?;
                match line["message"].as_str() {
                    Some("calls are announced") => return anyhow::Ok(()),
                    _ if needs_a_look(&line) => eprintln!("callgist: {}", words(&line)),
                    _ => {}
                }
            }
        };
        tokio::time::timeout(READY_WITHIN, ready)
            .await
            .map_err(|_| anyhow::anyhow!("callgist run was not ready within {} s", READY_WITHIN.as_secs()))?
    }

    pub async fn line(&mut self) -> anyhow::Result<Line> {
        let line = self.json().await?;
        let number = |name: &str| line[name].as_u64().unwrap_or(0);
        Ok(match line["step"].as_str() {
            Some("hearing") => Line::Hearing {
                listened_ms: number("listened_ms"),
                words: number("words"),
                backlog_ms: number("backlog_ms"),
            },
            Some("kept") => {
                let id = line["id"].as_str().and_then(CallId::parse);
                Line::Kept { id: id.context("the daemon's log names no call")? }
            }
            Some(step) => Line::Step { step: step.to_owned() },
            None if needs_a_look(&line) => Line::Warning(words(&line)),
            None => Line::Other,
        })
    }

    /// Asks it to stop, and waits.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        if let Some(pid) = self.child.id().and_then(|pid| rustix::process::Pid::from_raw(pid.cast_signed())) {
            rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        }
        while let Ok(Some(text)) = self.lines.next_line().await {
            writeln!(self.log, "{text}")?;
        }
        let status = tokio::time::timeout(STOPPED_WITHIN, self.child.wait()).await??;
        if !status.success() {
            bail!("callgist run ended with {status}");
        }
        Ok(())
    }

    async fn json(&mut self) -> anyhow::Result<Value> {
        let Some(text) = self.lines.next_line().await? else {
            let status = self.child.wait().await?;
            bail!("callgist run ended with {status}; what it said is above");
        };
        writeln!(self.log, "{text}")?;
        match serde_json::from_str(&text) {
            Ok(line) => Ok(line),
            Err(_) => {
                // What is said before the log begins, or instead of it, is a sentence for people.
                eprintln!("{text}");
                Ok(Value::Null)
            }
        }
    }
}

/// Lines below INFO come only where the level is TRACE, and are not for people.
fn needs_a_look(line: &Value) -> bool {
    ["WARN", "ERROR"].iter().any(|level| line["level"] == *level)
}

fn words(line: &Value) -> String {
    let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
    format!("{} {}", text("message"), ["why", "line", "missing"].map(text).join("")).trim_end().to_owned()
}

/// What `dialplan/callgist_user.xml` allows.
pub const EVENTS: &str = "CHANNEL_CREATE CHANNEL_ANSWER CHANNEL_BRIDGE CHANNEL_UNBRIDGE CHANNEL_HOLD \
    CHANNEL_UNHOLD CHANNEL_HANGUP CHANNEL_HANGUP_COMPLETE PLAYBACK_START PLAYBACK_STOP CHANNEL_EXECUTE \
    CHANNEL_EXECUTE_COMPLETE MEDIA_BUG_START MEDIA_BUG_STOP BACKGROUND_JOB HEARTBEAT";
pub const APIS: &str = "show uuid_dump uuid_kill originate uuid_break uuid_setvar uuid_buglist uuid_recv_dtmf global_setvar version \
    status module_exists file_exists global_getvar hash hash_dump";

/// A cold start loads the model from the disk and compiles code for the processor.
const READY_WITHIN: Duration = Duration::from_secs(120);

const STOPPED_WITHIN: Duration = Duration::from_secs(30);
