//! `callgist prove`, as an administrator starts it: it passes, and it fails for whatever is planted.

use crate::canary::Canary;
use crate::live::sidecar::{At, settings};
use crate::turn::Turn;
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

/// What the ear will have recognised; no digit of the phrase is in it.
const SAID: &str =
    "hello my washing machine leaks water and the door does not close any more please send somebody";

fn prove(arguments: &[&str], around: impl FnOnce(&mut Command) -> &mut Command) -> Output {
    prove_while(arguments, around, |_| {})
}

/// `meanwhile` gets the proof's folder as soon as its daemon has made a database in it.
fn prove_while(
    arguments: &[&str],
    around: impl FnOnce(&mut Command) -> &mut Command,
    meanwhile: impl FnOnce(&Path),
) -> Output {
    let _turn = Turn::alone();
    let temporary = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_callgist"));
    command.arg("prove").args(arguments).env("TMPDIR", temporary.path());
    let command = around(&mut command).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = command.spawn().unwrap();
    while running.try_wait().unwrap().is_none() {
        let folder = fs::read_dir(temporary.path()).unwrap().flatten().map(|entry| entry.path()).next();
        if let Some(folder) = folder.filter(|folder| folder.join("store/callgist.db").exists()) {
            meanwhile(&folder);
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let output = running.wait_with_output().unwrap();
    assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 0, "something was left behind");
    output
}

/// On a call that is heard by a scripted ear.
fn scripted(arguments: &[&str]) -> (Option<i32>, Value) {
    scripted_while(arguments, |_| {})
}

fn scripted_while(arguments: &[&str], meanwhile: impl FnOnce(&Path)) -> (Option<i32>, Value) {
    let canary = Canary::saying(SAID);
    let all = [arguments, &["--json", "--recogniser", "whisper", "--factor", "8"]].concat();
    let output = prove_while(&all, |command| canary.hears(command), meanwhile);
    let told = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("no JSON: {}", String::from_utf8_lossy(&output.stderr)));
    (output.status.code(), told)
}

fn has_swap() -> bool {
    fs::read_to_string("/proc/swaps").unwrap().lines().count() > 1
}

fn row<'a>(told: &'a Value, place: &str) -> &'a Value {
    let rows = told["report"]["places"].as_array().unwrap();
    rows.iter().find(|row| row["place"] == place).unwrap_or_else(|| panic!("no {place} in {told}"))
}

fn found_in(told: &Value) -> Vec<&str> {
    let rows = told["report"]["places"].as_array().unwrap();
    let found = rows.iter().filter(|row| !row["found"].as_array().unwrap().is_empty());
    found.map(|row| row["place"].as_str().unwrap()).collect()
}

#[test]
fn nothing_is_found_and_every_place_says_why() {
    let (code, told) = scripted(&[]);
    // A machine with swap cannot be searched whole, and the report says so.
    assert_eq!(code, Some(if has_swap() { 3 } else { 0 }), "{told:#}");
    assert_eq!(found_in(&told), Vec::<&str>::new());
    for place in ["log", "temp", "database", "wal", "state", "samples", "stdout", "stderr"] {
        assert_eq!(row(&told, place)["status"], "searched", "{told:#}");
    }
    assert!(row(&told, "log")["bytes"].as_u64().unwrap() > 1_000, "{told:#}");
    for row in told["report"]["places"].as_array().unwrap() {
        let status = row["status"].as_str().unwrap();
        assert!(["searched", "not present", "excluded", "not readable"].contains(&status), "{row}");
        assert!(row["evidence"].as_str().unwrap().len() > 10, "{row}");
    }
    assert!(told["report"]["call"]["words_recognised"].as_u64().unwrap() > 10, "{told:#}");
    let hashes = told["report"]["sha256"].as_object().unwrap();
    for file in ["callgist", "callgist-ear-whisper", "callgist.toml", "notice.wav"] {
        assert_eq!(hashes[file].as_str().unwrap().len(), 64, "{told:#}");
    }
}

#[test]
fn what_is_planted_in_a_place_is_found_there() {
    for place in places() {
        let (code, told) = scripted(&["--plant", &place]);
        assert_eq!(code, Some(1), "{place}: {told:#}");
        // Sound is found in the file in which it lies, too.
        let expected = if place == "samples" { vec!["temp", "samples"] } else { vec![place.as_str()] };
        assert_eq!(found_in(&told), expected, "{told:#}");
        let found = row(&told, &place)["found"].to_string();
        for part in match place.as_str() {
            // The store's folder is the only one that the kernel lets the daemon write to.
            "state" => ["/store/transcript.txt", "/state.json"].as_slice(),
            "wal" => &["callgist.db-wal", "during the call"],
            _ => &[],
        } {
            assert!(found.contains(part), "{found}");
        }
    }
}

#[test]
fn a_place_that_cannot_be_read_makes_the_proof_incomplete() {
    let (code, told) = scripted_while(&[], |folder| {
        // A gibibyte of holes.
        fs::File::create(folder.join("work/large")).unwrap().set_len(1 << 30).unwrap();
    });
    assert_eq!(code, Some(3), "{told:#}");
    assert_eq!(told["report"]["verdict"], "incomplete");
    let state = row(&told, "state");
    assert_eq!(state["status"], "not readable", "{state}");
    assert!(state["evidence"].as_str().unwrap().contains("/large: it is too large"), "{state}");
}

#[test]
fn a_report_is_left_signed_and_openssl_verifies_it() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let openssl = |arguments: &[&str]| Command::new("openssl").args(arguments).output().unwrap();
    openssl(&["genpkey", "-algorithm", "ed25519", "-out", &at("key.pem")]);
    openssl(&["pkey", "-in", &at("key.pem"), "-pubout", "-out", &at("public.pem")]);
    let (_, told) = scripted(&["--key", &at("key.pem"), "--out", &at("out"), "--plant", "state"]);
    assert_eq!(told["signature"]["algorithm"], "Ed25519");
    let (report, signature) = (at("out/proof.json"), at("out/proof.json.sig"));
    let verify = ["pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", &at("public.pem"), "-in", &report];
    let verify = [verify.as_slice(), &["-sigfile", &signature]].concat();
    assert!(openssl(&verify).status.success(), "{:?}", openssl(&verify));
    let text = fs::read_to_string(at("out/proof.txt")).unwrap();
    assert!(text.contains("RESULT: FOUND") && text.contains("Not proved:"), "{text}");
    let changed = fs::read_to_string(&report).unwrap().replace("FOUND", "nothing found");
    fs::write(&report, changed).unwrap();
    assert!(!openssl(&verify).status.success());
}

#[test]
fn the_hash_of_a_proof_goes_into_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let (config, database) = (folder.path().join("callgist.toml"), folder.path().join("store/callgist.db"));
    let notice = fs::canonicalize("sounds/en/8000/notice.wav").unwrap();
    let at = At { event_socket: 8_021, password_file: Path::new("/none"), notice: &notice };
    fs::write(&config, settings(folder.path(), &at)).unwrap();
    fs::create_dir(database.parent().unwrap()).unwrap();
    drop(callgist::store::Store::open(&database).unwrap());
    let (_, told) = scripted(&["--config", config.to_str().unwrap()]);
    let mut log = Command::new(env!("CARGO_BIN_EXE_callgist"));
    let log = log.args(["log", "export", "--database"]).arg(&database).output().unwrap();
    let log = String::from_utf8(log.stdout).unwrap();
    let hash = &told["sha256"].as_str().unwrap()[..32];
    assert!(log.lines().any(|line| line.contains("proof_made") && line.contains(hash)), "{log}");
}

#[test]
fn a_call_of_which_nothing_was_recognised_proves_nothing() {
    let canary = Canary::saying("");
    let output = prove(&["--recogniser", "whisper", "--factor", "8"], |command| canary.hears(command));
    assert_eq!(output.status.code(), Some(4));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("no word was recognised"), "{said}");
}

#[test]
fn the_help_names_every_place_and_a_wrong_one_is_a_mistake_of_usage() {
    let help = prove(&["--help"], |command| command);
    let help = String::from_utf8(help.stdout).unwrap();
    let listed =
        help.lines().find_map(|line| line.strip_prefix("Places that are searched, and that --plant takes: "));
    assert_eq!(listed.unwrap(), places().join(", ") + ".", "{help}");
    for place in ["log", "temp", "database", "wal", "state", "stdout", "stderr", "journal", "core", "samples"]
    {
        assert!(places().contains(&place.to_owned()), "{place}");
    }
}

/// Every place that `--plant` takes, as the refusal of a wrong one lists them.
fn places() -> Vec<String> {
    let refused = prove(&["--plant", "moon"], |command| command);
    assert_eq!(refused.status.code(), Some(2));
    let said = String::from_utf8(refused.stderr).unwrap();
    let listed = said.lines().find_map(|line| line.trim().strip_prefix("[possible values: ")).unwrap();
    listed.trim_end_matches(']').split(", ").map(str::to_owned).collect()
}

#[cfg(feature = "whisper")]
#[test]
fn nothing_is_found_of_what_the_real_ear_heard() {
    let output = prove(&["--json", "--recogniser", "whisper"], |command| command);
    let told: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("no JSON: {}", String::from_utf8_lossy(&output.stderr)));
    assert_eq!(found_in(&told), Vec::<&str>::new());
    // Whisper writes a row of digits as one word.
    assert_eq!(output.status.code(), Some(if has_swap() { 3 } else { 0 }), "{told:#}");
}
