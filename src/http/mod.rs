//! What is asked by HTTP: the bytes of a request's head go in, a question or a refusal comes out; an answer goes in, bytes
//! come out. No socket, no clock, no log.
//!
//! Of two. `GET /metrics` is answered with the figures, which name nobody. `GET /contacts/check?number=N`, with `channel` and
//! `purpose` as the command has them, is answered as the command answers it: "blocked" or "not listed", never "allowed".
//! Whoever gets anything else does not know, and must not contact. A name that is misspelt is refused, for its default would answer another question.
//!
//! Only programs of this host are meant. A page of the web that is open in a browser here can send requests, too, under a
//! name that leads to this host: so the name must be this host's own (`Host`, RFC 9110, 7.2), and no answer may be read by
//! another site's page, or kept. Syntax: RFC 9112, read by httparse.

use crate::call::Number;
use crate::store::{Channel, Intent, Listed, Question};
use percent_encoding::percent_decode_str;
use serde_json::json;
use std::net::{IpAddr, SocketAddr};

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Whether a number may be contacted.
    Check(Question),
    /// The figures.
    Figures,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is no HTTP/1.
    Malformed,
    TooLong,
    Method,
    Path,
    /// It was sent to another host's name.
    Host,
    /// What of its query is wrong.
    Query(&'static str),
    /// The list cannot be read now.
    Unknown,
    /// Nothing can be counted now.
    Uncounted,
}

/// Reads a request's head; nothing as long as its end is not there. `country` is the one that national numbers belong to.
pub fn read(head: &[u8], country: &str) -> Option<Result<Wish, Refusal>> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    match request.parse(head) {
        Ok(httparse::Status::Complete(_)) => Some(wish(&request, country)),
        Ok(httparse::Status::Partial) if head.len() < LONGEST_HEAD => None,
        Ok(httparse::Status::Partial) | Err(httparse::Error::TooManyHeaders) => Some(Err(Refusal::TooLong)),
        Err(_) => Some(Err(Refusal::Malformed)),
    }
}

fn wish(request: &httparse::Request<'_, '_>, country: &str) -> Result<Wish, Refusal> {
    let (Some(method), Some(target)) = (request.method, request.path) else { return Err(Refusal::Malformed) };
    let mut hosts = request.headers.iter().filter(|header| header.name.eq_ignore_ascii_case("host"));
    match (hosts.next(), hosts.next()) {
        (Some(host), None) if is_here(host.value) => {}
        _ => return Err(Refusal::Host),
    }
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    match (method, path) {
        ("GET", "/contacts/check") => check(query, country).map(Wish::Check),
        ("GET", "/metrics") if query.is_empty() => Ok(Wish::Figures),
        ("GET", "/metrics") => Err(Refusal::Query("nothing can be said here")),
        (_, "/contacts/check" | "/metrics") => Err(Refusal::Method),
        _ => Err(Refusal::Path),
    }
}

/// Whether a name that a request was sent to, with or without a port, is this host's own.
fn is_here(host: &[u8]) -> bool {
    let Ok(host) = std::str::from_utf8(host) else { return false };
    let bare = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    let address = host.parse::<SocketAddr>().map(|address| address.ip()).or(bare);
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    address.is_ok_and(|address| address.is_loopback()) || name.eq_ignore_ascii_case("localhost")
}

fn check(query: &str, country: &str) -> Result<Question, Refusal> {
    let (mut number, mut channel, mut purpose) = (None, None, None);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        // A plus stands for itself, as in any URI: it begins a number.
        let value =
            percent_decode_str(value).decode_utf8().map_err(|_| Refusal::Query("a value is no text"))?;
        let slot = match name {
            "number" => &mut number,
            "channel" => &mut channel,
            "purpose" => &mut purpose,
            _ => return Err(Refusal::Query("only number, channel and purpose can be said")),
        };
        if slot.replace(value).is_some() {
            return Err(Refusal::Query("something is said twice"));
        }
    }
    let number = number.ok_or(Refusal::Query("number is missing"))?;
    let number = Number::in_country(&number, country);
    let number =
        number.map_err(|_| Refusal::Query("number is no number; best in E.164 form: +352621123456"))?;
    let channel = Channel::of(channel.as_deref().unwrap_or("calls"));
    let channel = channel.ok_or(Refusal::Query("channel is calls, email, letters or sms"))?;
    let intent = Intent::of(purpose.as_deref().unwrap_or("advertising"));
    let intent = intent.ok_or(Refusal::Query("purpose is advertising, service or callback"))?;
    Ok(Question { number, channel, intent })
}

/// The whole response.
pub fn answer(result: Result<Listed, Refusal>) -> Vec<u8> {
    let (status, body) = match result {
        Ok(listed) => ("200 OK", json!({ "answer": listed.word() })),
        Err(refusal) => (refusal.status(), json!({ "error": refusal.words() })),
    };
    let allow = if result == Err(Refusal::Method) { "Allow: GET\r\n" } else { "" };
    response(status, "application/json", allow, &body.to_string())
}

/// The whole response to [`Wish::Figures`].
pub fn figures(text: &str) -> Vec<u8> {
    response("200 OK", "text/plain; version=0.0.4; charset=utf-8", "", text)
}

fn response(status: &str, kind: &str, more: &str, body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\
         X-Content-Type-Options: nosniff\r\n{more}Connection: close\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

impl Refusal {
    fn status(self) -> &'static str {
        match self {
            Refusal::Malformed | Refusal::Query(_) => "400 Bad Request",
            Refusal::TooLong => "431 Request Header Fields Too Large",
            Refusal::Method => "405 Method Not Allowed",
            Refusal::Path => "404 Not Found",
            Refusal::Host => "421 Misdirected Request",
            Refusal::Unknown | Refusal::Uncounted => "503 Service Unavailable",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Refusal::Malformed => "this is no HTTP/1 request",
            Refusal::TooLong => "the request is too long",
            Refusal::Method => "only GET is answered",
            Refusal::Path => "there are only /contacts/check and /metrics",
            Refusal::Host => "ask by this host's own name: 127.0.0.1, [::1] or localhost",
            Refusal::Query(what) => what,
            Refusal::Unknown => "the list cannot be read now: do not contact",
            Refusal::Uncounted => "nothing can be counted now",
        }
    }
}

/// A question needs a tenth of it; more would let whoever connects fill our memory.
pub const LONGEST_HEAD: usize = 4_096;

/// A browser sends fifteen or so.
const MOST_HEADERS: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn wished(target: &str) -> Result<Wish, Refusal> {
        let head = format!("GET {target} HTTP/1.1\r\nHost: 127.0.0.1:8090\r\n\r\n");
        read(head.as_bytes(), "352").expect("a whole head")
    }

    fn asked(target: &str) -> Result<Question, Refusal> {
        wished(target).map(|wish| match wish {
            Wish::Check(question) => question,
            Wish::Figures => panic!("{target} asks for figures"),
        })
    }

    #[test]
    fn the_figures_are_asked_for_without_anything_beside_them() {
        assert_eq!(wished("/metrics"), Ok(Wish::Figures));
        assert_eq!(wished("/metrics/"), Err(Refusal::Path));
        assert!(matches!(wished("/metrics?number=1234567"), Err(Refusal::Query(_))));
        let post = "POST /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";
        assert_eq!(read(post.as_bytes(), ""), Some(Err(Refusal::Method)));
        let elsewhere = "GET /metrics HTTP/1.1\r\nHost: example.com\r\n\r\n";
        assert_eq!(read(elsewhere.as_bytes(), ""), Some(Err(Refusal::Host)));
        let told = String::from_utf8(figures("a 1\n")).unwrap();
        assert!(told.contains("\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"), "{told}");
        assert!(told.contains("\r\nContent-Length: 4\r\n") && told.ends_with("\r\n\r\na 1\n"), "{told}");
    }

    #[test]
    fn a_question_has_the_commands_words_and_its_defaults() {
        let number = Number::new("+352621123456").unwrap();
        for spelled in ["+352621123456", "%2B352621123456", "00352621123456", "621123456"] {
            let plain = asked(&format!("/contacts/check?number={spelled}"));
            let (channel, intent) = (Channel::Calls, Intent::Advertising);
            assert_eq!(plain, Ok(Question { number: number.clone(), channel, intent }), "{spelled}");
        }
        let whole = asked("/contacts/check?purpose=callback&number=%2b352621123456&channel=sms");
        assert_eq!(whole, Ok(Question { number, channel: Channel::Sms, intent: Intent::Callback }));
    }

    #[test]
    fn what_is_no_question_is_refused_and_never_answered_by_a_default() {
        for (target, refusal) in [
            ("/", Refusal::Path),
            ("/contacts/check/", Refusal::Path),
            ("/contacts/check", Refusal::Query("number is missing")),
        ] {
            assert_eq!(asked(target), Err(refusal), "{target}");
        }
        for query in [
            "number=nobody",
            "number=%ff",
            "number=1234567&number=1234568",
            "number=1234567&chanel=email",
            "number=1234567&channel=pigeon",
            "number=1234567&channel=",
            "number=1234567&purpose=everything",
        ] {
            assert!(matches!(asked(&format!("/contacts/check?{query}")), Err(Refusal::Query(_))), "{query}");
        }
        let said = |head: &str| read(head.as_bytes(), "").unwrap();
        let post = "POST /contacts/check?number=1234567 HTTP/1.1\r\nHost: localhost\r\n\r\n";
        assert_eq!(said(post), Err(Refusal::Method));
        assert_eq!(said("HELO example\r\n\r\n"), Err(Refusal::Malformed));
        assert_eq!(
            read(b"GET /contacts/check?number=1234567 HTTP/1.1\r\nHo", ""),
            None,
            "the rest is to come"
        );
        assert_eq!(read(&[b'G'; LONGEST_HEAD], ""), Some(Err(Refusal::TooLong)));
        let many = format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(MOST_HEADERS + 1));
        assert_eq!(said(&many), Err(Refusal::TooLong));
    }

    #[test]
    fn only_this_hosts_own_names_are_answered_to() {
        let host = |header: &str| {
            let head = format!("GET /contacts/check?number=1234567 HTTP/1.1\r\n{header}\r\n");
            read(head.as_bytes(), "").unwrap()
        };
        for here in ["127.0.0.1", "127.0.0.1:8090", "[::1]:8090", "[::1]", "localhost", "LOCALHOST:8090"] {
            assert!(host(&format!("Host: {here}\r\n")).is_ok(), "{here}");
        }
        for elsewhere in
            ["example.com", "192.0.2.7:8090", "localhost.example.com", "", "127.0.0.1.example.com"]
        {
            assert_eq!(host(&format!("Host: {elsewhere}\r\n")), Err(Refusal::Host), "{elsewhere}");
        }
        assert_eq!(host(""), Err(Refusal::Host));
        assert_eq!(host("Host: localhost\r\nHost: example.com\r\n"), Err(Refusal::Host));
    }

    #[test]
    fn an_answer_is_one_of_two_words_and_nothing_is_ever_allowed() {
        let text = |result| String::from_utf8(answer(result)).unwrap();
        assert!(text(Ok(Listed::Blocked)).ends_with("\r\n\r\n{\"answer\":\"blocked\"}"));
        assert!(text(Ok(Listed::NotListed)).ends_with("\r\n\r\n{\"answer\":\"not listed\"}"));
        assert!(text(Err(Refusal::Method)).contains("\r\nAllow: GET\r\n"));
        assert!(text(Err(Refusal::Unknown)).starts_with("HTTP/1.1 503 "));
    }

    proptest! {
        /// Whatever comes, in whatever pieces: it is a question, a refusal, or waited for, and never for more than fits.
        #[test]
        fn no_bytes_make_it_panic_or_wait_for_ever(
            junk in proptest::collection::vec(any::<u8>(), 0..600),
            head in "(GET|PUT) /[a-z/]{0,20}[?][a-z=&%0-9+]{0,40} HTTP/1.[01]\r\nHost: [a-z0-9.:]{0,12}\r\n(\r\n)?",
        ) {
            let _ = read(&junk, "49");
            let _ = read(head.as_bytes(), "49");
            let mut long = junk;
            long.resize(LONGEST_HEAD, b'x');
            prop_assert!(read(&long, "49").is_some());
        }
    }
}
