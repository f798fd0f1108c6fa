//! The switches on this host: `[switch]`, or a `[[switch]]` for each of several, goes in; how each is reached and which
//! lines are its own comes out.

use super::is_name;
use super::private;
use super::read::{Problem, Section};
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

/// How to reach the event socket of one switch.
#[derive(Clone, PartialEq)]
pub struct Switch {
    /// What lines, commands and the log call it; the only one needs no name.
    pub name: Option<String>,
    pub address: SocketAddr,
    /// `user@domain`, or nothing for the switch's own password.
    pub user: Option<String>,
    pub password: Secret,
    pub profile: String,
}

impl Switch {
    /// The file that its password stands in, if it does.
    pub fn password_file(&self) -> Option<&Path> {
        match &self.password {
            Secret::File(path) => Some(path),
            Secret::Here(_) | Secret::Missing(_) => None,
        }
    }

    /// All but the password, which may no longer be readable.
    pub fn without_password(&self) -> (Option<&str>, SocketAddr, Option<&str>, &str) {
        (self.name.as_deref(), self.address, self.user.as_deref(), &self.profile)
    }
}

impl std::fmt::Debug for Switch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Switch{:?}", self.without_password())
    }
}

/// Where the password of the event socket stands. It is read when it is needed and never printed.
#[derive(Clone, PartialEq)]
pub enum Secret {
    Here(String),
    File(PathBuf),
    /// It could not be had while there was a right to read it: why.
    Missing(String),
}

impl Secret {
    /// The password; the error says what to do.
    pub fn read(&self) -> anyhow::Result<String> {
        match self {
            Secret::Here(password) => Ok(password.clone()),
            Secret::File(path) => Ok(private::text(path, "the switch's password")?.to_string()),
            Secret::Missing(why) => anyhow::bail!("{why}"),
        }
    }

    /// Whether both are files of one name, which [`private::text`] could not tell apart.
    fn is_mistaken_for(&self, other: &Secret) -> bool {
        match (self, other) {
            (Secret::File(one), Secret::File(two)) => one != two && one.file_name() == two.file_name(),
            _ => false,
        }
    }

    /// The same for a process that gives up the right to read it later.
    pub fn read_now(&self) -> Secret {
        match self.read() {
            Ok(password) => Secret::Here(password),
            Err(why) => Secret::Missing(format!("{why:#}")),
        }
    }
}

/// The names of all, in quotes.
pub fn names(switches: &[Switch]) -> String {
    let names = switches.iter().filter_map(|switch| switch.name.as_ref());
    names.map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
}

/// All of the file's.
pub(super) fn switches(root: &mut Section<'_>, problems: &mut Vec<Problem>) -> Vec<Switch> {
    let sections = root.one_or_more("switch", problems);
    if sections.is_empty() {
        problems.push(Problem::new(0, "there is no [[switch]]: add one for each switch on this host"));
    }
    let several = sections.len() > 1;
    let mut switches = Vec::new();
    for section in sections {
        let switch = switch(section, several, &switches, problems);
        switches.push(switch);
    }
    switches
}

/// The name of the line's switch: the one that it names, or the only one.
pub(super) fn of_line(
    line: &mut Section<'_>,
    switches: &[Switch],
    problems: &mut Vec<Problem>,
) -> Option<String> {
    let named = line.optional_text("switch", problems);
    if named.is_none() && switches.len() > 1 {
        line.wrong("switch", &format!("is missing: it must be one of {}", names(switches)), problems);
    }
    let Some(named) = named else { return switches.first()?.name.clone() };
    if !switches.iter().any(|switch| switch.name.as_ref() == Some(&named)) {
        let says = match names(switches).as_str() {
            "" => "names a switch, but the only one has no name: give it one, or leave this out".to_owned(),
            names => format!("must be one of {names}"),
        };
        line.wrong("switch", &says, problems);
    }
    Some(named)
}

/// `before` are those that stand before it in the file.
fn switch(mut section: Section<'_>, several: bool, before: &[Switch], problems: &mut Vec<Problem>) -> Switch {
    let name = name(&mut section, several, before, problems);
    let address = address(&mut section, before, problems);
    let user = user(&mut section, problems);
    let password = password(&mut section, before, problems);
    let profile = section.text("profile", Some("callgist"), problems);
    if !is_name(&profile) {
        section.wrong("profile", "must be letters, digits, - and _ only", problems);
    }
    section.finish(problems);
    Switch { name, address, user, password, profile }
}

fn name(
    section: &mut Section<'_>,
    several: bool,
    before: &[Switch],
    problems: &mut Vec<Problem>,
) -> Option<String> {
    let name = section.optional_text("name", problems);
    let wrong = match &name {
        None if several => Some("is missing: each of several switches needs one, which its lines name"),
        Some(text) if !is_name(text) => Some("must be letters, digits, - and _ only"),
        Some(_) if before.iter().any(|other| other.name == name) => {
            Some("is that of another switch: give each its own")
        }
        _ => None,
    };
    if let Some(wrong) = wrong {
        section.wrong("name", wrong, problems);
    }
    name
}

fn address(section: &mut Section<'_>, before: &[Switch], problems: &mut Vec<Problem>) -> SocketAddr {
    let host = section.text("host", Some("127.0.0.1"), problems);
    let port = section.whole("port", Some(8021), 1..=65_535, problems) as u16;
    let Some(ip) = host.parse::<IpAddr>().ok().filter(IpAddr::is_loopback) else {
        section.wrong(
            "host",
            "must be a loopback address such as 127.0.0.1: the audio of the calls goes over the host's \
             loopback, so Callgist runs beside the switch, on the same host",
            problems,
        );
        return SocketAddr::from(([127, 0, 0, 1], port));
    };
    let address = SocketAddr::new(ip, port);
    if before.iter().any(|other| other.address == address) {
        let says = format!(
            "cannot be {port} at {ip}, where another switch of these settings listens: each has an event socket of its own"
        );
        section.wrong("port", &says, problems);
    }
    address
}

fn user(section: &mut Section<'_>, problems: &mut Vec<Problem>) -> Option<String> {
    let user = section.text("user", Some("callgist@callgist.invalid"), problems);
    if !user.is_empty() && (!user.contains('@') || user.contains([':', ' ', '\n', '\r'])) {
        section.wrong("user", "must read user@domain, or be empty for the switch's own password", problems);
    }
    (!user.is_empty()).then_some(user)
}

fn password(section: &mut Section<'_>, before: &[Switch], problems: &mut Vec<Problem>) -> Secret {
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
    if before.iter().any(|other| password.is_mistaken_for(&other.password)) {
        section.wrong(
            "password_file",
            "has the name of another switch's in another folder, and a service manager's copies go by that name alone: \
             give each file its own",
            problems,
        );
    }
    password
}

/// Two switches with a line each.
#[cfg(test)]
pub(crate) const TWO: &str = "[[switch]]\nname = \"north\"\npassword = \"x\"\n\
                   [[switch]]\nname = \"south\"\nport = 8022\npassword = \"y\"\n\
                   [[line]]\nname = \"one\"\nswitch = \"north\"\nnumber = \"+352260000\"\nlanguage = \"en\"\nnotice = \"/n\"\nmode = \"notice\"\n\
                   basis = \"legitimate_interest\"\nkeep_notes_days = 90\ncontact = \"c\"\nemployees_told = \"2026-01-31\"\n\
                   [[line]]\nname = \"two\"\nswitch = \"south\"\nnumber = \"+352260000\"\nlanguage = \"en\"\nnotice = \"/n\"\nmode = \"notice\"\n\
                   basis = \"legitimate_interest\"\nkeep_notes_days = 90\ncontact = \"c\"\nemployees_told = \"2026-01-31\"\n";

#[cfg(test)]
mod tests {
    use super::super::{Config, DEFAULT};
    use super::*;

    #[track_caller]
    fn refused(text: &str, says: &str) {
        let problems = Config::parse(text).unwrap_err().to_string();
        assert_eq!(problems.lines().count(), 1, "{problems}");
        assert!(problems.contains(says), "{problems}");
    }

    #[test]
    fn each_of_two_switches_has_its_own_lines_though_their_number_is_the_same() {
        let config = Config::parse(TWO).unwrap();
        let lines = |name| config.lines_at(Some(name)).map(|line| line.name.as_str()).collect::<Vec<_>>();
        assert_eq!((lines("north"), lines("south")), (vec!["one"], vec!["two"]));
        assert_eq!(config.switch_of(&config.lines[1]).address.port(), 8_022);
    }

    #[test]
    fn an_only_switch_needs_no_name_and_has_all_lines_whether_they_name_it_or_not() {
        let unnamed = Config::parse(DEFAULT).unwrap();
        assert_eq!((unnamed.switches[0].name.as_deref(), unnamed.lines_at(None).count()), (None, 1));
        let named = DEFAULT.replace("\n[switch]\n", "\n[switch]\nname = \"north\"\n");
        for text in [named.clone(), named.replace("\n[[line]]\n", "\n[[line]]\nswitch = \"north\"\n")] {
            let config = Config::parse(&text).unwrap();
            assert_eq!(config.lines_at(Some("north")).count(), 1);
        }
        let listed = DEFAULT.replace("\n[switch]\n", "\n[[switch]]\n");
        assert_eq!(Config::parse(&listed).unwrap(), unnamed);
    }

    #[test]
    fn of_several_switches_each_needs_a_name_of_its_own() {
        refused(
            &TWO.replace("name = \"south\"\n", "").replace("\"south\"", "\"north\""),
            "[[switch]] name is missing",
        );
        refused(&TWO.replace("\"south\"", "\"north\""), "[[switch]] name is that of another switch");
        refused(&TWO.replace("\"south\"", "\"so uth\""), "letters, digits");
    }

    #[test]
    fn two_switches_at_one_address_and_port_are_refused() {
        refused(&TWO.replace("8022", "8021"), "port cannot be 8021 at 127.0.0.1, where another switch");
        let other_address = TWO.replace("port = 8022", "host = \"127.0.0.2\"");
        assert!(Config::parse(&other_address).is_ok());
    }

    #[test]
    fn a_line_says_which_of_several_switches_is_its_own_and_the_error_names_them() {
        refused(
            &TWO.replace("switch = \"south\"\n", ""),
            "switch is missing: it must be one of \"north\", \"south\"",
        );
        refused(
            &TWO.replace("switch = \"south\"", "switch = \"west\""),
            "switch must be one of \"north\", \"south\"",
        );
        let unnamed = DEFAULT.replace("\n[[line]]\n", "\n[[line]]\nswitch = \"north\"\n");
        refused(&unnamed, "the only one has no name");
    }

    #[test]
    fn two_password_files_of_one_name_are_refused_and_one_file_for_both_is_not() {
        let with = |one: &str, two: &str| {
            TWO.replace("password = \"x\"", &format!("password_file = \"{one}\""))
                .replace("password = \"y\"", &format!("password_file = \"{two}\""))
        };
        refused(&with("/a/password", "/b/password"), "give each file its own");
        assert!(Config::parse(&with("/a/password", "/a/password")).is_ok());
        assert!(Config::parse(&with("/a/north", "/a/south")).is_ok());
    }

    #[test]
    fn a_file_with_an_empty_list_of_switches_is_told_so() {
        let (_, lines) = TWO.split_once("[[line]]").unwrap();
        let lines = format!("switch = []\n[[line]]{lines}").replace("switch = \"north\"\n", "");
        let problems = Config::parse(&lines.replace("switch = \"south\"\n", "")).unwrap_err().to_string();
        assert_eq!(problems, "there is no [[switch]]: add one for each switch on this host");
    }

    #[test]
    fn a_switch_on_another_host_is_refused_with_the_reason() {
        refused(&DEFAULT.replace("host = \"127.0.0.1\"", "host = \"192.0.2.7\""), "same host");
        refused(&TWO.replace("port = 8022", "host = \"192.0.2.7\""), "same host");
    }

    #[test]
    fn a_password_file_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        std::fs::write(&path, "secret\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let secret = Secret::File(path.clone());
        let why = format!("{:#}", secret.read().unwrap_err());
        assert!(why.contains("chmod 0600"), "{why}");
        assert!(secret.read_now() == Secret::Missing(why.clone()), "and so it is told later");
        assert_eq!(format!("{:#}", secret.read_now().read().unwrap_err()), why);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(secret.read().unwrap(), "secret");
        assert!(secret.read_now() == Secret::Here("secret".into()));
    }
}
