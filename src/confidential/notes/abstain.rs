//! A call goes in, the reason why it has no note comes out, if there is one: too short, one side, a wrong number.

use super::lexicon;
use super::pattern::{self, View};
use super::phrase;
use super::tokens::turns;
use crate::call::{AgentLeg, Language, NoSummary};
use crate::confidential::Transcript;

/// Words a caller needs to say what it is about.
const FEW: usize = 8;

/// Words of one side that are nothing: breathing, a cough.
const NOTHING: usize = 3;

/// Turns up to which a call that named a wrong number was one.
const SHORT: usize = 18;

/// Share of function words below which speech is not of a language.
const FOREIGN: f64 = 0.14;

/// Share of words that must be surer than the floor, on either side.
const CLEAR: f64 = 0.6;
const FLOOR: f32 = 0.3;

/// The reason that can be told before anything is understood.
pub(super) fn before(transcript: &Transcript, language: Language, view: View<'_>) -> Option<NoSummary> {
    let words = |caller: bool| {
        let turns = transcript.turns.iter().filter(|turn| turn.speaker.is_caller() == caller);
        turns.map(|turn| turn.words.len()).sum::<usize>()
    };
    let (caller, agent) = (words(true), words(false));
    let alone = transcript.agent_leg == AgentLeg::NotHeard;
    let says = |cue: &str, caller: bool| {
        turns(view.tokens).into_iter().any(|place| {
            view.tokens[place.start].speaker.is_caller() == caller
                && pattern::any(view.lexicon.cue(cue), view, &place)
        })
    };
    if caller <= NOTHING && alone {
        return Some(NoSummary::NothingSaid);
    }
    if caller <= NOTHING {
        let asks = says("anybody_there", false) || agent <= 12;
        return Some(if asks || caller > 0 { NoSummary::NothingSaid } else { NoSummary::OneSided });
    }
    if !alone && (says("voicemail", false) && agent_turns(transcript) <= 2 || agent <= NOTHING) {
        return Some(NoSummary::OneSided);
    }
    let wrong = says("wrong_number", true) || says("wrong_number", false);
    if wrong && transcript.turns.len() <= SHORT {
        return Some(NoSummary::WrongNumber);
    }
    if caller < FEW || is_courtesy(view) {
        return Some(NoSummary::TooShort);
    }
    if !is_clear(transcript) {
        return Some(NoSummary::Unintelligible);
    }
    foreign(view, language, alone)
}

/// Whether the caller says nothing but greetings, thanks and that they wait: then nothing says what the call is about.
fn is_courtesy(view: View<'_>) -> bool {
    let tells = |at: &usize| {
        let word = &view.tokens[*at].text;
        let banned = view.banned[*at] || view.covered[*at].is_some();
        banned
            || view.words().telling.contains(word)
            || phrase::is_content(view, *at) && !view.words().light.contains(word)
    };
    !(0..view.tokens.len()).filter(|&at| view.tokens[at].speaker.is_caller()).any(|at| tells(&at))
}

fn agent_turns(transcript: &Transcript) -> usize {
    transcript.turns.iter().filter(|turn| !turn.speaker.is_caller()).count()
}

fn is_clear(transcript: &Transcript) -> bool {
    [true, false].into_iter().all(|caller| {
        let turns = transcript.turns.iter().filter(|turn| turn.speaker.is_caller() == caller);
        let words: Vec<f32> = turns.flat_map(|turn| turn.words.iter().map(|word| word.probability)).collect();
        let clear = words.iter().filter(|probability| **probability >= FLOOR).count();
        words.is_empty() || clear as f64 >= CLEAR * words.len() as f64
    })
}

/// Another of the three languages fits better, or none fits at all. Of a caller `alone` his own words are all that tells.
fn foreign(view: View<'_>, language: Language, alone: bool) -> Option<NoSummary> {
    let share = |language: Language, caller: bool| {
        let function = &lexicon::of(language).words.function;
        let side = view.tokens.iter().filter(|token| token.speaker.is_caller() == caller);
        let (mut hits, mut all) = (0usize, 0usize);
        for token in side.filter(|token| !token.is_number()) {
            all += 1;
            hits += usize::from(function.contains(&token.text));
        }
        hits as f64 / all.max(1) as f64
    };
    let sides = |language: Language| {
        let caller = share(language, true);
        (caller, if alone { caller } else { share(language, false) })
    };
    let (caller, agent) = sides(language);
    let others = [Language::En, Language::De, Language::Fr].into_iter().filter(|other| *other != language);
    let other = others.map(sides).map(|(caller, agent)| caller.min(agent)).fold(0.0, f64::max);
    if other > 0.25 && other > 1.5 * caller.min(agent) {
        return Some(NoSummary::Language);
    }
    let both_low = caller < FOREIGN && agent < FOREIGN;
    both_low.then_some(if agent < FOREIGN / 2.0 { NoSummary::Language } else { NoSummary::Unintelligible })
}
