//! `callgist contacts ...`: the list of who must not be contacted is read, added to, decided on and asked.

use super::counter::{Common, Moment, Place, Zone, counted, moment, now, time, timestamp, with_clerk};
use super::{Exit, fail};
use crate::border::{Channels, Purpose};
use crate::daemon::housekeeping::retention;
use crate::store::{
    Added, Channel, Clerk, Contact, Deed, Entry, Exceptions, Intent, Listed, Name, NewContact, Question,
    Source, State, StoreError, UtcMillis,
};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Subcommand, ValueEnum};
use comfy_table::{ContentArrangement, Table, presets};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

#[derive(Subcommand)]
pub enum ContactsCommand {
    /// List the entries, the newest first. Where the list is encrypted the table shows the last digits of each number, and
    /// --json the whole.
    List {
        /// Only entries of this number.
        #[arg(long)]
        number: Option<String>,
        /// Only entries that nobody has looked at yet.
        #[arg(long)]
        pending: bool,
        #[command(flatten)]
        common: Common,
    },
    /// Add an entry; it counts at once. What an entry covers that counts already is not added again; one that is the same,
    /// but ends earlier, is extended.
    Add {
        number: String,
        /// Channels, or all.
        #[arg(long, value_delimiter = ',', default_value = "all", value_parser = channel)]
        channels: Vec<Channels>,
        #[arg(long, value_enum, default_value_t = About::Advertising)]
        purpose: About,
        /// What may be done all the same.
        #[arg(long, value_enum, value_delimiter = ',')]
        except: Vec<Except>,
        /// The day on which the entry ends, by the host's time zone; without it, it has no end.
        #[arg(long, value_name = "TIME", value_parser = moment)]
        expires: Option<Moment>,
        /// How the wish came to you.
        #[arg(long, value_enum)]
        source: Option<Via>,
        /// The day on which it came, where that is not today.
        #[arg(long, value_name = "DAY", value_parser = moment)]
        received: Option<Moment>,
        /// --expires and --received are UTC.
        #[arg(long)]
        utc: bool,
        #[command(flatten)]
        common: Common,
    },
    /// Say that a pending entry is right. It protects before that, too.
    Confirm {
        id: i64,
        #[command(flatten)]
        common: Common,
    },
    /// Say that an entry is a mistake of ours: it protects no more, and stays as a trace.
    Reject {
        id: i64,
        #[command(flatten)]
        common: Common,
    },
    /// Say that the person has taken it back: it protects no more, and stays as a trace.
    Withdraw {
        id: i64,
        #[command(flatten)]
        common: Common,
    },
    /// Add the entries of a CSV file with the columns number, channels, purpose, except, expires; all of them or none.
    Import {
        /// The first line names the columns; only number is needed. Several channels are joined by +.
        file: PathBuf,
        /// Only check the file.
        #[arg(long)]
        dry_run: bool,
        /// The days in column expires are UTC, and not by the host's time zone.
        #[arg(long)]
        utc: bool,
        #[command(flatten)]
        common: Common,
    },
    /// Ask whether a number is blocked: exit code 0 not listed, 10 blocked, anything else: not known, so do not.
    ///
    /// The list only protects: "not listed" is no permission.
    Check {
        number: String,
        #[arg(long, default_value = Channel::Calls.word(), value_parser = channels())]
        channel: Channel,
        /// `service` is about a contract that runs, `callback` was agreed in a call.
        #[arg(long, default_value = Intent::Advertising.word(), value_parser = intents())]
        purpose: Intent,
        #[command(flatten)]
        common: Common,
    },
}

#[derive(Clone, Copy, ValueEnum)]
pub enum About {
    Advertising,
    Everything,
}

/// How a wish came to whoever enters it: a closed list, since no entry holds a text.
#[derive(Clone, Copy, ValueEnum)]
pub enum Via {
    Letter,
    Email,
    Phone,
    Web,
    /// Said to somebody face to face.
    Person,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Except {
    Service,
    Callback,
}

pub fn run(path: &Path, command: &ContactsCommand) -> Exit {
    use ContactsCommand::{Add, Check, Confirm, Import, List, Reject, Withdraw};
    match command {
        List { number, pending, common } => with_clerk(common, path, |place, clerk| {
            list(place, clerk, number.as_deref(), *pending, common.json)
        }),
        Add { number, channels, purpose, except, expires, source, received, utc, common } => {
            with_clerk(common, path, |place, clerk| {
                let number = match place.number(number) {
                    Ok(number) => number,
                    Err(exit) => return Ok(exit),
                };
                let zone = Zone::of(*utc);
                let received = received.map(|moment| zone.at(moment));
                if received.is_some_and(|at| at > now()) {
                    return Ok(fail(Exit::Usage, "--received is in the future"));
                }
                let new = NewContact {
                    number,
                    channels: channels.iter().copied().fold(Channels::default(), both),
                    purpose: (*purpose).into(),
                    exceptions: exceptions(except),
                    source: Source::Command,
                    via: source.and_then(Via::name),
                    received,
                    expires: expires.map(|moment| zone.at(moment)),
                };
                let what = clerk.add_contacts(&[new], now())?;
                added(&what, common.json);
                if let ([Added::New(_) | Added::Extended(_)], Some(moment)) = (what.as_slice(), *expires) {
                    eprintln!("callgist: until {}", zone.words(moment));
                }
                Ok(Exit::Done)
            })
        }
        Confirm { id, common } => decide(path, common, *id, State::Confirmed),
        Reject { id, common } => decide(path, common, *id, State::Rejected),
        Withdraw { id, common } => decide(path, common, *id, State::Withdrawn),
        Import { file, dry_run, utc, common } => with_clerk(common, path, |place, clerk| {
            import(place, clerk, file, &Zone::of(*utc), *dry_run, common.json)
        }),
        Check { number, channel, purpose, common } => with_clerk(common, path, |place, clerk| {
            check(place, clerk, number, *channel, *purpose, common.json)
        }),
    }
}

fn list(
    place: &Place,
    clerk: &mut Clerk,
    number: Option<&str>,
    pending: bool,
    as_json: bool,
) -> Result<Exit, StoreError> {
    let number = match number.map(|number| place.number(number)).transpose() {
        Ok(number) => number,
        Err(exit) => return Ok(exit),
    };
    let mut entries = clerk.contacts(number.as_ref())?;
    entries.retain(|entry| !pending || entry.state == State::Pending);
    let count = entries.len().to_string();
    clerk.log(&Entry::new(Deed::ContactsRead).looked_for(number.as_ref()).detail(&count), now())?;
    if as_json {
        let told = entries.iter().map(|entry| entry_json(entry, place));
        println!("{}", json!({ "do_not_contact": told.collect::<Vec<_>>() }));
    } else if entries.is_empty() {
        eprintln!("callgist: no entries");
    } else {
        print_table(&entries, place);
    }
    Ok(Exit::Done)
}

fn print_table(entries: &[Contact], place: &Place) {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(["id", "number", "not by", "for", "except", "state", "source", "since (UTC)", "until"]);
    for entry in entries {
        let whole = || entry.request.number.as_ref().map_or("withheld", |number| number.as_str()).to_owned();
        let number = entry.tail.as_ref().map_or_else(whole, |tail| format!("...{tail}"));
        table.add_row([
            entry.id.to_string(),
            number,
            entry.request.channels.words().join(", "),
            purpose_word(entry.request.purpose).to_owned(),
            except_words(entry.exceptions).join(", "),
            entry.state.word().to_owned(),
            source_words(entry),
            time(entry.request.created),
            ends(entry, place).map_or("no end".to_owned(), time),
        ]);
    }
    println!("{table}");
}

/// `command, letter 2026-11-24`
fn source_words(entry: &Contact) -> String {
    let mut words = entry.source.word().to_owned();
    if let Some(via) = &entry.via {
        words = format!("{words}, {}", via.as_str());
    }
    entry.received.map_or(words.clone(), |day| format!("{words} {}", day_of(day)))
}

/// The day, where the host is.
pub(super) fn day_of(at: UtcMillis) -> String {
    Zone::of(false).day(at).map_or_else(|| time(at), |day| day.to_string())
}

/// When the entry protects no more: by its own end, or by the settings' period where it has none.
pub(super) fn ends(entry: &Contact, place: &Place) -> Option<UtcMillis> {
    let days = || retention(place.config.as_ref()?).wishes_days(entry.request.line.as_ref());
    let since = entry.renewed.unwrap_or(entry.request.created);
    entry.expires.or_else(|| days().map(|days| since.days_after(days)))
}

/// An entry as `--json` prints it; fields are added, never changed.
pub(super) fn entry_json(entry: &Contact, place: &Place) -> Value {
    json!({
        "id": entry.id,
        "number": entry.request.number.as_ref().map(|number| number.as_str()),
        "scope": entry.request.channels.words(),
        "purpose": entry.request.purpose,
        "except": except_words(entry.exceptions),
        "state": entry.state.word(),
        "source": entry.source.word(),
        "via": entry.via.as_ref().map(Name::as_str),
        "received": entry.received.map(timestamp),
        "line": entry.request.line.as_ref().map(Name::as_str),
        "call": entry.request.call.map(|call| call.to_string()),
        "created": timestamp(entry.request.created),
        "changed": entry.changed.map(timestamp),
        "renewed": entry.renewed.map(timestamp),
        "expires": entry.expires.map(timestamp),
        "kept_until": ends(entry, place).map(timestamp),
    })
}

fn decide(path: &Path, common: &Common, id: i64, state: State) -> Exit {
    with_clerk(common, path, |_, clerk| {
        if !clerk.decide_contact(id, state, now())? {
            return Ok(fail(Exit::Failed, "no such entry; `callgist contacts list` shows their ids"));
        }
        match common.json {
            true => println!("{}", json!({ "id": id, "state": state.word() })),
            false => println!("entry {id} is {}", state.word()),
        }
        Ok(Exit::Done)
    })
}

fn import(
    place: &Place,
    clerk: &mut Clerk,
    file: &Path,
    zone: &Zone,
    dry_run: bool,
    as_json: bool,
) -> Result<Exit, StoreError> {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) => return Ok(fail(Exit::Failed, &format!("cannot read {}: {error}", file.display()))),
    };
    let new = match read_csv(&text, place.country(), zone) {
        Ok(new) => {
            new.into_iter().map(|entry| NewContact { via: list_name(file), ..entry }).collect::<Vec<_>>()
        }
        Err(problems) => {
            let told = problems.join("\n");
            return Ok(fail(Exit::Failed, &format!("{}: nothing was added\n{told}", file.display())));
        }
    };
    if dry_run {
        let what = Sorted::of(&clerk.try_contacts(&new, now())?);
        let there = match (what.already.len(), what.extended.len()) {
            (0, 0) => String::new(),
            (already, extended) => format!("; {already} there already, {extended} would last longer"),
        };
        println!("{} would be added{there}", counted(what.new.len(), "entry", "entries"));
        return Ok(Exit::Done);
    }
    let what = clerk.add_contacts(&new, now())?;
    added(&what, as_json);
    Ok(Exit::Done)
}

/// The file's name, as far as it is no text and no number of anybody.
fn list_name(file: &Path) -> Option<Name> {
    let name = file.file_name()?.to_string_lossy();
    let plain = |c: char| if c.is_ascii_alphanumeric() || "_.+-".contains(c) { c } else { '_' };
    let name: String = name.chars().map(plain).take(40).collect();
    // A number may be written in groups. A date has eight digits.
    let digits: String = name.chars().filter(char::is_ascii_digit).collect();
    let a_date = ["19", "20"].iter().any(|century| digits.starts_with(century));
    let no_number = digits.len() < 8 || digits.len() == 8 && a_date;
    Name::new(&name).ok().filter(|_| no_number)
}

/// Ids by what became of each entry.
#[derive(Default)]
struct Sorted {
    new: Vec<i64>,
    already: Vec<i64>,
    extended: Vec<i64>,
}

impl Sorted {
    fn of(all: &[Added]) -> Sorted {
        all.iter().fold(Sorted::default(), |mut sorted, what| {
            match *what {
                Added::New(id) => sorted.new.push(id),
                Added::Already(id) => sorted.already.push(id),
                Added::Extended(id) => sorted.extended.push(id),
            }
            sorted
        })
    }
}

fn added(all: &[Added], as_json: bool) {
    let Sorted { new, already, extended } = Sorted::of(all);
    match (as_json, all) {
        (true, _) => println!("{}", json!({ "added": new, "already": already, "extended": extended })),
        (false, [Added::New(id)]) => println!("entry {id} protects from now on"),
        (false, [Added::Already(id)]) => {
            println!(
                "entry {id} covers this already: nothing was added (contacts confirm {id}, where nobody has looked at it)"
            );
        }
        (false, [Added::Extended(id)]) => {
            println!("entry {id} is the same and lasts longer now: nothing was added")
        }
        (false, _) => {
            let told =
                [(already.len(), "there already"), (extended.len(), "there already, and last longer now")];
            let told: String = told
                .iter()
                .filter(|(count, _)| *count > 0)
                .map(|(count, what)| format!("; {count} {what}"))
                .collect();
            println!("{} from now on{told}", counted(new.len(), "entry protects", "entries protect"));
        }
    }
}

fn check(
    place: &Place,
    clerk: &Clerk,
    number: &str,
    channel: Channel,
    intent: Intent,
    as_json: bool,
) -> Result<Exit, StoreError> {
    let number = match place.number(number) {
        Ok(number) => number,
        Err(exit) => return Ok(exit),
    };
    let listed = clerk.check_contact(&Question { number, channel, intent }, now())?;
    match as_json {
        true => println!("{}", json!({ "answer": listed.word() })),
        false => println!("{}", listed.word()),
    }
    Ok(if listed == Listed::Blocked { Exit::Blocked } else { Exit::Done })
}

fn channels() -> impl TypedValueParser<Value = Channel> {
    PossibleValuesParser::new(Channel::ALL.map(Channel::word))
        .try_map(|word| Channel::of(&word).ok_or("no channel"))
}

fn intents() -> impl TypedValueParser<Value = Intent> {
    PossibleValuesParser::new(Intent::ALL.map(Intent::word))
        .try_map(|word| Intent::of(&word).ok_or("no purpose"))
}

/// The rows of a CSV file, or what is wrong with each that is. A number never stands in an error.
pub fn read_csv(text: &str, country: &str, zone: &Zone) -> Result<Vec<NewContact>, Vec<String>> {
    let mut lines = text.trim_start_matches('\u{feff}').lines().enumerate();
    let Some((_, head)) = lines.next() else { return Err(vec!["the file is empty".to_owned()]) };
    let between = if head.contains(';') { ';' } else { ',' };
    let columns: Vec<String> = cells(head, between).map(|cell| cell.to_ascii_lowercase()).collect();
    let known = ["number", "channels", "purpose", "except", "expires"];
    if let Some(strange) = columns.iter().position(|column| !known.contains(&column.as_str())) {
        return Err(vec![format!("column {} is none of {}", strange + 1, known.join(", "))]);
    }
    if !columns.iter().any(|column| column == "number") {
        return Err(vec!["the first line names no column number".to_owned()]);
    }
    let (mut new, mut problems) = (Vec::new(), Vec::new());
    for (at, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
        let row: Vec<&str> = cells(line, between).collect();
        let cell = |name: &str| {
            let at = columns.iter().position(|column| column == name);
            at.and_then(|at| row.get(at)).copied().filter(|cell| !cell.is_empty())
        };
        match read_row(&cell, country, zone) {
            Ok(entry) if row.len() <= columns.len() => new.push(entry),
            Ok(_) => problems.push(format!("line {}: more cells than columns", at + 1)),
            Err(what) => problems.push(format!("line {}: {what}", at + 1)),
        }
    }
    if problems.is_empty() { Ok(new) } else { Err(problems) }
}

fn read_row<'a>(
    cell: &impl Fn(&str) -> Option<&'a str>,
    country: &str,
    zone: &Zone,
) -> Result<NewContact, String> {
    let number = cell("number").ok_or("number is missing")?;
    let number = crate::call::Number::in_country(number, country).map_err(|_| "number is no number")?;
    let channels = cell("channels").unwrap_or("all").split(['+', ' ']).filter(|word| !word.is_empty());
    let channels = channels.map(channel).collect::<Result<Vec<_>, _>>()?;
    let purpose = match cell("purpose").unwrap_or("advertising") {
        "advertising" => Purpose::Advertising,
        "everything" => Purpose::Everything,
        _ => return Err("purpose is advertising or everything".to_owned()),
    };
    let mut exceptions = Exceptions::default();
    for word in cell("except").unwrap_or_default().split(['+', ' ']).filter(|word| !word.is_empty()) {
        match word {
            "service" => exceptions.service = true,
            "callback" => exceptions.callback = true,
            _ => return Err("except is service, callback or both, joined by +".to_owned()),
        }
    }
    let expires = cell("expires").map(moment).transpose().map_err(|how| format!("expires: {how}"))?;
    let expires = expires.map(|moment| zone.at(moment));
    let channels = channels.into_iter().fold(Channels::default(), both);
    if channels == Channels::default() {
        return Err("channels names none; leave it empty for all".to_owned());
    }
    let (source, via, received) = (Source::Import, None, None);
    Ok(NewContact { number, channels, purpose, exceptions, source, via, received, expires })
}

fn cells(line: &str, between: char) -> impl Iterator<Item = &str> {
    line.split(between).map(|cell| cell.trim().trim_matches('"').trim())
}

fn channel(word: &str) -> Result<Channels, String> {
    let none = Channels::default();
    match word {
        "all" => Ok(Channels::ALL),
        "calls" => Ok(Channels { calls: true, ..none }),
        "email" => Ok(Channels { email: true, ..none }),
        "letters" => Ok(Channels { letters: true, ..none }),
        "sms" => Ok(Channels { sms: true, ..none }),
        _ => Err("channels are all, calls, email, letters, sms".to_owned()),
    }
}

fn both(a: Channels, b: Channels) -> Channels {
    Channels {
        calls: a.calls || b.calls,
        email: a.email || b.email,
        letters: a.letters || b.letters,
        sms: a.sms || b.sms,
    }
}

fn exceptions(except: &[Except]) -> Exceptions {
    Exceptions { service: except.contains(&Except::Service), callback: except.contains(&Except::Callback) }
}

fn except_words(exceptions: Exceptions) -> Vec<&'static str> {
    let all = [(exceptions.service, "service"), (exceptions.callback, "callback")];
    all.into_iter().filter_map(|(set, word)| set.then_some(word)).collect()
}

fn purpose_word(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Advertising => "advertising",
        Purpose::Everything => "everything",
    }
}

impl Via {
    fn name(self) -> Option<Name> {
        self.to_possible_value().and_then(|value| Name::new(value.get_name()).ok())
    }
}

impl From<About> for Purpose {
    fn from(about: About) -> Purpose {
        match about {
            About::Advertising => Purpose::Advertising,
            About::Everything => Purpose::Everything,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_csv_file_is_read_with_either_separator_and_its_mistakes_are_all_named() {
        let new = read_csv(
            "\u{feff}number;channels;purpose;except\n030 901820;calls+sms;everything;callback\n\n",
            "49",
            &Zone::of(true),
        );
        let new = new.unwrap();
        assert_eq!(new.len(), 1);
        assert_eq!(new[0].number.as_str(), "+4930901820");
        assert_eq!(new[0].channels.words(), ["calls", "sms"]);
        assert!(new[0].exceptions.callback && !new[0].exceptions.service);
        let plain = read_csv("number\n\"+352621123456\"\n", "", &Zone::of(true)).unwrap();
        assert_eq!((plain[0].purpose, plain[0].channels), (Purpose::Advertising, Channels::ALL));
        let wrong = read_csv(
            "number,channels,expires\nabc,all,\n+352621,pigeon,\n+352621,sms,soon\n",
            "",
            &Zone::of(true),
        );
        let wrong = wrong.unwrap_err();
        assert_eq!(wrong.len(), 3, "{wrong:?}");
        assert!(wrong[0].starts_with("line 2: number") && wrong[2].starts_with("line 4: expires"));
        let none = read_csv("number;channels\n+352621123456;+\n", "", &Zone::of(true)).unwrap_err();
        assert!(none[0].contains("names none"), "an entry that protects nothing: {none:?}");
        assert!(
            read_csv("number,name\n+352621,x\n", "", &Zone::of(true)).unwrap_err()[0].contains("column 2")
        );
    }

    #[test]
    fn a_lists_name_is_kept_as_a_name_and_one_that_could_be_a_number_is_not() {
        let name = |file: &str| list_name(Path::new(file)).map(|name| name.as_str().to_owned());
        assert_eq!(
            name("/srv/Werbesperre März 20261130.csv").as_deref(),
            Some("Werbesperre_M_rz_20261130.csv")
        );
        assert_eq!(name("/srv/2026-11-30.csv").as_deref(), Some("2026-11-30.csv"));
        for number in ["+352621123456", "+352 621-123-456", "0621 12 34 56", "26123456", "30901820"] {
            assert_eq!(name(&format!("/srv/{number}.csv")), None, "{number}");
        }
        assert_eq!(name("/"), None);
    }
}
