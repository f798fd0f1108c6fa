//! Vanilla's configuration of FreeSWITCH, as it was installed: a copy of it for one test, on ports that are free.

use crate::shout::skipped;
use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where it is: where `CALLGIST_FREESWITCH_CONF` says, or else where the sources install it beside the program. Nothing, and
/// a loud word, where there is none.
pub fn of(program: &Path) -> Option<PathBuf> {
    let named = std::env::var_os("CALLGIST_FREESWITCH_CONF").filter(|path| !path.is_empty());
    let beside = || program.parent()?.parent().map(|prefix| prefix.join("etc/freeswitch"));
    let conf = named.map(PathBuf::from).or_else(beside).filter(|conf| conf.join("vars.xml").is_file());
    if conf.is_none() {
        skipped("no vanilla configuration; set CALLGIST_FREESWITCH_CONF to its folder to run this test");
    }
    conf
}

/// The ports are those of the event socket, of the profile `external` and of the profile `internal`.
pub fn copy(installed: &Path, conf: &Path, machine: Ipv4Addr, [event_socket, external, internal]: [u16; 3]) {
    let copied = Command::new("cp").arg("-rT").arg(installed).arg(conf).status();
    assert!(copied.unwrap().success());
    let socket = [
        ("\"listen-ip\" value=\"::\"", "\"listen-ip\" value=\"127.0.0.1\"".to_owned()),
        ("value=\"8021\"", format!("value=\"{event_socket}\"")),
    ];
    change(&conf.join("autoload_configs/event_socket.conf.xml"), &socket);
    let address = format!("<include>\n<X-PRE-PROCESS cmd=\"set\" data=\"local_ip_v4={machine}\"/>");
    // A machine without a way out has no STUN server to ask, and its SIP profiles do not start then.
    let outside = |which: &str| {
        let asked = format!("cmd=\"stun-set\" data=\"external_{which}_ip=stun:stun.freeswitch.org\"");
        (asked, format!("cmd=\"set\" data=\"external_{which}_ip={machine}\""))
    };
    let [(rtp, own_rtp), (sip, own_sip)] = ["rtp", "sip"].map(outside);
    let variables = [
        (&*rtp, own_rtp),
        (&*sip, own_sip),
        ("<include>", address),
        ("external_sip_port=5080", format!("external_sip_port={external}")),
        ("internal_sip_port=5060", format!("internal_sip_port={internal}")),
    ];
    change(&conf.join("vars.xml"), &variables);
}

/// Changes words that must be there.
fn change(file: &Path, words: &[(&str, String)]) {
    let mut text = fs::read_to_string(file).unwrap();
    for (old, new) in words {
        assert!(text.contains(old), "{old} is not in {}", file.display());
        text = text.replacen(old, new, 1);
    }
    fs::write(file, text).unwrap();
}

/// Of its event socket.
pub const PASSWORD: &str = "ClueCon";
