//! A FreeSWITCH of our own: settings in a temporary folder, our three shipped files among them, one process that
//! ends with its value.

use super::coding::Codec;
use super::ways::Way;
use super::{coding, stock};
use crate::shout::skipped;
use serde_json::Value;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

pub struct FreeSwitch {
    child: Child,
    /// What starts it.
    command: Command,
    folder: TempDir,
    /// Of the test's own connection.
    password: &'static str,
    pub event_socket: u16,
    /// Where calls from outside arrive, and nobody has to log in.
    pub trunk: SocketAddr,
    /// Where phones register and log in.
    pub phones: SocketAddr,
    /// Where the agent's phone stands.
    pub agent: SocketAddr,
    /// Where two phones more may stand.
    pub others: [SocketAddr; 2],
}

impl FreeSwitch {
    /// One with our three files and as little else as they need. Its calls go that way, and its profiles speak the codecs of
    /// caller and agent.
    pub fn start(way: Way, codecs: [Codec; 2]) -> Option<FreeSwitch> {
        FreeSwitch::with_options(&[], Room::new(), way, codecs)
    }

    /// One more on the same machine: what listens there is elsewhere (`dialplan/README.md`), and its line is named `second`.
    pub fn another(way: Way, codecs: [Codec; 2]) -> Option<FreeSwitch> {
        FreeSwitch::with_options(&[], Room::next_door(), way, codecs)
    }

    /// The same, with no better priority than any other program. Where it may, and is not told so, it takes one of real
    /// time, as its own packages give it one.
    pub fn modest(way: Way, codecs: [Codec; 2]) -> Option<FreeSwitch> {
        FreeSwitch::with_options(&["-np"], Room::new(), way, codecs)
    }

    fn with_options(options: &[&str], room: Room, way: Way, codecs: [Codec; 2]) -> Option<FreeSwitch> {
        let program = program()?;
        let behind = behind(way, codecs, room.agent, room.others);
        write_settings(&room, &behind);
        Some(FreeSwitch::run(&program, options, room, ADMIN, &["callgist", "trunk", "phones"]))
    }

    /// One with vanilla's configuration as it was installed, but for its ports and its address. Nothing of ours is there.
    pub fn vanilla() -> Option<FreeSwitch> {
        let program = program()?;
        let conf = stock::of(Path::new(&program))?;
        let room = Room::new();
        let ports = [room.event_socket, room.trunk.port(), room.phones.port()];
        stock::copy(&conf, &room.folder.path().join("conf"), MACHINE, ports);
        Some(FreeSwitch::run(&program, &[], room, stock::PASSWORD, &["external", "internal"]))
    }

    fn run(
        program: &OsStr,
        options: &[&str],
        room: Room,
        password: &'static str,
        profiles: &[&str],
    ) -> FreeSwitch {
        let mut command = Command::new(program);
        command.args(["-nonat", "-nf", "-nc"]).args(options);
        for what in FOLDERS {
            command.arg(format!("-{what}")).arg(room.folder.path().join(what));
        }
        if let Some(modules) = std::env::var_os("CALLGIST_FREESWITCH_MODS").filter(|path| !path.is_empty()) {
            command.arg("-mod").arg(modules);
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        let Room { folder, event_socket, trunk, phones, agent, others, .. } = room;
        let switch =
            FreeSwitch { child, command, folder, password, event_socket, trunk, phones, agent, others };
        switch.wait_for(profiles);
        switch
    }

    /// Killed, and started anew with the same settings: what was only in its memory is gone.
    pub fn begins_anew(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.child = self.command.spawn().unwrap();
        self.wait_for(&["callgist", "trunk", "phones"]);
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The folder of its settings.
    pub fn conf(&self) -> PathBuf {
        self.folder.path().join("conf")
    }

    fn wait_for(&self, profiles: &[&str]) {
        let begun = Instant::now();
        let runs = |status: &str, name: &str| {
            let mut lines = status.lines().map(str::trim_start);
            lines.any(|line| line.starts_with(&format!("{name}\t")) && line.contains("RUNNING"))
        };
        let all_run = |status: &str| profiles.iter().all(|name| runs(status, name));
        while !self.try_api("sofia status").is_some_and(|status| all_run(&status)) {
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "FreeSWITCH does not run with its profiles; its log ends so:\n{}",
                self.log_end()
            );
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn log_end(&self) -> String {
        let log = fs::read_to_string(self.folder.path().join("log/freeswitch.log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    /// Asks the switch, as its own administrator.
    pub fn api(&self, command: &str) -> String {
        self.try_api(command).unwrap_or_else(|| panic!("no answer to {command}: {}", self.log_end()))
    }

    fn try_api(&self, command: &str) -> Option<String> {
        let mut socket = TcpStream::connect(("127.0.0.1", self.event_socket)).ok()?;
        socket.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
        write!(socket, "auth {}\n\napi {command}\n\n", self.password).ok()?;
        let mut reader = BufReader::new(socket);
        loop {
            let (mut answers, mut length) = (false, 0);
            for line in reader.by_ref().lines() {
                match line.ok()?.split_once(": ") {
                    Some(("Content-Type", kind)) => answers = kind == "api/response",
                    Some(("Content-Length", number)) => length = number.parse().ok()?,
                    Some(_) => {}
                    None => break,
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).ok()?;
            if answers {
                return String::from_utf8(body).ok();
            }
        }
    }

    /// Whether it refuses a call of its own to that number.
    pub fn refuses(&self, purpose: &str, number: &str) -> bool {
        let call = "ignore_early_media=true,originate_timeout=5";
        let dial = format!("originate {{{call},callgist_purpose={purpose}}}loopback/{number}/public &park");
        self.api(&dial).contains("CALL_REJECTED")
    }

    /// How many copies of calls run now.
    pub fn copies(&self) -> usize {
        self.channels().into_iter().filter(is_copy).count()
    }

    /// Each leg of a call with what the switch shows of it, without those of the copies.
    pub fn legs_of_the_call(&self) -> Vec<(String, String)> {
        let legs = self.channels().into_iter().filter(|row| !is_copy(row));
        legs.map(|row| (row["uuid"].as_str().unwrap().to_owned(), row.to_string())).collect()
    }

    /// The codecs of the copies, as they were negotiated.
    pub fn codecs_of_copies(&self) -> Vec<String> {
        let copies = self.channels().into_iter().filter(is_copy);
        let codec = |row: Value| {
            let leg = row["uuid"].as_str().unwrap().to_owned();
            self.api(&format!("uuid_getvar {leg} rtp_use_codec_name"))
        };
        copies.map(codec).collect()
    }

    fn channels(&self) -> Vec<Value> {
        let shown: Value = serde_json::from_str(&self.api("show channels as json")).unwrap();
        shown["rows"].as_array().cloned().unwrap_or_default()
    }

    /// How many legs there are.
    pub fn legs(&self) -> usize {
        self.api("show channels").matches("sofia/").count()
    }

    /// The folder of its recordings.
    pub fn recordings(&self) -> PathBuf {
        self.folder.path().join("recordings")
    }

    /// The file with the password of Callgist's own user.
    pub fn password_file(&self) -> PathBuf {
        self.folder.path().join("switch.password")
    }
}

fn is_copy(row: &Value) -> bool {
    row["application"] == "native_eavesdrop"
}

impl Drop for FreeSwitch {
    fn drop(&mut self) {
        // Killed, for nothing of it is needed any more, and an orderly end takes seconds.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("FreeSWITCH's log ends so:\n{}", self.log_end());
        }
    }
}

/// The program that `CALLGIST_FREESWITCH` names; nothing, and a loud word, where there is none.
fn program() -> Option<OsString> {
    let program = std::env::var_os("CALLGIST_FREESWITCH").filter(|path| !path.is_empty());
    if program.is_none() {
        skipped(
            "no FreeSWITCH; set CALLGIST_FREESWITCH to the path of its program (and \
             CALLGIST_FREESWITCH_MODS to the folder of its modules) to run this test",
        );
    }
    program
}

/// Folders of its own, ports that are free, and where its phones stand.
struct Room {
    /// The name of its line, the port of the profile `callgist`, and the range for RTP.
    shared: (&'static str, u16, [u16; 2]),
    folder: TempDir,
    event_socket: u16,
    trunk: SocketAddr,
    phones: SocketAddr,
    agent: SocketAddr,
    others: [SocketAddr; 2],
}

impl Room {
    fn new() -> Room {
        Room::of(("main", SHIPPED_PORT, [22_000, 22_998]))
    }

    fn next_door() -> Room {
        Room::of(("second", SHIPPED_PORT + 1, [23_000, 23_998]))
    }

    fn of(shared: (&'static str, u16, [u16; 2])) -> Room {
        let folder = tempfile::Builder::new().prefix("callgist-live-").tempdir().unwrap();
        FOLDERS.iter().for_each(|name| fs::create_dir(folder.path().join(name)).unwrap());
        let event_socket = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        // Not the loopback address on which the copies go, as a machine's own address is not.
        let [trunk, phones, agent, other, another] =
            free_ports().map(|port| SocketAddr::from((MACHINE, port)));
        Room { shared, folder, event_socket, trunk, phones, agent, others: [other, another] }
    }
}

fn free_ports() -> [u16; 5] {
    [(); 5].map(|()| UdpSocket::bind((MACHINE, 0)).unwrap()).map(|socket| socket.local_addr().unwrap().port())
}

/// What stands around the snippet.
struct Behind {
    modules: Vec<&'static str>,
    /// Of the profiles.
    codecs: String,
    trunk: &'static str,
    before_the_key: &'static str,
    before: String,
    actions: String,
    extensions: String,
    configuration: String,
}

fn behind(way: Way, codecs: [Codec; 2], agent: SocketAddr, others: [SocketAddr; 2]) -> Behind {
    let of_codecs = codecs.into_iter().filter_map(coding::module);
    Behind {
        modules: way.modules().iter().copied().chain(of_codecs).collect(),
        codecs: codecs.map(coding::name).join(","),
        trunk: way.profile(),
        before_the_key: way.before_the_key(),
        before: way.before(),
        actions: offers(codecs) + &way.actions(agent, others),
        extensions: way.extensions(agent, others),
        configuration: way.configuration(agent),
    }
}

/// The switch offers the agent what the caller speaks, unless it is told otherwise.
fn offers([caller, agent]: [Codec; 2]) -> String {
    if caller == agent {
        return String::new();
    }
    let only = coding::name(agent);
    format!("<action application=\"export\" data=\"nolocal:absolute_codec_string={only}\"/>\n")
}

fn write_settings(room: &Room, behind: &Behind) {
    let Room { shared: (line, port, [first_rtp, last_rtp]), event_socket, .. } = room;
    let (folder, trunk, phones) = (room.folder.path(), room.trunk.port(), room.phones.port());
    let shipped = |name: &str| fs::read_to_string(Path::new("dialplan").join(name)).unwrap();
    let changed = |name: &str, old: &str, new: &str| {
        let text = shipped(name);
        assert!(text.contains(old), "{old} is not in {name}");
        text.replace(old, new)
    };
    let conf = folder.join("conf");
    for sub in ["dialplan", "sip_profiles", "directory"] {
        fs::create_dir_all(conf.join(sub)).unwrap();
    }
    // What README.md beside them says: the number stands there already, the password is filled in.
    let password = format!("\"esl-password\" value=\"{PASSWORD}\"");
    let user = changed("callgist_user.xml", "\"esl-password\" value=\"\"", &password);
    fs::write(conf.join("directory/callgist_user.xml"), user).unwrap();
    let snippet = changed("00_callgist.xml", "callgist=main", &format!("callgist={line}"));
    let bind = "<action application=\"bind_digit_action\"";
    let snippet = snippet.replace(bind, &format!("{}{bind}", behind.before_the_key));
    fs::write(conf.join("dialplan/00_callgist.xml"), snippet).unwrap();
    for more in ["10_callgist_prove.xml", "20_do_not_contact.xml"] {
        fs::write(conf.join("dialplan").join(more), shipped(more)).unwrap();
    }
    let copies = changed("callgist_profile.xml", &SHIPPED_PORT.to_string(), &port.to_string());
    fs::write(conf.join("sip_profiles/callgist_profile.xml"), copies).unwrap();
    let secret = folder.join("switch.password");
    fs::write(&secret, PASSWORD).unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    let log = folder.join("log/freeswitch.log");
    let codecs = &behind.codecs;
    let profile = |name: &str, port: u16, auth: bool, more: &str| {
        format!(
            r#"<profile name="{name}"><settings>
<param name="sip-ip" value="{MACHINE}"/>
<param name="rtp-ip" value="{MACHINE}"/>
<param name="sip-port" value="{port}"/>
<param name="bind-params" value="transport=udp"/>
<param name="auth-calls" value="{auth}"/>
<param name="dialplan" value="XML"/>
<param name="context" value="public"/>
<param name="codec-prefs" value="{codecs}"/>
<param name="rtp-timer-name" value="soft"/>
<param name="apply-candidate-acl" value="loopback.auto"/>
<param name="manage-presence" value="false"/>
{more}
</settings></profile>"#
        )
    };
    let modules: String =
        MODULES.iter().chain(&behind.modules).map(|name| format!("<load module=\"{name}\"/>\n")).collect();
    let (trunk, phones) = (profile("trunk", trunk, false, behind.trunk), profile("phones", phones, true, ""));
    // An element that stands on the line of an include would be lost.
    let text = format!(
        r#"<?xml version="1.0"?>
<document type="freeswitch/xml">
<X-PRE-PROCESS cmd="set" data="de-ring=%(1000,4000,425)"/>
<section name="configuration">
<configuration name="modules.conf"><modules>
{modules}
</modules></configuration>
<configuration name="switch.conf"><settings>
<param name="max-sessions" value="100"/>
<param name="sessions-per-second" value="30"/>
<param name="rtp-start-port" value="{first_rtp}"/>
<param name="rtp-end-port" value="{last_rtp}"/>
</settings></configuration>
<configuration name="logfile.conf"><settings/><profiles><profile name="default">
<settings><param name="logfile" value="{log}"/></settings>
<mappings><map name="all" value="debug,info,notice,warning,err,crit,alert"/></mappings>
</profile></profiles></configuration>
<configuration name="event_socket.conf"><settings>
<param name="nat-map" value="false"/>
<param name="listen-ip" value="127.0.0.1"/>
<param name="listen-port" value="{event_socket}"/>
<param name="password" value="{ADMIN}"/>
<param name="apply-inbound-acl" value="loopback.auto"/>
</settings></configuration>
<configuration name="acl.conf"><network-lists/></configuration>
<configuration name="sofia.conf"><global_settings/><profiles>
{trunk}
{phones}
<X-PRE-PROCESS cmd="include" data="sip_profiles/*.xml"/>
</profiles></configuration>
{configuration}
</section>
<section name="dialplan"><context name="public">
{before}
<X-PRE-PROCESS cmd="include" data="dialplan/*.xml"/>
<extension name="takes_the_call">
<condition field="destination_number" expression="^\+?{number}$">
<action application="set" data="hangup_after_bridge=true"/>
{actions}</condition>
</extension>
{extensions}</context></section>
<section name="directory">
<X-PRE-PROCESS cmd="include" data="directory/*.xml"/>
</section>
</document>
"#,
        log = log.display(),
        number = super::NUMBER,
        before = behind.before,
        actions = behind.actions,
        extensions = behind.extensions,
        configuration = behind.configuration,
    );
    fs::write(conf.join("freeswitch.xml"), text).unwrap();
}

/// What the shipped files need, and what brings calls from one profile to the other.
const MODULES: [&str; 10] = [
    "mod_logfile",
    "mod_event_socket",
    "mod_commands",
    "mod_dptools",
    "mod_dialplan_xml",
    "mod_hash",
    "mod_loopback",
    "mod_sofia",
    "mod_sndfile",
    "mod_tone_stream",
];

/// What the switch is given of its own, by the names of its options.
const FOLDERS: [&str; 10] =
    ["conf", "log", "db", "run", "sounds", "storage", "certs", "recordings", "cache", "temp"];

/// Of the profile in `callgist_profile.xml`.
const SHIPPED_PORT: u16 = 5088;

/// Another loopback address than the copies' one plays the machine's own.
const MACHINE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
const ADMIN: &str = "only-for-this-test";
/// Of Callgist's user.
pub const PASSWORD: &str = "only-for-callgist-in-this-test";
