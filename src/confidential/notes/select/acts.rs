//! A deed goes in, what is done in it comes out in words.

use super::Evidence;
use super::subjects::is_named;
use crate::confidential::Text;
use crate::confidential::notes::deeds::{Deed, Mode};
use crate::confidential::notes::lexicon::Need;
use crate::confidential::notes::pattern::{self, View};
use crate::confidential::notes::say;
use crate::confidential::notes::told::Told;
use crate::confidential::notes::values::Kind as Valued;
use std::ops::Range;

/// The infinitive phrase of a deed; `None` when its object is needed and unknown.
pub(super) fn act_text(view: View<'_>, deed: &Deed, plain: bool) -> Option<Text> {
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

pub(super) fn channel<'a>(view: View<'a>, deed: &Deed) -> &'a str {
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

/// What an act is about where it names no object, or little of it.
pub(super) fn details_of(evidence: &Evidence<'_>, told: &Told<'_>, deed: &Deed, text: &str) -> Option<Text> {
    let calls = evidence.view.lexicon.acts[deed.act].kind == "callback";
    let (answers, most) =
        if calls || deed.object.is_some() || deed.amount.is_some() { (false, 1) } else { (true, 3) };
    told.details(&deed.evidence, Some(evidence.clauses[deed.clause].place.clone()), answers, most, text)
}
