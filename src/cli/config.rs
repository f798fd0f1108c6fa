//! `callgist config default|check`: prints the commented settings, or checks a file and reports every problem.

use super::counter::today;
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
        if let Some(day) = line.told_later(today()) {
            eprintln!("callgist: line {}: {}", line.name, told_later(day));
        }
        let profile = line.profile.map(Profile::word).unwrap_or_default();
        let remarks = line.remarks();
        remarks
            .iter()
            .for_each(|remark| eprintln!("callgist: line {}, profile {profile}: {remark}", line.name));
    }
}

/// What is wrong with a day that is still to come.
pub(super) fn told_later(day: jiff::civil::Date) -> String {
    format!(
        "employees_told is {day}, which is still to come, and agents are heard all the same: give them the notice \
         (callgist notices render --text employee) and write the day on which they got it, or set agent_leg = \
         \"not_heard\" until then"
    )
}

pub fn run(path: &Path, command: &ConfigCommand) -> Exit {
    match command {
        ConfigCommand::Default => {
            print!("{DEFAULT}");
            Exit::Done
        }
        ConfigCommand::Check => match Config::load(path) {
            Ok(config) => {
                let told_later = config.lines.iter().any(|line| line.told_later(today()).is_some());
                let lines = config.lines.len();
                if !told_later {
                    println!("{}: good, {lines} line{}", path.display(), if lines == 1 { "" } else { "s" });
                }
                remark(&config);
                if told_later { Exit::Config } else { Exit::Done }
            }
            Err(problems) => fail(Exit::Config, &format!("{}:\n{problems}", path.display())),
        },
    }
}
