//! `callgist person export`: a person's rows and the running settings go in; what an access request asks for comes out
//! (Art. 15 GDPR), as a text in the line's language and as JSON (Art. 20).
//!
//! Purposes, bases and periods are those of the lines that the person called, as the settings are now. What only the
//! operator knows stays a placeholder and is named on standard error, as in the other texts.

use super::{Meant, Who, nothing_kept};
use crate::call::{AgentLeg, Language, NoSummary, Number};
use crate::cli::calls::call_json;
use crate::cli::contacts::{day_of, ends, entry_json};
use crate::cli::counter::{Place, now, time, timestamp};
use crate::cli::notices::{Facts, Lang, section, write};
use crate::cli::{Exit, fail};
use crate::config::{Config, Line, Mode};
use crate::daemon::housekeeping::retention;
use crate::store::{
    CallRecord, Clerk, Contact, Deed, Entry, Kept, Logged, Outcome, Retention, StoreError, UtcMillis,
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn export(
    place: &Place,
    clerk: &mut Clerk,
    who: &Who,
    lang: Option<Lang>,
    masked: &[String],
    as_json: bool,
) -> Result<Exit, StoreError> {
    let mut meant = match who.meant(place, clerk)? {
        Ok(meant) => meant,
        Err(exit) => return Ok(exit),
    };
    if meant.is_nothing() {
        clerk.log(&Entry::new(Deed::Found).looked_for(meant.number.as_ref()).detail("0"), now())?;
        if as_json {
            let number = meant.number.as_ref().map(Number::as_str);
            println!("{}", json!({ "exported": null, "number": number, "nothing_kept": true }));
        }
        return Ok(nothing_kept(&meant));
    }
    if let Some(name) = masked.iter().find(|name| !stands_somewhere(name, &meant.calls)) {
        return Ok(fail(Exit::Failed, &format!("\"{name}\" stands in no summary of these calls")));
    }
    let now = now();
    let count = meant.calls.len().to_string();
    clerk.log(&Entry::new(Deed::Exported).looked_for(meant.number.as_ref()).detail(&count), now)?;
    let log = clerk.log_about(&meant.ids(), meant.number.as_ref())?;
    for kept in &mut meant.calls {
        mask_others(kept, meant.number.as_ref());
        masked.iter().for_each(|name| mask_name(kept, name));
    }
    let lang = lang.unwrap_or_else(|| spoken(place, &meant.calls).into());
    if let Some(number) = &meant.number {
        eprintln!("callgist: looked for {}", number.as_str());
    }
    let access = Access { place, meant, log, lang, now };
    let mut missing = BTreeSet::new();
    let text = access.text(&mut missing);
    if as_json {
        println!("{}", access.json(&missing));
    } else {
        print!("{text}");
    }
    missing.iter().for_each(|name| eprintln!("callgist: missing: {name}"));
    if access.meant.calls.iter().any(|kept| matches!(kept.call.outcome, Outcome::Noted(_))) {
        eprintln!(
            "callgist: read the summaries before you answer: names of others in them are left out with --mask NAME"
        );
    }
    Ok(Exit::Done)
}

/// What was spoken on the newest of the calls, or else on the first line.
fn spoken(place: &Place, calls: &[Kept]) -> Language {
    let newest = calls.iter().max_by_key(|kept| kept.call.offered).map(|kept| kept.call.language);
    let first = || place.config.as_ref().and_then(|config| config.lines.first()).map(|line| line.language);
    newest.or_else(first).unwrap_or(Language::En)
}

/// The other party's number is the other party's.
fn mask_others(kept: &mut Kept, own: Option<&Number>) {
    let own = own.map(Number::spellings).unwrap_or_default();
    for number in [&mut kept.call.caller, &mut kept.call.called] {
        number.take_if(|number| !own.contains(number));
    }
    // Who of the staff had the call is not the caller's either.
    kept.call.segments.iter_mut().for_each(|segment| segment.agent = None);
    for request in &mut kept.requests {
        request.number.take_if(|number| !own.contains(number));
    }
}

fn stands_somewhere(name: &str, calls: &[Kept]) -> bool {
    calls.iter().any(|kept| {
        let Outcome::Noted(summary) = &kept.call.outcome else { return false };
        without(&summary.text, name) != summary.text
    })
}

fn mask_name(kept: &mut Kept, name: &str) {
    if let Outcome::Noted(summary) = &mut kept.call.outcome {
        summary.text = without(&summary.text, name);
    }
}

/// The text with a mark wherever the name stands as a whole word.
fn without(text: &str, name: &str) -> String {
    if name.is_empty() {
        return text.to_owned();
    }
    let (mut left, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once(name) {
        left.push_str(before);
        let within = left.chars().next_back().is_some_and(char::is_alphanumeric)
            || after.chars().next().is_some_and(char::is_alphanumeric);
        left.push_str(if within { name } else { "[…]" });
        rest = after;
    }
    left + rest
}

/// All that the answer tells.
struct Access<'a> {
    place: &'a Place,
    meant: Meant,
    log: Vec<Logged>,
    lang: Lang,
    now: UtcMillis,
}

/// When a call's row goes.
enum Goes {
    After(UtcMillis),
    /// Not as long as it is restricted or held.
    Stays,
    /// The settings are not at hand.
    Unknown,
}

type Values = BTreeMap<&'static str, String>;

impl Access<'_> {
    /// The lines of the calls, or the first where there are none: each by its name and, where it has any, its settings.
    fn lines(&self) -> Vec<(String, Option<&Line>)> {
        let config = self.place.config.as_ref();
        let mut names: Vec<&str> = self.meant.calls.iter().map(|kept| kept.call.line.as_str()).collect();
        if names.is_empty() {
            names.extend(config.and_then(|config| config.lines.first()).map(|line| line.name.as_str()));
        }
        names.sort_unstable();
        names.dedup();
        let set = |name: &str| config.and_then(|config| config.line(name));
        names.into_iter().map(|name| (name.to_owned(), set(name))).collect()
    }

    /// Of a line whose settings are not at hand nothing is told: the defaults are not what holds.
    fn facts(&self, line: Option<&Line>) -> Option<Facts> {
        line.map(|line| Facts::of(self.place.config.as_ref(), Some(line), self.lang, self.now))
    }

    fn goes(&self, kept: &Kept) -> Goes {
        if kept.marks.restricted || kept.marks.held {
            return Goes::Stays;
        }
        let Some(config) = &self.place.config else { return Goes::Unknown };
        let days = days(&retention(config), &kept.call);
        days.map_or(Goes::Unknown, |days| Goes::After(kept.call.ended.days_after(days)))
    }

    // ------------------------------------------------------------ text

    fn text(&self, missing: &mut BTreeSet<String>) -> String {
        let of_main = self.lines().first().and_then(|(_, line)| *line);
        let main = self.facts(of_main);
        let mut parts = vec![self.part("head", self.head(), None, missing)];
        parts.push(self.counted("calls", self.meant.calls.len(), missing));
        for kept in &self.meant.calls {
            parts.push(self.part("call", self.of_call(kept), None, missing));
        }
        if self.meant.number.is_some() {
            parts.push(self.counted("requests", self.meant.contacts.len(), missing));
            let requests = self.meant.contacts.iter().map(|entry| self.request(entry));
            let requests: Vec<String> =
                requests.map(|request| self.part("request", request, None, missing)).collect();
            parts.extend((!requests.is_empty()).then(|| requests.concat()));
            let stands = match self.meant.objected {
                Some(at) => ("stands", time(at)),
                None => ("none", String::new()),
            };
            parts.push(self.part("objection", Values::from([stands]), None, missing));
        }
        for (name, line) in self.lines() {
            let values = Values::from([("line", name)]);
            parts.push(self.part("line", values, self.facts(line).as_ref(), missing));
        }
        parts.push(self.part("rest", self.receivers(), main.as_ref(), missing));
        parts.push(self.counted("log", self.log.len(), missing));
        let entries: String = self.log.iter().map(|entry| self.entry(entry)).collect();
        parts.push(if entries.is_empty() { self.word("texts", "no_log") + "\n" } else { entries });
        parts.join("\n")
    }

    /// A section of the texts, filled in with these values, and with the settings' where there are any.
    fn part(
        &self,
        name: &str,
        values: Values,
        facts: Option<&Facts>,
        missing: &mut BTreeSet<String>,
    ) -> String {
        let Some(template) = section(texts(self.lang), name, false) else { return String::new() };
        let holds = |name: &str| values.contains_key(name) || facts.is_some_and(|facts| facts.holds(name));
        let value = |name: &str| values.get(name).cloned().or_else(|| facts?.value(name));
        write(template, holds, value, missing)
    }

    fn counted(&self, name: &str, count: usize, missing: &mut BTreeSet<String>) -> String {
        self.part(name, Values::from([("count", count.to_string())]), None, missing)
    }

    fn head(&self) -> Values {
        let mut values = Values::from([("now", time(self.now))]);
        match &self.meant.number {
            Some(number) => values.insert("who", number.as_str().to_owned()),
            None => values.insert("picked", String::new()),
        };
        values
    }

    fn of_call(&self, kept: &Kept) -> Values {
        let call = &kept.call;
        let mut values = Values::from([
            ("id", call.id.to_string()),
            ("offered", time(call.offered)),
            ("line", call.line.as_str().to_owned()),
            ("ended", time(call.ended)),
            ("software", call.origin.version.as_str().to_owned()),
        ]);
        let number = |number: &Option<Number>| number.as_ref().map(|number| number.as_str().to_owned());
        let version = call.notice_version.as_ref().map(|version| version.as_str().to_owned());
        let decided = call.consent.map(|decision| time(decision.at));
        let given = call.consent.is_some_and(|decision| decision.given);
        let draft = call.draft.map(|draft| draft.until).filter(|until| *until > self.now);
        let recogniser = call.origin.ear.map(|(recogniser, model)| format!("{}, {model}", recogniser.word()));
        let said = |holds: bool| holds.then(String::new);
        let optional = [
            ("caller", number(&call.caller)),
            ("called", number(&call.called)),
            ("withheld", said(call.caller.is_none() && call.called.is_none())),
            ("announced", call.announced.map(time)),
            ("unannounced", said(call.announced.is_none())),
            ("version", version),
            ("consented", decided.clone().filter(|_| given)),
            ("refused", decided.filter(|_| !given)),
            ("bridged", call.bridged.map(time)),
            ("caller_alone", said(call.agent_leg == Some(AgentLeg::NotHeard))),
            ("segments", Some(segments(call)).filter(|told| !told.is_empty())),
            ("draft", draft.map(time)),
            ("recogniser", recogniser),
            ("figures", self.figures(call)),
            ("corrected", said(kept.marks.corrected)),
            ("approved", said(kept.marks.approved)),
            ("restricted", said(kept.marks.restricted)),
            ("held", said(kept.marks.held)),
        ];
        values.extend(optional.into_iter().filter_map(|(name, value)| Some((name, value?))));
        match &call.outcome {
            Outcome::Noted(summary) => {
                let topics: Vec<String> =
                    summary.topics.words().into_iter().map(|topic| self.word("topics", topic)).collect();
                values.insert("note", summary.text.clone());
                values.insert("topics", topics.join(", "));
                values.insert("confidence", summary.trust.confidence_pct.to_string());
                values.insert("kept_pct", summary.trust.kept_pct.to_string());
                values.insert("arrived", summary.trust.arrived_pct.to_string());
            }
            Outcome::NotNoted(reason) => {
                values.insert("reason", self.word("reasons", reason.word()));
            }
        }
        if !kept.promises_kept.is_empty() {
            let kept: Vec<String> =
                kept.promises_kept.iter().map(|(number, at)| format!("{number} ({})", time(*at))).collect();
            values.insert("promises_kept", kept.join(", "));
        }
        match self.goes(kept) {
            Goes::After(at) => values.insert("until", time(at)),
            Goes::Stays => values.insert("stays", String::new()),
            Goes::Unknown => values.insert("until_unknown", String::new()),
        };
        values
    }

    fn figures(&self, call: &CallRecord) -> Option<String> {
        let heard = call.heard?;
        let figures = [
            ("{listened}", u64::from(heard.listened_ms / 1_000)),
            ("{speech}", u64::from(heard.speech_ms / 1_000)),
            ("{words}", u64::from(heard.words)),
            ("{lost}", u64::from(heard.lost_packets)),
        ];
        let words = self.word("texts", "words_figures");
        Some(
            figures.into_iter().fold(words, |words, (name, figure)| words.replace(name, &figure.to_string())),
        )
    }

    fn request(&self, entry: &Contact) -> Values {
        let told = entry_json(entry, self.place);
        let words = |field: &str| {
            let listed = told[field].as_array().into_iter().flatten().filter_map(Value::as_str);
            listed.map(|word| self.word("texts", word)).collect::<Vec<_>>().join(", ")
        };
        let until = match ends(entry, self.place) {
            Some(at) => format!("{} {}", self.word("texts", "until"), time(at)),
            None => self.word("texts", "no_end"),
        };
        let mut values = Values::from([
            ("since", time(entry.request.created)),
            ("channels", words("scope")),
            ("purpose", self.word("texts", told["purpose"].as_str().unwrap_or_default())),
            ("state", self.word("texts", entry.state.word())),
            ("source", self.source(entry)),
            ("until", until),
        ]);
        let except = words("except");
        if !except.is_empty() {
            values.insert("except", except);
        }
        values
    }

    /// Where the entry came from, how and when.
    fn source(&self, entry: &Contact) -> String {
        let source = self.word("texts", &format!("source_{}", entry.source.word()));
        let via =
            entry.via.as_ref().map(|via| match named(self.lang, "texts", &format!("via_{}", via.as_str())) {
                Some(says) => says.to_owned(),
                None => via.as_str().to_owned(),
            });
        let told: Vec<String> = via.into_iter().chain(entry.received.map(day_of)).collect();
        if told.is_empty() { source } else { format!("{source} ({})", told.join(", ")) }
    }

    /// Who processes the data for those who answer for these lines; nothing where the settings of one are not at hand.
    fn processors(&self) -> Option<BTreeSet<String>> {
        let told = self.lines().into_iter().map(|(_, line)| Some(line?.told.processors.clone()));
        Some(told.collect::<Option<Vec<_>>>()?.into_iter().flatten().collect())
    }

    fn receivers(&self) -> Values {
        match self.processors() {
            // Without their names it is a placeholder.
            None => Values::from([("processors_named", String::new())]),
            Some(none) if none.is_empty() => Values::from([("processors_none", String::new())]),
            Some(all) => Values::from([
                ("processors_named", String::new()),
                ("processors", all.into_iter().collect::<Vec<_>>().join("; ")),
            ]),
        }
    }

    fn entry(&self, entry: &Logged) -> String {
        let of = entry.call.as_ref().map(|call| format!(" ({call})")).unwrap_or_default();
        let detail = entry.detail.as_deref().map(|detail| match NoSummary::from_word(detail) {
            Some(_) => self.word("reasons", detail),
            None => detail.to_owned(),
        });
        let detail = detail.map(|detail| format!(": {detail}")).unwrap_or_default();
        format!("- {}  {}{detail}{of}\n", time(entry.at), self.word("deeds", &entry.deed))
    }

    /// What one of our own words is called in the language; the word itself where it has no name there.
    fn word(&self, list: &str, word: &str) -> String {
        named(self.lang, list, word).unwrap_or(word).to_owned()
    }

    // ------------------------------------------------------------ JSON

    /// Fields are added, never changed.
    fn json(&self, missing: &BTreeSet<String>) -> Value {
        let contacts = self.meant.contacts.iter().map(|entry| entry_json(entry, self.place));
        let contacts: Vec<Value> = contacts.collect();
        let lines: Vec<Value> = self.lines().iter().map(|(name, line)| line_json(name, *line)).collect();
        let entry = |entry: &Logged| {
            json!({ "entry": entry.seq, "at": timestamp(entry.at), "deed": entry.deed, "call": entry.call,
                    "detail": entry.detail })
        };
        json!({
            "exported": timestamp(self.now),
            "nothing_kept": false,
            "number": self.meant.number.as_ref().map(Number::as_str),
            "calls": self.meant.calls.iter().map(|kept| self.call_json(kept)).collect::<Vec<_>>(),
            "do_not_contact": contacts,
            "standing_objection": self.meant.objected.is_some(),
            "standing_objection_since": self.meant.objected.map(timestamp),
            "receivers": self.processors(),
            "third_countries": [],
            "audio": null,
            "transcript": null,
            "lines": lines,
            "keep_log_days": self.place.config.as_ref().map(|config: &Config| config.store.keep_log_days),
            "keep_objections_days": self.place.config.as_ref().and_then(|config| config.store.keep_objections_days),
            "keep_erased_days": self.place.config.as_ref().map(|config| config.store.keep_erased_days),
            "categories": CATEGORIES,
            "source": SOURCES,
            "automated_decisions": false,
            "rights": RIGHTS.map(|(article, right)| json!({ "article": article, "right": right })),
            "log": self.log.iter().map(entry).collect::<Vec<_>>(),
            "missing": missing,
        })
    }

    fn call_json(&self, kept: &Kept) -> Value {
        // The person may read a note that nobody else is shown.
        let mut readable = kept.clone();
        readable.marks.restricted = false;
        let mut value = call_json(&readable);
        value["restricted"] = json!(kept.marks.restricted);
        value["kept_until"] = match self.goes(kept) {
            Goes::After(at) => timestamp(at),
            Goes::Stays | Goes::Unknown => Value::Null,
        };
        value
    }
}

fn line_json(name: &str, line: Option<&Line>) -> Value {
    let Some(line) = line else { return json!({ "line": name, "settings": false }) };
    let told = &line.told;
    let mode = match line.mode {
        Mode::Notice => "notice",
        Mode::Consent { .. } => "consent",
        Mode::Off => "off",
    };
    let bases = [
        ("note", told.bases.note),
        ("do_not_contact", told.bases.do_not_contact),
        ("log", told.bases.log),
        ("display", told.bases.display.filter(|_| line.tell_earlier_notes)),
    ];
    let purposes = bases.into_iter().filter(|(purpose, _)| *purpose != "display" || line.tell_earlier_notes);
    let purposes: Vec<Value> = purposes
        .map(|(purpose, basis)| json!({ "purpose": purpose, "basis": basis.map(|basis| basis.word()) }))
        .collect();
    json!({
        "line": name,
        "settings": true,
        "number": line.number.as_str(),
        "mode": mode,
        "agent_leg": line.agent_leg.word(),
        "controller": told.controller,
        "address": told.address,
        "contact": told.contact,
        "dpo": told.dpo,
        "authority": told.authority,
        "purposes": purposes,
        "keep_notes_days": line.keep_notes_days,
        "keep_rows_days": line.keep_rows_days,
        "keep_wishes_days": line.keep_wishes_days,
        "processors": told.processors,
    })
}

/// From when to when each talk lasted.
fn segments(call: &CallRecord) -> String {
    let told: Vec<String> = call
        .segments
        .iter()
        .map(|segment| format!("{} – {}", time(segment.from), time(segment.to)))
        .collect();
    told.join(", ")
}

/// For how many days a row stays: by its line's settings, or, where they no longer name the line, the longest period.
fn days(retention: &Retention, call: &CallRecord) -> Option<u32> {
    let noted = matches!(call.outcome, Outcome::Noted(_));
    let of_line = retention.lines.iter().find(|line| line.line == call.line);
    let days = of_line.map(|line| if noted { line.notes_days } else { line.rows_days });
    days.or_else(|| retention.lines.iter().map(|line| line.notes_days.max(line.rows_days)).max())
}

/// The name of a word in one of the lists of the texts.
fn named<'a>(lang: Lang, list: &str, word: &str) -> Option<&'a str> {
    let names = section(texts(lang), list, false)?;
    names
        .lines()
        .filter_map(|line| line.split_once(" = "))
        .find(|(name, _)| *name == word)
        .map(|(_, says)| says)
}

fn texts(lang: Lang) -> &'static str {
    match lang {
        Lang::De => include_str!("texts/de.md"),
        Lang::En => include_str!("texts/en.md"),
        Lang::Fr => include_str!("texts/fr.md"),
    }
}

const CATEGORIES: [&str; 11] = [
    "numbers",
    "times_and_course_of_the_call",
    "notice_version",
    "consent",
    "summary",
    "topics",
    "reason_for_no_summary",
    "figures_of_understanding",
    "do_not_contact",
    "standing_objection",
    "log_without_content",
];

const SOURCES: [&str; 3] = [
    "the telephone system",
    "what was said in the call, by the caller alone where agent_heard is false",
    "entries by staff or from a list",
];

const RIGHTS: [(u32, &str); 7] = [
    (16, "rectification"),
    (17, "erasure"),
    (18, "restriction"),
    (20, "portability"),
    (21, "objection"),
    (22, "no automated decision"),
    (77, "complaint to an authority"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::border::TOPICS;

    const ALL: [Lang; 3] = [Lang::De, Lang::En, Lang::Fr];

    #[test]
    fn every_word_that_an_answer_may_hold_has_a_name_in_every_language() {
        // What is told of the whole database, and of nobody.
        let house = [
            Deed::Swept,
            Deed::SettingsChanged,
            Deed::EarStarted,
            Deed::EarEnded,
            Deed::ProofMade,
            Deed::BackedUp,
            Deed::LogRead,
            Deed::Pruned,
        ];
        for lang in ALL {
            for reason in NoSummary::ALL {
                assert!(named(lang, "reasons", reason.word()).is_some(), "{lang:?} {}", reason.word());
            }
            for topic in TOPICS {
                assert!(named(lang, "topics", topic).is_some(), "{lang:?} {topic}");
            }
            for deed in Deed::ALL.iter().filter(|deed| !house.contains(deed)) {
                assert!(named(lang, "deeds", deed.word()).is_some(), "{lang:?} {}", deed.word());
            }
            for word in
                ["calls", "email", "letters", "sms", "advertising", "everything", "service", "callback"]
            {
                assert!(named(lang, "texts", word).is_some(), "{lang:?} {word}");
            }
        }
    }

    #[test]
    fn the_texts_have_the_same_parts_and_the_same_placeholders_in_every_language() {
        let parts = |lang: Lang| -> Vec<(String, Vec<String>)> {
            let parts = texts(lang).split("=== ").skip(1);
            parts
                .map(|part| {
                    let (name, body) = part.split_once('\n').unwrap();
                    let mut names: Vec<String> = body
                        .split('{')
                        .skip(1)
                        .map(|rest| rest.split_once('}').unwrap().0.to_owned())
                        .collect();
                    names.sort();
                    (name.to_owned(), names)
                })
                .collect()
        };
        assert_eq!(parts(Lang::De), parts(Lang::En));
        assert_eq!(parts(Lang::Fr), parts(Lang::En));
        assert!(parts(Lang::En).len() > 12);
    }

    #[test]
    fn a_name_is_left_out_where_it_stands_as_a_whole_word() {
        assert_eq!(without("Miller called. Millers came.", "Miller"), "[…] called. Millers came.");
        assert_eq!(without("Frau Müller, Müller.", "Müller"), "Frau […], […].");
        assert_eq!(without("Nobody.", ""), "Nobody.");
    }
}
