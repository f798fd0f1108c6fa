//! `callgist init`: asks the switch and, where it does not know, the administrator; writes the settings, a password and
//! the switch's three files, filled in, and says where each of these goes.
//!
//! Nothing is changed at the switch: what runs there is the administrator's. Nothing that is there is overwritten
//! without `--force`, and the password is kept even then, since the switch knows it.

mod answers;
mod event_socket;
mod files;
mod password;
mod ports;
mod report;
mod seen;
mod settings;

use super::{Exit, fail};
use crate::call::AgentLeg;
use crate::config::{Config, Profile, Secret, Switch, day};
use answers::{Answers, Questions};
use clap::Args;
use ports::Ports;
use report::Report;
use seen::Seen;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

#[derive(Args)]
pub struct InitArgs {
    /// The main line's number in E.164 form, such as +352260000.
    #[arg(long)]
    number: Option<String>,
    /// The same number as the dialplan sees it, where that is neither this form nor this form without its plus.
    #[arg(long, value_name = "DIGITS")]
    seen_as: Option<String>,
    /// The language of the calls: en, de or fr.
    #[arg(long)]
    language: Option<String>,
    /// The country whose law is looked at: remarks and proposals are told, nothing is set by it.
    #[arg(long, value_parser = Profile::ALL.map(Profile::word))]
    profile: Option<String>,
    /// Whom callers may turn to, as the texts name it: an e-mail address, say. The line is off until this is set.
    #[arg(long)]
    contact: Option<String>,
    /// The legal basis of the note, which is yours to decide; a line that asks for consent is written by hand. The line is
    /// off until this is set.
    #[arg(long, value_parser = ["legitimate_interest"])]
    basis: Option<String>,
    /// The day on which the agents were given the notice for staff, such as 2026-01-31. The line is off until this is set,
    /// unless its agents are not heard.
    #[arg(long, value_name = "DATE", value_parser = day)]
    employees_told: Option<jiff::civil::Date>,
    /// Whether what agents say is turned into text, too: heard, once they were told, or not_heard.
    #[arg(long, value_parser = [AgentLeg::Heard.word(), AgentLeg::NotHeard.word()])]
    agent_leg: Option<String>,
    /// The line's name, as it stands in the settings and in the snippet.
    #[arg(long, default_value = "main")]
    line: String,
    /// The key with which a caller objects; one that begins with * or # is best.
    #[arg(long, value_name = "KEY", default_value = files::KEY)]
    key: String,
    /// The event socket of the switch.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8021")]
    event_socket: SocketAddr,
    /// A file with the event socket's own password; otherwise it is read from the switch's event_socket.conf.xml. It is
    /// used now, and kept nowhere.
    #[arg(long, value_name = "FILE")]
    event_socket_password: Option<PathBuf>,
    /// Ask no switch; what it would say is asked of you.
    #[arg(long)]
    without_switch: bool,
    /// The dialplan context in which calls to the number arrive; `public` where the switch has it.
    #[arg(long)]
    context: Option<String>,
    /// The switch's folder of settings, where it does not say so itself.
    #[arg(long, value_name = "FOLDER")]
    conf_dir: Option<PathBuf>,
    /// The folder of the notices, as the switch and Callgist both see it.
    #[arg(long, value_name = "FOLDER", default_value = "/usr/share/callgist/sounds")]
    sounds: PathBuf,
    /// The folder of the speech models.
    #[arg(long, value_name = "FOLDER", default_value = "/usr/share/callgist/models")]
    models: PathBuf,
    /// The file that will hold the notes.
    #[arg(long, value_name = "FILE", default_value = "/var/lib/callgist/callgist.db")]
    database: PathBuf,
    /// Overwrite settings that are there; ports and password stay as they are.
    #[arg(long)]
    force: bool,
    /// Print what was done, and what is to be done, as JSON.
    #[arg(long)]
    json: bool,
}

/// Why nothing was written, or not everything.
#[derive(Debug)]
struct Refusal {
    exit: Exit,
    why: String,
}

impl Refusal {
    fn new(exit: Exit, why: impl Into<String>) -> Refusal {
        Refusal { exit, why: why.into() }
    }
}

pub fn run(path: &Path, args: &InitArgs) -> Exit {
    super::run::start_log(super::run::LogForm::Text, "warn");
    match init(path, args) {
        Ok(report) => {
            report.print(args.json);
            if let Ok(config) = Config::load(path) {
                super::config::remark(&config);
            }
            Exit::Done
        }
        Err(refusal) => fail(refusal.exit, &refusal.why),
    }
}

fn init(path: &Path, args: &InitArgs) -> Result<Report, Refusal> {
    let path = std::path::absolute(path).map_err(|error| cannot_write(path, &error))?;
    if path.exists() && !args.force {
        return Err(Refusal::new(
            Exit::Failed,
            format!(
                "{} is there already: --force overwrites it, --config names another file",
                path.display()
            ),
        ));
    }
    let mut questions = Questions::on_terminal();
    let (seen, mut advice) = look(args)?;
    let answers = Answers::gather(args, seen.as_ref(), &mut questions)?;
    advice.extend(answers.advice_on_key());
    let ports = match Config::load(&path) {
        // A Callgist that runs holds its own ports.
        Ok(old) => Ports::of(&old, seen.as_ref()),
        Err(_) => Ports::free(seen.as_ref()),
    };
    let ports =
        ports.ok_or_else(|| Refusal::new(Exit::Port, "no 500 free UDP ports were found on 127.0.0.1"))?;
    let report = write(&path, args, seen, &answers, &ports)?;
    Ok(report.with_advice(advice))
}

/// What the switch says, and what should be changed there first, unless nobody is to ask it.
fn look(args: &InitArgs) -> Result<(Option<Seen>, Vec<String>), Refusal> {
    if args.without_switch {
        return Ok((None, Vec::new()));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Refusal::new(Exit::Failed, error.to_string()))?;
    let password = event_socket::password(args.event_socket_password.as_deref(), args.conf_dir.as_deref())?;
    let advice = event_socket::advice(&password, args.event_socket.port());
    let switch = Switch {
        name: None,
        address: args.event_socket,
        user: None,
        password: Secret::Here(password),
        profile: files::PROFILE.to_owned(),
    };
    let notice = |language: &str| settings::notice(&args.sounds, language);
    let seen = runtime.block_on(Seen::look(switch, args.context.as_deref(), notice)).map_err(|why| {
        let hint = "--event-socket says where it listens, --event-socket-password names a file with its password, \
                    --without-switch asks no switch";
        Refusal::new(Exit::Switch, format!("{why}\n{hint}"))
    })?;
    Ok((Some(seen), advice))
}

/// The settings come last: as long as they are not there, the same command can be given again.
fn write(
    path: &Path,
    args: &InitArgs,
    seen: Option<Seen>,
    answers: &Answers,
    ports: &Ports,
) -> Result<Report, Refusal> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    let secret = folder.join("switch.password");
    let text = settings::text(args, answers, ports, &secret);
    Config::parse(&text).map_err(|problems| {
        Refusal::new(Exit::Config, format!("these answers make no settings that can be used:\n{problems}"))
    })?;
    std::fs::create_dir_all(folder).map_err(|error| cannot_write(folder, &error))?;
    let password = password::made_or_kept(&secret)?;
    let staged = folder.join("freeswitch");
    let copies =
        files::write(&staged, answers, ports, &password).map_err(|error| cannot_write(&staged, &error))?;
    files::put(path, &text, 0o644).map_err(|error| cannot_write(path, &error))?;
    let runs_as = event_socket::owner(args.event_socket.port());
    Ok(Report::new(path.to_owned(), secret, copies, ports.clone(), args.event_socket.port(), runs_as, seen))
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Refusal {
    let hint = match error.kind() {
        std::io::ErrorKind::PermissionDenied => "; run this as root, or name another file with --config",
        _ => "",
    };
    Refusal::new(Exit::Failed, format!("cannot write {}: {error}{hint}", path.display()))
}
