//! What was seen, what was written, and the commands that are left to the administrator.

use super::files::{self, Copy};
use super::ports::Ports;
use super::seen::Seen;
use serde_json::json;
use std::path::PathBuf;

pub struct Report {
    config: PathBuf,
    password: PathBuf,
    copies: [Copy; 3],
    ports: Ports,
    commands: Vec<String>,
    seen: Option<Seen>,
    /// What should be changed at the switch first.
    advice: Vec<String>,
}

impl Report {
    pub fn new(
        config: PathBuf,
        password: PathBuf,
        copies: [Copy; 3],
        ports: Ports,
        event_socket: u16,
        runs_as: Option<String>,
        seen: Option<Seen>,
    ) -> Report {
        let commands = commands(&copies, event_socket, runs_as.as_deref(), &config);
        Report { config, password, copies, ports, commands, seen, advice: Vec::new() }
    }

    pub fn with_advice(self, advice: Vec<String>) -> Report {
        Report { advice, ..self }
    }

    pub fn print(&self, json: bool) {
        if json {
            return println!("{}", self.json());
        }
        if let Some(seen) = &self.seen {
            println!("The switch: {}; profiles that run: {}", seen.version, seen.profiles.join(", "));
            seen.missing_modules.iter().for_each(|module| {
                println!(
                    "  {module} is not loaded: add it to modules.conf.xml and run `fs_cli -x 'load {module}'`"
                );
            });
        }
        self.advice.iter().for_each(|change| println!("  {change}"));
        println!("Written: {} and {}", self.config.display(), self.password.display());
        println!(
            "Ports on 127.0.0.1: {} for the switch's profile, {} for Callgist, {} to {} for RTP",
            self.ports.profile,
            self.ports.sip,
            self.ports.rtp.start(),
            self.ports.rtp.end()
        );
        println!(
            "\nThe switch's three files are filled in. Put them in their places, and have the switch read them:\n"
        );
        self.commands.iter().for_each(|command| println!("  {command}"));
        println!(
            "\nThe snippet must stand before the extension that takes the call: see dialplan/README.md. When doctor finds \
             nothing bad, start Callgist, and try it with a whole call: callgist doctor --call"
        );
    }

    fn json(&self) -> serde_json::Value {
        json!({
            "config": self.config,
            "password_file": self.password,
            "switch": self.seen.as_ref().map(|seen| json!({
                "version": seen.version,
                "conf_dir": seen.conf_dir,
                "sounds_dir": seen.sounds_dir,
                "context": seen.context,
                "profiles": seen.profiles,
                "missing_modules": seen.missing_modules,
            })),
            "ports": {
                "profile": self.ports.profile,
                "sip": self.ports.sip,
                "first_rtp": self.ports.rtp.start(),
                "last_rtp": self.ports.rtp.end(),
            },
            "advice": self.advice,
            "copies": self.copies,
            "commands": self.commands,
        })
    }
}

/// The file with the password is the switch's user's alone: a file of root's it could not read.
fn commands(
    copies: &[Copy; 3],
    event_socket: u16,
    runs_as: Option<&str>,
    config: &std::path::Path,
) -> Vec<String> {
    let owner = runs_as.map(|user| format!("-o {user} ")).unwrap_or_default();
    let install = copies.iter().map(|copy| {
        let mode = if copy.secret { "600" } else { "644" };
        format!("install -m {mode} {owner}{} {}", copy.from.display(), copy.to.display())
    });
    let console = match event_socket {
        8_021 => "fs_cli".to_owned(),
        port => format!("fs_cli -P {port}"),
    };
    let doctor = match config == std::path::Path::new(crate::cli::DEFAULT_CONFIG) {
        true => "callgist doctor".to_owned(),
        false => format!("callgist --config {} doctor", config.display()),
    };
    let rest = [
        format!("{console} -x reloadxml"),
        format!("{console} -x 'sofia profile {} start'", files::PROFILE),
        doctor,
    ];
    install.chain(rest).collect()
}
