//! A place in the call goes in, the noun phrase that begins there comes out: a determiner and up to three content
//! words, with one "of" among them.
//!
//! Nothing here knows what a noun is: a content word is one that is no function word, no value and not banned.

use super::pattern::View;
use std::ops::Range;

/// Content words in a row; one more and too much of the call is quoted.
const LONGEST: usize = 3;

/// Probability below which a word is not quoted; lower quotes more, and more that was misheard.
pub(super) const FLOOR: f32 = 0.35;

/// The noun phrase that begins at `at`, its determiner included.
pub(super) fn at(view: View<'_>, within: &Range<usize>, at: usize) -> Option<Range<usize>> {
    let mut end = at;
    if end < within.end && view.words().determiners.contains(&view.tokens[end].text) {
        end += 1;
    }
    let content_from = end;
    let from_start = at;
    let is_verb =
        |at: usize| view.verbs.get(at).copied().unwrap_or(false) && !(at > from_start && at == content_from);
    while end < within.end && end - content_from < LONGEST && is_content(view, end) && !is_verb(end) {
        end += 1;
        if breaks_after(view, end - 1) {
            break;
        }
    }
    // Where nouns have capitals, a phrase ends with one.
    while view.cased && end > content_from && !view.tokens[end - 1].shown.starts_with(char::is_uppercase) {
        end -= 1;
    }
    if end == content_from {
        return None;
    }
    if breaks_after(view, end - 1) {
        return Some(at..end);
    }
    Some(at..with_link(view, within, end))
}

/// Whether the token at `at` may be quoted and means something.
pub(super) fn is_content(view: View<'_>, at: usize) -> bool {
    let token = &view.tokens[at];
    view.covered[at].is_none()
        && !view.banned[at]
        && token.probability >= FLOOR
        && token.text.len() > 1
        && !token.is_number()
        && !token.text.starts_with('\'')
        && !token.text.ends_with('\'')
        && !view.words().stop.contains(&token.text)
        && !view.words().determiners.contains(&token.text)
        && !view.words().names.contains(&token.text)
}

/// "the name" + "of" + "the form": one link, one determiner, one content word.
fn with_link(view: View<'_>, within: &Range<usize>, end: usize) -> usize {
    let word = |at: usize| (at < within.end).then(|| view.tokens[at].text.as_str());
    if !word(end).is_some_and(|w| view.words().links.contains(w)) {
        return end;
    }
    let mut next = end + 1;
    if word(next).is_some_and(|w| view.words().determiners.contains(w)) {
        next += 1;
    }
    if next < within.end && is_content(view, next) { next + 1 } else { end }
}

fn breaks_after(view: View<'_>, at: usize) -> bool {
    let token = &view.tokens[at];
    token.stop || token.comma
}
