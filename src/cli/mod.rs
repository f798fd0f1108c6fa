//! The command line: arguments go in, results on standard output, all else on standard error, an exit code comes
//! out. One file for each command.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "printing is what a command line is for")]

pub mod calls;
pub mod config;
pub mod contacts;
pub mod counter;
pub mod demo;
pub mod doctor;
mod exit;
pub mod init;
pub mod log;
pub mod manual;
pub mod models;
pub mod note;
pub mod notices;
pub mod person;
pub mod prove;
pub mod run;
pub mod store;
mod switch;
mod typed;

pub use exit::Exit;

use clap::{Parser, Subcommand};
use std::path::PathBuf;

/// A short written note of each call, and nothing that was spoken.
#[derive(Parser)]
#[command(name = "callgist", version, about, after_help = EXIT_CODES)]
pub struct Cli {
    /// The settings.
    #[arg(long, global = true, value_name = "FILE", env = "CALLGIST_CONFIG", default_value = DEFAULT_CONFIG)]
    config: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Follow the calls of the switch until stopped.
    Run(run::RunArgs),
    /// Take one simulated call through the real pipeline and show its note.
    Demo(demo::DemoArgs),
    /// Speak a random phrase on a simulated call, and search every place where something of it could have been left.
    Prove(prove::ProveArgs),
    /// Show what was kept of calls.
    #[command(subcommand)]
    Calls(calls::CallsCommand),
    /// The list of who must not be contacted: read it, add to it, decide on entries, ask it.
    #[command(subcommand)]
    Contacts(contacts::ContactsCommand),
    /// A caller's rights, by number: find, export, rectify, object, restrict, erase.
    #[command(subcommand)]
    Person(person::PersonCommand),
    /// Every text that callers, staff and auditors are owed, from the running settings.
    #[command(subcommand)]
    Notices(notices::NoticesCommand),
    /// Check, export or shorten the content-free log.
    #[command(subcommand)]
    Log(log::LogCommand),
    /// Copy the database, bring a copy back, or erase what is past its retention.
    #[command(subcommand)]
    Store(store::StoreCommand),
    /// Write the settings and the switch's three files, from what the switch says of itself and a few answers.
    Init(init::InitArgs),
    /// Print or check the settings.
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Look at everything that a call needs, and say what to do where something is missing.
    Doctor(doctor::DoctorArgs),
    /// List the recognisers' models, or fetch one.
    #[command(subcommand)]
    Models(models::ModelsCommand),
    /// Print the completions of a shell.
    Completions(manual::CompletionsArgs),
    /// Print the manual page, or write one page per command.
    Man(manual::ManArgs),
    /// Write the notes of written calls, to try the note engine without a telephone.
    Note(note::NoteArgs),
}

/// Runs the command of these arguments.
pub fn main(arguments: impl IntoIterator<Item = std::ffi::OsString>) -> Exit {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // clap prints help to standard output and mistakes to standard error by itself.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage } else { Exit::Done };
        }
    };
    match cli.command {
        Command::Run(args) => run::run(&cli.config, &args),
        Command::Demo(args) => demo::run(&args),
        Command::Prove(args) => prove::run(&cli.config, &args),
        Command::Calls(command) => calls::run(&cli.config, &command),
        Command::Contacts(command) => contacts::run(&cli.config, &command),
        Command::Person(command) => person::run(&cli.config, &command),
        Command::Notices(command) => notices::run(&cli.config, &command),
        Command::Log(command) => log::run(&cli.config, &command),
        Command::Store(command) => store::run(&cli.config, &command),
        Command::Init(args) => init::run(&cli.config, &args),
        Command::Config(command) => config::run(&cli.config, &command),
        Command::Doctor(args) => doctor::run(&cli.config, &args),
        Command::Models(command) => models::run(&cli.config, &command),
        Command::Completions(args) => manual::completions(&args),
        Command::Man(args) => manual::pages(&args),
        Command::Note(args) => match note::run(&args) {
            Ok(()) => Exit::Done,
            Err(error) => fail(Exit::Failed, &format!("{error:#}")),
        },
    }
}

/// Says why on standard error.
fn fail(exit: Exit, why: &str) -> Exit {
    eprintln!("callgist: {why}");
    exit
}

/// Where the package puts the settings.
const DEFAULT_CONFIG: &str = "/etc/callgist/callgist.toml";

const EXIT_CODES: &str = "Exit codes: 0 done; 1 something was found wrong or not found; 2 wrong arguments; \
3 the settings; 4 the switch; 5 the database; 6 a port is taken; 7 a notice; 8 a model or an ear; \
9 rights could not be given up; 10 blocked (contacts check).";
