//! The call goes in; the words by which somebody on it is called come out, an agent's and anybody's.
//!
//! How people present themselves, are addressed, and speak of a colleague is a language's (`names.toml`). A name is a word
//! that no list knows, or one that stands where only a name can. A name that is a common word, too, is banned where it was
//! said as a name, and may be told elsewhere: Bill, and his bill.

use super::left_out::plain_view;
use super::sensitive::is_unknown;
use crate::border::{Kind, LeftOut};
use crate::confidential::notes::lexicon::Lexicon;
use crate::confidential::notes::pattern::{self, Pattern, View};
use crate::confidential::notes::tokens::{Token, turns};
use crate::confidential::notes::values::Value;
use crate::confidential::{Speaker, Text};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// Words of one name at most.
const LONGEST: usize = 3;

/// Tokens of a first turn that is a greeting and nothing else.
const GREETING: usize = 14;

/// Names that are to be left out.
#[derive(Default)]
pub(in crate::confidential) struct Names {
    /// Where they were said as names.
    places: BTreeSet<usize>,
    /// Wherever they stand.
    words: BTreeSet<Text>,
    /// One of the places is a common word's.
    common: bool,
}

impl Names {
    /// Those that a line leaves out: an agent's, everybody's, or none.
    pub fn find(
        tokens: &[Token],
        values: &[Value],
        covered: &[Option<usize>],
        lexicon: &Lexicon,
        left_out: LeftOut,
    ) -> Names {
        let (everybody, agents) = (left_out.holds(Kind::Names), left_out.holds(Kind::AgentNames));
        if !everybody && !agents {
            return Names::default();
        }
        let (banned, counts) = (vec![false; tokens.len()], BTreeMap::new());
        let view = plain_view(tokens, values, covered, lexicon, &banned, &counts);
        let mut found = Finder { view, agents: BTreeSet::new(), callers: BTreeSet::new() };
        found.read();
        let places = if everybody { &found.agents | &found.callers } else { found.agents };
        let plain = |at: &&usize| !lexicon.words.nouns.contains(&tokens[**at].text);
        let words = places.iter().filter(plain).map(|&at| tokens[at].text.as_str().into()).collect();
        let common = !places.iter().all(|at| plain(&at));
        Names { places, words, common }
    }

    /// Whether a sentence of ours holds one.
    pub fn stand_in(&self, sentence: &str) -> bool {
        !self.words.is_empty()
            && super::verbatim::words(sentence).iter().any(|word| self.words.contains(word))
    }

    /// Whether one of them is a common word, too, by which no sentence can be known to hold a name.
    pub fn are_words(&self) -> bool {
        self.common
    }

    /// Bans every token that is one.
    pub fn ban(&self, tokens: &[Token], banned: &mut [bool]) {
        for (at, token) in tokens.iter().enumerate() {
            banned[at] |= self.places.contains(&at) || self.words.contains(token.text.as_str());
        }
    }
}

struct Finder<'a> {
    view: View<'a>,
    agents: BTreeSet<usize>,
    callers: BTreeSet<usize>,
}

/// What a word must be to be taken for a name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sure {
    /// Anything that is no small word: "my name is ...".
    Yes,
    /// A word that no list knows, with an article before it where a language says it so: "hier ist der Marvin".
    Maybe,
    /// The same without one: "it is your sofa".
    No,
}

impl<'a> Finder<'a> {
    fn read(&mut self) {
        let mut met: BTreeSet<u8> = BTreeSet::new();
        for turn in turns(self.view.tokens) {
            let (agent, number) = match self.view.tokens[turn.start].speaker {
                Speaker::Caller => (false, 0),
                Speaker::Agent(number) => (true, number.max(1)),
            };
            let greets = met.insert(number);
            let own = self.presented(&turn, greets);
            let other = self.addressed(&turn);
            let colleagues = self.colleagues(&turn, agent);
            let bare = if agent && greets { self.bare(&turn) } else { Vec::new() };
            let (mine, theirs) = if agent {
                (&mut self.agents, &mut self.callers)
            } else {
                (&mut self.callers, &mut self.agents)
            };
            mine.extend(own);
            theirs.extend(other);
            self.agents.extend(colleagues.into_iter().chain(bare));
        }
    }

    /// How somebody presents himself; what only may do so is believed in his first turn.
    fn presented(&self, turn: &Range<usize>, greets: bool) -> Vec<usize> {
        let mut names = Vec::new();
        for found in self.all("name_is", turn) {
            names.extend(self.behind(found.end, turn, Sure::Yes));
        }
        for found in self.all("name_before", turn) {
            names.extend(self.before(found.start, turn, if greets { Sure::Yes } else { Sure::No }));
        }
        for found in self.all("name_may_be", turn) {
            let name = self.behind(found.end, turn, Sure::Maybe);
            let from = name.last().is_some_and(|&last| self.fits("name_from", last + 1, turn));
            if greets || from {
                names.extend(name);
            }
        }
        names
    }

    /// How somebody addresses the other side.
    fn addressed(&self, turn: &Range<usize>) -> Vec<usize> {
        let mut names = Vec::new();
        for found in self.all("name_yours", turn) {
            names.extend(self.behind(found.end, turn, Sure::Yes));
        }
        for found in self.all("name_called", turn) {
            let name = self.behind(found.end, turn, Sure::No);
            // "Thanks, that helps": a name ends what is said to somebody.
            let ends = |at: usize| {
                let token = &self.view.tokens[at];
                token.stop || token.comma || at + 1 == turn.end || self.fits("name_goes_on", at + 1, turn)
            };
            if name.last().is_some_and(|&last| ends(last)) {
                names.extend(name);
            }
        }
        names
    }

    /// A colleague by whom somebody is called back, or to whom he is given on.
    fn colleagues(&self, turn: &Range<usize>, agent: bool) -> Vec<usize> {
        let mut names = Vec::new();
        for found in self.all("name_colleague_yours", turn) {
            names.extend(self.behind(found.end, turn, Sure::No));
        }
        if !agent {
            return names;
        }
        for found in self.all("name_colleague", turn) {
            names.extend(self.behind(found.end, turn, Sure::No));
        }
        for found in self.all("name_acts", turn) {
            names.extend(self.before(found.start, turn, Sure::No));
        }
        names
    }

    /// "Plumbing Overbeck, Pohlmann, good morning": right before the greeting or at the end of the turn, a word that the
    /// caller does not take up: that would be the company.
    fn bare(&self, turn: &Range<usize>) -> Vec<usize> {
        if turn.len() > GREETING {
            return Vec::new();
        }
        let taken = |at: &usize| {
            let text = &self.view.tokens[*at].text;
            self.view.tokens.iter().any(|token| token.speaker.is_caller() && token.text == *text)
        };
        let greeting = self.all("name_greeting", turn);
        let ends = greeting.iter().map(|found| found.start).chain([turn.end]);
        let mut names: Vec<usize> = ends.flat_map(|end| self.before(end, turn, Sure::No)).collect();
        names.extend(greeting.iter().flat_map(|found| self.behind(found.end, turn, Sure::No)));
        names.retain(|at| !taken(at));
        names
    }

    fn all(&self, cue: &str, within: &Range<usize>) -> Vec<Range<usize>> {
        pattern::all(self.view.lexicon.cue(cue), self.view, within).collect()
    }

    fn fits(&self, cue: &str, at: usize, turn: &Range<usize>) -> bool {
        let fits = |pattern: &Pattern| pattern.at(self.view, turn, at).is_some();
        self.view.lexicon.cue(cue).iter().any(fits)
    }

    /// The words of a name that begins at `at`, behind a title or an article.
    fn behind(&self, at: usize, turn: &Range<usize>, sure: Sure) -> Vec<usize> {
        let lexicon = self.view.lexicon;
        let small = |at: &usize| {
            let text = &self.view.tokens[*at].text;
            let article = match sure {
                Sure::Yes => lexicon.words.determiners.contains(text),
                Sure::Maybe => lexicon.words.articles_maybe.contains(text),
                Sure::No => false,
            };
            lexicon.sensitive.titles.contains(text) || article
        };
        let from = at + (at..turn.end).take_while(small).count();
        let open = |place: &usize| *place == from || !self.ends(place - 1);
        let name = (from..turn.end).take(LONGEST).take_while(open);
        name.take_while(|&place| self.is_name(place, if place == from { sure } else { Sure::No })).collect()
    }

    /// The words of a name that ends before `at`. "The technician rings you" names nobody.
    fn before(&self, at: usize, turn: &Range<usize>, sure: Sure) -> Vec<usize> {
        let open = |place: &usize| *place + 1 == at || !self.ends(*place);
        let name = (turn.start..at).rev().take(LONGEST).take_while(open);
        let mut name: Vec<usize> = name
            .take_while(|&place| self.is_name(place, if place + 1 == at { sure } else { Sure::No }))
            .collect();
        name.reverse();
        let first =
            name.first().and_then(|first| first.checked_sub(1)).filter(|before| turn.contains(before));
        let thing = first.is_some_and(|before| {
            let words = &self.view.lexicon.words;
            let text = &self.view.tokens[before].text;
            words.determiners.contains(text) && sure == Sure::No
        });
        if thing { Vec::new() } else { name }
    }

    fn ends(&self, at: usize) -> bool {
        let token = &self.view.tokens[at];
        token.stop || token.comma
    }

    fn is_name(&self, at: usize, sure: Sure) -> bool {
        let (token, lexicon) = (&self.view.tokens[at], self.view.lexicon);
        let text = &token.text;
        let words = &lexicon.words;
        let small = words.stop.contains(text) || words.determiners.contains(text);
        let known = lexicon.time.months.contains_key(text) || lexicon.ours.contains(text);
        let word = text.chars().count() >= 2 && text.starts_with(char::is_alphabetic);
        let listed = words.names.contains(text);
        let fits = match sure {
            Sure::Yes => !small,
            Sure::Maybe | Sure::No => is_unknown(text, lexicon) && !known,
        };
        word && self.view.covered[at].is_none() && (listed || fits)
    }
}
