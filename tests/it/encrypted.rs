//! An encrypted database, as an administrator sets it up: `callgist run` under all its limits keeps a note in it, and the
//! commands read it, with the key and not without.

use crate::live::sidecar::Sidecar;
use crate::scripted::NOTE;
use crate::stories::Stage;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

#[test]
fn a_call_is_kept_shown_copied_and_brought_back_and_no_file_tells_it_without_the_key() {
    let stage = Stage::scripted(|_| {});
    let key = key_file(stage.folder.path(), &"7f".repeat(32));
    let set = |settings: String| {
        settings.replace("[store]\n", &format!("[store]\nkey_file = \"{}\"\n", key.display()))
    };
    let mut sidecar = stage.sidecar_with(stage.switch.event_socket().port(), set);
    let call = stage.call(stage.speech(4));
    let id = sidecar.step("kept")["id"].as_str().unwrap().to_owned();
    stage.ended(call);
    tells_nothing(&sidecar.path("store"));

    let shown = with_settings(&sidecar, &["calls", "show", &id, "--json"]);
    assert!(String::from_utf8_lossy(&shown.stdout).contains(NOTE), "{shown:?}");
    let copy = sidecar.path("copies/copy.db");
    fs::create_dir(copy.parent().unwrap()).unwrap();
    assert!(with_settings(&sidecar, &["store", "backup", copy.to_str().unwrap()]).status.success());
    tells_nothing(copy.parent().unwrap());
    sidecar.ask_to_stop();
    sidecar.ended();
    tells_nothing(&sidecar.path("store"));

    fs::remove_file(sidecar.path("store/callgist.db")).unwrap();
    let restored = with_settings(&sidecar, &["store", "restore", copy.to_str().unwrap(), "--json"]);
    assert!(String::from_utf8_lossy(&restored.stdout).contains("\"calls\":1"), "{restored:?}");
    let without = callgist(&["calls", "list", "--database", copy.to_str().unwrap()]);
    assert_eq!(without.status.code(), Some(5));
    assert!(String::from_utf8_lossy(&without.stderr).contains("key_file"), "{without:?}");
    let [database, key] = [&copy, &key].map(|path| path.to_str().unwrap());
    let with = callgist(&["calls", "list", "--json", "--database", database, "--key-file", key]);
    assert!(String::from_utf8_lossy(&with.stdout).contains(NOTE), "{with:?}");
    let wrong = key_file(stage.folder.path(), &"80".repeat(32));
    let wrong = wrong.to_str().unwrap();
    assert_eq!(
        callgist(&["calls", "list", "--database", database, "--key-file", wrong]).status.code(),
        Some(5)
    );
}

fn key_file(folder: &Path, digits: &str) -> PathBuf {
    let file = folder.join(format!("key-{}", &digits[..2]));
    fs::write(&file, digits).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    file
}

fn with_settings(sidecar: &Sidecar, words: &[&str]) -> Output {
    let config = sidecar.path("callgist.toml");
    callgist(&[&["--config", config.to_str().unwrap()], words].concat())
}

fn callgist(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_callgist")).args(words).output().unwrap()
}

#[track_caller]
fn tells_nothing(folder: &Path) {
    let files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!files.is_empty());
    for file in files {
        let bytes = fs::read(&file).unwrap();
        for secret in [NOTE.as_bytes(), b"SQLite format 3", b"CREATE TABLE", b"352621123456"] {
            let found = bytes.windows(secret.len()).any(|window| window == secret);
            assert!(!found, "{} holds {}", file.display(), String::from_utf8_lossy(secret));
        }
    }
}
