//! The switch: `[switch]` goes in, how its event socket is reached comes out.

use super::is_name;
use super::private;
use super::read::{Problem, Section};
use std::net::SocketAddr;
use std::path::PathBuf;

/// How to reach the event socket.
#[derive(Clone, PartialEq)]
pub struct Switch {
    pub address: SocketAddr,
    /// `user@domain`, or nothing for the switch's own password.
    pub user: Option<String>,
    pub password: Secret,
    pub profile: String,
}

impl std::fmt::Debug for Switch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Switch({}, {:?}, {})", self.address, self.user, self.profile)
    }
}

/// Where the password of the event socket stands. It is read when it is needed and never printed.
#[derive(Clone, PartialEq)]
pub enum Secret {
    Here(String),
    File(PathBuf),
}

impl Secret {
    /// The password; the error says what to do.
    pub fn read(&self) -> anyhow::Result<String> {
        match self {
            Secret::Here(password) => Ok(password.clone()),
            Secret::File(path) => Ok(private::text(path, "the switch's password")?.to_string()),
        }
    }
}

pub(super) fn switch(mut section: Section<'_>, problems: &mut Vec<Problem>) -> Switch {
    let host = section.text("host", Some("127.0.0.1"), problems);
    let port = section.whole("port", Some(8021), 1..=65_535, problems) as u16;
    let address = match host.parse::<std::net::IpAddr>() {
        Ok(ip) if ip.is_loopback() => SocketAddr::new(ip, port),
        _ => {
            section.wrong(
                "host",
                "must be a loopback address such as 127.0.0.1: the audio of the calls goes over the host's \
                 loopback, so Callgist runs beside the switch, on the same host",
                problems,
            );
            SocketAddr::from(([127, 0, 0, 1], port))
        }
    };
    let user = section.text("user", Some("callgist@callgist.invalid"), problems);
    if !user.is_empty() && (!user.contains('@') || user.contains([':', ' ', '\n', '\r'])) {
        section.wrong("user", "must read user@domain, or be empty for the switch's own password", problems);
    }
    let here = section.optional_text("password", problems);
    let file = section.optional_text("password_file", problems);
    let password = match (here, file) {
        (Some(password), None) => Secret::Here(password),
        (None, Some(file)) => Secret::File(file.into()),
        (Some(_), Some(_)) => {
            section.wrong("password", "and password_file are both set: keep one", problems);
            Secret::Here(String::new())
        }
        (None, None) => {
            section.wrong(
                "password_file",
                "is missing: name a file of mode 0600 that holds the password",
                problems,
            );
            Secret::Here(String::new())
        }
    };
    if matches!(&password, Secret::Here(text) if text.contains(['\n', '\r'])) {
        section.wrong("password", "cannot hold a line break", problems);
    }
    let profile = section.text("profile", Some("callgist"), problems);
    if !is_name(&profile) {
        section.wrong("profile", "must be letters, digits, - and _ only", problems);
    }
    section.finish(problems);
    Switch { address, user: (!user.is_empty()).then_some(user), password, profile }
}

#[cfg(test)]
mod tests {
    use super::super::{Config, DEFAULT};
    use super::*;

    #[test]
    fn a_switch_on_another_host_is_refused_with_the_reason() {
        let text = DEFAULT.replace("host = \"127.0.0.1\"", "host = \"192.0.2.7\"");
        assert!(Config::parse(&text).unwrap_err().to_string().contains("same host"));
    }

    #[test]
    fn a_password_file_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        std::fs::write(&path, "secret\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let secret = Secret::File(path.clone());
        assert!(secret.read().unwrap_err().to_string().contains("chmod 0600"));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(secret.read().unwrap(), "secret");
    }
}
