//! `callgist models`: against a server of our own on loopback, which breaks off, changes its files and lies.

use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

#[test]
fn a_vosk_model_is_fetched_unpacked_and_listed() {
    let site = Site::with("/vosk-de/vosk-model-small-de-0.15.zip", packed("vosk-model-small-de-0.15/"));
    let models = TempDir::new().unwrap();
    let output = fetch(&site, models.path(), &["vosk-de"]);
    assert!(output.status.success(), "{}", told(&output));
    assert_eq!(fs::read(models.path().join("vosk-de/am/final.mdl")).unwrap(), MODEL);
    assert!(models.path().join("vosk-de/conf/mfcc.conf").is_file());
    assert_eq!(
        String::from_utf8_lossy(&output.stdout).trim(),
        models.path().join("vosk-de").to_string_lossy()
    );
    assert!(told(&output).contains("nobody has published a hash"), "{}", told(&output));
    assert!(!models.path().join(".fetch").exists(), "the fetch left something behind");
    let listed = list(models.path());
    let here = |name: &str| listed.iter().find(|row| row["model"] == name).unwrap()["here"].clone();
    // The large German model would stand in the same folder, and does not.
    assert_eq!(
        (here("vosk-de"), here("vosk-de-large"), here("vosk-fr")),
        ("yes".into(), "no".into(), "no".into())
    );
}

#[test]
fn a_model_that_is_here_is_not_fetched_again() {
    let site = Site::with("/vosk-fr/vosk-model-small-fr-0.22.zip", packed("m/"));
    let models = TempDir::new().unwrap();
    assert!(fetch(&site, models.path(), &["vosk-fr"]).status.success());
    let asked = site.asked().len();
    let output = fetch(&site, models.path(), &["vosk-fr"]);
    assert!(output.status.success() && told(&output).contains("here already"), "{}", told(&output));
    assert_eq!(site.asked().len(), asked);
}

#[test]
fn a_fetch_that_broke_off_goes_on_where_it_stopped() {
    let zip = packed("m/");
    let site = Site::with("/vosk-en/vosk-model-small-en-us-0.15.zip", zip.clone());
    site.shared.lock().unwrap().breaks_after = Some(zip.len() / 3);
    let models = TempDir::new().unwrap();
    let output = fetch(&site, models.path(), &["vosk-en"]);
    assert!(output.status.success(), "{}", told(&output));
    let asked = site.asked();
    assert_eq!(asked[0], None);
    assert_eq!(asked[1], Some(zip.len() / 3), "it began anew: {asked:?}");
    assert_eq!(fs::read(models.path().join("vosk-en/am/final.mdl")).unwrap(), MODEL);
}

#[test]
fn what_came_before_the_site_went_away_is_used_the_next_time() {
    let zip = packed("m/");
    let site = Site::with("/vosk-en/vosk-model-small-en-us-0.15.zip", zip.clone());
    let models = TempDir::new().unwrap();
    let part = models.path().join(".fetch/vosk-en/vosk-model-small-en-us-0.15.zip.part");
    fs::create_dir_all(part.parent().unwrap()).unwrap();
    fs::write(&part, &zip[..100]).unwrap();
    let output = fetch(&site, models.path(), &["vosk-en"]);
    assert!(output.status.success(), "{}", told(&output));
    assert_eq!(site.asked(), [Some(100)]);
}

#[test]
fn a_site_that_cannot_resume_gives_the_whole_file_and_no_mixture() {
    let zip = packed("m/");
    let site = Site::with("/vosk-en/vosk-model-small-en-us-0.15.zip", zip.clone());
    site.shared.lock().unwrap().resumes = false;
    site.shared.lock().unwrap().breaks_after = Some(zip.len() / 2);
    let models = TempDir::new().unwrap();
    let output = fetch(&site, models.path(), &["vosk-en"]);
    assert!(output.status.success(), "{}", told(&output));
    assert_eq!(fs::read(models.path().join("vosk-en/am/final.mdl")).unwrap(), MODEL);
}

#[test]
fn a_file_that_has_changed_since_the_first_fetch_is_refused_and_the_old_one_stays() {
    let path = "/vosk-de/vosk-model-small-de-0.15.zip";
    let site = Site::with(path, packed("m/"));
    let models = TempDir::new().unwrap();
    assert!(fetch(&site, models.path(), &["vosk-de"]).status.success());
    site.shared.lock().unwrap().files.insert(path.to_owned(), packed("another/"));
    let output = fetch(&site, models.path(), &["vosk-de", "--again"]);
    assert_eq!(output.status.code(), Some(8));
    assert!(told(&output).contains("kept in models.lock"), "{}", told(&output));
    assert_eq!(fs::read(models.path().join("vosk-de/am/final.mdl")).unwrap(), MODEL);
}

#[test]
fn a_file_with_another_hash_than_the_published_one_is_refused() {
    let site = Site::with("/whisper-base/config.json", b"{}".to_vec());
    let models = TempDir::new().unwrap();
    let output = fetch(&site, models.path(), &["whisper-base"]);
    assert_eq!(output.status.code(), Some(8));
    assert!(told(&output).contains("hash is published"), "{}", told(&output));
    assert!(!models.path().join("whisper-base").exists());
}

#[test]
fn whisper_base_is_fetched_with_all_that_the_ear_asks_for() {
    let cached = cached_whisper();
    let site = Site::default();
    for name in ["config.json", "tokenizer.json", "vocabulary.txt", "model.bin"] {
        let bytes = fs::read(cached.join(name)).unwrap();
        site.shared.lock().unwrap().files.insert(format!("/whisper-base/{name}"), bytes);
    }
    let models = TempDir::new().unwrap();
    let output = fetch(&site, models.path(), &["whisper-base"]);
    assert!(output.status.success(), "{}", told(&output));
    let folder = models.path().join("whisper-base");
    // The same folder as the one that `make models` lays out.
    for entry in fs::read_dir(&cached).unwrap() {
        let name = entry.unwrap().file_name();
        let [made, cached] = [&folder, &cached].map(|place| fs::read(place.join(&name)).unwrap());
        // A cache may be older than the file's layout.
        let same = name == "preprocessor_config.json" && json(&made) == json(&cached) || made == cached;
        assert!(same, "{name:?}");
    }
}

#[test]
fn a_zip_file_that_leads_out_of_its_folder_writes_nothing_there() {
    let zip = zipped(&[("../../../outside", b"x"), ("m/am/final.mdl", MODEL), ("m/conf/mfcc.conf", b"")]);
    let site = Site::with("/vosk-de/vosk-model-small-de-0.15.zip", zip);
    let models = TempDir::new().unwrap();
    let below = models.path().join("a/b");
    let output = fetch(&site, &below, &["vosk-de"]);
    assert_eq!(output.status.code(), Some(8), "{}", told(&output));
    for place in ["outside", "a/outside", "a/b/outside", "a/b/.fetch/outside"] {
        assert!(!models.path().join(place).exists(), "{place}");
    }
}

#[test]
fn a_zip_file_without_a_model_is_told() {
    let site = Site::with("/vosk-de/vosk-model-small-de-0.15.zip", zipped(&[("m/README", b"none")]));
    let models = TempDir::new().unwrap();
    let output = fetch(&site, models.path(), &["vosk-de"]);
    assert_eq!(output.status.code(), Some(8));
    assert!(told(&output).contains("came without am/final.mdl"), "{}", told(&output));
    assert!(!models.path().join("vosk-de").exists());
}

#[test]
fn an_unknown_model_a_missing_file_and_a_dead_site_are_told() {
    let models = TempDir::new().unwrap();
    let site = Site::default();
    let unknown = fetch(&site, models.path(), &["whisper-huge"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(told(&unknown).contains("vosk-en"), "{}", told(&unknown));
    let missing = fetch(&site, models.path(), &["vosk-de"]);
    assert_eq!(missing.status.code(), Some(8));
    assert!(told(&missing).contains("does not have it (404)"), "{}", told(&missing));
    let address = format!("http://{}", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap());
    let dead = callgist(&["models", "fetch", "vosk-de", "--from", &address, "--folder"], models.path());
    assert_eq!(dead.status.code(), Some(8));
    assert!(told(&dead).contains("is there a network?"), "{}", told(&dead));
}

#[test]
fn completions_and_the_manual_name_every_command() {
    let folder = TempDir::new().unwrap();
    for shell in ["bash", "zsh", "fish"] {
        let output = Command::new(PROGRAM).args(["completions", shell]).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains("doctor") && text.contains("models"), "{shell}: {text}");
    }
    assert!(callgist(&["man", "--out"], folder.path()).status.success());
    for page in ["callgist.1", "callgist-run.1", "callgist-models-fetch.1"] {
        let text = fs::read_to_string(folder.path().join(page)).unwrap();
        assert!(text.starts_with(".ie") || text.contains(".TH"), "{page}: {text}");
    }
}

// ---------------------------------------------------------------- the site

/// Answers GET, with ranges, one connection after the other, as long as the test runs.
#[derive(Default)]
struct Site {
    address: String,
    shared: Arc<Mutex<Shared>>,
}

struct Shared {
    files: BTreeMap<String, Vec<u8>>,
    /// Where each request wanted to go on.
    asked: Vec<Option<usize>>,
    /// The next answer ends after so many bytes.
    breaks_after: Option<usize>,
    resumes: bool,
}

impl Default for Shared {
    fn default() -> Shared {
        Shared { files: BTreeMap::new(), asked: Vec::new(), breaks_after: None, resumes: true }
    }
}

impl Site {
    fn with(path: &str, bytes: Vec<u8>) -> Site {
        let site = Site::default();
        site.shared.lock().unwrap().files.insert(path.to_owned(), bytes);
        site.open()
    }

    fn open(mut self) -> Site {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        self.address = format!("http://{}", listener.local_addr().unwrap());
        let shared = self.shared.clone();
        std::thread::spawn(move || listener.incoming().flatten().for_each(|stream| answer(stream, &shared)));
        self
    }

    fn asked(&self) -> Vec<Option<usize>> {
        self.shared.lock().unwrap().asked.clone()
    }
}

fn answer(mut stream: TcpStream, shared: &Mutex<Shared>) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
    let Some(first) = lines.next() else { return };
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut from = None;
    for line in lines.take_while(|line| !line.is_empty()) {
        let line = line.to_lowercase();
        if let Some(range) = line.strip_prefix("range: bytes=") {
            from = range.trim_end_matches('-').parse().ok();
        }
    }
    let mut shared = shared.lock().unwrap();
    shared.asked.push(from);
    let cut = shared.breaks_after.take();
    let Some(bytes) = shared.files.get(&path) else {
        let _ = stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        return;
    };
    let begin = from.filter(|_| shared.resumes).unwrap_or(0);
    let (status, range) = match begin {
        0 => ("200 OK", String::new()),
        _ => (
            "206 Partial Content",
            format!("Content-Range: bytes {begin}-{}/{}\r\n", bytes.len() - 1, bytes.len()),
        ),
    };
    let rest = &bytes[begin..];
    let head =
        format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n{range}Connection: close\r\n\r\n", rest.len());
    let end = cut.map_or(rest.len(), |cut| cut.min(rest.len()));
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&rest[..end]));
}

fn fetch(site: &Site, models: &Path, arguments: &[&str]) -> Output {
    let opened;
    let address = if site.address.is_empty() {
        opened = Site { address: String::new(), shared: site.shared.clone() }.open();
        &opened.address
    } else {
        &site.address
    };
    let mut all = vec!["models", "fetch", "--from", address];
    all.extend(arguments);
    all.push("--folder");
    callgist(&all, models)
}

fn list(models: &Path) -> Vec<Value> {
    let output = callgist(&["models", "list", "--json", "--folder"], models);
    serde_json::from_slice(&output.stdout).unwrap()
}

fn callgist(arguments: &[&str], folder: &Path) -> Output {
    Command::new(PROGRAM).args(arguments).arg(folder).output().unwrap()
}

fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A zip file with a made-up model in one folder.
fn packed(folder: &str) -> Vec<u8> {
    let (model, settings) = (format!("{folder}am/final.mdl"), format!("{folder}conf/mfcc.conf"));
    zipped(&[(&model, MODEL), (&settings, b"--sample-frequency=16000\n")])
}

fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    // Stored, so that it is long enough to break off in the middle.
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, bytes) in files {
        writer.start_file(*name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// Whisper base as `make models` laid it out.
fn cached_whisper() -> std::path::PathBuf {
    crate::live::sidecar::models().join("whisper-base")
}

const PROGRAM: &str = env!("CARGO_BIN_EXE_callgist");
const MODEL: &[u8] = &[7; 4_000];
