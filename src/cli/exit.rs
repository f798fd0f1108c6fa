//! How a command ends: documented, and the same in every version.

use crate::daemon::StartError;

/// The exit code of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    Done,
    /// Something was found wrong (`doctor`, `config check`), not found (`calls show`), or went wrong.
    Failed,
    Usage,
    /// The settings cannot be read or are wrong.
    Config,
    /// The switch cannot be used.
    Switch,
    /// The database cannot be used.
    Store,
    /// A port is taken.
    Port,
    /// A notice cannot be used.
    Notice,
    /// A model or an ear cannot be used.
    Model,
    /// Rights could not be given up.
    Rights,
    /// The list of who must not be contacted names this number (`contacts check`).
    Blocked,
    /// Nothing contradicts that a call was announced, and it is not on record in row and log both (`calls evidence`).
    Unproved,
    /// `prove` found nothing, but could not look everywhere.
    ProofIncomplete,
    /// `prove` could not be carried out.
    ProofFailed,
}

impl Exit {
    /// `prove` has a list of its own, which begins as the others' does.
    fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Config | Exit::ProofIncomplete => 3,
            Exit::Switch | Exit::ProofFailed => 4,
            Exit::Store => 5,
            Exit::Port => 6,
            Exit::Notice => 7,
            Exit::Model => 8,
            Exit::Rights => 9,
            Exit::Blocked => 10,
            Exit::Unproved => 11,
        }
    }
}

impl From<&StartError> for Exit {
    fn from(error: &StartError) -> Exit {
        match error {
            StartError::Store(_) => Exit::Store,
            StartError::Sip { .. } | StartError::Http(_) => Exit::Port,
            StartError::Notice(_) => Exit::Notice,
            StartError::Model(_) | StartError::Ear(_) => Exit::Model,
            StartError::Switch(_) => Exit::Switch,
        }
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> std::process::ExitCode {
        std::process::ExitCode::from(exit.code())
    }
}
