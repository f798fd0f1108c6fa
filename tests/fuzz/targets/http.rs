//! The head of a request for the one question that is answered by HTTP.

use callgist::http::{LONGEST_HEAD, Wish, answer, read};
use callgist::store::Listed;
use std::net::IpAddr;

/// HTTP: no panic, a whole question is the same in however many pieces it came, no head is waited for for ever, only a
/// request that was sent to this host by its own name is answered, and a question is read again from what is printed.
pub fn http(bytes: &[u8]) {
    let (country, head) = bytes
        .split_first()
        .map_or(("", bytes), |(first, rest)| (COUNTRIES[usize::from(*first) % COUNTRIES.len()], rest));
    let head = &head[..head.len().min(LONGEST_HEAD)];
    let whole = read(head, country);
    assert!(whole.is_some() || head.len() < LONGEST_HEAD, "it is waited for for ever");
    let pieces = if head.len() < 256 { 1 } else { 61 };
    let first = (0..head.len()).step_by(pieces).find_map(|length| read(&head[..length], country));
    assert!(first.is_none() || first == whole, "in pieces it says something else");
    if whole.is_none() {
        let mut long = head.to_vec();
        long.resize(LONGEST_HEAD, b'x');
        assert!(read(&long, country).is_some());
        return;
    }
    let wish = match whole {
        Some(Ok(wish)) => wish,
        Some(Err(refusal)) => return response(&answer(Err(refusal)), "error"),
        None => return,
    };
    let text = String::from_utf8_lossy(head);
    let path = if wish == Wish::Figures { "/metrics" } else { "/contacts/check?" };
    assert!(text.trim_start_matches(['\r', '\n']).starts_with(&format!("GET {path}")), "{text}");
    let mut hosts = text.lines().filter(|line| line.to_ascii_lowercase().starts_with("host:"));
    let host = hosts.next().expect("a request to no name").to_ascii_lowercase();
    assert!(hosts.next().is_none() && is_ours(host["host:".len()..].trim()), "{host}");
    let Wish::Check(question) = wish else { return };
    let printed = format!(
        "GET /contacts/check?number={}&channel={}&purpose={} HTTP/1.1\r\nHost: localhost\r\n\r\n",
        question.number.as_str(),
        question.channel.word(),
        question.intent.word()
    );
    assert_eq!(read(printed.as_bytes(), country), Some(Ok(Wish::Check(question))));
    response(&answer(Ok(Listed::Blocked)), "answer");
}

/// Whether a name, with a port or without one, leads to this host and to no other.
fn is_ours(name: &str) -> bool {
    let loopback = |text: &str| text.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    let (bare, _) = name.rsplit_once(':').unwrap_or((name, ""));
    [name, bare].iter().any(|name| *name == "localhost" || loopback(name.trim_matches(['[', ']'])))
}

/// A head, its own length of body, and one word of JSON.
fn response(bytes: &[u8], name: &str) {
    let text = std::str::from_utf8(bytes).expect("it is text");
    let (head, body) = text.split_once("\r\n\r\n").expect("a head");
    assert!(head.contains(&format!("\r\nContent-Length: {}\r\n", body.len())));
    let body: serde_json::Value = serde_json::from_str(body).expect("it is JSON");
    assert!(body[name].is_string() && body.as_object().is_some_and(|fields| fields.len() == 1));
}

const COUNTRIES: [&str; 6] = ["", "352", "49", "33", "39", "1"];
