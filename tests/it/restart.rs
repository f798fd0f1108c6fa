//! `callgist run` is killed, stopped and started anew, and loses its link to the switch, while people talk: every call
//! keeps one row, an objection counts whenever it was made, and nothing is heard twice.

use crate::live::sidecar::Sidecar;
use crate::stories::{Stage, goes_on, seconds};
use callgist::call::Party;
use callgist::sim::{Act, LiveCall, Script};
use serde_json::Value;
use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::OwnedWriteHalf;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::watch;

#[test]
fn a_link_that_was_cut_comes_back_with_its_filters_and_costs_the_call_nothing() {
    let stage = Stage::set();
    let way = Way::to(&stage);
    let mut callgist = stage.callgist_at(way.port);
    let call = stage.call(stage.talk(14));
    callgist.step("forked");
    way.cut();
    callgist.until("cut off", seconds(10), |line| line["message"] == "no connection to the switch");
    way.mend();
    connected(&mut callgist);
    let filter = format!("filter Other-Leg-Unique-ID {}", call.leg());
    way.says(&["filter variable_callgist /.+/", "filter variable_callgist_tap", &filter]);
    assert_eq!(stage.copies(), 2);
    // The daemon hears of the end, so it hears what the filters let through.
    let row = callgist.kept();
    assert!(!["partial", "engine_failed"].map(Value::from).contains(&row["no_summary_reason"]), "{row}");
    assert_eq!(callgist.rows(), 1);
    goes_on(&stage.ended(call), 14);
}

#[test]
fn an_objection_that_was_pressed_while_the_link_was_away_counts_after_the_reconnect() {
    let stage = Stage::set();
    let way = Way::to(&stage);
    let mut callgist = stage.callgist_at(way.port);
    let call = stage.call(long());
    callgist.step("forked");
    way.cut();
    object(&stage, &call);
    assert_eq!(stage.copies(), 2);
    way.mend();
    connected(&mut callgist);
    stage.without_copies_within(seconds(1));
    let row = callgist.kept();
    assert_eq!(row["no_summary_reason"], "objection", "{row}");
    assert_eq!(row["heard"], Value::Null, "{row}");
    hang_up(&stage, call);
}

#[test]
fn a_link_that_is_away_for_long_ends_the_copies_and_the_call_keeps_its_one_row() {
    let stage = Stage::set();
    let way = Way::to(&stage);
    let mut callgist = stage.callgist_at(way.port);
    let call = stage.call(long());
    callgist.step("forked");
    way.cut();
    stage.without_copies_within(seconds(10));
    let row = callgist.kept();
    assert_eq!(row["no_summary_reason"], "partial", "{row}");
    way.mend();
    connected(&mut callgist);
    // The switch is asked about the leg, and the store about its row.
    way.says(&[&format!("api uuid_dump {} json", call.leg()), ALIVE]);
    hang_up(&stage, call);
    let next = stage.call(long());
    callgist.step("announced");
    hang_up(&stage, next);
    callgist.kept();
    assert_eq!(callgist.rows(), 2);
}

#[test]
fn a_call_that_a_killed_callgist_followed_leaves_one_row_and_is_not_heard_again() {
    let stage = Stage::set();
    let mut callgist = stage.callgist();
    let call = stage.call(long());
    callgist.step("forked");
    callgist.kill();
    callgist.again();
    for _ in 0..2 {
        callgist.until("orphan ended", seconds(30), |line| {
            line["message"] == "ended a copy that an earlier run had left at the switch"
        });
    }
    callgist.step("found");
    // Once more, before there is a row.
    callgist.kill();
    callgist.again();
    callgist.step("found");
    assert_eq!(callgist.rows(), 0);
    callgist.announcing();
    assert_eq!(stage.copies(), 0);
    let taps = hang_up(&stage, call);
    assert_eq!(taps, 2, "it was copied again");
    let row = callgist.kept();
    assert_eq!(row["no_summary_reason"], "partial", "{row}");
    assert_eq!((&row["caller"], &row["notice_version"]), (&"+352621123456".into(), &"live".into()), "{row}");
    assert!(row["announced"].is_string() || row["announced"].is_number(), "{row}");
    assert_eq!((&row["heard"], &row["end_cause"]), (&Value::Null, &"NORMAL_CLEARING".into()), "{row}");
    assert_eq!(callgist.rows(), 1);
}

#[test]
fn an_objection_that_was_pressed_while_no_callgist_lived_counts() {
    let stage = Stage::set();
    let mut callgist = stage.callgist();
    let call = stage.call(long());
    callgist.step("forked");
    callgist.kill();
    object(&stage, &call);
    callgist.again();
    let row = callgist.kept();
    assert_eq!(row["no_summary_reason"], "objection", "{row}");
    stage.without_copies_within(seconds(1));
    hang_up(&stage, call);
}

#[test]
fn a_call_that_came_while_no_callgist_lived_leaves_a_row_that_says_so() {
    let stage = Stage::set();
    let call = stage.call(long());
    let mut callgist = stage.callgist();
    // Who hangs up before the call is found leaves nobody to keep its row.
    callgist.has("found");
    assert_eq!(hang_up(&stage, call), 0);
    let row = callgist.kept();
    assert_eq!(row["no_summary_reason"], "notice_incomplete", "{row}");
    assert_eq!(row["announced"], Value::Null, "{row}");
}

#[test]
fn a_callgist_that_is_stopped_first_tells_the_switch_and_leaves_no_copy_behind() {
    let stage = Stage::set();
    let way = Way::to(&stage);
    let mut callgist = stage.callgist_at(way.port);
    let call = stage.call(long());
    callgist.step("forked");
    let before = way.said().len();
    callgist.ask_to_stop();
    callgist.ended();
    assert_eq!(stage.copies(), 0);
    let said = way.said().split_off(before);
    let first = said.iter().position(|line| line == "api global_setvar callgist_alive_until=0");
    let (before, after) = said.split_at(first.unwrap_or_else(|| panic!("{said:?}")));
    assert!(
        !before.iter().any(|line| line.contains("uuid_kill") || line.contains("filter delete")),
        "{said:?}"
    );
    assert!(!after.iter().any(|line| line.starts_with(ALIVE)), "{said:?}");
    let row = callgist.kept();
    assert_eq!(row["no_summary_reason"], "shutdown", "{row}");
    // The next one sees the call and its row.
    callgist.again();
    callgist.announcing();
    hang_up(&stage, call);
    let next = stage.call(long());
    callgist.step("announced");
    hang_up(&stage, next);
    callgist.kept();
    assert_eq!(callgist.rows(), 2);
}

/// The beginning of every refresh until the year 2033.
const ALIVE: &str = "bgapi global_setvar callgist_alive_until=1";

// ---------------------------------------------------------------- what people do

/// A call that somebody ends by hand.
pub(crate) fn long() -> Script {
    Script { caller_speech: vec![0; 8_000 * 600], ..Script::default() }
}

/// Ends it; how many copies it ever had.
pub(crate) fn hang_up(stage: &Stage, call: LiveCall) -> usize {
    call.act(Act::HangUp(Party::Caller));
    let report = stage.ended(call);
    assert_eq!(report.cause, "NORMAL_CLEARING", "{report:?}");
    report.taps.len()
}

/// The caller presses the key, and the switch has seen it.
#[track_caller]
pub(crate) fn object(stage: &Stage, call: &LiveCall) {
    call.act(Act::Keys(Party::Caller, "*9".into()));
    let ask = format!("uuid_getvar {} callgist_objection", call.leg());
    let from = Instant::now();
    while stage.runtime.block_on(stage.switch.console(&ask)) != "caller" {
        assert!(from.elapsed() < seconds(5), "the key is not bound");
        std::thread::sleep(Duration::from_millis(20));
    }
}

pub(crate) fn connected(callgist: &mut Sidecar) {
    callgist.until("connected", seconds(30), |line| line["message"] == "switch connected");
    // What was missed is asked for first: a call that ends before the answer counts as one that ended meanwhile.
    std::thread::sleep(seconds(1));
}

// ---------------------------------------------------------------- the way to the switch

/// A way to the event socket that can be cut; what the daemon says on it is written down.
pub(crate) struct Way {
    pub(crate) port: u16,
    open: watch::Sender<bool>,
    trouble: Arc<Mutex<Option<Trouble>>>,
    switch: Arc<Mutex<SocketAddr>>,
    said: Arc<Mutex<String>>,
}

/// What goes wrong on the way from the switch.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Trouble {
    /// Byte by byte, for good.
    Dribbles,
    /// Once: what is no message comes in between.
    Junk,
    /// Once: half of what comes next, and then the end.
    Half,
    /// Nothing more comes, and nothing is closed, for good.
    Hangs,
    /// What the daemon has copied goes to this port and not to its own.
    Misleads { from: u16, to: u16 },
}

impl Way {
    pub(crate) fn to(stage: &Stage) -> Way {
        Way::between(&stage.runtime, stage.switch.event_socket())
    }

    pub(crate) fn between(runtime: &Runtime, switch: SocketAddr) -> Way {
        let (open, opened) = watch::channel(true);
        let said = Arc::new(Mutex::new(String::new()));
        let switch = Arc::new(Mutex::new(switch));
        let leads_to = switch.clone();
        let door = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let port = door.local_addr().unwrap().port();
        let trouble = Arc::<Mutex<Option<Trouble>>>::default();
        let (written, troubled) = (said.clone(), trouble.clone());
        runtime.spawn(async move {
            while let Ok((daemon, _)) = door.accept().await {
                let switch = *leads_to.lock().unwrap();
                if *opened.borrow()
                    && let Ok(switch) = TcpStream::connect(switch).await
                {
                    tokio::spawn(carry(daemon, switch, opened.clone(), written.clone(), troubled.clone()));
                }
            }
        });
        Way { port, open, trouble, switch, said }
    }

    /// From the next connection on.
    pub(crate) fn leads_to(&self, switch: SocketAddr) {
        *self.switch.lock().unwrap() = switch;
    }

    pub(crate) fn trouble(&self, trouble: Trouble) {
        *self.trouble.lock().unwrap() = Some(trouble);
    }

    pub(crate) fn cut(&self) {
        self.open.send(false).unwrap();
    }

    /// What was said before is forgotten.
    pub(crate) fn mend(&self) {
        self.said.lock().unwrap().clear();
        self.open.send(true).unwrap();
    }

    fn said(&self) -> Vec<String> {
        self.said.lock().unwrap().lines().map(str::to_owned).collect()
    }

    /// Waits until the daemon has said each of these.
    #[track_caller]
    pub(crate) fn says(&self, wanted: &[&str]) {
        let from = Instant::now();
        while let Some(missing) =
            wanted.iter().find(|wanted| !self.said().iter().any(|line| line.starts_with(**wanted)))
        {
            assert!(from.elapsed() < seconds(10), "{missing} is missing: {:?}", self.said());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Carries both directions until either side ends or the way is cut.
async fn carry(
    daemon: TcpStream,
    switch: TcpStream,
    mut open: watch::Receiver<bool>,
    said: Arc<Mutex<String>>,
    trouble: Arc<Mutex<Option<Trouble>>>,
) {
    let (mut from_daemon, mut to_daemon) = daemon.into_split();
    let (mut from_switch, mut to_switch) = switch.into_split();
    let forth = async {
        let mut bytes = [0; 4_096];
        while let Ok(length @ 1..) = from_daemon.read(&mut bytes).await {
            said.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes[..length]));
            if to_switch.write_all(&misled(&bytes[..length], &trouble)).await.is_err() {
                return;
            }
        }
    };
    let back = async {
        let mut bytes = [0; 4_096];
        while let Ok(length @ 1..) = from_switch.read(&mut bytes).await {
            if carry_back(&bytes[..length], &mut to_daemon, &trouble).await.is_none() {
                return;
            }
        }
    };
    tokio::select! {
        () = forth => {}
        () = back => {}
        _ = open.wait_for(|open| !*open) => {}
    }
}

/// What the switch is told in place of that.
fn misled<'a>(bytes: &'a [u8], trouble: &Mutex<Option<Trouble>>) -> Cow<'a, [u8]> {
    match *trouble.lock().unwrap() {
        Some(Trouble::Misleads { from, to }) => {
            let words = String::from_utf8_lossy(bytes);
            let elsewhere = words.replace(&format!("@127.0.0.1:{from}"), &format!("@127.0.0.1:{to}"));
            Cow::Owned(elsewhere.into_bytes())
        }
        _ => Cow::Borrowed(bytes),
    }
}

/// Nothing when the way ends.
async fn carry_back(bytes: &[u8], to: &mut OwnedWriteHalf, trouble: &Mutex<Option<Trouble>>) -> Option<()> {
    let now = {
        let mut trouble = trouble.lock().unwrap();
        match *trouble {
            Some(Trouble::Junk | Trouble::Half) => trouble.take(),
            lasting => lasting,
        }
    };
    match now {
        None | Some(Trouble::Misleads { .. }) => to.write_all(bytes).await.ok(),
        Some(Trouble::Dribbles) => {
            for byte in bytes {
                to.write_all(&[*byte]).await.ok()?;
            }
            Some(())
        }
        Some(Trouble::Junk) => {
            to.write_all(b"Content-Length: junk\n\n\xff\xfe\n\n").await.ok()?;
            to.write_all(bytes).await.ok()
        }
        Some(Trouble::Half) => {
            to.write_all(&bytes[..bytes.len() / 2]).await.ok()?;
            None
        }
        Some(Trouble::Hangs) => std::future::pending().await,
    }
}
