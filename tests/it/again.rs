//! Whole calls of somebody who rings again: what the switch is told of earlier notes, and what not.

use crate::calls::{Live, UNSET};
use crate::scripted::NOTE;
use crate::stories::seconds;

#[test]
fn when_somebody_rings_again_the_switch_is_told_a_count_and_a_link_and_nothing_that_was_said() {
    let on = |settings: String| settings + "tell_earlier_notes = true\n";
    let mut live = Live::with_settings(on, |stage| stage.speech(4));
    live.callgist.step("forked");
    assert_eq!(told(&live, live.call.leg()), ["0", UNSET]);
    let row = live.callgist.kept();
    live.stage.ended(live.call);
    let link = row["id"].as_str().unwrap();

    live.call = live.stage.call(live.stage.speech(4));
    live.callgist.step("forked");
    assert_eq!(told(&live, live.call.leg()), ["1", link]);
    let dump = live.stage.asks(&format!("uuid_dump {} json", live.call.leg()));
    assert!(
        dump.contains(link)
            && NOTE.split('.').all(|said| said.trim().is_empty() || !dump.contains(said.trim()))
    );
    live.callgist.kept();
    live.stage.ended(live.call);

    let history = live.callgist.ask(&["calls", "history", "--link", link]);
    assert_eq!(history[0]["calls"].as_array().unwrap().len(), 2, "{history:?}");
    assert_eq!(history[0]["calls"][0]["promises"][0]["text"], "The agent promised to call back by 17:30.");
    let log = live.callgist.ask(&["log", "export"]);
    let counts: Vec<_> = log
        .iter()
        .filter(|entry| entry["deed"] == "earlier_told")
        .map(|entry| entry["detail"].clone())
        .collect();
    assert_eq!(counts, ["0", "1"], "{log:?}");

    // Whoever has objected for good is told of by nothing.
    let caller = row["caller"].as_str().unwrap();
    let word = live.callgist.ask(&["person", "object", caller])[0]["confirm"].as_str().unwrap().to_owned();
    live.callgist.ask(&["person", "object", caller, "--confirm", &word]);
    live.call = live.stage.call(live.stage.speech(4));
    std::thread::sleep(seconds(2));
    assert_eq!(told(&live, live.call.leg()), [UNSET, UNSET]);
    assert_eq!(live.callgist.kept()["no_summary_reason"], "excluded");
    live.stage.ended(live.call);
}

#[test]
fn unless_the_line_says_so_the_switch_is_told_nothing_of_earlier_notes() {
    let mut live = Live::scripted(|stage| stage.speech(4));
    live.callgist.step("forked");
    assert_eq!(told(&live, live.call.leg()), [UNSET, UNSET]);
    live.noted();
}

fn told(live: &Live, leg: &str) -> [String; 2] {
    ["callgist_earlier_notes", "callgist_link"].map(|name| live.stage.variable(leg, name))
}

#[test]
fn a_draft_that_nobody_approves_in_time_is_discarded_by_the_daemon_and_no_byte_of_it_is_left() {
    let on = |settings: String| settings + "discard_unapproved = true\n";
    let mut live = Live::with_settings(on, |stage| stage.speech(4));
    let row = live.callgist.kept();
    live.stage.ended(live.call);
    assert_ne!(row["draft_until"], serde_json::Value::Null, "{row}");
    let database = live.callgist.path("store/callgist.db");
    let held = |text: &str| {
        let files = std::fs::read_dir(database.parent().unwrap()).unwrap();
        let mut bytes = files.map(|file| std::fs::read(file.unwrap().path()).unwrap());
        bytes.any(|bytes| bytes.windows(text.len()).any(|window| window == text.as_bytes()))
    };
    assert!(held(NOTE));
    // Its minutes are over.
    rusqlite::Connection::open(&database).unwrap().execute("UPDATE drafts SET until = 1", []).unwrap();
    let says = "drafts that nobody approved in time were discarded";
    live.callgist.until("a draft discarded", seconds(30), |line| line["message"] == says);
    let row = live.callgist.ask(&["calls", "show", row["id"].as_str().unwrap()]).remove(0);
    assert_eq!(
        (&row["no_summary_reason"], &row["summary"]),
        (&"discarded".into(), &serde_json::Value::Null),
        "{row}"
    );
    assert!(!held(NOTE));
}
