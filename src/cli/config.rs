//! `callgist config default|check`: prints the commented settings, or checks a file and reports every problem.

use super::{Exit, fail};
use crate::config::{Config, DEFAULT, Profile};
use clap::Subcommand;
use std::path::Path;

#[derive(Subcommand)]
pub enum ConfigCommand {
    /// Print the settings with their defaults and comments.
    Default,
    /// Check the file that --config names.
    Check,
}

/// What the lines wait for, and what their profiles say, for whoever reads it.
pub(super) fn remark(config: &Config) {
    for line in &config.lines {
        if let Some(unset) = line.waits_for() {
            eprintln!("callgist: line {} is off until these are set in its [[line]]: {unset}", line.name);
        }
        let profile = line.profile.map(Profile::word).unwrap_or_default();
        let remarks = line.remarks();
        remarks
            .iter()
            .for_each(|remark| eprintln!("callgist: line {}, profile {profile}: {remark}", line.name));
    }
}

pub fn run(path: &Path, command: &ConfigCommand) -> Exit {
    match command {
        ConfigCommand::Default => {
            print!("{DEFAULT}");
            Exit::Done
        }
        ConfigCommand::Check => match Config::load(path) {
            Ok(config) => {
                let lines = config.lines.len();
                println!("{}: good, {lines} line{}", path.display(), if lines == 1 { "" } else { "s" });
                remark(&config);
                Exit::Done
            }
            Err(problems) => fail(Exit::Config, &format!("{}:\n{problems}", path.display())),
        },
    }
}
