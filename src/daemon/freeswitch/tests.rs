//! The switchboard and a scripted switch at the other end of a pipe, talking.

use super::super::switch::{Begun, Found, Mail, Offered};
use super::super::taps;
use super::link::{Door, SILENT_AFTER, start_at};
use super::*;
use crate::config::{Config, DEFAULT, Secret};
use crate::wire::esl::{ApiReply, Event as SwitchEvent, Form, Frame, Line as EslLine, Reply, ServerCodec};
use futures_util::{SinkExt, StreamExt};
use serde_json::json;
use std::time::Duration;
use tokio::io::{AsyncWriteExt, DuplexStream};
use tokio::net::UdpSocket;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_util::codec::Framed;

#[tokio::test]
async fn a_link_that_falls_silent_is_taken_down_and_made_anew_though_commands_are_taken() {
    let (door, mut pipes) = door();
    // A minute passes in 0.6 s.
    let clock = Clock::new(100);
    let (link, mut news) = start_at(door, config().switches.remove(0), "p1".into(), clock);
    let mut peer = Peer::welcome(&mut pipes).await;
    assert!(matches!(news.recv().await, Some(News::Up)));
    let spoke = clock.now();
    peer.say(SwitchEvent::new("HEARTBEAT")).await;
    assert!(matches!(news.recv().await, Some(News::Event(_))));
    let refreshed = link.clone();
    let refreshing = tokio::spawn(async move {
        loop {
            refreshed.send(Command::api("global_setvar callgist_alive_until=1").unwrap());
            clock.sleep(Duration::from_secs(2)).await;
        }
    });
    assert!(matches!(news.recv().await, Some(News::Down(LinkError::Silent))));
    assert!(clock.now().since(spoke) >= SILENT_AFTER);
    refreshing.abort();
    let mut anew = Peer::welcome(&mut pipes).await;
    assert!(matches!(news.recv().await, Some(News::Up)));
    let asked = tokio::spawn(async move { link.api("version").await });
    anew.answer("api version", "1.11").await;
    assert_eq!(asked.await.unwrap().unwrap().text(), "1.11");
}

#[tokio::test]
async fn after_a_reconnect_the_filters_are_set_again() {
    let mut stage = Stage::set().await;
    let _offered = stage.offered("a").await;
    stage.reconnect().await;
    assert_eq!(
        stage.peer.subscribed[..2],
        ["filter variable_callgist /.+/", "filter variable_callgist_tap p1"]
    );
    let said = stage.peer.until("api uuid_dump a json").await;
    assert!(said.contains(&"filter Other-Leg-Unique-ID a".to_owned()), "{said:?}");
}

#[tokio::test]
async fn a_dump_that_a_newer_bridge_has_overtaken_does_not_undo_it() {
    let mut stage = Stage::set().await;
    let mut offered = stage.offered("a").await;
    stage.peer.say(bridge("a", "b", 90)).await;
    assert_eq!(talk(&mut offered).await, Event::Bridged { agent: leg("b") });
    stage.reconnect().await;
    stage.peer.until("api uuid_dump a json").await;
    stage.peer.say(bridge("a", "c", 101)).await;
    // The event is with the call before the answer is on its way.
    assert_eq!(talk(&mut offered).await, Event::Bridged { agent: leg("c") });
    stage.peer.say_api(&dump("a", 100, &json!({ "variable_last_bridge_to": "b" }))).await;
    // So it is asked again.
    let now = json!({ "variable_bridge_to": "c", "variable_last_bridge_to": "c" });
    stage.peer.answer("api uuid_dump a json", &dump("a", 102, &now)).await;
    stage.peer.answer("api uuid_dump c json", &dump("c", 103, &json!({}))).await;
    stage.peer.answer("api show channels as json", "{\"row_count\": 0}\n").await;
    stage.peer.say(hang_up("a")).await;
    for told in [
        Event::Unheld { leg: leg("a") },
        Event::Bridged { agent: leg("c") },
        Event::Unheld { leg: leg("c") },
        Event::HungUp,
    ] {
        assert_eq!(talk(&mut offered).await, told);
    }
}

#[tokio::test]
async fn a_call_that_ended_while_the_link_was_away_is_told_as_lost() {
    let mut stage = Stage::set().await;
    let mut offered = stage.offered("a").await;
    stage.reconnect().await;
    stage.peer.answer("api uuid_dump a json", GONE).await;
    assert_eq!(talk(&mut offered).await, Event::SwitchLost);
}

#[tokio::test]
async fn an_objection_that_was_pressed_while_the_link_was_away_counts() {
    let mut stage = Stage::set().await;
    let mut offered = stage.offered("a").await;
    stage.reconnect().await;
    let objected = json!({ "variable_callgist_objection": "caller" });
    stage.peer.answer("api uuid_dump a json", &dump("a", 7, &objected)).await;
    assert_eq!(talk(&mut offered).await, Event::Objected);
}

#[tokio::test]
async fn a_wait_that_ended_while_the_link_was_away_is_told_as_over() {
    let mut stage = Stage::set().await;
    let mut offered = stage.offered("a").await;
    stage.reconnect().await;
    stage.peer.answer("api uuid_dump a json", &dump("a", 7, &json!({}))).await;
    assert_eq!(told(&mut offered).await, Event::WaitOver);
}

#[tokio::test]
async fn keys_that_an_earlier_run_had_kept_from_ending_its_notice_may_end_files_again() {
    let mut stage = Stage::connected().await;
    stage.channels(&[("a", "inbound", "play_and_get_digits")]).await;
    let left = json!({ "variable_callgist_keys_off": "true", "variable_playback_terminators": "none" });
    stage.peer.answer("api uuid_dump a json", &dump("a", 7, &left)).await;
    stage.peer.answer("api uuid_dump a json", &dump("a", 8, &left)).await;
    stage.peer.until("api uuid_setvar a playback_terminators").await;
}

#[tokio::test]
async fn a_hold_that_was_missed_is_told_of_either_side() {
    let mut stage = Stage::set().await;
    let mut offered = stage.offered("a").await;
    stage.peer.say(bridge("a", "b", 90)).await;
    talk(&mut offered).await;
    stage.reconnect().await;
    let talking = json!({ "variable_bridge_to": "b", "variable_last_bridge_to": "b" });
    stage.peer.answer("api uuid_dump a json", &dump("a", 95, &talking)).await;
    let held = json!({ "Channel-Call-State": "HELD" });
    stage.peer.answer("api uuid_dump b json", &dump("b", 96, &held)).await;
    assert_eq!(talk(&mut offered).await, Event::Unheld { leg: leg("a") });
    assert_eq!(talk(&mut offered).await, Event::Bridged { agent: leg("b") });
    assert_eq!(talk(&mut offered).await, Event::Held { leg: leg("b") });
}

#[tokio::test]
async fn a_call_that_nobody_follows_is_found_with_what_the_switch_remembers_and_gets_no_second_notice() {
    let mut stage = Stage::connected().await;
    let call = CallId(0xabc);
    let caller = json!({
        "variable_callgist_call": call.to_string(),
        "variable_callgist_notice": "v7;1795460210000000;1795460213680000",
        "Caller-Channel-Created-Time": "1795460209000000",
        "Caller-Channel-Bridged-Time": "1795460214098336",
    });
    let agent = json!({ "Call-Direction": "outbound" });
    stage.channels(&[("a", "inbound", "bridge"), ("b", "outbound", ""), ("n", "inbound", "bridge")]).await;
    stage.peer.answer("api uuid_dump a json", &dump("a", 7, &caller)).await;
    stage.peer.answer("api uuid_dump a json", &dump("a", 8, &caller)).await;
    // An inbound leg of another line, or of none.
    stage.peer.answer("api uuid_dump n json", &dump("n", 9, &agent)).await;
    let Found { mut offered, began, noticed, bridged, .. } = stage.found().await;
    assert_eq!((offered.call, offered.leg.as_str()), (call, "a"));
    assert_eq!(offered.caller.as_ref().map(|number| number.as_str()), Some("+352621123456"));
    let noticed = noticed.unwrap();
    assert_eq!((&*noticed.version, noticed.at), ("v7", 1_795_460_213_680));
    assert_eq!((began, bridged), (Some(1_795_460_209_000), Some(1_795_460_214_098)));

    stage.peer.say(waiting("a")).await;
    let waits = json!({ "variable_callgist_waiting": "true" });
    stage.peer.answer("api uuid_dump a json", &dump("a", 10, &waits)).await;
    let said = stage.peer.until("api uuid_break a").await;
    assert!(!said.iter().any(|line| line.starts_with("execute")), "{said:?}");
    stage.peer.say(hang_up("a")).await;
    let told: Vec<Event> = [talk(&mut offered).await, talk(&mut offered).await].into();
    assert_eq!(told, [Event::Unheld { leg: leg("a") }, Event::HungUp]);
}

/// He may have gone on while we were held up: then whatever he hears is not ours to break off.
#[tokio::test]
async fn who_gets_no_notice_and_waits_no_longer_is_not_broken_off() {
    let mut stage = Stage::set().await;
    for (caller, waiting_still) in [("a", "false"), ("b", "true")] {
        let objected = waiting(caller).with("variable_callgist_objection", "caller");
        stage.peer.say(objected).await;
        let fields = json!({ "variable_callgist_waiting": waiting_still });
        stage.peer.answer(&format!("api uuid_dump {caller} json"), &dump(caller, 7, &fields)).await;
    }
    let said = stage.peer.until("api uuid_break b").await;
    assert!(!said.contains(&"api uuid_break a".to_owned()), "{said:?}");
}

#[tokio::test]
async fn a_caller_who_waits_for_his_notice_is_left_to_the_switchboard() {
    let mut stage = Stage::connected().await;
    stage.channels(&[("a", "inbound", "sleep")]).await;
    let waits = json!({ "variable_callgist_waiting": "true" });
    stage.peer.answer("api uuid_dump a json", &dump("a", 7, &waits)).await;
    // That he began to wait arrives only now.
    assert_eq!(stage.offered("a").await.leg, leg("a"));
}

#[tokio::test]
async fn a_caller_whose_wait_ended_without_us_is_found_at_the_next_look_and_gets_a_number() {
    let mut stage = Stage::connected().await;
    stage.channels(&[("a", "inbound", "sleep")]).await;
    let waits = json!({ "variable_callgist_waiting": "true" });
    stage.peer.answer("api uuid_dump a json", &dump("a", 7, &waits)).await;
    stage.peer.answer("api uuid_dump a json", &dump("a", 9, &json!({}))).await;
    let Found { offered, noticed, .. } = stage.found().await;
    assert!(noticed.is_none());
    stage.peer.until(&format!("api uuid_setvar a callgist_call {}", offered.call)).await;
}

#[tokio::test]
async fn a_call_that_is_found_and_has_ended_or_was_objected_to_meanwhile_is_told_so() {
    let objected = dump("a", 8, &json!({ "variable_callgist_objection": "caller" }));
    for (answer, meaning) in [(GONE, Event::SwitchLost), (&*objected, Event::Objected)] {
        let mut stage = Stage::connected().await;
        stage.channels(&[("a", "inbound", "bridge")]).await;
        stage.peer.answer("api uuid_dump a json", &dump("a", 7, &json!({}))).await;
        stage.peer.answer("api uuid_dump a json", answer).await;
        let Found { mut offered, .. } = stage.found().await;
        assert_eq!(talk(&mut offered).await, meaning);
    }
}

#[tokio::test]
async fn only_copies_of_this_instance_that_nobody_holds_are_ended() {
    let mut stage = Stage::connected().await;
    stage.channels(&[("t", "outbound", "native_eavesdrop"), ("u", "outbound", "native_eavesdrop")]).await;
    let of = |instance: &str| json!({ "variable_callgist_tap": instance });
    stage.peer.answer("api uuid_dump t json", &dump("t", 7, &of("p2"))).await;
    stage.peer.answer("api uuid_dump u json", &dump("u", 8, &of("p1"))).await;
    let said = stage.peer.until("api uuid_kill u").await;
    assert!(!said.contains(&"api uuid_kill t".to_owned()), "{said:?}");
}

#[tokio::test]
async fn a_recording_that_runs_already_is_told_before_the_call_is() {
    let mut stage = Stage::set().await;
    let mut offered = stage.offered_with("a", RECORDED).await;
    let Ok(Mail::Event(told)) = offered.mail.try_recv() else { panic!("nothing was told") };
    assert_eq!(told, Event::RecordingBegan { leg: leg("a") });
}

#[tokio::test]
async fn a_recording_is_told_by_its_first_event_and_its_last() {
    let mut stage = Stage::set().await;
    let mut offered = stage.offered("a").await;
    for (name, file) in [("START", "1"), ("START", "2"), ("STOP", "1"), ("STOP", "2")] {
        stage.peer.say(recording(name, "a", file)).await;
    }
    assert_eq!(talk(&mut offered).await, Event::RecordingBegan { leg: leg("a") });
    assert_eq!(talk(&mut offered).await, Event::RecordingEnded { leg: leg("a") });
}

#[tokio::test]
async fn a_recording_that_began_while_the_link_was_away_is_told() {
    let mut stage = Stage::set().await;
    let mut offered = stage.offered("a").await;
    stage.reconnect().await;
    stage.peer.answer("api uuid_dump a json", &dump("a", 95, &json!({}))).await;
    stage.peer.answer("api uuid_buglist a", RECORDED).await;
    assert_eq!(talk(&mut offered).await, Event::Unheld { leg: leg("a") });
    assert_eq!(talk(&mut offered).await, Event::RecordingBegan { leg: leg("a") });
}

#[test]
fn a_uuid_has_the_form_of_version_four() {
    let uuid = uuid();
    assert_eq!(uuid.len(), 36);
    assert_eq!(uuid.as_bytes()[14], b'4');
    assert!(b"89ab".contains(&uuid.as_bytes()[19]));
    assert!(Leg::new(&uuid).is_ok());
}

// ---------------------------------------------------------------- the stage

/// The switchboard, and the switch at the other end.
struct Stage {
    peer: Peer,
    pipes: UnboundedReceiver<DuplexStream>,
    begun: UnboundedReceiver<Begun>,
}

impl Stage {
    /// Connected, with no call at the switch.
    async fn set() -> Stage {
        let mut stage = Stage::connected().await;
        stage.channels(&[]).await;
        stage
    }

    async fn connected() -> Stage {
        let clock = Clock::new(FAST);
        let config = config();
        let settings = &config.switches[0];
        let (door, mut pipes) = door();
        let (link, news) = start_at(door, settings.clone(), instance(&config.sip, settings), clock);
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let taps = taps::start(socket, clock).unwrap();
        let switch = FreeSwitch::new(settings, &config.sip, link, taps, clock);
        let (begin, begun) = unbounded_channel();
        let board = Board::new(switch, SharedLines::new(config.lines.iter()), begin, Box::new(|_| true));
        tokio::spawn(board.run(news));
        let peer = Peer::welcome(&mut pipes).await;
        Stage { peer, pipes, begun }
    }

    async fn reconnect(&mut self) {
        // The old pipe is dropped with its peer only when the new one is there: close it first.
        self.peer.socket.get_mut().shutdown().await.unwrap();
        self.peer = Peer::welcome(&mut self.pipes).await;
    }

    /// Answers `show channels` with these: leg, direction and application.
    async fn channels(&mut self, rows: &[(&str, &str, &str)]) {
        let rows: Vec<_> = rows
            .iter()
            .map(|(uuid, direction, application)| {
                json!({ "uuid": uuid, "direction": direction, "application": application })
            })
            .collect();
        let channels = json!({ "row_count": rows.len(), "rows": rows });
        self.peer.answer("api show channels as json", &channels.to_string()).await;
    }

    /// A caller on this leg begins to wait.
    async fn offered(&mut self, caller: &str) -> Offered {
        self.offered_with(caller, NO_BUGS).await
    }

    /// The same, when the switch lists these media bugs of the leg.
    async fn offered_with(&mut self, caller: &str, bugs: &str) -> Offered {
        self.peer.say(waiting(caller)).await;
        self.peer.answer(&format!("api uuid_buglist {caller}"), bugs).await;
        match self.begun.recv().await {
            Some(Begun::Offered(offered)) => offered,
            other => panic!("{other:?}"),
        }
    }

    async fn found(&mut self) -> Found {
        match self.begun.recv().await {
            Some(Begun::Found(found)) => found,
            other => panic!("{other:?}"),
        }
    }
}

/// What the call is told next, but for the end of the wait, which every dump of a caller tells again.
async fn talk(offered: &mut Offered) -> Event {
    loop {
        match told(offered).await {
            Event::WaitOver => {}
            event => return event,
        }
    }
}

/// What the call is told next.
async fn told(offered: &mut Offered) -> Event {
    loop {
        if let Mail::Event(event) = offered.mail.recv().await.expect("the switchboard is there") {
            return event;
        }
    }
}

/// Pipes instead of a port.
struct Pipes(UnboundedSender<DuplexStream>);

fn door() -> (Pipes, UnboundedReceiver<DuplexStream>) {
    let (sender, pipes) = unbounded_channel();
    (Pipes(sender), pipes)
}

impl Door for Pipes {
    type Stream = DuplexStream;

    async fn open(&mut self) -> Result<DuplexStream, LinkError> {
        let (ours, theirs) = tokio::io::duplex(1 << 20);
        let refused = LinkError::Unreachable(std::io::ErrorKind::ConnectionRefused);
        self.0.send(theirs).map(|()| ours).map_err(|_| refused)
    }
}

/// The switch's side of one connection.
struct Peer {
    socket: Framed<DuplexStream, ServerCodec>,
    /// What came between the login and the subscription.
    subscribed: Vec<String>,
}

impl Peer {
    /// Takes the next connection, and lets it in.
    async fn welcome(pipes: &mut UnboundedReceiver<DuplexStream>) -> Peer {
        let socket = Framed::new(pipes.recv().await.unwrap(), ServerCodec::default());
        let mut peer = Peer { socket, subscribed: Vec::new() };
        peer.socket.send(Frame::AuthRequest).await.unwrap();
        loop {
            let command = peer.socket.next().await.unwrap().unwrap();
            peer.reply().await;
            match command {
                Command::Auth(_) | Command::Userauth(_) => {}
                Command::Events { .. } => return peer,
                command => peer.subscribed.push(in_words(&command)),
            }
        }
    }

    async fn say(&mut self, event: SwitchEvent) {
        self.socket.send(Frame::Event(event, Form::Json)).await.unwrap();
    }

    async fn reply(&mut self) {
        self.socket.send(Frame::Reply(Reply::new(EslLine::new("+OK").unwrap()))).await.unwrap();
    }

    async fn say_api(&mut self, text: &str) {
        self.socket.send(Frame::Api(ApiReply::new(text))).await.unwrap();
    }

    /// Reads up to this command and does not answer it; every other one is answered. Gives all of them.
    async fn until(&mut self, wanted: &str) -> Vec<String> {
        let mut said = Vec::new();
        loop {
            let next = tokio::time::timeout(Duration::from_secs(20), self.socket.next()).await;
            let command = next.unwrap_or_else(|_| panic!("no {wanted}: {said:?}")).unwrap().unwrap();
            said.push(in_words(&command));
            if said.last().is_some_and(|said| said == wanted) {
                return said;
            }
            match command {
                Command::Api(_) => self.say_api("+OK\n").await,
                _ => self.reply().await,
            }
        }
    }

    async fn answer(&mut self, wanted: &str, text: &str) {
        self.until(wanted).await;
        self.say_api(text).await;
    }
}

fn in_words(command: &Command) -> String {
    match command {
        Command::Api(line) => format!("api {}", line.as_str()),
        Command::Bgapi { command, .. } => format!("bgapi {}", command.as_str()),
        Command::Filter { header, value } => format!("filter {} {}", header.as_str(), value.as_str()),
        Command::Execute(execute) => format!("execute {}", execute.application.as_str()),
        _ => "something else".into(),
    }
}

fn config() -> Config {
    let mut config = Config::parse(DEFAULT).unwrap();
    config.switches[0].password = Secret::Here("only here".into());
    config.sip.listen.set_port(1);
    config
}

fn leg(name: &str) -> Leg {
    Leg::new(name).unwrap()
}

fn of(name: &str, leg: &str) -> SwitchEvent {
    SwitchEvent::new(name)
        .with("Unique-ID", leg)
        .with("Event-Date-Timestamp", "1795460219198354")
        .with("variable_callgist", "main")
}

fn waiting(leg: &str) -> SwitchEvent {
    of("CHANNEL_EXECUTE", leg).with("Application", "sleep").with("variable_callgist_waiting", "true")
}

fn recording(what: &str, leg: &str, file: &str) -> SwitchEvent {
    of(&format!("MEDIA_BUG_{what}"), leg)
        .with("Media-Bug-Function", "session_record")
        .with("Media-Bug-Target", file)
}

fn bridge(a: &str, b: &str, sequence: u64) -> SwitchEvent {
    of("CHANNEL_BRIDGE", a)
        .with("Bridge-A-Unique-ID", a)
        .with("Bridge-B-Unique-ID", b)
        .with("Event-Sequence", &sequence.to_string())
}

fn hang_up(leg: &str) -> SwitchEvent {
    of("CHANNEL_HANGUP", leg).with("Hangup-Cause", "NORMAL_CLEARING")
}

/// What the switch says of a leg; of a caller's, unless `more` says otherwise.
fn dump(leg: &str, sequence: u64, more: &serde_json::Value) -> String {
    let mut dump = json!({
        "Unique-ID": leg, "Event-Sequence": sequence.to_string(), "Call-Direction": "inbound",
        "Caller-Caller-ID-Number": "+352621123456", "variable_callgist": "main",
        "variable_callgist_waiting": "false",
    });
    for (name, value) in more.as_object().unwrap() {
        dump[name] = value.clone();
    }
    dump.to_string()
}

const NO_BUGS: &str = "<media-bugs>\n</media-bugs>\n";

const RECORDED: &str = "<media-bugs>\n <media-bug>\n  <function>session_record</function>\n  \
                        <target>/rec.wav</target>\n  <thread-locked>0</thread-locked>\n </media-bug>\n\
                        </media-bugs>\n";

const GONE: &str = "-ERR No such channel!\n";

/// Fast enough that nothing here waits long, and slow enough that a busy machine does not seem to have lost the switch.
const FAST: u32 = 4;
