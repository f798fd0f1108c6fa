//! What the caller wants: requests not to be contacted, questions that have a name, acts and things wished for.

use super::acts::{act_text, details_of};
use super::subjects::{is_named, is_subject};
use super::{CALLER, Evidence, append, make};
use crate::border::WhoseNumber;
use crate::confidential::Text;
use crate::confidential::guard::{Kind, Modality, Statement};
use crate::confidential::notes::clauses::Clause;
use crate::confidential::notes::deeds::{self, Mode};
use crate::confidential::notes::pattern::{self, View};
use crate::confidential::notes::told::Told;
use crate::confidential::notes::values::{Kind as Valued, Value};
use crate::confidential::notes::{phrase, say, when};
use std::collections::BTreeSet;
use std::ops::Range;

pub(super) fn contact_requests(evidence: &Evidence<'_>, out: &mut Vec<Statement>) {
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
pub(super) fn questions(evidence: &Evidence<'_>, out: &mut Vec<Statement>) {
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

/// What the caller wants: things wished for, and acts wanted or asked for.
pub(super) fn wishes(evidence: &Evidence<'_>, told: &Told<'_>, out: &mut Vec<Statement>) {
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
pub(super) fn aims(evidence: &Evidence<'_>, out: &mut Vec<Statement>) {
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

pub(super) fn is_form(view: View<'_>, at: usize) -> bool {
    let place = at..view.tokens.len();
    view.lexicon.acts.iter().flat_map(|act| &act.forms).any(|form| form.at(view, &place, at).is_some())
}
