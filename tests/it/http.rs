//! Questions about the do-not-contact list by HTTP, as a dialler asks them, and what else may come through that door.

use crate::restart::Way;
use crate::stories::{Stage, seconds};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::time::Instant;

const BLOCKED: &str = "+352621987654";
const OTHER: &str = "+352621987650";

#[test]
fn a_dialler_is_told_what_the_command_says_and_nothing_that_comes_through_the_door_disturbs_the_rest() {
    let port = free_port();
    let stage = Stage::scripted(|_| {});
    let http = |settings: String| format!("{settings}\n[http]\nlisten = \"127.0.0.1:{port}\"\n");
    let mut callgist = stage.sidecar_with(stage.switch.event_socket().port(), http);
    callgist.ask(&["contacts", "add", BLOCKED, "--channels", "calls"]);
    let check = |query: &str| {
        get(port, &format!("GET /contacts/check?{query} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n"))
    };
    assert_eq!(
        said(&check(&format!("number={BLOCKED}&channel=calls&purpose=advertising"))),
        (200, BLOCKS.into())
    );
    assert_eq!(said(&check(&format!("number={BLOCKED}&purpose=service"))), (200, PASSES.into()));
    assert_eq!(said(&check(&format!("number={OTHER}"))), (200, PASSES.into()));
    let whole = check(&format!("number={BLOCKED}"));
    assert!(
        whole.contains("\r\nCache-Control: no-store\r\n") && !whole.contains("Access-Control"),
        "{whole}"
    );

    assert_eq!(said(&check("number=nobody")).0, 400);
    let elsewhere = format!("GET /contacts/check?number={OTHER} HTTP/1.1\r\nHost: dialler.example\r\n\r\n");
    assert_eq!(said(&get(port, &elsewhere)).0, 421);
    assert_eq!(said(&get(port, &"x".repeat(5_000))).0, 431);
    assert_eq!(said(&get(port, "EHLO dialler\r\n\r\n")).0, 400);
    let endless = format!("GET /contacts/check HTTP/1.1\r\nA: {}", "b".repeat(5_000));
    assert_eq!(said(&get(port, &endless)).0, 431);

    // As many as there are seats, and more, who say nothing: a question waits for seconds, no more.
    let silent: Vec<_> = (0..20).map(|_| TcpStream::connect(("127.0.0.1", port)).unwrap()).collect();
    let from = Instant::now();
    assert_eq!(said(&check(&format!("number={BLOCKED}"))), (200, BLOCKS.into()));
    assert!(from.elapsed() < seconds(6), "{:?}", from.elapsed());
    drop(silent);

    let call = stage.call(stage.speech(3));
    let row = callgist.kept();
    assert_eq!(row["no_summary_reason"], serde_json::Value::Null, "{row}");
    stage.ended(call);
    callgist.ask_to_stop();
    let (code, log) = callgist.exit();
    assert_eq!(code, Some(0), "{log}");
    assert!(
        log.contains("answered by HTTP") && !log.contains(&BLOCKED[1..]) && !log.contains(&OTHER[1..]),
        "{log}"
    );
}

#[test]
fn of_a_list_that_is_encrypted_dialler_and_switch_are_told_as_of_any_other() {
    let port = free_port();
    let stage = Stage::scripted(|_| {});
    let key = stage.folder.path().join("contacts.key");
    std::fs::write(&key, "7f".repeat(32)).unwrap();
    std::fs::set_permissions(&key, PermissionsExt::from_mode(0o600)).unwrap();
    let key = key.to_str().unwrap();
    let set = |settings: String| {
        let keyed = format!("[store]\ncontacts_key_file = \"{key}\"\n");
        format!("{}\n[http]\nlisten = \"127.0.0.1:{port}\"\n", settings.replace("[store]\n", &keyed))
    };
    let way = Way::to(&stage);
    let mut callgist = stage.sidecar_with(way.port, set);
    callgist.ask(&["contacts", "add", BLOCKED, "--channels", "calls", "--contacts-key-file", key]);
    let check = |number: &str| {
        let asks = format!("GET /contacts/check?number={number} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n");
        said(&get(port, &asks))
    };
    assert_eq!((check(BLOCKED), check(OTHER)), ((200, BLOCKS.into()), (200, PASSES.into())));
    way.says(&[
        &format!("api hash insert/callgist_dnc/{BLOCKED}/a"),
        "api hash insert/callgist_dnc/loaded/yes",
    ]);
    callgist.ask_to_stop();
    assert_eq!(callgist.exit().0, Some(0));
    let database = std::fs::read(callgist.path("store/callgist.db")).unwrap();
    let national = &BLOCKED.as_bytes()[4..];
    assert!(!database.windows(national.len()).any(|window| window == national));
}

#[test]
fn a_port_that_is_taken_is_told_with_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let stage = Stage::scripted(|_| {});
    let http = |settings: String| format!("{settings}\n[http]\nlisten = \"127.0.0.1:{port}\"\n");
    let mut callgist = stage.sidecar_unready(stage.switch.event_socket().port(), http);
    assert_eq!(callgist.exit().0, Some(6));
}

const BLOCKS: &str = "{\"answer\":\"blocked\"}";
const PASSES: &str = "{\"answer\":\"not listed\"}";

pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The whole response. Where the other side has seen enough before all was sent, what it said counts all the same.
pub(crate) fn get(port: u16, request: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(seconds(10))).unwrap();
    let _ = stream.write_all(request.as_bytes());
    let mut response = Vec::new();
    let _ = stream.read_to_end(&mut response);
    String::from_utf8(response).unwrap()
}

pub(crate) fn said(response: &str) -> (u16, String) {
    let (head, body) = response.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no response: {response:?}"));
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}
