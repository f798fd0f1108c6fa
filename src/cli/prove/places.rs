//! Where the processes could have left something goes in; for each place comes out whether it was searched, and what
//! was found there.

use super::dumpable::Dumpable;
use super::journal;
use super::listing::Listing;
use super::search::{NOTE, Search, is_sound};
use super::watch::Seen;
use super::watched;
use crate::cli::counter::counted;
use clap::ValueEnum;
use rustix::fs::Access;
use serde::Serialize;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// A place that is searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// Every line of the daemon's log, at the level TRACE.
    Log,
    /// The folder for temporary files, /tmp, /var/tmp and /dev/shm: what has changed since the start.
    Temp,
    /// The SQLite file, byte by byte, with its free pages, but without the note itself.
    Database,
    /// The database's write-ahead log and its like, also as they were during the call.
    Wal,
    /// All else in the folders of the settings and of the database, the only one that the daemon may write to, and in
    /// the working folder.
    State,
    /// All that the daemon wrote to its standard output.
    Stdout,
    /// All that it wrote to its standard error beside the log.
    Stderr,
    /// The system's journal, as all programs wrote it, and its log files, both since the start.
    Journal,
    /// Core files, where this kernel would put them.
    Core,
    /// The sound of the phrase, in all files of the places above.
    Samples,
}

/// What became of a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Searched,
    #[serde(rename = "not present")]
    NotPresent,
    /// Nothing of ours can be there; the evidence says why.
    Excluded,
    #[serde(rename = "not readable")]
    NotReadable,
}

impl Status {
    pub fn words(self) -> &'static str {
        match self {
            Status::Searched => "searched",
            Status::NotPresent => "not present",
            Status::Excluded => "excluded",
            Status::NotReadable => "NOT READABLE",
        }
    }
}

/// One row of the report.
#[derive(Debug, Serialize)]
pub struct Finding {
    pub place: String,
    pub status: Status,
    /// Where the phrase was found, and in which form.
    pub found: Vec<String>,
    pub files: usize,
    pub bytes: u64,
    pub evidence: String,
}

/// Where things are.
pub struct Ground {
    /// Our own folder; all that is in it is searched.
    pub log: PathBuf,
    pub stdout: PathBuf,
    pub stderr: PathBuf,
    /// What stands for the journal where this machine has none.
    pub journal: PathBuf,
    pub database: PathBuf,
    /// The daemon's own folder for temporary files.
    pub temp: PathBuf,
    /// The daemon's working folder.
    pub work: PathBuf,
    /// The settings' folder; all of the above may be in it.
    pub home: PathBuf,
    /// What was written before is not ours.
    pub since: SystemTime,
    /// The note that the call got; it is meant to be kept.
    pub note: Option<String>,
}

/// Searches every place.
pub fn search(ground: &Ground, seen: &Seen, search: &Search) -> Vec<Finding> {
    let mut all = Looks { search, sound: Tally::of(Place::Samples), note: ground.note.as_deref() };
    let mut findings = vec![
        all.files(Place::Log, vec![ground.log.clone()].into(), "standard error, every line that is JSON"),
        temp(ground, &mut all),
        all.files(
            Place::Database,
            vec![ground.database.clone()].into(),
            "byte by byte; the note's own text is left out",
        ),
        wal(ground, seen, &mut all),
        all.files(
            Place::State,
            state(ground),
            "all else in the folders of the settings and of the database, and in the working folder",
        ),
        all.files(Place::Stdout, vec![ground.stdout.clone()].into(), "all that was written to it"),
        all.files(Place::Stderr, vec![ground.stderr.clone()].into(), "all that is no line of the log"),
        journal(ground, &mut all),
        core(ground, seen, &mut all),
    ];
    let (sound, windows) = (all.sound, search.windows());
    findings.push(Finding {
        place: name(Place::Samples),
        status: Status::Searched,
        found: sound.found.into_iter().collect(),
        files: sound.files,
        bytes: sound.bytes,
        evidence: format!("{windows} windows of 10 ms in five forms, in every file above"),
    });
    findings.extend(watched::rows(ground, seen));
    findings
}

pub fn name(place: Place) -> String {
    place.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

/// What was looked at so far in a place.
struct Tally {
    place: Place,
    found: BTreeSet<String>,
    files: usize,
    bytes: u64,
    unread: Vec<String>,
}

impl Tally {
    fn of(place: Place) -> Tally {
        Tally { place, found: BTreeSet::new(), files: 0, bytes: 0, unread: Vec::new() }
    }

    /// The note is kept in the database on purpose, and comes there through its log.
    fn may_hold_the_note(&self) -> bool {
        matches!(self.place, Place::Database | Place::Wal)
    }
}

struct Looks<'a> {
    search: &'a Search,
    /// Samples, wherever they are found.
    sound: Tally,
    note: Option<&'a str>,
}

impl Looks<'_> {
    /// Searches files; one that is not there any more holds nothing.
    fn files(&mut self, place: Place, files: Listing, evidence: &str) -> Finding {
        let mut tally = Tally::of(place);
        self.all(files, &mut tally);
        finding(tally, evidence.to_owned())
    }

    fn all(&mut self, listing: Listing, tally: &mut Tally) {
        tally
            .unread
            .extend(listing.unlisted.iter().map(|(path, error)| format!("{}: {error}", path.display())));
        for path in listing.files {
            match fs::metadata(&path).and_then(|about| read(&path, about.len())) {
                Ok(bytes) => self.bytes(&path.display().to_string(), bytes, tally),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => tally.unread.push(format!("{}: {error}", path.display())),
            }
        }
    }

    fn bytes(&mut self, name: &str, mut bytes: Vec<u8>, tally: &mut Tally) {
        if let Some(note) = self.note.filter(|note| !note.is_empty() && tally.may_hold_the_note()) {
            blank(&mut bytes, note.as_bytes());
        }
        tally.files += 1;
        tally.bytes += bytes.len() as u64;
        self.sound.files += 1;
        self.sound.bytes += bytes.len() as u64;
        for form in self.search.look(&bytes) {
            if form == NOTE && tally.may_hold_the_note() {
                continue;
            }
            let told = format!("{name}: {form}");
            // Sound counts for its own place too: wherever it lies, it is found twice.
            if is_sound(form) {
                self.sound.found.insert(told.clone());
            }
            tally.found.insert(told);
        }
    }
}

fn finding(tally: Tally, evidence: String) -> Finding {
    let status = match (tally.unread.is_empty(), tally.files) {
        (false, _) => Status::NotReadable,
        (true, 0) => Status::NotPresent,
        (true, _) => Status::Searched,
    };
    let unread =
        tally.unread.iter().map(|unread| format!("; could not be read: {unread}")).collect::<String>();
    let found = tally.found.into_iter().collect();
    Finding {
        place: name(tally.place),
        status,
        found,
        files: tally.files,
        bytes: tally.bytes,
        evidence: evidence + &unread,
    }
}

/// The note stands where it is meant to stand.
fn blank(bytes: &mut [u8], note: &[u8]) {
    let mut at = 0;
    while at + note.len() <= bytes.len() {
        if bytes[at..].starts_with(note) {
            bytes[at..at + note.len()].fill(0x80);
            at += note.len();
        } else {
            at += 1;
        }
    }
}

fn read(path: &Path, length: u64) -> std::io::Result<Vec<u8>> {
    if length > LARGEST {
        return Err(std::io::Error::other("it is too large to be searched"));
    }
    fs::read(path)
}

fn temp(ground: &Ground, all: &mut Looks<'_>) -> Finding {
    let mut tally = Tally::of(Place::Temp);
    all.all(Listing::below(&ground.temp, None), &mut tally);
    let changed = Listing::of_all(["/tmp", "/var/tmp", "/dev/shm"], Some(ground.since));
    let mut ours = changed.without(|path| mine(ground, path));
    let all_users = ours.files.len() + ours.unlisted.len();
    ours.files.retain(|path| is_ours(path));
    ours.unlisted.retain(|(path, _)| may_write(path));
    let others = all_users - ours.files.len() - ours.unlisted.len();
    all.all(ours, &mut tally);
    let evidence = format!(
        "the daemon's own TMPDIR, and what changed in /tmp, /var/tmp and /dev/shm (left out: {} of other users, \
         and folders of theirs into which this user may not write)",
        counted(others, "file", "files")
    );
    let mut finding = finding(tally, evidence);
    if finding.status == Status::NotPresent {
        finding.status = Status::Searched;
        finding.evidence += "; all of them are empty";
    }
    finding
}

/// The daemon runs as the user that proves.
fn is_ours(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|about| about.uid() == rustix::process::getuid().as_raw())
}

fn may_write(path: &Path) -> bool {
    rustix::fs::access(path, Access::WRITE_OK | Access::EXEC_OK).is_ok()
}

/// Whether it is in a folder that is searched whole.
pub fn mine(ground: &Ground, path: &Path) -> bool {
    homes(ground).iter().any(|home| path.starts_with(home))
}

/// The folders that the daemon was given: of the settings, of the database, to work in, and for temporary files.
fn homes(ground: &Ground) -> BTreeSet<&Path> {
    let store = ground.database.parent();
    [ground.home.as_path(), &ground.work, &ground.temp].into_iter().chain(store).collect()
}

fn wal(ground: &Ground, seen: &Seen, all: &mut Looks<'_>) -> Finding {
    let mut tally = Tally::of(Place::Wal);
    all.all(beside_the_database(ground).to_vec().into(), &mut tally);
    for (number, copy) in seen.wals.iter().enumerate() {
        all.bytes(&format!("write-ahead log during the call, copy {number}"), copy.clone(), &mut tally);
    }
    let evidence = format!(
        "what is left after the end, and {} taken during the call",
        counted(seen.wals.len(), "copy", "copies")
    );
    finding(tally, evidence)
}

fn beside_the_database(ground: &Ground) -> [PathBuf; 3] {
    ["db-wal", "db-shm", "db-journal"].map(|end| ground.database.with_extension(end))
}

/// What is in the daemon's folders and is no other place's.
fn state(ground: &Ground) -> Listing {
    Listing::of_all(homes(ground), None).without(|path| is_another_places(ground, path))
}

fn is_another_places(ground: &Ground, path: &Path) -> bool {
    let files = [&ground.log, &ground.stdout, &ground.stderr, &ground.journal, &ground.database];
    files.into_iter().any(|file| file == path)
        || beside_the_database(ground).iter().any(|file| file == path)
        || path.starts_with(&ground.temp)
        || path.starts_with(&ground.work) && is_core(path)
}

fn journal(ground: &Ground, all: &mut Looks<'_>) -> Finding {
    let mut tally = Tally::of(Place::Journal);
    let exported = journal::is_there().then(|| journal::export(ground.since));
    let journal = match exported {
        None => "no journal runs on this machine",
        Some(Ok(bytes)) => {
            all.bytes("the journal", bytes, &mut tally);
            "all that journalctl exports since the start"
        }
        Some(Err(why)) => {
            tally.unread.push(format!("the journal: {why:#}"));
            "there is a journal"
        }
    };
    all.all(vec![ground.journal.clone()].into(), &mut tally);
    all.all(Listing::of_all(["/var/log", "/run/log"], Some(ground.since)), &mut tally);
    finding(tally, format!("{journal}; every file that changed in /var/log and /run/log"))
}

fn core(ground: &Ground, seen: &Seen, all: &mut Looks<'_>) -> Finding {
    let pattern = fs::read_to_string("/proc/sys/kernel/core_pattern").unwrap_or_default();
    let pattern = pattern.trim();
    let mut folders: Vec<PathBuf> =
        ["/var/lib/systemd/coredump", "/var/crash", "/cores"].map(PathBuf::from).into();
    if let Some(folder) = Path::new(pattern).parent().filter(|_| pattern.starts_with('/')) {
        folders.push(folder.to_owned());
    }
    let files = Listing::of_all(&folders, Some(ground.since))
        .and(Listing::below(&ground.work, None).without(|path| !is_core(path)));
    let mut finding = all.files(Place::Core, files, "");
    finding.evidence = format!("core_pattern is \"{pattern}\"; {}{}", cores_allowed(seen), finding.evidence);
    if finding.status == Status::NotPresent {
        let excluded = no_core_is_possible(seen, pattern.starts_with('|'));
        finding.status = if excluded { Status::Excluded } else { Status::NotReadable };
    }
    finding
}

/// The kernel writes no core of a process that is not dumpable; where `core_pattern` is a pipe it does not ask for the limit.
fn no_core_is_possible(seen: &Seen, pipe: bool) -> bool {
    let dumpable = seen.dumpable.values().any(|dumpable| *dumpable != Dumpable::No);
    let all_known = !seen.processes.is_empty() && seen.dumpable.len() == seen.processes.len();
    all_known && !dumpable || !pipe && seen.core_allowed.is_empty()
}

fn cores_allowed(seen: &Seen) -> String {
    let all = seen.processes.len();
    let count = |wanted| seen.dumpable.values().filter(|dumpable| **dumpable == wanted).count();
    format!(
        "of {}, at each of {}, {} had a limit for core files of zero, and of {} the kernel refused to show \
         the memory to somebody with the same user and the same rights, as it does where a process is not dumpable; {} \
         could be dumped, and of {} it could not be seen",
        counted(all, "process", "processes"),
        counted(seen.looks, "look", "looks"),
        all - seen.core_allowed.len(),
        count(Dumpable::No),
        count(Dumpable::Yes),
        all - count(Dumpable::No) - count(Dumpable::Yes),
    )
}

fn is_core(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("core"))
}

/// A larger file is said not to be readable.
const LARGEST: u64 = 256 << 20;

#[cfg(test)]
mod tests {
    use super::super::phrase::{Phrase, written};
    use super::*;

    #[test]
    fn a_core_is_excluded_by_what_was_seen_of_every_process() {
        let seen = |dumpable: &[Dumpable], limited: bool| Seen {
            processes: (0..2).map(|process| (process, "callgist".to_owned())).collect(),
            dumpable: (0..).zip(dumpable.iter().copied()).collect(),
            core_allowed: if limited { BTreeSet::new() } else { BTreeSet::from([1]) },
            ..Seen::default()
        };
        use Dumpable::{No, Unknown, Yes};
        for pipe in [false, true] {
            assert!(no_core_is_possible(&seen(&[No, No], true), pipe));
            assert!(no_core_is_possible(&seen(&[No, No], false), pipe));
            for less in [vec![No], vec![No, Unknown], vec![No, Yes]] {
                // The limit alone is enough where the kernel asks for it.
                assert_eq!(no_core_is_possible(&seen(&less, true), pipe), !pipe, "{less:?}");
                assert!(!no_core_is_possible(&seen(&less, false), pipe), "{less:?}");
            }
        }
        assert!(!no_core_is_possible(&Seen::default(), true));
    }

    #[test]
    fn the_note_may_be_in_the_database_and_in_its_log_and_nowhere_else() {
        let phrase = Phrase::draw().unwrap();
        let number = format!("The caller gave the number {}.", written(&phrase.caller));
        for note in ["The caller reported a leaking washing machine.", &number] {
            let search = Search::new(&phrase).and_note(note);
            for place in Place::value_variants() {
                let mut looks = Looks { search: &search, sound: Tally::of(Place::Samples), note: Some(note) };
                let mut tally = Tally::of(*place);
                looks.bytes("file", format!("\0\x07{note}\0").into(), &mut tally);
                assert_eq!(tally.found.is_empty(), tally.may_hold_the_note(), "{place:?}: {:?}", tally.found);
            }
        }
    }
}
