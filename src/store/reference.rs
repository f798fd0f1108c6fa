//! A reference as somebody wrote it down, and a note's text, go in; whether the note names it comes out.

/// A number of a case, an order or a contract: its letters and digits, however it is spaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference(Vec<char>);

impl Reference {
    /// Nothing where there are fewer than three letters and digits: that would be found everywhere.
    pub fn new(text: &str) -> Option<Reference> {
        let signs: Vec<char> = folded(text).filter(|c| c.is_alphanumeric()).collect();
        (signs.len() >= 3).then_some(Reference(signs))
    }

    /// Whether it stands in the text as a whole, and not as a part of a longer one.
    pub(super) fn stands_in(&self, text: &str) -> bool {
        let text: Vec<char> = folded(text).collect();
        let begins = |at: usize| at == 0 || !text[at - 1].is_alphanumeric();
        (0..text.len()).any(|at| begins(at) && self.stands_at(&text[at..]))
    }

    fn stands_at(&self, text: &[char]) -> bool {
        let mut rest = text;
        for (number, sign) in self.0.iter().enumerate() {
            if let [between, after @ ..] = rest
                && number > 0
                && BETWEEN.contains(between)
            {
                rest = after;
            }
            match rest {
                [first, after @ ..] if first == sign => rest = after,
                _ => return false,
            }
        }
        !rest.first().is_some_and(|next| next.is_alphanumeric())
    }
}

fn folded(text: &str) -> impl Iterator<Item = char> {
    text.chars().flat_map(char::to_lowercase)
}

/// One of these may stand between two signs of a reference.
const BETWEEN: [char; 6] = [' ', '-', '/', '.', '_', '\u{a0}'];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_found_however_it_is_spaced_and_never_within_another() {
        let found = |reference: &str, text: &str| Reference::new(reference).unwrap().stands_in(text);
        for written in ["4711-22", "471122", "47 11/22", "4711.22"] {
            assert!(found(written, "The number 4711-22 was given."), "{written}");
            assert!(found(written, "Die Nummer lautet 471122."), "{written}");
        }
        assert!(found("ab-12", "Order AB 12: late."));
        assert!(!found("4711", "The number 47112 was given."));
        assert!(!found("711", "The number 4711 was given."));
        assert!(!found("4711", "In 47, 11 were late."));
        assert_eq!(Reference::new("1-2"), None);
    }
}
