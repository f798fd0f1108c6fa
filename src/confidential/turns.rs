//! Two parties' words go in, the turns of their talk come out, and back again.
//!
//! Each party's words are first cut into utterances at pauses; these are put in the order of their beginning, and
//! neighbours of one speaker become one turn. So a "yes" said into a long sentence stands after it instead of
//! cutting it in two. The order depends on the words alone. Where the agent is not heard, a longer pause of the caller's
//! ends his turn: the agent may have spoken in it.

use super::words::{Speaker, Transcript, Turn, Word};
use crate::call::AgentLeg;

/// A pause that ends an utterance. Shorter: sentences fall apart when the other side says "mhm". Longer: an answer
/// moves behind what was said after it.
const PAUSE_MS: u32 = 700;

/// The same where the agent's words are missing. Shorter: one sentence becomes several turns. Longer: what was said before
/// and after a question of the agent's is read as one.
const AGENTS_PAUSE_MS: u32 = 1_500;

/// Takes both parties' words, each in order, and leaves the lists empty.
pub(in crate::confidential) fn merge(caller: &mut Vec<Word>, agent: &mut Vec<Word>) -> Transcript {
    let mut utterances = cut(Speaker::Caller, caller, PAUSE_MS);
    utterances.extend(cut(Speaker::Agent(1), agent, PAUSE_MS));
    utterances.sort_by_key(|turn| (turn.words.first().map(|word| word.start_ms), turn.speaker));

    let mut turns: Vec<Turn> = Vec::new();
    for mut next in utterances {
        match turns.last_mut() {
            Some(last) if last.speaker == next.speaker => last.words.append(&mut next.words),
            _ => turns.push(next),
        }
    }
    Transcript::new(turns)
}

/// Takes the words of a caller whose agent is not heard, in order, and leaves the list empty.
pub(in crate::confidential) fn alone(caller: &mut Vec<Word>) -> Transcript {
    Transcript { turns: cut(Speaker::Caller, caller, AGENTS_PAUSE_MS), agent_leg: AgentLeg::NotHeard }
}

/// Gives the words back to their parties: caller, agent.
pub(in crate::confidential) fn part(mut transcript: Transcript) -> (Vec<Word>, Vec<Word>) {
    let (mut caller, mut agent) = (Vec::new(), Vec::new());
    for turn in &mut transcript.turns {
        let whose = if turn.speaker.is_caller() { &mut caller } else { &mut agent };
        whose.append(&mut turn.words);
    }
    (caller, agent)
}

fn cut(speaker: Speaker, words: &mut Vec<Word>, pause_ms: u32) -> Vec<Turn> {
    let mut utterances: Vec<Turn> = Vec::new();
    let mut last_end_ms = 0;
    for word in words.drain(..) {
        let pause = word.start_ms.saturating_sub(last_end_ms) >= pause_ms;
        last_end_ms = word.end_ms;
        match utterances.last_mut() {
            Some(utterance) if !pause => utterance.words.push(word),
            _ => utterances.push(Turn { speaker, words: vec![word] }),
        }
    }
    utterances
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(text: &str, start_ms: u32, end_ms: u32) -> Word {
        Word::new(text.to_owned(), start_ms, end_ms, 0.9)
    }

    fn told(transcript: &Transcript) -> Vec<(bool, String)> {
        let line = |turn: &Turn| turn.words.iter().map(Word::text).collect::<Vec<_>>().join(" ");
        transcript.turns.iter().map(|turn| (turn.speaker.is_caller(), line(turn))).collect()
    }

    #[test]
    fn turns_follow_the_beginning_of_utterances() {
        let mut caller = vec![word("Hello.", 0, 400), word("My", 5_000, 5_100), word("line", 5_150, 5_500)];
        let mut agent =
            vec![word("Good", 1_200, 1_500), word("morning.", 1_500, 2_000), word("Yes?", 6_000, 6_300)];
        let transcript = merge(&mut caller, &mut agent);
        let turns = [(true, "Hello."), (false, "Good morning."), (true, "My line"), (false, "Yes?")];
        assert_eq!(told(&transcript), turns.map(|(who, text)| (who, text.to_owned())));
        assert!(caller.is_empty() && agent.is_empty());
    }

    #[test]
    fn of_a_caller_alone_a_pause_in_which_the_agent_may_have_spoken_ends_the_turn() {
        let words = || vec![word("It", 0, 200), word("leaks.", 1_600, 2_000), word("Miller.", 3_500, 4_000)];
        let transcript = alone(&mut words());
        let turns = [(true, "It leaks."), (true, "Miller.")];
        assert_eq!(told(&transcript), turns.map(|(who, text)| (who, text.to_owned())));
        assert!(transcript.agent_leg == AgentLeg::NotHeard);
        let (caller, agent) = part(transcript);
        assert_eq!((caller.len(), agent.len()), (3, 0));
    }

    #[test]
    fn a_word_said_into_a_sentence_does_not_cut_it() {
        let mut caller = vec![word("I", 0, 100), word("ordered", 150, 600), word("two", 700, 900)];
        let mut agent = vec![word("mhm", 300, 500)];
        let turns = told(&merge(&mut caller, &mut agent));
        assert_eq!(turns, [(true, "I ordered two".to_owned()), (false, "mhm".to_owned())]);
    }

    #[test]
    fn parted_words_are_the_words_that_were_merged() {
        let mut caller = vec![word("a", 0, 100), word("b", 3_000, 3_100)];
        let mut agent = vec![word("c", 1_000, 1_100)];
        let (caller, agent) = part(merge(&mut caller, &mut agent));
        let texts = |words: &[Word]| words.iter().map(|w| w.text().to_owned()).collect::<Vec<_>>();
        assert_eq!((texts(&caller), texts(&agent)), (vec!["a".into(), "b".into()], vec!["c".into()]));
    }
}
