//! `callgist run`: the daemon. Settings are read and rights given up before the first thread starts.

use super::notices::drifts;
use super::{Exit, fail};
use crate::config::{Config, Sandbox};
use crate::daemon::{self, StartError, clock::Clock, ears, events};
use crate::sandbox::{self, Given};
use crate::store::Database;
use clap::{Args, ValueEnum};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

#[derive(Args)]
pub struct RunArgs {
    /// How the log on standard error is written.
    #[arg(long, value_enum, default_value_t = LogForm::Text)]
    log: LogForm,
    /// A clock that runs so many times faster; `demo` sets it, a switch never keeps up with it.
    #[arg(long, hide = true, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=50))]
    factor: u32,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum LogForm {
    Text,
    Json,
}

pub fn run(path: &Path, args: &RunArgs) -> Exit {
    start_log(args.log, "info,rusqlite_migration=warn");
    if let Some(says) = sandbox::MAY_BE_DUMPED {
        events::MayBeDumped { says }.log();
    }
    let config = match Config::load(path) {
        Ok(config) => with_passwords(config),
        Err(problems) => return fail(Exit::Config, &format!("{}:\n{problems}", path.display())),
    };
    if let Err(error) = daemon::make_store_folder(&config) {
        return fail(Exit::Store, &error);
    }
    // The key is read now for the same reason as the passwords.
    let database = match Database::of(&config.store) {
        Ok(database) => database,
        Err(error) => return fail(Exit::Store, &format!("{error:#}")),
    };
    // Opened now, so that no right to listen is needed afterwards.
    let door = match config.http.map(TcpListener::bind).transpose() {
        Ok(door) => door,
        Err(error) => return fail(Exit::Port, &StartError::Http(error).to_string()),
    };
    let given = match sandbox::daemon::give_up(kept(path, &config)) {
        Ok(given) => given,
        Err(error) => return fail(Exit::Rights, &format!("rights could not be given up: {error}")),
    };
    say_given(&given);
    if config.sandbox == Sandbox::Strict
        && let Some(missing) = given.in_words().next()
    {
        return fail(Exit::Rights, &format!("{missing}; [sandbox] kernel = \"strict\" asks for all of it"));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return fail(Exit::Failed, &format!("threads cannot be started: {error}")),
    };
    let path = path.to_owned();
    let running = async {
        let settings = asked_to_read(path);
        daemon::run(config, database, door, Clock::new(args.factor), stopped(), settings, drifts).await
    };
    match runtime.block_on(running) {
        Ok(()) => Exit::Done,
        Err(error) => fail(Exit::from(&error), &error.to_string()),
    }
}

/// The passwords are read while their files can still be read; afterwards no path but our own is left. One that cannot be
/// had is told by its switch's link, and keeps no other switch waiting.
fn with_passwords(mut config: Config) -> Config {
    for switch in &mut config.switches {
        switch.password = switch.password.read_now();
    }
    config
}

/// The paths that stay: the settings, the notices and questions, the models, the ears, and the store's folder to write.
fn kept(path: &Path, config: &Config) -> sandbox::daemon::Kept {
    let sounds = config.lines.iter().flat_map(|line| line.sounds().map(Path::to_owned));
    // Of the settings the whole folder: an editor puts a new file in the place of the old one.
    let own = [folder_of(path), path.to_owned(), config.ears.models.clone()];
    let folder = config.store.database.parent().map(Path::to_owned);
    sandbox::daemon::Kept {
        read: own.into_iter().chain(sounds).chain(ears::libraries()).filter(|path| path.exists()).collect(),
        write: folder.into_iter().collect::<Vec<PathBuf>>(),
        execute: ears::programs(),
        connect_to: Some(config.switches.iter().map(|switch| switch.address.port()).collect()),
    }
}

/// The folder that a file stands in, as long as that is not a whole tree of others' files.
fn folder_of(path: &Path) -> PathBuf {
    let folder = path.parent().filter(|folder| folder.file_name().is_some());
    let shared = ["/etc", "/usr", "/var", "/home", "/root", "/tmp"].map(Path::new);
    folder.filter(|folder| !shared.contains(folder)).unwrap_or(path).to_owned()
}

/// Reads the settings anew whenever somebody asks for it (SIGHUP).
fn asked_to_read(path: PathBuf) -> mpsc::UnboundedReceiver<daemon::Reading> {
    let (sender, settings) = mpsc::unbounded_channel();
    if let Ok(mut hang_up) = signal(SignalKind::hangup()) {
        tokio::spawn(async move {
            while hang_up.recv().await.is_some() {
                let reading = Config::load(&path).map_err(|problems| problems.to_string());
                if sender.send(reading).is_err() {
                    return;
                }
            }
        });
    }
    settings
}

fn say_given(given: &Given) {
    for missing in given.in_words() {
        events::NotRestricted { missing }.log();
    }
}

/// Done when somebody asks us to stop.
async fn stopped() {
    // Where a file may not grow any more its write fails, and the store says so; the signal alone would end us.
    let _listening = signal(SignalKind::from_raw(libc::SIGXFSZ));
    let (Ok(mut term), Ok(mut int)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
}

/// Everything is logged on standard error, from `level` up; `CALLGIST_LOG` sets another one.
pub(super) fn start_log(form: LogForm, level: &str) {
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::try_from_env("CALLGIST_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    let log =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    match form {
        LogForm::Text => log.with_ansi(false).init(),
        LogForm::Json => log.json().flatten_event(true).init(),
    }
}
