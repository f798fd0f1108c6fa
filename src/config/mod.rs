//! `callgist.toml` goes in, a checked [`Config`] comes out, or every problem of the file at once.
//!
//! The commented file that `callgist config default` prints is [`DEFAULT`]; a test parses it, so it cannot lie.

mod agent_leg;
mod agents;
mod basis;
mod mode;
mod never_heard;
pub mod private;
mod profile;
mod read;
mod switches;

pub use agent_leg::day;
pub use agents::Agents;
pub use basis::{Bases, Basis};
pub use mode::Mode;
pub use never_heard::NeverHeard;
pub use profile::{Profile, Remark};
pub use read::{Problem, Problems};
#[cfg(test)]
pub(crate) use switches::TWO;
pub use switches::{Secret, Switch, names};

use crate::border::{LeftOut, Recogniser};
use crate::call::{AgentLeg, Language, Number};
use jiff::civil::Date;
use read::Section;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// The commented default file.
pub const DEFAULT: &str = include_str!("callgist.toml");

/// All settings.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// At least one.
    pub switches: Vec<Switch>,
    pub sip: Sip,
    pub store: Store,
    pub ears: Ears,
    pub sandbox: Sandbox,
    /// Where questions about the do-not-contact list are answered by HTTP; nowhere unless it is set.
    pub http: Option<SocketAddr>,
    pub lines: Vec<Line>,
}

/// The user agent that takes copies.
#[derive(Clone, Debug, PartialEq)]
pub struct Sip {
    pub listen: SocketAddr,
    pub first_rtp_port: u16,
    pub last_rtp_port: u16,
}

impl Sip {
    /// Of how many copies each has a port: RTP's are even (RFC 3550, section 11).
    pub fn ports(&self) -> usize {
        (self.first_rtp_port..=self.last_rtp_port).filter(|port| port % 2 == 0).count()
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Store {
    pub database: PathBuf,
    /// The file with the key of an encrypted database.
    pub key_file: Option<PathBuf>,
    /// The file with the key of the numbers on the do-not-contact list.
    pub contacts_key_file: Option<PathBuf>,
    pub keep_log_days: u32,
    /// Standing objections; nothing is until they are taken back.
    pub keep_objections_days: Option<u32>,
    /// Ids of what was erased, without which a restore would bring it back.
    pub keep_erased_days: u32,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Ears {
    pub models: PathBuf,
    pub threads: u16,
    pub rotate_after_calls: u32,
    pub rotate_after_hours: u32,
    pub audio_budget_s: u32,
    pub max_calls: u32,
    pub memory_reserve_mb: u32,
}

/// What a kernel that cannot restrict everything means for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sandbox {
    /// We do not run.
    Strict,
    /// We run, and say what is missing.
    BestEffort,
}

/// One main-line number.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    pub name: String,
    /// The name of its switch; the only one may have none.
    pub switch: Option<String>,
    pub mode: Mode,
    /// What only whoever answers for the line can decide, and has not: nobody is told or heard until it is set.
    pub unset: Vec<&'static str>,
    /// Calls of a doctor, a lawyer, a counsellor: only callers who have agreed are heard (Art. 9 GDPR).
    pub special_categories: bool,
    pub number: Number,
    pub country_code: String,
    pub language: Language,
    pub recogniser: Choice,
    pub notice: PathBuf,
    pub notice_version: String,
    pub keep_notes_days: u32,
    pub keep_rows_days: u32,
    /// Entries not to be contacted that have no end of their own; nothing is until they are withdrawn.
    pub keep_wishes_days: Option<u32>,
    /// For so long after the call its note is a draft; 0 for no time.
    pub draft_minutes: u32,
    /// A draft that nobody has approved is discarded then.
    pub discard_unapproved: bool,
    /// A caller who is transferred to somebody outside is listened to there, too.
    pub listen_outside: bool,
    /// How the row and the note tell who had the call.
    pub agents: Agents,
    /// What is left out of notes, beside what no note holds.
    pub redact: LeftOut,
    /// The switch is told how many earlier notes of a caller's there are.
    pub tell_earlier_notes: bool,
    pub never_heard: NeverHeard,
    pub agent_leg: AgentLeg,
    pub profile: Option<Profile>,
    pub told: Told,
}

/// What the texts for callers and staff say of a line; nothing where it is not set, and then a placeholder stands there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    pub controller: Option<String>,
    pub address: Option<String>,
    pub contact: Option<String>,
    pub dpo: Option<String>,
    pub authority: Option<String>,
    pub privacy_page: Option<String>,
    /// Who processes the data for whoever answers for the line (Art. 28 GDPR); none where nobody does.
    pub processors: Vec<String>,
    pub bases: Bases,
    /// Why what is spoken may be processed at all, which is another law's question.
    pub speech_permission: Option<String>,
    /// Where and when the balancing of interests was documented.
    pub balancing: Option<String>,
    /// The day on which the agents were told that what they say is processed.
    pub employees_told: Option<Date>,
    /// The switch never records calls of this line.
    pub never_recorded: bool,
    /// The switch may record calls of this line, and its notice and texts tell so.
    pub recordings_told: bool,
    /// The version of the texts that were published last.
    pub texts_version: Option<String>,
}

/// Which recogniser a line wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    Auto,
    Fixed(Recogniser),
}

impl Config {
    /// Reads the file; every problem is reported, not only the first.
    pub fn load(path: &Path) -> Result<Config, Problems> {
        let text = std::fs::read_to_string(path).map_err(|error| Problems::unreadable(path, &error))?;
        Config::parse(&text)
    }

    pub fn parse(text: &str) -> Result<Config, Problems> {
        let mut problems = Vec::new();
        let root = read::document(text, &mut problems);
        let config = root.map(|root| config(root, &mut problems));
        match config {
            Some(config) if problems.is_empty() => Ok(config),
            _ => Err(Problems::new(problems)),
        }
    }

    /// The first digits of a hash over all that is set, secrets left out: the log tells by it when settings changed.
    pub fn version(&self) -> String {
        use sha2::{Digest, Sha256};
        let numbers: Vec<&str> = self.lines.iter().map(|line| line.number.as_str()).collect();
        // They print masked.
        let never_heard: String = self.lines.iter().map(|line| line.never_heard.spelled()).collect();
        let digest = Sha256::digest(format!("{self:?} {numbers:?} {never_heard}").as_bytes());
        digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }

    pub fn line(&self, name: &str) -> Option<&Line> {
        self.lines.iter().find(|line| line.name == name)
    }

    /// Of how many calls at once every copy has a port, whichever line they come to.
    pub fn calls(&self) -> usize {
        calls(&self.sip, &self.lines)
    }

    /// The lines of the switch of that name.
    pub fn lines_at(&self, switch: Option<&str>) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(move |line| line.switch.as_deref() == switch)
    }

    /// The switch that the line is on.
    pub fn switch_of(&self, line: &Line) -> &Switch {
        let found = self.switches.iter().find(|switch| switch.name == line.switch);
        found.unwrap_or_else(|| unreachable!("settings with a line on no switch are refused"))
    }
}

fn config(mut root: Section<'_>, problems: &mut Vec<Problem>) -> Config {
    let switches = switches::switches(&mut root, problems);
    let sip = sip(root.section("sip", "write it once", problems), problems);
    let store = store(root.section("store", "write it once", problems), &switches, problems);
    let ears = root.section("ears", "write it once", problems);
    let sandbox = sandbox(root.section("sandbox", "write it once", problems), problems);
    let http = http(root.section("http", "write it once", problems), problems);
    let lines: Vec<Line> =
        root.sections("line").into_iter().map(|section| line(section, &switches, problems)).collect();
    let ears = self::ears(ears, (&sip, &lines), problems);
    if lines.is_empty() {
        problems.push(Problem::new(
            0,
            "there is no [[line]]: add one for each main-line number (callgist config default shows it)",
        ));
    }
    check_erased(&store, &lines, problems);
    for (index, line) in lines.iter().enumerate() {
        if lines[..index].iter().any(|other| other.name == line.name) {
            problems.push(Problem::new(
                0,
                &format!("two lines are named \"{}\": give each its own name", line.name),
            ));
        }
    }
    root.finish(problems);
    Config { switches, sip, store, ears, sandbox, http, lines }
}

/// An id that goes before its row would have gone lets a restore bring that row back.
fn check_erased(store: &Store, lines: &[Line], problems: &mut Vec<Problem>) {
    let days =
        |line: &Line| line.keep_notes_days.max(line.keep_rows_days).max(line.keep_wishes_days.unwrap_or(0));
    let longest = lines.iter().map(days).chain(store.keep_objections_days).max().unwrap_or(0);
    if store.keep_erased_days < longest {
        let what = format!(
            "[store] keep_erased_days is {}, and rows, wishes or objections stay for {longest} days: make it {longest} \
             at least, or a restore brings back what was erased",
            store.keep_erased_days
        );
        problems.push(Problem::new(0, &what));
    }
}

fn sip(mut section: Section<'_>, problems: &mut Vec<Problem>) -> Sip {
    let text = section.text("listen", Some("127.0.0.1:5090"), problems);
    let listen = match text.parse::<SocketAddr>() {
        Ok(address) if address.ip().is_loopback() => address,
        _ => {
            section.wrong(
                "listen",
                "must be a loopback address and a port, such as 127.0.0.1:5090",
                problems,
            );
            SocketAddr::from(([127, 0, 0, 1], 5090))
        }
    };
    let first = section.whole("first_rtp_port", Some(30_000), 1_024..=65_534, problems) as u16;
    let last = section.whole("last_rtp_port", Some(30_499), 1_025..=65_535, problems) as u16;
    if last <= first {
        section.wrong("last_rtp_port", "must be larger than first_rtp_port", problems);
    }
    let sip = Sip { listen, first_rtp_port: first, last_rtp_port: last };
    if last > first && sip.ports() < 2 {
        section.wrong(
            "last_rtp_port",
            "must leave two even ports for the copies of one call at least",
            problems,
        );
    }
    section.finish(problems);
    sip
}

fn store(mut section: Section<'_>, switches: &[Switch], problems: &mut Vec<Problem>) -> Store {
    let database = section.path("database", Some("/var/lib/callgist/callgist.db"), problems);
    let key_file = section.optional_path("key_file", problems);
    if key_file.is_some() && !cfg!(feature = "sqlcipher") {
        section.wrong("key_file", &format!("cannot be used: {NO_ENCRYPTION}"), problems);
    }
    let contacts_key_file = section.optional_path("contacts_key_file", problems);
    // Of several files of one name a service manager's folder holds one alone.
    let named = |file: &Path| file.file_name().map(ToOwned::to_owned);
    let mut others = switches.iter().filter_map(Switch::password_file).chain(key_file.as_deref());
    if let Some(name) = contacts_key_file.as_deref().and_then(named)
        && others.any(|other| named(other).as_ref() == Some(&name))
    {
        let says = "has the name of another key's or password's file: take a key and a name of its own";
        section.wrong("contacts_key_file", says, problems);
    }
    let keep_log_days = section.whole("keep_log_days", Some(1_095), 1..=36_500, problems) as u32;
    let keep_objections_days =
        section.optional_whole("keep_objections_days", 1..=36_500, problems).map(|days| days as u32);
    let keep_erased_days = section.whole("keep_erased_days", Some(3_650), 1..=36_500, problems) as u32;
    section.finish(problems);
    Store { database, key_file, contacts_key_file, keep_log_days, keep_objections_days, keep_erased_days }
}

fn sandbox(mut section: Section<'_>, problems: &mut Vec<Problem>) -> Sandbox {
    let kernel = match section.text("kernel", Some("best-effort"), problems).as_str() {
        "strict" => Sandbox::Strict,
        "best-effort" => Sandbox::BestEffort,
        _ => {
            section.wrong("kernel", "must be \"strict\" or \"best-effort\"", problems);
            Sandbox::Strict
        }
    };
    section.finish(problems);
    kernel
}

fn http(mut section: Section<'_>, problems: &mut Vec<Problem>) -> Option<SocketAddr> {
    let text = section.optional_text("listen", problems);
    let listen = text.and_then(|text| match text.parse::<SocketAddr>() {
        Ok(address) if address.ip().is_loopback() => Some(address),
        _ => {
            section.wrong(
                "listen",
                "must be a loopback address and a port, such as 127.0.0.1:8090: whoever can reach it learns who is on \
                 the list, so only programs of this host may",
                problems,
            );
            None
        }
    });
    section.finish(problems);
    listen
}

fn calls(sip: &Sip, lines: &[Line]) -> usize {
    let copies = lines.iter().map(|line| line.agent_leg.voices().len()).max();
    sip.ports() / copies.unwrap_or(2)
}

fn ears(mut section: Section<'_>, (sip, lines): (&Sip, &[Line]), problems: &mut Vec<Problem>) -> Ears {
    let ears = Ears {
        models: section.path("models", Some("/usr/share/callgist/models"), problems),
        threads: section.whole("threads", Some(1), 1..=64, problems) as u16,
        rotate_after_calls: section.whole("rotate_after_calls", Some(200), 1..=1_000_000, problems) as u32,
        rotate_after_hours: section.whole("rotate_after_hours", Some(12), 1..=720, problems) as u32,
        audio_budget_s: section.whole("audio_budget_s", Some(1_800), 60..=100_000, problems) as u32,
        max_calls: section.whole("max_calls", Some(0), 0..=10_000, problems) as u32,
        memory_reserve_mb: section.whole("memory_reserve_mb", Some(256), 0..=100_000_000, problems) as u32,
    };
    let room = calls(sip, lines);
    if room > 0 && ears.max_calls as usize > room {
        let says = format!(
            "needs two even RTP ports for each call, or one where no line's agents are heard, and there are enough for \
             {room}: widen [sip] first_rtp_port to last_rtp_port"
        );
        section.wrong("max_calls", &says, problems);
    }
    section.finish(problems);
    ears
}

fn line(mut section: Section<'_>, switches: &[Switch], problems: &mut Vec<Problem>) -> Line {
    let name = section.text("name", None, problems);
    if !is_name(&name) {
        section.wrong("name", "must be letters, digits, - and _ only, as the snippet exports it", problems);
    }
    let switch = switches::of_line(&mut section, switches, problems);
    let [mode_set, retention_set] = ["mode", "keep_notes_days"].map(|key| section.has(key));
    let mode = mode::mode(&mut section, problems);
    let special_categories = mode::special_categories(&mut section, &mode, problems);
    let number = section.text("number", None, problems);
    let number = Number::new(&number).ok().filter(|_| number.starts_with('+')).unwrap_or_else(|| {
        section.wrong("number", "must be in E.164 form, such as \"+352260000\"", problems);
        Number::new("00").unwrap_or_else(|_| unreachable!("two digits are a number"))
    });
    let country_code = section.text("country_code", Some(""), problems);
    if country_code.len() > 3 || !country_code.bytes().all(|b| b.is_ascii_digit()) {
        section.wrong("country_code", "must be one to three digits, such as \"49\"", problems);
    }
    let language = match section.text("language", None, problems).as_str() {
        "en" => Language::En,
        "de" => Language::De,
        "fr" => Language::Fr,
        _ => {
            section.wrong("language", "must be \"en\", \"de\" or \"fr\"", problems);
            Language::En
        }
    };
    let recogniser = match section.text("recogniser", Some("auto"), problems).as_str() {
        "auto" => Choice::Auto,
        "vosk" => Choice::Fixed(Recogniser::Vosk),
        "whisper" => Choice::Fixed(Recogniser::Whisper),
        _ => {
            section.wrong("recogniser", "must be \"auto\", \"vosk\" or \"whisper\"", problems);
            Choice::Auto
        }
    };
    let notice = section.path("notice", None, problems);
    if !is_plain(&notice) {
        section.wrong("notice", NOT_PLAIN, problems);
    }
    let notice_version = section.text("notice_version", Some("1"), problems);
    if !is_name(&notice_version) {
        section.wrong("notice_version", "must be letters, digits, - and _ only", problems);
    }
    let keep_notes_days = section.whole("keep_notes_days", Some(90), 1..=3_650, problems) as u32;
    let keep_rows_days = section.whole("keep_rows_days", Some(90), 1..=3_650, problems) as u32;
    let keep_wishes_days =
        section.optional_whole("keep_wishes_days", 1..=36_500, problems).map(|days| days as u32);
    let draft_minutes = section.whole("draft_minutes", Some(15), 0..=1_440, problems) as u32;
    let discard_unapproved = section.flag("discard_unapproved", false, problems);
    if discard_unapproved && draft_minutes == 0 {
        section.wrong(
            "discard_unapproved",
            "needs draft_minutes, or nobody could approve a note in time",
            problems,
        );
    }
    let listen_outside = section.flag("listen_outside", false, problems);
    let agents = agents::agents(&mut section, problems);
    let redact = agents::redact(&mut section, problems);
    let tell_earlier_notes = section.flag("tell_earlier_notes", false, problems);
    let never_heard = NeverHeard::of(&mut section, problems);
    let agent_leg = agent_leg::leg(&mut section, problems);
    let profile = profile::profile(&mut section, problems);
    let told = told(&mut section, &mode, problems);
    section.finish(problems);
    let decided = [
        (mode_set, "mode"),
        (told.bases.note.is_some(), "basis (of the note)"),
        (retention_set, "keep_notes_days"),
        (told.contact.is_some(), "contact"),
        (agent_leg == AgentLeg::NotHeard || told.employees_told.is_some(), agent_leg::UNTOLD),
    ];
    let unset = decided.into_iter().filter_map(|(is_set, key)| (!is_set).then_some(key)).collect();
    Line {
        told,
        name,
        switch,
        mode,
        unset,
        special_categories,
        number,
        country_code,
        language,
        recogniser,
        notice,
        notice_version,
        keep_notes_days,
        keep_rows_days,
        keep_wishes_days,
        draft_minutes,
        discard_unapproved,
        listen_outside,
        agents,
        redact,
        tell_earlier_notes,
        never_heard,
        agent_leg,
        profile,
    }
}

fn told(section: &mut Section<'_>, mode: &Mode, problems: &mut Vec<Problem>) -> Told {
    let mut text = |key| section.filled_text(key, problems);
    let (controller, address, contact) = (text("controller"), text("address"), text("contact"));
    let (dpo, authority, privacy_page) = (text("dpo"), text("authority"), text("privacy_page"));
    let (speech_permission, texts_version) = (text("speech_permission"), text("texts_version"));
    let balancing = text("balancing");
    let processors = section.texts("processors", PROCESSORS, problems);
    if processors.iter().any(|name| name.trim().is_empty()) {
        section.wrong("processors", PROCESSORS, problems);
    }
    let bases = Bases::of(section, mode, problems);
    let employees_told = agent_leg::told(section, problems);
    let never_recorded = section.flag("never_recorded", false, problems);
    let recordings_told = section.flag("recordings_told", false, problems);
    if never_recorded && recordings_told {
        section.wrong("recordings_told", "and never_recorded cannot both be true: keep one", problems);
    }
    Told {
        controller,
        address,
        contact,
        dpo,
        authority,
        privacy_page,
        processors,
        bases,
        speech_permission,
        balancing,
        employees_told,
        never_recorded,
        recordings_told,
        texts_version,
    }
}

const PROCESSORS: &str = "must be a list of texts, such as [\"Example Hosting S.A., L-1234 Luxembourg\"]";

/// Why a key file is refused by a build that would have no use for it.
pub const NO_ENCRYPTION: &str = "this callgist was built without encryption; build it with cargo build --release \
                                 --features sqlcipher, or take [store] key_file away";

/// The switch splits a `${cond()}` at colons and blanks (F120), and paths of sounds stand in one.
fn is_plain(path: &Path) -> bool {
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b"/._-".contains(b);
    path.as_os_str().as_encoded_bytes().iter().all(plain)
}

const NOT_PLAIN: &str = "may hold letters, digits, / . _ and - only";

fn is_name(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    (1..=40).contains(&text.len()) && text.bytes().all(plain)
}

/// The default file with what its line waits for.
#[cfg(test)]
pub fn decided() -> String {
    let decided = [
        "basis = \"legitimate_interest\"\n",
        "contact = \"privacy@example.com\"\n",
        "employees_told = \"2026-01-31\"\n",
    ];
    decided.iter().fold(DEFAULT.to_owned(), |text, line| text.replace(&format!("# {line}"), line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kernel_that_cannot_restrict_all_is_an_error_only_where_that_is_asked_for() {
        assert_eq!(Config::parse(DEFAULT).unwrap().sandbox, Sandbox::BestEffort);
        let asked = |kernel: &str| Config::parse(&DEFAULT.replace("kernel = \"best-effort\"", kernel));
        assert_eq!(asked("kernel = \"strict\"").unwrap().sandbox, Sandbox::Strict);
        assert!(asked("kernel = \"none\"").unwrap_err().to_string().contains("best-effort"));
    }

    #[test]
    fn the_default_file_is_a_valid_configuration() {
        let config = Config::parse(DEFAULT).unwrap();
        assert_eq!(config.lines.len(), 1);
        assert_eq!(config.line("main").unwrap().language, Language::En);
        assert_eq!(config.switches[0].user.as_deref(), Some("callgist@callgist.invalid"));
    }

    #[test]
    fn the_values_of_the_default_file_are_the_defaults() {
        let bare = "[switch]\npassword_file = \"/etc/callgist/switch.password\"\n[[line]]\nname = \"main\"\n\
                    number = \"+352260000\"\ncountry_code = \"352\"\nlanguage = \"en\"\n\
                    notice = \"/usr/share/callgist/sounds/en/8000/notice.wav\"\n\
                    mode = \"notice\"\nkeep_notes_days = 90\n";
        assert_eq!(Config::parse(bare).unwrap(), Config::parse(DEFAULT).unwrap());
    }

    #[test]
    fn more_calls_than_there_are_ports_for_are_refused() {
        let calls =
            |number: u32| Config::parse(&DEFAULT.replace("max_calls = 0", &format!("max_calls = {number}")));
        assert_eq!(calls(125).unwrap().calls(), 125);
        let alone = DEFAULT.replace("agent_leg = \"heard\"", "agent_leg = \"not_heard\"");
        assert_eq!(Config::parse(&alone.replace("max_calls = 0", "max_calls = 250")).unwrap().calls(), 250);
        assert!(Config::parse(&alone.replace("max_calls = 0", "max_calls = 251")).is_err());
        let said = calls(126).unwrap_err().to_string();
        assert!(said.contains("enough for 125: widen [sip] first_rtp_port"), "{said}");
        let none = DEFAULT.replace("last_rtp_port = 30499", "last_rtp_port = 30001");
        let said = Config::parse(&none).unwrap_err().to_string();
        assert!(said.contains("two even ports"), "{said}");
    }

    #[test]
    fn three_mistakes_are_all_reported_with_their_lines() {
        let text = DEFAULT
            .replace("port = 8021", "port = \"8021\"")
            .replace("language = \"en\"", "language = \"nl\"")
            .replace("threads = 1", "treads = 1");
        let problems = Config::parse(&text).unwrap_err().to_string();
        assert_eq!(problems.lines().count(), 3, "{problems}");
        for part in ["port must be a whole number", "\"en\", \"de\" or \"fr\"", "did you mean \"threads\"?"] {
            assert!(problems.contains(part), "{problems}");
        }
        let line = 1 + text.lines().position(|line| line.starts_with("language")).unwrap();
        assert!(problems.contains(&format!("line {line}: ")), "{problems}");
    }

    #[test]
    fn the_list_has_a_key_of_its_own() {
        assert_eq!(Config::parse(DEFAULT).unwrap().store.contacts_key_file, None);
        let set = |file: &str| {
            let line = format!("contacts_key_file = \"{file}\"");
            Config::parse(&DEFAULT.replace("# contacts_key_file = \"/etc/callgist/contacts.key\"", &line))
        };
        let store = set("/etc/callgist/contacts.key").unwrap().store;
        assert_eq!(store.contacts_key_file, Some("/etc/callgist/contacts.key".into()));
        for (file, says) in
            [("contacts.key", "absolute path"), ("/elsewhere/switch.password", "name of its own")]
        {
            let problems = set(file).unwrap_err().to_string();
            assert!(problems.contains("[store] contacts_key_file") && problems.contains(says), "{problems}");
        }
    }

    #[test]
    fn what_has_no_period_stays_until_it_is_taken_back_and_what_was_erased_is_remembered_for_longer_than_rows_stay()
     {
        let plain = Config::parse(DEFAULT).unwrap();
        assert_eq!((plain.store.keep_objections_days, plain.lines[0].keep_wishes_days), (None, None));
        let set = |key: &str, value: &str| {
            let commented = format!("# {key} = ");
            let line = DEFAULT.lines().find(|line| line.starts_with(&commented)).unwrap();
            Config::parse(&DEFAULT.replace(line, &format!("{key} = {value}")))
        };
        assert_eq!(set("keep_objections_days", "700").unwrap().store.keep_objections_days, Some(700));
        assert_eq!(set("keep_wishes_days", "800").unwrap().lines[0].keep_wishes_days, Some(800));
        for (key, value) in [("keep_objections_days", "0"), ("keep_wishes_days", "\"never\"")] {
            let says = set(key, value).unwrap_err().to_string();
            assert!(says.contains(key) && says.contains("whole number from 1"), "{says}");
        }
        let misspelt = Config::parse(&format!("{DEFAULT}keep_wish_days = 3\n")).unwrap_err().to_string();
        assert!(misspelt.contains("did you mean \"keep_wishes_days\"?"), "{misspelt}");
        let short = DEFAULT.replace("keep_erased_days = 3650", "keep_erased_days = 89");
        let says = Config::parse(&short).unwrap_err().to_string();
        assert!(says.contains("make it 90 at least"), "{says}");
    }

    #[test]
    fn processors_are_a_list_of_names() {
        assert!(Config::parse(DEFAULT).unwrap().lines[0].told.processors.is_empty());
        let set = |list: &str| Config::parse(&format!("{DEFAULT}processors = {list}\n"));
        assert_eq!(set("[\"A S.A.\", \"B GmbH\"]").unwrap().lines[0].told.processors, ["A S.A.", "B GmbH"]);
        for wrong in ["\"A S.A.\"", "[\" \"]", "[1]"] {
            assert!(set(wrong).unwrap_err().to_string().contains("list of texts"), "{wrong}");
        }
    }

    #[test]
    fn a_file_that_is_no_toml_says_where() {
        let problems = Config::parse("[switch\nport = 1").unwrap_err().to_string();
        assert!(problems.starts_with("line 1: "), "{problems}");
    }

    #[test]
    fn notes_that_nobody_could_approve_in_time_are_not_to_be_discarded() {
        let with = |draft: &str| {
            Config::parse(&DEFAULT.replace("draft_minutes = 15\ndiscard_unapproved = false", draft))
        };
        let problems = with("draft_minutes = 0\ndiscard_unapproved = true").unwrap_err().to_string();
        assert!(problems.contains("needs draft_minutes"), "{problems}");
        let line = with("draft_minutes = 5\ndiscard_unapproved = true").unwrap().lines.remove(0);
        assert_eq!((line.draft_minutes, line.discard_unapproved), (5, true));
    }

    #[test]
    fn a_line_that_is_never_recorded_cannot_tell_of_recordings() {
        let text = format!("{DEFAULT}never_recorded = true\nrecordings_told = true\n");
        assert!(Config::parse(&text).unwrap_err().to_string().contains("cannot both be true"));
        let text = format!("{DEFAULT}recordings_told = true\n");
        assert!(Config::parse(&text).unwrap().lines[0].told.recordings_told);
    }

    #[test]
    fn questions_by_http_are_taken_from_this_host_alone_and_only_where_that_is_set() {
        assert_eq!(Config::parse(DEFAULT).unwrap().http, None);
        let asked = |listen: &str| Config::parse(&DEFAULT.replace("# listen = \"127.0.0.1:8090\"", listen));
        for here in ["127.0.0.1:8090", "[::1]:1"] {
            assert_eq!(asked(&format!("listen = \"{here}\"")).unwrap().http, Some(here.parse().unwrap()));
        }
        for elsewhere in ["0.0.0.0:8090", "192.0.2.7:8090", "[::]:8090", "localhost:8090", "127.0.0.1"] {
            let problems = asked(&format!("listen = \"{elsewhere}\"")).unwrap_err().to_string();
            assert!(
                problems.contains("[http] listen") && problems.contains("only programs of this host"),
                "{problems}"
            );
        }
    }

    #[test]
    fn a_notice_whose_path_the_switch_would_split_is_refused() {
        let text = DEFAULT.replace("/en/8000/notice.wav", "/en/my notice.wav");
        assert!(Config::parse(&text).unwrap_err().to_string().contains("letters, digits"));
    }
}
