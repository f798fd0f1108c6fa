//! Evidence of every kind goes in, the statements of a note come out, the most needed first.
//!
//! Reason, appointments, promises, refusals, call-back, amounts, references, then what was merely told.

use super::clauses::Clause;
use super::deeds::{self, Deed, Mode};
use super::ledger::{Appointment, Ledger};
use super::lexicon::Need;
use super::pairs::{self, Answer};
use super::pattern::{self, View};
use super::say;
use super::tell::Teller;
use super::told::{Candidate, Told};
use super::values::{Kind as Valued, Value};
use super::when::{self, When};
use super::{contact, phrase};
use crate::border::{DoNotContact, WhoseNumber};
use crate::confidential::guard::{Kind, Modality, Statement};
use crate::confidential::{Speaker, Text};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// All that the steps before found.
pub(super) struct Evidence<'a> {
    pub view: View<'a>,
    pub clauses: &'a [Clause],
    pub deeds: &'a [Deed],
    pub ledger: &'a Ledger,
    pub requests: &'a [(DoNotContact, contact::Heard)],
}

/// The statements of the note, in the order in which they are to be kept.
pub(super) fn statements(evidence: &Evidence<'_>) -> Vec<Statement> {
    let teller = Teller::new(evidence.view, evidence.clauses);
    let told = Told::new(&teller, evidence.ledger);
    let mut all = Vec::new();
    contact_requests(evidence, &mut all);
    let (why, more) = reasons(evidence, &told, &all);
    all.extend(why);
    all.extend(rest(evidence, &told, more));
    without_repeats(evidence.view, all)
}

/// Why the call: what is wrong and what is wanted, the early and the heavy first.
fn reasons(
    evidence: &Evidence<'_>,
    told: &Told<'_>,
    asked: &[Statement],
) -> (Vec<Statement>, Vec<Candidate>) {
    let (mut wrong, mut needs, mut old) = (Vec::new(), Vec::new(), Vec::new());
    told.issues(asked, &mut wrong);
    told.needs(&mut needs);
    questions(evidence, &mut old);
    needs.extend(worth(&mut old, 14));
    wishes(evidence, told, &mut old);
    aims(evidence, &mut old);
    let early = |s: &Statement| 12 - 2 * s.evidence.first().map_or(0, |turn| told.nth(*turn));
    needs.extend(old.drain(..).map(|statement| Candidate { worth: early(&statement), statement }));
    let free =
        |c: &Candidate| !asked.iter().any(|s| s.evidence.iter().any(|t| c.statement.evidence.contains(t)));
    let mut chosen = best(wrong.into_iter().filter(free).collect(), 2);
    let mut needs = best(needs.into_iter().filter(free).collect(), 2).into_iter();
    // Where it is known what is wrong, a wish told by its words adds little.
    let plain = |c: &Candidate| !chosen.is_empty() && c.statement.rule == "told.request";
    let first = needs.next();
    let second = first.as_ref().is_some_and(plain);
    let mut needs = first.into_iter().chain(needs);
    if !second {
        chosen.extend(needs.next());
    }
    let more = needs.map(|candidate| Candidate { worth: candidate.worth.min(SECOND), ..candidate }).collect();
    chosen.sort_by_key(|candidate| std::cmp::Reverse(candidate.worth));
    let mut statements: Vec<Statement> = chosen.into_iter().map(|candidate| candidate.statement).collect();
    if statements.is_empty() && asked.is_empty() {
        told.about(&mut statements);
    }
    if statements.is_empty() && asked.is_empty() {
        subjects(evidence, &mut statements);
    }
    statements.truncate(3);
    (statements, more)
}

/// What a second request is worth at most.
const SECOND: i32 = 9;

/// What was agreed, promised, refused and told, the worthiest first.
fn rest(evidence: &Evidence<'_>, told: &Told<'_>, more: Vec<Candidate>) -> Vec<Statement> {
    let mut all = more;
    let mut old = Vec::new();
    appointments(evidence, told, &mut old);
    all.extend(worth(&mut old, 14));
    promises(evidence, told, &mut all);
    refusals(evidence, told, &mut old);
    all.extend(worth(&mut old, 9));
    decisions(evidence, &mut old);
    all.extend(worth(&mut old, 7));
    claims(evidence, told, &mut old);
    all.extend(worth(&mut old, 9));
    times(evidence, told, &mut old);
    all.extend(worth(&mut old, 9));
    hours(evidence, told, &mut old);
    all.extend(worth(&mut old, 9));
    references(evidence, told, &mut old);
    all.extend(worth(&mut old, 8));
    numbers(evidence, &mut old);
    all.extend(worth(&mut old, 6));
    periods(evidence, told, &mut old);
    all.extend(worth(&mut old, 10));
    dates(evidence, &mut old);
    all.extend(worth(&mut old, 10));
    possibilities(evidence, told, &mut old);
    all.extend(worth(&mut old, 3));
    told.commitments(&mut all);
    // What is done about a request not to be contacted is said by the request.
    let asked: Vec<u16> = evidence.requests.iter().flat_map(|(_, heard)| heard.turns.clone()).collect();
    let answers = |turn: &u16| asked.iter().any(|asked| (*asked..=asked + ENTERED).contains(turn));
    all.retain(|c| c.statement.rule != "told.promise" || !c.statement.evidence.iter().any(answers));
    told.refusals(&mut all);
    told.amounts(&mut all);
    told.free(&mut all);
    told.causes(&mut all);
    told.asked(&mut all);
    told.times(&mut all);
    told.decided(&mut all);
    told.follow_ups(&mut all);
    // And what the caller takes or leaves in it.
    let within = |c: &Candidate| c.statement.evidence.iter().any(|turn| asked.contains(turn));
    all.retain(|c| !["told.decided", "told.agreed", "told.caller"].contains(&c.statement.rule) || !within(c));
    // What takes few words leaves room for more.
    let words = |candidate: &Candidate| candidate.statement.text.split(' ').count() as i32;
    all.sort_by_key(|candidate| std::cmp::Reverse(candidate.worth * WORDS_A_WORTH - words(candidate)));
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let few = |candidate: &Candidate| {
        let count = counts.entry(candidate.statement.rule).or_default();
        *count += 1;
        *count <= quota(candidate.statement.rule)
    };
    all.into_iter()
        .filter({
            let mut few = few;
            move |candidate| few(candidate)
        })
        .map(|candidate| candidate.statement)
        .collect()
}

/// Turns within which the agent enters a request not to be contacted.
const ENTERED: u16 = 3;

/// Words that outweigh one point of worth.
const WORDS_A_WORTH: i32 = 4;

/// How many statements of a rule a note may have.
fn quota(rule: &str) -> usize {
    match rule {
        "told.cause" | "told.caller" | "period" | "possible" => 1,
        "told.free" | "told.refusal" | "told.agreed" | "told.time" | "told.decided" => 2,
        _ => 9,
    }
}

fn worth(statements: &mut Vec<Statement>, worth: i32) -> Vec<Candidate> {
    statements.drain(..).map(|statement| Candidate { statement, worth }).collect()
}

fn best(mut candidates: Vec<Candidate>, most: usize) -> Vec<Candidate> {
    candidates.sort_by_key(|candidate| std::cmp::Reverse(candidate.worth));
    candidates.truncate(most);
    candidates
}

/// None twice: of what the teller says of a turn one statement of a kind, beside the acts that are known there none.
fn without_repeats(view: View<'_>, all: Vec<Statement>) -> Vec<Statement> {
    let mut kept: Vec<Statement> = Vec::new();
    for statement in all {
        let again = kept.iter().any(|other| {
            let shares = statement.evidence.iter().any(|turn| other.evidence.contains(turn));
            let told = statement.rule.starts_with("told.") || other.rule.starts_with("told.");
            let near =
                statement.evidence.iter().any(|turn| other.evidence.iter().any(|t| t.abs_diff(*turn) <= 1));
            let dated = near && other.rule == "told.time" && statement.rule == "date";
            let akin = shares
                && told
                && statement.kind != Kind::Amount
                && family(other.kind) == family(statement.kind);
            let same = dated
                || akin && (other.rule == statement.rule || news(view, &statement.text, &other.text) < NEWS);
            let calls = shares && statement.kind == Kind::Callback && other.kind == Kind::Callback && told;
            other.text == statement.text || same || calls
        });
        let named = |digits: &str| kept.iter().any(|other| other.text.contains(digits));
        let known =
            ["reference", "number"].contains(&statement.rule) && numbers_in(&statement.text).all(named);
        if !again && !known {
            kept.push(statement);
        }
    }
    kept
}

/// Words that a second telling of a turn must add.
const NEWS: usize = 3;

/// How many words of the call a sentence has that another lacks.
fn news(view: View<'_>, text: &str, other: &str) -> usize {
    let words = |text: &str| -> BTreeSet<Text> {
        super::fold(text).split(|c: char| !c.is_alphanumeric()).map(Text::from).collect()
    };
    let known = words(other);
    let tells =
        |word: &Text| view.counts.contains_key(word.as_str()) && !view.words().stop.contains(word.as_str());
    words(text).into_iter().filter(|word| tells(word) && !known.contains(word)).count()
}

/// The numbers of a sentence, with their letters.
fn numbers_in(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !c.is_alphanumeric());
    words.filter(|word| word.chars().filter(char::is_ascii_digit).count() >= 3)
}

/// Kinds that say the same of the same turn.
fn family(kind: Kind) -> u8 {
    match kind {
        Kind::Issue | Kind::Cause | Kind::Information => 0,
        Kind::Request => 1,
        Kind::FollowUp => 2,
        Kind::Promise | Kind::Appointment | Kind::Callback | Kind::Decision => 2,
        Kind::Refusal => 3,
        Kind::Amount => 4,
        Kind::Reference => 5,
    }
}

const CALLER: Speaker = Speaker::Caller;
const AGENT: Speaker = Speaker::Agent(1);

pub(super) fn make(
    kind: Kind,
    by: Speaker,
    modality: Modality,
    text: Text,
    evidence: Vec<u16>,
    rule: &'static str,
) -> Statement {
    let mut evidence = evidence;
    evidence.sort_unstable();
    evidence.dedup();
    let positive = kind != Kind::Refusal;
    Statement { kind, by, positive, modality, text, shorter: None, evidence, rule, reason: false }
}

fn contact_requests(evidence: &Evidence<'_>, out: &mut Vec<Statement>) {
    let lexicon = evidence.view.lexicon;
    for (request, heard) in evidence.requests {
        let channels = request.channels;
        let named = [
            (channels.calls, "dnc_calls", "keep_calls"),
            (channels.sms, "dnc_sms", "keep_sms"),
            (channels.email, "dnc_email", "keep_email"),
            (channels.letters, "dnc_letters", "keep_letters"),
        ];
        let words: Vec<Text> = if named.iter().all(|(set, _, _)| *set) {
            vec![lexicon.frame("dnc_all").into()]
        } else {
            named.iter().filter(|(set, _, _)| *set).map(|(_, word, _)| lexicon.frame(word).into()).collect()
        };
        let frame = match (request.number, request.purpose) {
            (WhoseNumber::Named(_), _) => "dnc_other",
            (_, crate::border::Purpose::Advertising) => "dnc_advertising",
            (_, crate::border::Purpose::Everything) => "dnc_everything",
        };
        let text = say::sentence(lexicon, frame, &[("channels", &say::list(lexicon, &words))]);
        let mut statement = make(Kind::Request, CALLER, Modality::Wish, text, heard.turns.clone(), "contact");
        statement.reason = true;
        out.push(statement);
        let keep: Vec<Text> = named
            .iter()
            .zip(heard.kept)
            .filter(|(_, kept)| *kept)
            .map(|((_, _, word), _)| lexicon.frame(word).into())
            .collect();
        if !keep.is_empty() {
            let text = say::sentence(lexicon, "dnc_keep", &[("channel", &say::list(lexicon, &keep))]);
            out.push(make(
                Kind::Information,
                CALLER,
                Modality::Fact,
                text,
                heard.turns.clone(),
                "contact.keep",
            ));
        }
    }
}

/// Questions that have a name ("the opening hours").
fn questions(evidence: &Evidence<'_>, out: &mut Vec<Statement>) {
    let view = evidence.view;
    let named = |say: &str| view.lexicon.frame("question_states").split('|').any(|state| state == say);
    for issue in view.lexicon.issues.iter().filter(|issue| named(&issue.say)) {
        let asks = |clause: &&Clause| {
            clause.speaker.is_caller()
                && pattern::any(&issue.patterns, view, &clause.place)
                && !pattern::any(&issue.not, view, &clause.place)
        };
        if let Some(clause) = evidence.clauses.iter().find(asks) {
            let text = say::sentence(view.lexicon, "question", &[("state", &issue.say)]);
            let mut statement =
                make(Kind::Request, CALLER, Modality::Wish, text, vec![clause.turn], "question");
            statement.reason = true;
            out.push(statement);
        }
    }
}

/// A phrase that can be what a call is about: it holds a common noun, or is said again by somebody.
fn is_subject(view: View<'_>, phrase: &Range<usize>) -> bool {
    phrase.clone().any(|at| phrase::is_content(view, at) && weight(view, at) >= 2)
}

/// A phrase that can be what something is done with: one with a determiner, or a subject.
fn is_named(view: View<'_>, phrase: &Range<usize>) -> bool {
    let determined = view.words().determiners.contains(&view.tokens[phrase.start].text);
    determined && phrase.len() <= 3 || is_subject(view, phrase)
}

/// How much a word counts: listed, repeated, echoed by the other side.
fn weight(view: View<'_>, at: usize) -> usize {
    let token = &view.tokens[at];
    let listed = usize::from(view.words().nouns.contains(&token.text)) * 2;
    if token.text.len() < 4 && listed == 0 {
        return 0;
    }
    let (caller, agent) = view.counts.get(&token.text).copied().unwrap_or_default();
    let (own, other) = if token.speaker.is_caller() { (caller, agent) } else { (agent, caller) };
    let echoed = usize::from(other > 0);
    listed + usize::from(own > 1) + echoed * 2
}

/// What the caller wants: things wished for, and acts wanted or asked for.
fn wishes(evidence: &Evidence<'_>, told: &Told<'_>, out: &mut Vec<Statement>) {
    let view = evidence.view;
    let mut acts = BTreeSet::new();
    for deed in evidence.deeds.iter().filter(|deed| deed.speaker.is_caller()) {
        let frame = match deed.mode {
            Mode::Want => "wanted",
            Mode::Ask => "asked",
            _ => continue,
        };
        if evidence.clauses[deed.clause].past && deed.mode == Mode::Ask || !acts.insert(deed.act) {
            continue;
        }
        let Some(act) = act_text(view, deed, deed.mode == Mode::Want) else { continue };
        let mut text = say::sentence(view.lexicon, frame, &[("do", &act)]);
        let details = details_of(evidence, told, deed, &text);
        append(&mut text, details);
        let mut statement =
            make(Kind::Request, CALLER, Modality::Wish, text, deed.evidence.clone(), "wanted");
        statement.reason = true;
        out.push(statement);
    }
    let mut wished = 0;
    let asked: BTreeSet<u16> = evidence
        .deeds
        .iter()
        .filter(|deed| deed.speaker.is_caller() && matches!(deed.mode, Mode::Ask | Mode::Want))
        .map(|deed| deed.turn)
        .collect();
    for clause in evidence.clauses.iter().filter(|clause| clause.speaker.is_caller()) {
        if asked.contains(&clause.turn) {
            continue;
        }
        let cue = |cue: &str| pattern::first(view.lexicon.cue(cue), view, &clause.place);
        let Some(hit) = cue("wish") else { continue };
        let around = hit.from.saturating_sub(2).max(clause.place.start)..hit.to;
        if pattern::any(view.lexicon.cue("negation"), view, &around) {
            continue;
        }
        let Some(phrase) = hit.phrases.first().filter(|phrase| is_subject(view, phrase)) else { continue };
        if wished >= 2 || is_form(view, phrase.start) {
            continue;
        }
        let count = hit.values.first().map(|&index| &view.values[index]);
        let mut np = count.map(number_of).unwrap_or_default();
        np.push_str(&say::phrase(view, phrase));
        let text = say::sentence(view.lexicon, "wished", &[("np", &np), ("when", "")]);
        let mut statement = make(Kind::Request, CALLER, Modality::Wish, text, vec![clause.turn], "wished");
        statement.reason = true;
        out.push(statement);
        wished += 1;
    }
}

/// "I want to report the damage": a verb of the caller's own, where no act is known.
fn aims(evidence: &Evidence<'_>, out: &mut Vec<Statement>) {
    let view = evidence.view;
    let known: BTreeSet<u16> = evidence.deeds.iter().map(|deed| deed.turn).collect();
    for clause in evidence.clauses.iter().filter(|clause| clause.speaker.is_caller() && !clause.negated) {
        let told = out.iter().any(|statement| statement.evidence.contains(&clause.turn));
        if known.contains(&clause.turn) || told {
            continue;
        }
        let hit = pattern::first(view.lexicon.cue("aim"), view, &clause.place);
        let Some((verb, phrase)) = hit.and_then(|hit| aim_at(view, &(hit.to..clause.place.end))) else {
            continue;
        };
        let verb = view.tokens[verb].text_as_shown();
        let np = say::phrase(view, &phrase);
        let text = say::sentence(view.lexicon, "aim", &[("verb", &verb), ("np", &np)]);
        let mut statement = make(Kind::Request, CALLER, Modality::Wish, text, vec![clause.turn], "aim");
        statement.reason = true;
        out.push(statement);
        return;
    }
}

/// The verb and its object: the verb first, or, in German, an infinitive at the end.
fn aim_at(view: View<'_>, place: &Range<usize>) -> Option<(usize, Range<usize>)> {
    if !view.lexicon.numbers.is_german() {
        let verb = Some(place.start).filter(|&at| at < place.end && phrase::is_content(view, at))?;
        let object = phrase::at(view, place, verb + 1)?;
        return (object.start == verb + 1 && is_named(view, &object)).then_some((verb, object));
    }
    let infinitive = |at: &usize| {
        let word = &view.tokens[*at].text;
        let ends = ["en", "eln", "ern"].iter().any(|end| word.ends_with(end));
        ends && phrase::is_content(view, *at) && !view.words().nouns.contains(word)
    };
    let verb = place.clone().rev().find(infinitive)?;
    let object =
        deeds::phrases(view, &(place.start..verb)).into_iter().find(|phrase| is_named(view, phrase))?;
    Some((verb, object))
}

fn number_of(value: &Value) -> Text {
    let mut text = Text::new();
    if let Valued::Count(count) = value.kind {
        text = when::number(u64::from(count));
        text.push(' ');
    }
    text
}

fn is_form(view: View<'_>, at: usize) -> bool {
    let place = at..view.tokens.len();
    view.lexicon.acts.iter().flat_map(|act| &act.forms).any(|form| form.at(view, &place, at).is_some())
}

/// The infinitive phrase of a deed; `None` when its object is needed and unknown.
fn act_text(view: View<'_>, deed: &Deed, plain: bool) -> Option<Text> {
    let act = &view.lexicon.acts[deed.act];
    let object = match (act.object, &deed.object) {
        (Need::None, _) => Text::new(),
        (Need::Optional, _) if act.money && deed.amount.is_some() => amount_text(view, deed.amount)?,
        (_, Some(phrase)) if is_named(view, phrase) => say::phrase(view, phrase),
        (Need::Optional, _) if deed.mode == Mode::Permit => Text::new(),
        // What goes by e-mail is not the goods.
        (Need::Optional, _)
            if act.default.is_some() && !act.say.contains("{channel}") && !channel(view, deed).is_empty() =>
        {
            return None;
        }
        (Need::Optional, _) => act.default.as_deref().map(Text::from).unwrap_or_default(),
        (Need::Needed, _) => return None,
    };
    let when = deed.when.as_ref().map(|when| when.say(view.lexicon)).unwrap_or_default();
    let channel = channel(view, deed);
    let frame = if plain { &act.plain } else { &act.say };
    let to = amount_text(view, deed.amount).filter(|_| frame.contains("{to}"));
    let to = to.map(|n| say::fill(view.lexicon.frame("to_amount"), &[("n", &n)])).unwrap_or_default();
    let values = [("object", object.as_str()), ("when", &when), ("channel", channel), ("to", &to)];
    let text = say::fill(frame, &values);
    Some(text.trim().into())
}

fn amount_text(view: View<'_>, amount: Option<usize>) -> Option<Text> {
    match view.values.get(amount?)?.kind {
        Valued::Amount { cents, currency } => Some(say::amount(view.lexicon, cents, currency)),
        _ => None,
    }
}

fn channel<'a>(view: View<'a>, deed: &Deed) -> &'a str {
    let place = clause_place(view, deed);
    for key in ["channel_email", "channel_text", "channel_post"] {
        if pattern::any(view.lexicon.cue(key), view, &place) {
            return view.lexicon.frame(key);
        }
    }
    ""
}

fn clause_place(view: View<'_>, deed: &Deed) -> Range<usize> {
    let from = view.tokens.partition_point(|token| token.turn < deed.turn);
    let to = view.tokens.partition_point(|token| token.turn <= deed.turn);
    from..to
}

fn appointments(evidence: &Evidence<'_>, told: &Told<'_>, out: &mut Vec<Statement>) {
    let view = evidence.view;
    for appointment in evidence.ledger.appointments.iter().filter(|a| !is_promise_already(evidence, a)) {
        let when = appointment.when.say(view.lexicon);
        let when = when.trim();
        let visit = visit_of(evidence, appointment);
        let (frame, name) = match (&appointment.when.end, visit) {
            (Some(_), _) => ("range", ""),
            (None, Some(visit)) => ("appointment", visit),
            (None, None) if appointment.when.time.is_some() && word_of_meeting(evidence, appointment) => {
                ("appointment", view.lexicon.frame("visit"))
            }
            (None, None) => ("appointment_plain", ""),
        };
        if frame != "range" && visit.is_none() && is_call(evidence, appointment) {
            out.push(call_agreed(evidence, told, appointment));
            continue;
        }
        let np = wished_phrase(evidence).filter(|_| frame == "range");
        let np = np.map(|np| say::fill(view.lexicon.frame("range_np"), &[("np", &np)])).unwrap_or_default();
        let mut text = say::sentence(view.lexicon, frame, &[("visit", name), ("when", when), ("np", &np)]);
        let details = told.details(&appointment.evidence, None, true, 3, &text);
        append(&mut text, details);
        let mut statement = make(
            Kind::Appointment,
            AGENT,
            Modality::Agreed,
            text,
            appointment.evidence.clone(),
            "appointment",
        );
        statement.reason = true;
        statement.shorter = by_weekday(&appointment.when).map(|when| {
            let when = when.say(view.lexicon);
            say::sentence(view.lexicon, frame, &[("visit", name), ("when", when.trim()), ("np", "")])
        });
        out.push(statement);
    }
}

/// What an act is about where it names no object, or little of it.
fn details_of(evidence: &Evidence<'_>, told: &Told<'_>, deed: &Deed, text: &str) -> Option<Text> {
    let calls = evidence.view.lexicon.acts[deed.act].kind == "callback";
    let (answers, most) =
        if calls || deed.object.is_some() || deed.amount.is_some() { (false, 1) } else { (true, 3) };
    told.details(&deed.evidence, Some(evidence.clauses[deed.clause].place.clone()), answers, most, text)
}

/// Puts what a statement is about behind it.
fn append(text: &mut Text, details: Option<Text>) {
    if let Some(details) = details
        && text.ends_with('.')
    {
        text.pop();
        text.push_str(" (");
        text.push_str(&details);
        text.push_str(").");
    }
}

fn call_agreed(evidence: &Evidence<'_>, told: &Told<'_>, appointment: &Appointment) -> Statement {
    let lexicon = evidence.view.lexicon;
    let list = told.details(&appointment.evidence, None, true, 3, "").unwrap_or_default();
    let when = appointment.when.say(lexicon);
    let text = say::sentence(lexicon, "told_call", &[("when", &when), ("list", &list)]);
    make(Kind::Callback, AGENT, Modality::Committed, text, appointment.evidence.clone(), "told.call")
}

/// Whether the agent spoke of calling on that day, where it was agreed or right before.
fn is_call(evidence: &Evidence<'_>, appointment: &Appointment) -> bool {
    let view = evidence.view;
    let (first, last) = around(appointment, 2);
    let near = evidence.clauses.iter().filter(|c| !c.speaker.is_caller() && (first..last).contains(&c.turn));
    let same = |when: &When| matches!((&when.day, &appointment.when.day), (Some(a), Some(b)) if when::same_day(a, b));
    near.filter(|clause| pattern::any(view.lexicon.cue("tell_callback"), view, &clause.place))
        .any(|clause| when::read(view, &clause.place).iter().any(same))
}

/// The same time by its weekday alone.
fn by_weekday(when: &When) -> Option<When> {
    match when.day {
        Some(Valued::Date { weekday: Some(weekday), .. }) if when.end.is_none() => {
            Some(When { day: Some(Valued::Weekday(weekday)), ..when.clone() })
        }
        _ => None,
    }
}

/// A day on which something was promised is no appointment: the promise names it.
fn is_promise_already(evidence: &Evidence<'_>, appointment: &Appointment) -> bool {
    let deeds = evidence.deeds.iter().filter(|deed| deed.mode == Mode::Commit);
    deeds.filter(|deed| evidence.view.lexicon.acts[deed.act].id != "visit").any(|deed| {
        let day = deed.when.as_ref().and_then(|when| when.day.as_ref());
        let same = matches!((day, &appointment.when.day), (Some(a), Some(b)) if when::same_day(a, b));
        let said = !deed.speaker.is_caller() && act_text(evidence.view, deed, false).is_some();
        same && said && appointment.evidence.iter().any(|turn| deed.evidence.contains(turn))
    })
}

/// Who comes, as far as it was said within a few turns of the agreement.
fn visit_of<'a>(evidence: &Evidence<'a>, appointment: &Appointment) -> Option<&'a str> {
    let (from, to) = around(appointment, 4);
    let near = evidence.view.tokens.iter().filter(|token| (from..=to).contains(&token.turn));
    let visits = &evidence.view.lexicon.visits;
    let mut best: Option<(u16, &str)> = None;
    for token in near {
        if let Some(visit) = visits.iter().find(|visit| visit.stems.iter().any(|stem| stem.fits(&token.text)))
            && best.is_none_or(|(turn, _)| token.turn >= turn)
        {
            best = Some((token.turn, visit.say.as_str()));
        }
    }
    best.map(|(_, say)| say)
}

fn around(appointment: &Appointment, turns: u16) -> (u16, u16) {
    let first = appointment.evidence.iter().min().copied().unwrap_or(0);
    let last = appointment.evidence.iter().max().copied().unwrap_or(0);
    (first.saturating_sub(turns), last.saturating_add(1))
}

fn word_of_meeting(evidence: &Evidence<'_>, appointment: &Appointment) -> bool {
    let (from, to) = around(appointment, 5);
    let view = evidence.view;
    let place = view.tokens.partition_point(|t| t.turn < from)..view.tokens.partition_point(|t| t.turn <= to);
    pattern::any(view.lexicon.cue("appointment_word"), view, &place)
}

fn wished_phrase(evidence: &Evidence<'_>) -> Option<Text> {
    let view = evidence.view;
    let caller = evidence.clauses.iter().filter(|clause| clause.speaker.is_caller());
    caller.filter_map(|clause| pattern::first(view.lexicon.cue("wish"), view, &clause.place)).find_map(
        |hit| {
            let phrase = hit.phrases.into_iter().next().filter(|phrase| is_subject(view, phrase))?;
            Some(say::phrase(view, &phrase))
        },
    )
}

fn promises(evidence: &Evidence<'_>, told: &Told<'_>, out: &mut Vec<Candidate>) {
    let view = evidence.view;
    let mut said: BTreeSet<(usize, bool)> = BTreeSet::new();
    let mut made: Vec<Promise> = Vec::new();
    for deed in evidence.deeds.iter().rev() {
        if deed.mode != Mode::Commit || !said.insert((deed.act, deed.speaker.is_caller())) {
            continue;
        }
        if is_visit_already(evidence, deed) || is_said_already(evidence, deed) {
            continue;
        }
        let Some(act) = act_text(view, deed, false) else { continue };
        let caller = deed.speaker.is_caller();
        let (frame, by, kind) = match (caller, deed.conditional, view.lexicon.acts[deed.act].kind.as_str()) {
            (true, _, _) => ("caller_will", CALLER, Kind::FollowUp),
            (false, true, "callback") => ("promise_condition", AGENT, Kind::Callback),
            (false, false, "callback") => ("promise", AGENT, Kind::Callback),
            (false, true, _) => ("promise_condition", AGENT, Kind::Promise),
            (false, false, _) => ("promise", AGENT, Kind::Promise),
        };
        if caller && deed.conditional {
            continue;
        }
        let mut text = say::sentence(view.lexicon, frame, &[("do", &act)]);
        let number = phone(evidence).filter(|v| kind == Kind::Callback && v.turn.abs_diff(deed.turn) <= 4);
        let details = match number {
            Some(number) => Some(number.digits.again()),
            // What else was said in the turn would be told of the object.
            _ if deed.object.is_some() => None,
            _ => details_of(evidence, told, deed, &text),
        };
        append(&mut text, details);
        let mut statement = make(kind, by, Modality::Committed, text, deed.evidence.clone(), "promise");
        statement.shorter =
            without_object(view, deed).map(|act| say::sentence(view.lexicon, frame, &[("do", &act)]));
        let plain = Deed { object: None, amount: None, when: None, ..deed.clone() };
        let bare = act_text(view, &plain, false).is_some_and(|plain| plain == act);
        made.push(Promise { dated: deed.when.is_some(), bare, statement });
    }
    made.reverse();
    // "I pass it on, he answers you": beside another act of the same turn a bare one tells little.
    let place = |made: &Promise| (made.statement.evidence.first().copied(), made.statement.by.is_caller());
    let mut told: BTreeSet<_> = made.iter().filter(|made| !made.bare).map(place).collect();
    made.retain(|made| !made.bare || told.insert(place(made)));
    let worth = |made: &Promise| {
        8 + 4 * i32::from(made.dated) + i32::from(made.statement.kind == Kind::Callback)
            - 3 * i32::from(made.statement.by.is_caller())
    };
    out.extend(made.into_iter().map(|made| Candidate { worth: worth(&made), statement: made.statement }));
}

/// A promise on its way into the note.
struct Promise {
    dated: bool,
    /// Whether it names neither what nor when.
    bare: bool,
    statement: Statement,
}

fn without_object(view: View<'_>, deed: &Deed) -> Option<Text> {
    let bare = Deed { object: None, ..deed.clone() };
    act_text(view, &bare, false)
}

/// What the caller will do at an agreed time, and what the agent takes off a list that the caller wants to leave.
fn is_said_already(evidence: &Evidence<'_>, deed: &Deed) -> bool {
    let day = deed.when.as_ref().and_then(|when| when.day.as_ref());
    let agreed = evidence.ledger.appointments.iter().any(
        |appointment| matches!((day, &appointment.when.day), (Some(a), Some(b)) if when::same_day(a, b)),
    );
    let removes = evidence.view.lexicon.acts[deed.act].id == "remove";
    let asked = evidence.requests.iter().flat_map(|(_, heard)| &heard.turns);
    let unlisted = removes && asked.into_iter().any(|turn| deed.turn >= *turn && deed.turn - turn <= 2);
    deed.speaker.is_caller() && agreed || unlisted
}

/// The promise to come is said by the appointment already.
fn is_visit_already(evidence: &Evidence<'_>, deed: &Deed) -> bool {
    evidence.view.lexicon.acts[deed.act].id == "visit" && !evidence.ledger.appointments.is_empty()
}

fn refusals(evidence: &Evidence<'_>, told: &Told<'_>, out: &mut Vec<Statement>) {
    let view = evidence.view;
    let mut turns = BTreeSet::new();
    for deed in evidence.deeds.iter().filter(|deed| deed.mode == Mode::Refuse && !deed.speaker.is_caller()) {
        let bare = deed.object.is_none() && deed.amount.is_none();
        let Some(act) = act_text(view, deed, false).filter(|_| !bare) else { continue };
        let not_yet = pattern::any(view.lexicon.cue("not_yet"), view, &evidence.clauses[deed.clause].place);
        if not_yet || !turns.insert(deed.turn) {
            continue;
        }
        let frame = if told.depends_at(deed.clause) { "refused_if" } else { "refused" };
        let text = say::sentence(view.lexicon, frame, &[("do", &act)]);
        let mut statement =
            make(Kind::Refusal, AGENT, Modality::Committed, text, deed.evidence.clone(), "refusal");
        statement.shorter =
            without_object(view, deed).map(|act| say::sentence(view.lexicon, frame, &[("do", &act)]));
        out.push(statement);
    }
    let mut more = 0;
    let stated = |clause: &Clause| !clause.speaker.is_caller() && !clause.question;
    for (at, clause) in evidence.clauses.iter().enumerate().filter(|(_, clause)| stated(clause)) {
        let hit = pattern::first(view.lexicon.cue("refusal_plain"), view, &clause.place);
        if hit.is_none() || turns.contains(&clause.turn) || more >= 2 || told.is_taken_back(at) {
            continue;
        }
        let own = hit.and_then(|hit| refused_itself(view, clause, &hit));
        let asked = own.map(|phrase| (phrase, clause.turn)).or_else(|| asked_before(evidence, clause));
        let Some((phrase, turn)) = asked else { continue };
        turns.insert(clause.turn);
        more += 1;
        let np = say::bare_phrase(view, &phrase);
        let open = pattern::any(view.lexicon.cue("open_point"), view, &clause.place);
        let frame = if open { "left_open" } else { "refused_plain" };
        let text = say::sentence(view.lexicon, frame, &[("np", &np)]);
        out.push(make(
            Kind::Refusal,
            AGENT,
            Modality::Committed,
            text,
            vec![turn, clause.turn],
            "refusal.plain",
        ));
    }
}

/// "A courtesy car I cannot give you": what is refused stands beside the refusal.
fn refused_itself(view: View<'_>, clause: &Clause, hit: &pattern::Found) -> Option<Range<usize>> {
    let near = hit.from.saturating_sub(4).max(clause.place.start)..(hit.to + 4).min(clause.place.end);
    let phrases = deeds::phrases(view, &near);
    phrases.into_iter().find(|phrase| view.words().determiners.contains(&view.tokens[phrase.start].text))
}

/// What the caller asked for right before a refusal: the last phrase of the caller's that weighs, or one beside it.
fn asked_before(evidence: &Evidence<'_>, refusal: &Clause) -> Option<(Range<usize>, u16)> {
    let view = evidence.view;
    let weigh =
        |phrase: &Range<usize>| phrase.clone().map(|at| weight_if_content(view, at)).max().unwrap_or(0);
    let best = |clause: &Clause| {
        let phrases = deeds::phrases(view, &clause.place);
        phrases.into_iter().filter(|phrase| is_subject(view, phrase)).max_by_key(|phrase| weigh(phrase))
    };
    let caller = evidence.clauses.iter().rev().filter(|clause| {
        clause.speaker.is_caller() && clause.turn < refusal.turn && refusal.turn - clause.turn <= 3
    });
    let asked = caller.filter_map(|clause| Some((best(clause)?, clause.turn))).next();
    let own = || best(refusal).map(|phrase| (phrase, refusal.turn));
    asked.or_else(own).map(|(phrase, turn)| (noun_part(view, &phrase), turn))
}

fn weight_if_content(view: View<'_>, at: usize) -> usize {
    if phrase::is_content(view, at) { weight(view, at) } else { 0 }
}

/// The listed noun of a phrase alone, where there is one.
fn noun_part(view: View<'_>, phrase: &Range<usize>) -> Range<usize> {
    let noun = phrase.clone().rev().find(|&at| view.words().nouns.contains(&view.tokens[at].text));
    noun.map_or_else(|| phrase.clone(), |at| at..at + 1)
}

/// The caller takes what the agent proposed.
fn decisions(evidence: &Evidence<'_>, out: &mut Vec<Statement>) {
    let view = evidence.view;
    for clause in evidence.clauses.iter().filter(|clause| clause.speaker.is_caller()) {
        if !pattern::any(view.lexicon.cue("decide"), view, &clause.place) {
            continue;
        }
        let proposal = evidence.clauses.iter().filter(|other| {
            !other.speaker.is_caller()
                && other.turn < clause.turn
                && clause.turn - other.turn <= 2
                && !other.question
        });
        let proposal: Vec<&Clause> = proposal.collect();
        let Some(turn) = proposal.last().map(|clause| clause.turn) else { continue };
        let mut parts: Vec<Text> = Vec::new();
        for clause in proposal.iter().filter(|clause| clause.turn == turn) {
            let phrases = deeds::phrases(view, &clause.place);
            let whole = |p: &Range<usize>| if p.len() > 2 { noun_part(view, p) } else { p.clone() };
            let nouns = phrases.iter().filter(|p| is_subject(view, p)).map(whole);
            parts.extend(nouns.filter(|p| p.len() <= 2).take(2).map(|p| say::bare_phrase(view, &p)));
            for index in super::values::within(view.values, &clause.place) {
                if let Valued::Amount { cents, currency } = view.values[index].kind {
                    let mut amount = say::amount(view.lexicon, cents, currency);
                    amount.push_str(rate(view, &clause.place));
                    parts.push(amount);
                }
            }
        }
        parts.truncate(3);
        if parts.is_empty() || out.iter().any(|s: &Statement| s.rule == "decision") {
            continue;
        }
        let text = say::sentence(view.lexicon, "decided", &[("what", &say::list(view.lexicon, &parts))]);
        out.push(make(Kind::Decision, CALLER, Modality::Agreed, text, vec![turn, clause.turn], "decision"));
    }
}

pub(super) fn rate<'a>(view: View<'a>, place: &Range<usize>) -> &'a str {
    if pattern::any(view.lexicon.cue("permonth"), view, place) {
        view.lexicon.frame("permonth")
    } else if pattern::any(view.lexicon.cue("pernight"), view, place) {
        view.lexicon.frame("pernight")
    } else {
        ""
    }
}

/// The earliest date, and what the caller may do until when.
fn times(evidence: &Evidence<'_>, told: &Told<'_>, out: &mut Vec<Statement>) {
    let view = evidence.view;
    for turn in turns(evidence.clauses) {
        let clause = &evidence.clauses[turn.start];
        if clause.speaker.is_caller() || clause.question {
            continue;
        }
        let place = clause.place.start..evidence.clauses[turn.end - 1].place.end;
        let all = when::read(view, &place);
        if pattern::any(view.lexicon.cue("earliest"), view, &place)
            && let Some(day) = all.iter().rev().find_map(|when| when.day.clone())
            && !out.iter().any(|s| s.rule == "earliest")
        {
            let day = when::day(view.lexicon, &day);
            let mut text = say::sentence(view.lexicon, "earliest", &[("when", &day)]);
            let details = told.details(&[clause.turn], None, true, 2, &text);
            append(&mut text, details);
            out.push(make(Kind::Information, AGENT, Modality::Possible, text, vec![clause.turn], "earliest"));
        }
    }
    for deed in evidence.deeds.iter().filter(|deed| deed.mode == Mode::Permit && deed.when.is_some()) {
        let Some(act) = act_text(view, deed, false) else { continue };
        let said = says_free(view, &act);
        let free = if deed.free && !said { view.lexicon.frame("free") } else { "" };
        let text = say::sentence(view.lexicon, "permit", &[("do", &act), ("free", free)]);
        out.push(make(Kind::Information, AGENT, Modality::Fact, text, deed.evidence.clone(), "permit"));
    }
}

/// Times without a day, and those of every week: opening hours, deadlines.
fn hours(evidence: &Evidence<'_>, teller: &Told<'_>, out: &mut Vec<Statement>) {
    let view = evidence.view;
    let (mut told, mut heard) = (Vec::new(), Vec::new());
    let sure = |clause: &&Clause| {
        !clause.speaker.is_caller()
            && !clause.question
            && !clause.past
            && !clause.hedged
            && !clause.negated
            && !pattern::any(view.lexicon.cue("tell_unsure"), view, &clause.place)
    };
    for clause in evidence.clauses.iter().filter(sure) {
        let said = evidence.deeds.iter().any(|deed| {
            deed.evidence.contains(&clause.turn) && matches!(deed.mode, Mode::Commit | Mode::Permit)
        });
        for when in when::read(view, &clause.place) {
            let limit = when.is_limit(view.lexicon) || when.habitual;
            if limit && when.time.is_some() && !said && told.len() < 3 {
                told.push(when.say(view.lexicon).trim().into());
                heard.push(clause.turn);
            }
        }
    }
    if !told.is_empty() {
        let mut text = say::sentence(view.lexicon, "times", &[("times", &say::list(view.lexicon, &told))]);
        let details = teller.details(&heard, None, true, 2, &text);
        append(&mut text, details);
        out.push(make(Kind::Information, AGENT, Modality::Fact, text, heard, "times"));
    }
}

/// Whether the act's own words say already that it is free.
fn says_free(view: View<'_>, act: &str) -> bool {
    let free = view.lexicon.frame("free_words");
    free.split('|').any(|word| act.contains(word))
}

fn clause_at(clauses: &[Clause], token: usize) -> Option<usize> {
    clauses.iter().position(|clause| clause.place.contains(&token))
}

/// "Your colleague promised me": a claim about an earlier call, never a promise.
fn claims(evidence: &Evidence<'_>, told: &Told<'_>, out: &mut Vec<Statement>) {
    let view = evidence.view;
    for clause in evidence
        .clauses
        .iter()
        .filter(|clause| clause.speaker.is_caller() && !clause.question && !clause.hedged)
    {
        let Some(hit) = pattern::first(view.lexicon.cue("claim"), view, &clause.place) else { continue };
        let after = deeds::phrases(view, &(hit.to..clause.place.end));
        let np =
            after.into_iter().find(|phrase| is_subject(view, phrase)).map(|p| say::bare_phrase(view, &p));
        let np = np.map(|np| say::fill(view.lexicon.frame("claim_np"), &[("np", &np)])).unwrap_or_default();
        let mut text = say::sentence(view.lexicon, "claim", &[("np", &np)]);
        // Where the frame names nothing, nothing is named: what was said before is easily taken for what stands.
        if !view.lexicon.frame("claim_np").is_empty() {
            let details = told.details(&[clause.turn], Some(clause.place.clone()), false, 2, &text);
            append(&mut text, details);
        }
        out.push(make(Kind::Issue, CALLER, Modality::Claim, text, vec![clause.turn], "claim"));
        return;
    }
}

/// References that were read back, in one statement; the number to call in another.
fn references(evidence: &Evidence<'_>, told: &Told<'_>, out: &mut Vec<Statement>) {
    let view = evidence.view;
    let mut given: [(Vec<Text>, Vec<u16>); 2] = Default::default();
    // "The contract is the six hundred and eighteen": a number in one piece, where it is called one.
    let alone = |at: usize| {
        let before = at.checked_sub(1).map(|before| &view.tokens[before]);
        before.is_none_or(|token| view.covered[at - 1].is_none() && token.text.chars().count() > 1)
    };
    let counted = |value: &Value| match value.kind {
        Valued::Count(count) if count >= 100 && value.read_back && alone(value.from) => {
            told.is_numbered(value).then_some(count)
        }
        _ => None,
    };
    let usable = |value: &&Value| {
        if value.kind != Valued::Digits {
            return false;
        }
        let text = &value.digits;
        let digits = text.chars().filter(char::is_ascii_digit).count();
        let banned = view.banned[value.from..value.to].iter().any(|banned| *banned);
        let sure = value.read_back || is_noted(evidence, value);
        // "TT905" is one, "905" is too short to be told from what is counted.
        let long = (4..=13).contains(&digits) || digits == 3 && text.len() >= SHORTEST && value.read_back;
        !banned && long && sure && !is_phone(evidence, value)
    };
    let mut seen: Vec<Text> = Vec::new();
    for value in view.values {
        let text = match (&value.kind, counted(value)) {
            (Valued::Digits, _) if usable(&value) => value.digits.again(),
            (_, Some(count)) => when::number(u64::from(count)),
            _ => continue,
        };
        if !seen.iter().any(|other| other.contains(text.as_str())) {
            seen.push(text.again());
            let (texts, turns) = &mut given[usize::from(value.speaker.is_caller())];
            texts.push(text);
            turns.push(value.turn);
        }
    }
    for (caller, (mut texts, turns)) in
        given.into_iter().enumerate().filter(|(_, (texts, _))| !texts.is_empty())
    {
        texts.truncate(3);
        let frame = if texts.len() == 1 { "reference" } else { "references" };
        let label = view.lexicon.frame("label");
        let digits = say::list(view.lexicon, &texts);
        let text = say::sentence(view.lexicon, frame, &[("digits", &digits), ("label", label)]);
        let by = if caller == 1 { CALLER } else { AGENT };
        out.push(make(Kind::Reference, by, Modality::Fact, text, turns, "reference"));
    }
}

/// Letters and digits of the shortest reference.
const SHORTEST: usize = 5;

/// A reference that the agent names as one, and the caller says to have.
fn is_noted(evidence: &Evidence<'_>, value: &Value) -> bool {
    let Some(clause) = clause_at(evidence.clauses, value.from) else { return false };
    let view = evidence.view;
    let place = value.from.saturating_sub(8).max(evidence.clauses[clause].place.start)..value.from;
    let corrected = view.values.iter().any(|other| {
        let later = other.turn > value.turn && other.turn - value.turn <= 3;
        later && !other.speaker.is_caller() && other.kind == Valued::Digits
    });
    !value.speaker.is_caller()
        && !value.torn
        && !corrected
        && pattern::any(view.lexicon.cue("tell_reference"), view, &place)
        && pairs::answer(evidence.clauses, clause).0 == Answer::Accepted
}

/// The last number to call, where it was read back.
fn phone<'a>(evidence: &Evidence<'a>) -> Option<&'a Value> {
    let free = |value: &&Value| {
        value.read_back && is_phone(evidence, value) && !is_not_to_be_called(evidence, value)
    };
    let last = evidence.view.values.iter().rev().find(free);
    last.filter(|value| !evidence.view.banned[value.from..value.to].iter().any(|banned| *banned))
}

/// Whether it is the number of somebody who is not to be called.
fn is_not_to_be_called(evidence: &Evidence<'_>, value: &Value) -> bool {
    let named = evidence.requests.iter().filter_map(|(request, _)| match request.number {
        WhoseNumber::Named(digits) => digits.text(),
        WhoseNumber::Caller => None,
    });
    value.kind == Valued::Digits && named.into_iter().any(|digits| value.digits == *digits)
}

fn is_phone(evidence: &Evidence<'_>, value: &Value) -> bool {
    let text = &value.digits;
    let clause = clause_at(evidence.clauses, value.from);
    let from = clause.and_then(|at| evidence.clauses.get(at.saturating_sub(2))).map_or(0, |c| c.place.start);
    let named =
        || pattern::any(evidence.view.lexicon.cue("phone_number"), evidence.view, &(from..value.from));
    value.kind == Valued::Digits
        && (8..=13).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_digit())
        && named()
}

/// The number to call.
fn numbers(evidence: &Evidence<'_>, out: &mut Vec<Statement>) {
    let Some(value) = phone(evidence) else { return };
    let by = if value.speaker.is_caller() { CALLER } else { AGENT };
    let text = say::sentence(evidence.view.lexicon, "callback_number", &[("digits", &value.digits)]);
    out.push(make(Kind::Callback, by, Modality::Committed, text, vec![value.turn], "number"));
}

/// How long it takes, said by the agent and repeated by the caller.
fn periods(evidence: &Evidence<'_>, told: &Told<'_>, out: &mut Vec<Statement>) {
    let view = evidence.view;
    for value in view.values.iter().filter(|value| value.read_back && !value.speaker.is_caller()) {
        if !matches!(value.kind, Valued::Duration { .. }) {
            continue;
        }
        let used = evidence.deeds.iter().any(|deed| {
            deed.mode == Mode::Commit
                && deed.when.as_ref().is_some_and(|w| w.duration.as_ref() == Some(&value.kind))
        });
        // "Ten days is no good": nor where it is said once more, elsewhere.
        let same = view.values.iter().filter(|other| other.kind == value.kind && !other.speaker.is_caller());
        let declined = same
            .filter_map(|other| clause_at(evidence.clauses, other.from))
            .any(|at| pairs::answer(evidence.clauses, at).0 == Answer::Rejected);
        if used || declined || out.iter().filter(|s| s.rule == "period").count() >= 2 {
            continue;
        }
        let period = when::duration(view.lexicon, &value.kind);
        let mut text = say::sentence(view.lexicon, "period", &[("period", &period), ("np", "")]);
        let details = told.details(&[value.turn], None, true, 2, &text);
        append(&mut text, details);
        out.push(make(Kind::Information, AGENT, Modality::Fact, text, vec![value.turn], "period"));
    }
}

/// Days that both sides named for something that is to come.
fn dates(evidence: &Evidence<'_>, out: &mut Vec<Statement>) {
    let view = evidence.view;
    for value in
        view.values.iter().filter(|value| value.read_back && matches!(value.kind, Valued::Date { .. }))
    {
        let Some(at) = clause_at(evidence.clauses, value.from) else { continue };
        let clause = &evidence.clauses[at];
        let known = evidence.ledger.appointments.iter().any(|a| {
            a.when.day.as_ref().is_some_and(|day| when::same_day(day, &value.kind))
                || a.when.end.as_ref().is_some_and(|day| when::same_day(day, &value.kind))
        });
        if known || clause.past || clause.question || out.iter().any(|s| s.rule == "date") {
            continue;
        }
        let before =
            deeds::phrases(view, &(value.from.saturating_sub(4).max(clause.place.start)..value.from));
        let Some(phrase) = before.into_iter().rev().find(|phrase| is_subject(view, phrase)) else { continue };
        let speaker = if value.speaker.is_caller() { "Caller" } else { "Agent" };
        let by = if value.speaker.is_caller() { CALLER } else { AGENT };
        let np = say::bare_phrase(view, &noun_part(view, &phrase));
        let when = when::day(view.lexicon, &value.kind);
        let values =
            [("Speaker", view.lexicon.frame(speaker)), ("np", &np), ("when", when.trim_end_matches(','))];
        let text = say::sentence(view.lexicon, "date_info", &values);
        out.push(make(Kind::Information, by, Modality::Fact, text, vec![value.turn], "date"));
    }
}

/// What may happen, said as no more than that.
fn possibilities(evidence: &Evidence<'_>, told: &Told<'_>, out: &mut Vec<Statement>) {
    let view = evidence.view;
    let agent = evidence.deeds.iter().filter(|deed| !deed.speaker.is_caller());
    // What was offered for another day is dead once one was agreed.
    let open = |deed: &&Deed| !deed.when.as_ref().is_some_and(|when| told.is_other_day(when));
    // A call that is only possible is mostly one of somebody else's, or asks leave to call.
    let calls = |deed: &&Deed| {
        deed.mode == Mode::Possible && view.lexicon.acts[deed.act].kind == "callback" && deed.when.is_none()
    };
    let told = |deed: &&Deed| matches!(deed.mode, Mode::Possible | Mode::Offer) && !calls(deed);
    for deed in agent.filter(told).filter(open).take(2) {
        let Some(act) = act_text(view, deed, false) else { continue };
        let (frame, modality) = match deed.mode {
            Mode::Offer => ("offered", Modality::Offered),
            _ => ("possible", Modality::Possible),
        };
        let text = say::sentence(view.lexicon, frame, &[("do", &act)]);
        out.push(make(Kind::Information, AGENT, modality, text, deed.evidence.clone(), "possible"));
    }
}

/// What the call is about: the heaviest words, the caller's first.
fn subjects(evidence: &Evidence<'_>, out: &mut Vec<Statement>) {
    let view = evidence.view;
    let mut best: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for (at, token) in view.tokens.iter().enumerate() {
        let light = view.words().light.contains(&token.text);
        if !token.speaker.is_caller() || !phrase::is_content(view, at) || is_form(view, at) || light {
            continue;
        }
        let early = usize::from(token.turn < 8);
        let relative = view.lexicon.sensitive.relations.contains(&token.text);
        let score = if relative { 0 } else { weight(view, at) + 1 + early };
        let entry = best.entry(token.text.as_str()).or_insert((0, at));
        if score > entry.0 {
            *entry = (score, entry.1);
        }
    }
    let mut ranked: Vec<(usize, usize)> = best.into_values().filter(|(score, _)| *score >= 4).collect();
    ranked.sort_by_key(|(score, at)| (std::cmp::Reverse(*score), *at));
    let chosen: Vec<usize> = ranked.into_iter().map(|(_, at)| at).take(3).collect();
    if chosen.is_empty() {
        return first_thing(evidence, out);
    }
    let turns: Vec<u16> = chosen.iter().map(|&at| view.tokens[at].turn).collect();
    let words: Vec<Text> = chosen.iter().map(|&at| say::phrase(view, &(at..at + 1))).collect();
    let text = say::sentence(view.lexicon, "about", &[("np", &say::list(view.lexicon, &words))]);
    let mut statement = make(Kind::Issue, CALLER, Modality::Claim, text, turns, "subject");
    statement.reason = true;
    out.push(statement);
}

/// Where nothing is known to be the subject: the first thing that the caller named as theirs.
fn first_thing(evidence: &Evidence<'_>, out: &mut Vec<Statement>) {
    let view = evidence.view;
    let early = evidence.clauses.iter().filter(|clause| clause.speaker.is_caller()).take(8);
    let own = |phrase: &Range<usize>| view.words().swap.contains_key(&view.tokens[phrase.start].text);
    let found = early
        .flat_map(|clause| deeds::phrases(view, &clause.place).into_iter().map(move |p| (p, clause.turn)))
        .find(|(phrase, _)| phrase.len() > 1 && own(phrase));
    if let Some((phrase, turn)) = found {
        let text = say::sentence(view.lexicon, "about", &[("np", &say::bare_phrase(view, &phrase))]);
        let mut statement = make(Kind::Issue, CALLER, Modality::Claim, text, vec![turn], "subject");
        statement.reason = true;
        out.push(statement);
    }
}

fn turns(clauses: &[Clause]) -> Vec<Range<usize>> {
    super::ledger::turns(clauses)
}
