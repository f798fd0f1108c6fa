//! How a command ends: documented, and the same in every version.

use crate::daemon::StartError;

/// The exit code of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    Done = 0,
    /// Something was found wrong (`doctor`, `config check`), not found (`calls show`), or went wrong.
    Failed = 1,
    Usage = 2,
    /// The settings cannot be read or are wrong.
    Config = 3,
    /// The switch cannot be used.
    Switch = 4,
    /// The database cannot be used.
    Store = 5,
    /// A port is taken.
    Port = 6,
    /// A notice cannot be used.
    Notice = 7,
    /// A model or an ear cannot be used.
    Model = 8,
    /// Rights could not be given up.
    Rights = 9,
}

impl From<&StartError> for Exit {
    fn from(error: &StartError) -> Exit {
        match error {
            StartError::Store(_) => Exit::Store,
            StartError::Sip { .. } => Exit::Port,
            StartError::Notice(_) => Exit::Notice,
            StartError::Model(_) | StartError::Ear(_) => Exit::Model,
            StartError::Switch(_) => Exit::Switch,
        }
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> std::process::ExitCode {
        std::process::ExitCode::from(exit as u8)
    }
}
