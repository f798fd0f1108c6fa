use super::*;
use bytes::BytesMut;
use proptest::collection::vec;
use proptest::prelude::*;
use tokio_util::codec::{Decoder, Encoder};

/// All messages in `bytes`, and how it ended, when they arrive in pieces of `size` bytes.
fn decode<C: Decoder<Error = EslError> + Default>(
    bytes: &[u8],
    size: usize,
) -> (Vec<C::Item>, Option<EslError>) {
    let (mut codec, mut buffer, mut messages) = (C::default(), BytesMut::new(), Vec::new());
    for piece in bytes.chunks(size.max(1)) {
        buffer.extend_from_slice(piece);
        loop {
            match codec.decode(&mut buffer) {
                Ok(Some(message)) => messages.push(message),
                Ok(None) => break,
                Err(error) => return (messages, Some(error)),
            }
        }
    }
    loop {
        match codec.decode_eof(&mut buffer) {
            Ok(Some(message)) => messages.push(message),
            Ok(None) => return (messages, None),
            Err(error) => return (messages, Some(error)),
        }
    }
}

fn frames(text: &str) -> Vec<Frame> {
    let (frames, error) = decode::<ClientCodec>(text.as_bytes(), usize::MAX);
    assert_eq!(error, None);
    frames
}

fn commands(text: &str) -> Vec<Command> {
    let (commands, error) = decode::<ServerCodec>(text.as_bytes(), usize::MAX);
    assert_eq!(error, None);
    commands
}

fn fails(bytes: &[u8]) -> Option<EslError> {
    decode::<ClientCodec>(bytes, 4096).1
}

fn printed_frame(frame: &Frame) -> BytesMut {
    let mut out = BytesMut::new();
    ServerCodec::default().encode(frame, &mut out).unwrap();
    out
}

fn printed_command(command: &Command) -> BytesMut {
    let mut out = BytesMut::new();
    ClientCodec::default().encode(command, &mut out).unwrap();
    out
}

fn event(text: &str) -> Event {
    let head = format!("Content-Length: {}\nContent-Type: text/event-json\n\n", text.len());
    match frames(&(head + text)).pop() {
        Some(Frame::Event(event, Form::Json)) => event,
        _ => panic!("no event"),
    }
}

fn line(text: &str) -> Line {
    Line::new(text).unwrap()
}

fn word(text: &str) -> Word {
    Word::new(text).unwrap()
}

#[test]
fn a_line_cannot_hold_a_line_break() {
    for bad in ["a\nb", "a\rb", "a\0b", "\n"] {
        assert_eq!(Line::new(bad), Err(LineError));
        assert_eq!(Word::new(bad), Err(LineError));
    }
    assert_eq!(Word::new("a b"), Err(LineError));
    assert_eq!(Word::new(""), Err(LineError));
}

#[test]
fn nothing_of_a_password_or_a_number_is_shown() {
    let login = Login::new("sidecar", "pbx.example", Secret::new("s3cret").unwrap()).unwrap();
    let shown = format!("{:?}", Command::Userauth(login));
    assert!(!shown.contains("s3cret") && !shown.contains("sidecar"), "{shown}");
    let event = Event::new("CHANNEL_CREATE").with("Caller-Caller-ID-Number", "+352621123456");
    assert!(!format!("{:?}", Frame::Event(event, Form::Json)).contains("621"));
    let reply = Frame::reply(line("+352621123456"));
    assert!(!format!("{reply:?}").contains("621"));
}

#[test]
fn of_two_headers_with_one_name_the_first_counts() {
    let event = event(
        r#"{"Event-Name":"COMMAND","Hangup-Cause":"NORMAL_CLEARING","event-name":"X","Hangup-Cause":"Y"}"#,
    );
    assert_eq!(event.hangup_cause(), Some("NORMAL_CLEARING"));
    assert_eq!(event.get("Event-Name"), Some("COMMAND"));
    assert_eq!(event.headers().len(), 4);
}

#[test]
fn json_arrays_numbers_and_bodies_are_read() {
    let event = event(
        r#"{"Event-Name":"BACKGROUND_JOB","variable_l":["one","two | pipe"],"n":5,"_body":"-ERR USER_BUSY\n"}"#,
    );
    assert_eq!(event.name(), EventName::BackgroundJob);
    let list = Value::List(vec!["one".into(), "two | pipe".into()]);
    assert_eq!(event.headers().value("variable_l"), Some(&list));
    assert_eq!(event.variable("l"), Some("one"));
    assert_eq!(event.get("n"), Some("5"));
    assert_eq!(Fault::check(event.body().unwrap()), Err(Fault::Other("USER_BUSY".into())));
}

#[test]
fn json_that_is_no_flat_object_is_refused() {
    for bad in ["[]", "{\"a\":{}}", "{\"a\":[[]]}", "{\"a\":\"b\"} x", "{\"a\":", "{\"_body\":[]}", ""] {
        let head = format!("Content-Length: {}\nContent-Type: text/event-json\n\n", bad.len());
        assert_eq!(fails((head + bad).as_bytes()), Some(EslError::Json), "{bad}");
    }
}

#[test]
fn a_percent_sign_before_two_digits_is_ambiguous_in_plain_and_not_in_json() {
    let value = |form| {
        let sent = Event::new("CUSTOM").with("X", "100%25 & 50%");
        match frames(std::str::from_utf8(&printed_frame(&Frame::Event(sent, form))).unwrap()).pop() {
            Some(Frame::Event(event, _)) => event.get("X").unwrap().to_owned(),
            _ => panic!("no event"),
        }
    };
    assert_eq!(value(Form::Plain), "100% & 50%");
    assert_eq!(value(Form::Json), "100%25 & 50%");
}

#[test]
fn the_connect_reply_is_a_bare_event_and_alone_has_coded_outer_headers() {
    let text = "Event-Name: CHANNEL_DATA\nUnique-ID: 1\nContent-Type: command/reply\nReply-Text: %2BOK%0A\n\n\
                Content-Type: command/reply\nReply-Text: 100%25\n\n";
    let frames = frames(text);
    let [Frame::Connected(event), Frame::Reply(reply)] = &frames[..] else { panic!("{frames:?}") };
    assert_eq!((event.get("Reply-Text"), event.unique_id()), (Some("+OK\n"), Some("1")));
    assert_eq!(reply.result(), Ok("100%25"));
}

#[test]
fn what_is_not_read_is_stepped_over_by_its_length() {
    let text = "Content-Length: 6\nContent-Type: text/event-xml\n\n<a>\n\n\nContent-Type: auth/request\n\n";
    let frames = frames(text);
    let content_type = line("text/event-xml");
    assert_eq!(frames, [Frame::Skipped { content_type, length: 6 }, Frame::AuthRequest]);
}

#[test]
fn a_notice_in_the_middle_of_an_event_is_an_error_and_no_hang() {
    let notice = "Content-Type: text/disconnect-notice\nContent-Length: 39\n\nkilled listener because of lost events\n";
    let event = "Content-Length: 700\nContent-Type: text/event-plain\n\nEvent-Name: CUSTOM\nX: xxxxxxx";
    let broken = [event, notice].concat();
    for size in [1, 7, 1000] {
        let (frames, error) = decode::<ClientCodec>(broken.as_bytes(), size);
        assert_eq!((frames.len(), error), (0, Some(EslError::HalfMessage)));
    }
    let same_length = format!("{event}{}{notice}", "x".repeat(700));
    assert!(fails(same_length.as_bytes()).is_some());
}

#[test]
fn the_first_error_is_the_last_word() {
    let mut codec = ClientCodec::default();
    let mut bytes = BytesMut::from("nonsense\n\nContent-Type: auth/request\n\n");
    for _ in 0..3 {
        assert_eq!(codec.decode(&mut bytes), Err(EslError::Header));
    }
    assert_eq!(codec.decode_eof(&mut bytes), Err(EslError::Header));
}

#[test]
fn every_limit_is_an_error_of_its_own() {
    let long = ["X: ", &"y".repeat(MAX_HEADER)].concat();
    assert_eq!(fails(long.as_bytes()), Some(EslError::HeaderTooLong));
    let many = "X: y\n".repeat(MAX_HEADERS + 1);
    assert_eq!(fails(many.as_bytes()), Some(EslError::TooManyHeaders));
    let wide = ["X: ", &"y".repeat(MAX_HEADER - 3), "\n"].concat().repeat(17);
    assert_eq!(fails(wide.as_bytes()), Some(EslError::MessageTooLong));
    let length =
        |text: &str| fails(format!("Content-Type: api/response\nContent-Length: {text}\n\n").as_bytes());
    assert_eq!(length("16777217"), Some(EslError::MessageTooLong));
    assert_eq!(length("99999999999999999999999"), Some(EslError::MessageTooLong));
    for bad in ["-1", "", "1x", "+1"] {
        assert_eq!(length(bad), Some(EslError::Length), "{bad}");
    }
    assert_eq!(length("1"), Some(EslError::HalfMessage));
    assert_eq!(fails(b"Reply-Text: +OK\n\n"), Some(EslError::NoContentType));
    assert_eq!(fails(b"\n"), Some(EslError::NoContentType));
    assert_eq!(fails(b"Content-Type: command/reply\n\n"), Some(EslError::NoReplyText));
}

#[test]
fn limits_hold_inside_an_event_too() {
    let many = format!("{{{}\"b\":\"\"}}", "\"a\":\"\",".repeat(MAX_HEADERS));
    let head = format!("Content-Length: {}\nContent-Type: text/event-json\n\n", many.len());
    assert_eq!(fails((head + &many).as_bytes()), Some(EslError::TooManyHeaders));
    let many = "a: b\n".repeat(MAX_HEADERS + 1) + "\n";
    let head = format!("Content-Length: {}\nContent-Type: text/event-plain\n\n", many.len());
    assert_eq!(fails((head + &many).as_bytes()), Some(EslError::TooManyHeaders));
    let long = format!("{{\"a\":\"{}\"}}", "x".repeat(MAX_HEADER));
    let head = format!("Content-Length: {}\nContent-Type: text/event-json\n\n", long.len());
    assert_eq!(fails((head + &long).as_bytes()), Some(EslError::HeaderTooLong));
}

#[test]
fn bytes_that_dribble_in_are_looked_at_once() {
    let long = "x".repeat(MAX_HEADER - 20);
    let text = format!("Content-Type: command/reply\nReply-Text: {long}\n\n");
    let (frames, error) = decode::<ClientCodec>(text.as_bytes(), 1);
    assert_eq!((frames, error), (vec![Frame::reply(line(&long))], None));
}

#[test]
fn commands_are_read_as_the_switch_reads_them() {
    let text = "\r\n\n\nauth ClueCon\r\n\r\n\n\nAPI version\n\nevent CHANNEL_BRIDGE\n\nfilter add A b c\n\n";
    let expected = [
        Command::Auth(Secret::new("ClueCon").unwrap()),
        Command::api("version").unwrap(),
        Command::Events { form: Form::Plain, names: vec![word("CHANNEL_BRIDGE")] },
        Command::filter("A", "b c").unwrap(),
    ];
    for size in 1..text.len() {
        assert_eq!(decode::<ServerCodec>(text.as_bytes(), size), (expected.to_vec(), None));
    }
}

#[test]
fn a_command_may_carry_a_body_with_empty_lines() {
    let text = "sendmsg\ncall-command: execute\nexecute-app-name: set\ncontent-length: 6\n\na=b\n\ncexit\n\n";
    let commands = commands(text);
    let [Command::Other(message), Command::Exit] = &commands[..] else { panic!("{commands:?}") };
    assert_eq!((message.line(), message.body()), ("sendmsg", &b"a=b\n\nc"[..]));
    assert_eq!(message.get("EXECUTE-APP-NAME"), Some("set"));
}

#[test]
fn commands_without_their_arguments_stay_as_they_are() {
    for text in [
        "api\n\n",
        "filter\n\n",
        "filter Event-Name\n\n",
        "bgapi\n\n",
        "event\n\n",
        "event xml ALL\n\n",
        "log 7\n\n",
    ] {
        let commands = commands(text);
        assert!(
            matches!(&commands[..], [Command::Other(message)] if message.line() == text.trim_end()),
            "{text}"
        );
    }
}

#[test]
fn commands_are_written_as_in_the_traces() {
    let execute = Execute {
        leg: Some(word("dec5623a")),
        application: word("playback"),
        argument: Some(line("${cond(${callgist_waiting} == true ? /n.wav : silence_stream://0)}")),
        event_uuid: Some(word("aaaa-1")),
        event_lock: true,
    };
    assert_eq!(
        printed_command(&Command::Execute(execute)),
        "sendmsg dec5623a\ncall-command: execute\nexecute-app-name: playback\n\
         execute-app-arg: ${cond(${callgist_waiting} == true ? /n.wav : silence_stream://0)}\n\
         Event-UUID: aaaa-1\nevent-lock: true\n\n"
    );
    assert_eq!(
        printed_command(&Command::bgapi("echo mine", "11").unwrap()),
        "bgapi echo mine\nJob-UUID: 11\n\n"
    );
    let events = Command::events_json(&["CHANNEL_CREATE", "HEARTBEAT"]).unwrap();
    assert_eq!(printed_command(&events), "event json CHANNEL_CREATE HEARTBEAT\n\n");
    let filter = Command::filter("variable_callgist", "/.+/").unwrap();
    assert_eq!(printed_command(&filter), "filter variable_callgist /.+/\n\n");
    let gone = Command::filter_delete("Other-Leg-Unique-ID", "dec5").unwrap();
    assert_eq!(printed_command(&gone), "filter delete Other-Leg-Unique-ID dec5\n\n");
    let login = Login::new("sidecar", "pbx.example", Secret::new("s3c:ret").unwrap()).unwrap();
    assert_eq!(printed_command(&Command::Userauth(login)), "userauth sidecar@pbx.example:s3c:ret\n\n");
}

#[test]
fn a_message_that_would_be_read_as_another_cannot_be_made() {
    let header = |name: &str| vec![(word(name), line("1"))];
    assert!(Message::new(line("linger"), header("X-A"), Vec::new()).is_ok());
    assert_eq!(Message::new(line(""), Vec::new(), Vec::new()), Err(LineError));
    assert_eq!(Message::new(line("a"), header("content-length"), Vec::new()), Err(LineError));
    assert_eq!(Message::new(line("a"), header("a:b"), Vec::new()), Err(LineError));
}

#[test]
fn refusals_are_told_apart_by_their_exact_texts() {
    for refusal in Refusal::FIXED {
        let reply = Reply::new(line(&refusal.text()));
        assert_eq!(reply.result(), Err(refusal.clone()));
    }
    let of = |text: &str| Reply::new(line(text)).result().map(str::to_owned);
    assert_eq!(of("-ERR invalid session id [ab]"), Err(Refusal::InvalidSession("ab".into())));
    assert_eq!(of("-ERR something new"), Err(Refusal::Other("-ERR something new".into())));
    assert_eq!(of("+OK accepted"), Ok("accepted".into()));
    assert_eq!(of("+OK"), Ok(String::new()));
    assert_eq!(of("+352621123456"), Ok("+352621123456".into()));
}

#[test]
fn faults_of_api_commands_are_told_apart() {
    assert_eq!(Fault::check("-ERR No such channel!\n"), Err(Fault::NoSuchChannel));
    assert_eq!(Fault::check("-ERR no reply\n"), Err(Fault::NoReply));
    assert_eq!(Fault::check("-ERR nosuchcommand Command not found!\n"), Err(Fault::NoSuchCommand));
    assert_eq!(Fault::check("-USAGE: <uuid>\n"), Err(Fault::Other("<uuid>".into())));
    assert_eq!(Fault::check("+OK 77\n"), Ok("77"));
    assert_eq!(Fault::check("PCMA"), Ok("PCMA"));
}

/// A word without anything that parts words on the wire.
fn words() -> impl Strategy<Value = Word> {
    "[A-Za-z0-9_./+-]{1,12}".prop_map(|text| word(&text))
}

fn lines() -> impl Strategy<Value = Line> {
    "[^\r\n\0]{0,40}".prop_map(|text| line(&text))
}

fn any_command() -> impl Strategy<Value = Command> {
    let form = prop_oneof![Just(Form::Plain), Just(Form::Json)];
    let execute = (
        proptest::option::of(words()),
        words(),
        proptest::option::of(lines()),
        proptest::option::of(words()),
        any::<bool>(),
    )
        .prop_map(|(leg, application, argument, event_uuid, event_lock)| {
            Command::Execute(Execute { leg, application, argument, event_uuid, event_lock })
        });
    let other = (words(), vec((words(), lines()), 0..4), vec(any::<u8>(), 0..20)).prop_map(
        |(first, headers, body)| {
            let first = line(&format!("x{} y", first.as_str()));
            Command::Other(Message::new(first, headers, body).unwrap())
        },
    );
    prop_oneof![
        lines().prop_map(|text| Command::Auth(Secret::new(text.as_str()).unwrap())),
        (words(), lines()).prop_map(|(user, password)| {
            Command::Userauth(
                Login::new(user.as_str(), "d", Secret::new(password.as_str()).unwrap()).unwrap(),
            )
        }),
        (form, vec(words(), 0..5)).prop_map(|(form, names)| Command::Events { form, names }),
        Just(Command::NoEvents),
        Just(Command::Exit),
        (prop_oneof![words(), Just(word("delete")), Just(word("add"))], lines())
            .prop_map(|(header, value)| Command::Filter { header, value }),
        (words(), proptest::option::of(lines()))
            .prop_map(|(header, value)| Command::FilterDelete { header, value }),
        lines().prop_map(Command::Api),
        (lines(), proptest::option::of(words())).prop_map(|(command, job)| Command::Bgapi { command, job }),
        execute,
        other,
    ]
}

fn any_event(value: &'static str) -> impl Strategy<Value = Event> {
    let header = ("[A-Za-z][A-Za-z0-9_-]{0,12}", vec(value, 1..4));
    (vec(header, 0..8), proptest::option::of("\\PC{0,30}\n?")).prop_map(|(headers, body)| {
        let mut event = Event::new("CHANNEL_EXECUTE");
        for (name, values) in headers.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("content-length"))
        {
            event = match &values[..] {
                [value] => event.with(name, value),
                list => event.with_list(name, &list.iter().map(String::as_str).collect::<Vec<_>>()),
            };
        }
        match body {
            Some(body) => event.with_body(&body),
            None => event,
        }
    })
}

fn any_frame() -> impl Strategy<Value = Frame> {
    let text = || "[^\0]{0,60}".prop_map(Box::<str>::from);
    let disposition = proptest::option::of(prop_oneof![
        Just(Disposition::Linger),
        Just(Disposition::Disconnect),
        Just(Disposition::Other)
    ]);
    let notice = (
        proptest::option::of(lines()),
        disposition,
        proptest::option::of(lines()),
        any::<Option<u32>>(),
        text(),
    )
        .prop_map(|(session, disposition, channel, linger, text)| {
            Frame::Disconnect(Disconnect { session, disposition, channel, linger, text })
        });
    let headers = vec(("X-[A-Za-z0-9_-]{1,12}", lines()), 0..4).prop_map(|list| {
        let mut headers = Headers::default();
        list.iter().for_each(|(name, value)| headers.push(name, value.as_str().into()));
        headers
    });
    prop_oneof![
        Just(Frame::AuthRequest),
        text().prop_map(Frame::Rejected),
        lines().prop_map(Frame::reply),
        words().prop_map(|job| Frame::Reply(Reply::job(&job))),
        text().prop_map(|text| Frame::Api(ApiReply::new(text))),
        // Plain has no code for a `%` with two digits behind it, nor for what looks like an array.
        any_event("[^%|]{0,20}").prop_map(|event| Frame::Event(event, Form::Plain)),
        any_event(".{0,20}").prop_map(|event| Frame::Event(event, Form::Json)),
        (headers, text()).prop_map(|(headers, text)| Frame::Log(Log { headers, text })),
        notice,
        (words(), 0..50usize).prop_map(|(kind, length)| Frame::Skipped { content_type: kind.into(), length }),
        Just(Frame::Connected(
            Event::new("CHANNEL_DATA").with("Content-Type", "command/reply").with("Reply-Text", "+OK\n")
        )),
    ]
}

proptest! {
    #[test]
    fn commands_are_read_back_however_they_are_split(list in vec(any_command(), 1..5), size in 1..30usize) {
        let mut bytes = BytesMut::new();
        list.iter().for_each(|command| bytes.extend_from_slice(&printed_command(command)));
        prop_assert_eq!(decode::<ServerCodec>(&bytes, size), (list, None));
    }

    #[test]
    fn frames_are_read_back_however_they_are_split(list in vec(any_frame(), 1..5), size in 1..30usize) {
        let mut bytes = BytesMut::new();
        list.iter().for_each(|frame| bytes.extend_from_slice(&printed_frame(frame)));
        prop_assert_eq!(decode::<ClientCodec>(&bytes, size), (list, None));
    }

    #[test]
    fn no_bytes_make_a_side_panic_and_no_split_changes_what_is_read(
        bytes in vec(any::<u8>(), 0..400),
        size in 1..20usize,
    ) {
        prop_assert_eq!(decode::<ClientCodec>(&bytes, size), decode::<ClientCodec>(&bytes, usize::MAX));
        prop_assert_eq!(decode::<ServerCodec>(&bytes, size), decode::<ServerCodec>(&bytes, usize::MAX));
    }
}
