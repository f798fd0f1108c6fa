//! The event socket as this host shows it: its own password from the switch's settings, the user that holds it, and who
//! else may reach it.

use super::Refusal;
use crate::cli::Exit;
use regex::Regex;
use std::fs;
use std::path::{Path, PathBuf};

/// The password that lets us ask: from the file that the administrator names, or from the switch's settings, which root
/// may read.
pub fn password(named: Option<&Path>, conf_dir: Option<&Path>) -> Result<String, Refusal> {
    if let Some(file) = named {
        let read = fs::read_to_string(file).map(|text| text.trim_end().to_owned());
        return read.map_err(|error| {
            Refusal::new(Exit::Switch, format!("--event-socket-password: {}: {error}", file.display()))
        });
    }
    let usual = CONF_DIRS.iter().map(PathBuf::from);
    let places = conf_dir.map(Path::to_owned).into_iter().chain(usual);
    let texts = places.filter_map(|folder| fs::read_to_string(folder.join(SETTINGS)).ok());
    let found = texts.filter_map(|text| parameter(&text, "password")).next();
    found.ok_or_else(|| {
        Refusal::new(
            Exit::Switch,
            format!(
                "the event socket's password is needed to ask the switch, and no {SETTINGS} that could be read holds \
                 it: --conf-dir names the switch's folder of settings, --event-socket-password a file with the \
                 password, and --without-switch asks no switch"
            ),
        )
    })
}

/// The value of `<param name="..." value="..."/>`, comments left out; one with a variable of the switch's in it is not
/// known here.
pub fn parameter(xml: &str, name: &str) -> Option<String> {
    let comments = Regex::new("(?s)<!--.*?-->").ok()?;
    let wanted = Regex::new(&format!(r#"<param\s+name="{name}"\s+value="([^"]*)"\s*/?>"#)).ok()?;
    let xml = comments.replace_all(xml, "");
    let value = wanted.captures(&xml)?.get(1)?.as_str();
    (!value.contains("${")).then(|| value.to_owned())
}

/// Who holds the listening socket of this port: the switch's user, by name where it has one.
pub fn owner(port: u16) -> Option<String> {
    let uid = tables().iter().flat_map(|table| listeners(table, port)).next()?.uid;
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    Some(name_of(&users, &uid).unwrap_or(uid))
}

/// What an administrator should change first: whoever may log in there controls the switch.
pub fn advice(password: &str, port: u16) -> Vec<String> {
    let known = (password == EVERYBODYS)
        .then(|| format!("the event socket's own password is {EVERYBODYS}, which everybody knows: change `password` (fs_cli then needs -p)"));
    let mut sockets = tables().into_iter().flat_map(|table| listeners(&table, port));
    let open = sockets
        .any(|socket| !socket.is_loopback())
        .then(|| "the event socket listens beyond this host: set `listen-ip` to 127.0.0.1".to_owned());
    let place = |what| format!("{what} in {SETTINGS}, and run `reload mod_event_socket`");
    known.into_iter().chain(open).map(place).collect()
}

/// The kernel's tables of TCP sockets (proc(5)).
fn tables() -> Vec<String> {
    ["/proc/net/tcp", "/proc/net/tcp6"].iter().filter_map(|path| fs::read_to_string(path).ok()).collect()
}

/// A socket that listens.
#[derive(Debug, PartialEq, Eq)]
struct Listener {
    /// In hexadecimal, each word of four bytes the wrong way round.
    address: String,
    uid: String,
}

impl Listener {
    fn is_loopback(&self) -> bool {
        let four = self.address.len() == 8 && self.address.ends_with("7F");
        four || self.address == "00000000000000000000000001000000"
    }
}

/// Those of this port in one of the tables.
fn listeners(table: &str, port: u16) -> Vec<Listener> {
    let end = format!(":{port:04X}");
    let rows = table.lines().filter_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let address = words.get(1)?.strip_suffix(&end)?.to_owned();
        (*words.get(3)? == "0A").then_some(Listener { address, uid: (*words.get(7)?).to_owned() })
    });
    rows.collect()
}

/// The name of a user number in passwd(5).
fn name_of(users: &str, uid: &str) -> Option<String> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == uid).then(|| name.to_owned())
    })
}

/// Where packages and the sources put the switch's settings.
const CONF_DIRS: [&str; 4] = [
    "/etc/freeswitch",
    "/usr/local/freeswitch/conf",
    "/usr/local/freeswitch/etc/freeswitch",
    "/opt/freeswitch/etc/freeswitch",
];

/// Of vanilla's settings.
const EVERYBODYS: &str = "ClueCon";

const SETTINGS: &str = "autoload_configs/event_socket.conf.xml";

#[cfg(test)]
mod tests {
    use super::*;

    const VANILLA: &str = r#"<configuration name="event_socket.conf"><settings>
        <!-- <param name="password" value="old"/> -->
        <param name="listen-port" value="8021"/>
        <param name="password" value="ClueCon"/>
        <param name="apply-inbound-acl" value="$${acl}"/>
        </settings></configuration>"#;

    #[test]
    fn the_password_is_read_from_the_switchs_settings_and_not_from_a_comment() {
        assert_eq!(parameter(VANILLA, "password").unwrap(), "ClueCon");
        assert_eq!(parameter(VANILLA, "apply-inbound-acl"), None);
        assert_eq!(parameter(VANILLA, "listen-ip"), None);
    }

    #[test]
    fn without_any_settings_to_read_the_three_ways_are_told() {
        let nothing = tempfile::tempdir().unwrap();
        let found = password(Some(&nothing.path().join("none")), None).unwrap_err();
        assert!(found.why.contains("--event-socket-password"), "{}", found.why);
        fs::create_dir(nothing.path().join("autoload_configs")).unwrap();
        fs::write(nothing.path().join(SETTINGS), VANILLA).unwrap();
        assert_eq!(password(None, Some(nothing.path())).unwrap(), "ClueCon");
    }

    #[test]
    fn the_listener_is_told_from_its_connections() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n\
                     0: 0100007F:1F55 0100007F:9C40 01 00000000:00000000 00:00000000 00000000  1000 0 1\n\
                     1: 0100007F:1F55 00000000:0000 0A 00000000:00000000 00:00000000 00000000   117 0 2\n";
        let found = listeners(table, 8021);
        assert_eq!(found, [Listener { address: "0100007F".into(), uid: "117".into() }]);
        assert_eq!(listeners(table, 8022), []);
        let users = "root:x:0:0:root:/root:/bin/bash\nfreeswitch:x:117:124::/var/lib/freeswitch:/bin/false\n";
        assert_eq!(name_of(users, "117").as_deref(), Some("freeswitch"));
        assert_eq!(name_of(users, "11"), None);
    }

    #[test]
    fn only_what_listens_on_loopback_is_for_this_host_alone() {
        let listens = |address: &str| Listener { address: address.into(), uid: "0".into() };
        for address in ["0100007F", "0200007F", "00000000000000000000000001000000"] {
            assert!(listens(address).is_loopback(), "{address}");
        }
        for address in ["00000000", "0A0200C0", "00000000000000000000000000000000"] {
            assert!(!listens(address).is_loopback(), "{address}");
        }
    }

    #[test]
    fn the_password_that_everybody_knows_and_a_socket_beyond_this_host_are_told() {
        let here = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = here.local_addr().unwrap().port();
        assert!(advice("strong", port).is_empty());
        let told = advice(EVERYBODYS, port);
        assert!(told.len() == 1 && told[0].contains("which everybody knows"), "{told:?}");
        let wide = std::net::TcpListener::bind("0.0.0.0:0").unwrap();
        let told = advice("strong", wide.local_addr().unwrap().port());
        assert!(told.len() == 1 && told[0].contains("`listen-ip`"), "{told:?}");
    }

    #[test]
    fn a_socket_of_ours_is_ours() {
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let users = fs::read_to_string("/etc/passwd").unwrap();
        let own = rustix::process::getuid().as_raw().to_string();
        let expected = name_of(&users, &own).unwrap_or(own);
        assert_eq!(owner(socket.local_addr().unwrap().port()).unwrap(), expected);
    }
}
