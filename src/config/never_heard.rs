//! Who is never heard on a line: numbers, the beginnings of numbers, withheld and internal callers, and extensions; a caller
//! or an extension goes in, and whether it is one of them comes out.

use super::read::{Problem, Section};
use crate::call::Number;

/// What a line's settings say of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NeverHeard {
    callers: Vec<Pattern>,
    withheld: bool,
    internal: bool,
    extensions: Vec<Pattern>,
}

/// A number or an extension, or how such begin.
#[derive(Clone, PartialEq, Eq)]
struct Pattern {
    text: Box<str>,
    /// More may follow.
    begins: bool,
}

impl NeverHeard {
    pub(super) fn of(section: &mut Section<'_>, problems: &mut Vec<Problem>) -> NeverHeard {
        NeverHeard {
            callers: patterns(section, "never_heard", is_caller, CALLERS, problems),
            withheld: chosen(section, "withheld_numbers", problems),
            internal: chosen(section, "internal_callers", problems),
            extensions: patterns(section, "never_heard_extensions", is_extension, EXTENSIONS, problems),
        }
    }

    /// Whether calls of this caller are neither announced nor heard. No number is one that was withheld, or none at all.
    pub fn caller(&self, caller: Option<&Number>) -> bool {
        let Some(caller) = caller else { return self.withheld };
        // What else a number in full may have been written as is no extension of the house.
        let is_internal = !caller.as_str().starts_with('+') && caller.as_str().len() <= LONGEST_EXTENSION;
        let spellings = caller.spellings();
        let named = |pattern: &Pattern| match pattern.text.starts_with('+') {
            true => spellings.iter().any(|spelled| pattern.fits(spelled.as_str())),
            false => is_internal && pattern.fits(caller.as_str()),
        };
        self.internal && is_internal || self.callers.iter().any(named)
    }

    /// Whether nothing is heard of a talk with this extension.
    pub fn extension(&self, extension: &str) -> bool {
        self.extensions.iter().any(|pattern| pattern.fits(extension))
    }

    /// Everything that is named, for a hash over the settings.
    pub(super) fn spelled(&self) -> String {
        let all = self.callers.iter().chain(&self.extensions);
        all.map(|pattern| format!("{}{} ", pattern.text, if pattern.begins { "*" } else { "" })).collect()
    }
}

impl Pattern {
    fn of(text: &str, is_one: fn(&str, bool) -> bool) -> Option<Pattern> {
        let (text, begins) = text.strip_suffix('*').map_or((text, false), |beginning| (beginning, true));
        is_one(text, begins).then(|| Pattern { text: text.into(), begins })
    }

    fn fits(&self, text: &str) -> bool {
        if self.begins { text.starts_with(&*self.text) } else { text == &*self.text }
    }
}

impl std::fmt::Debug for Pattern {
    /// Masked: the last two digits only.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let tail = self.text.len().saturating_sub(2);
        write!(f, "…{}", &self.text[tail..])
    }
}

fn chosen(section: &mut Section<'_>, key: &'static str, problems: &mut Vec<Problem>) -> bool {
    match section.text(key, Some("heard"), problems).as_str() {
        "heard" => false,
        "never_heard" => true,
        _ => {
            section.wrong(key, "must be \"heard\" or \"never_heard\"", problems);
            true
        }
    }
}

fn patterns(
    section: &mut Section<'_>,
    key: &'static str,
    is_one: fn(&str, bool) -> bool,
    says: &str,
    problems: &mut Vec<Problem>,
) -> Vec<Pattern> {
    let texts = section.texts(key, says, problems);
    let patterns: Vec<Option<Pattern>> = texts.iter().map(|text| Pattern::of(text, is_one)).collect();
    if patterns.contains(&None) {
        section.wrong(key, says, problems);
    }
    patterns.into_iter().flatten().collect()
}

/// A number in E.164 form or its beginning, or an extension of the house.
fn is_caller(text: &str, begins: bool) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.strip_prefix('+') {
        Some(full) => digits(full) && full.len() <= 15 && (begins || full.len() >= SHORTEST_FULL),
        None => digits(text) && text.len() <= LONGEST_EXTENSION,
    }
}

/// What a switch may call an extension.
fn is_extension(text: &str, _: bool) -> bool {
    (1..=40).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.+".contains(&byte))
}

const CALLERS: &str = "must be a list of numbers in E.164 form, such as \"+352260000\", or of extensions with at most six \
                       digits; with a * at the end, of how such begin: [\"+35226000*\", \"1900\"]";
const EXTENSIONS: &str = "must be a list of extensions as the switch names them, with a * at the end of how such begin: \
                          [\"1900\", \"19*\"]; to hear nobody at all, set mode = \"off\"";

/// Digits of the longest number without a country that is taken for one of the house. More would take a caller for a
/// colleague whose number came without its country; fewer leave long extensions heard.
const LONGEST_EXTENSION: usize = 6;

/// Digits of the shortest number in full; less is a mistake of typing, or lacks its *.
const SHORTEST_FULL: usize = 7;

#[cfg(test)]
mod tests {
    use super::super::{Config, DEFAULT};
    use super::*;

    fn set(lines: &str) -> Result<NeverHeard, String> {
        let bare = DEFAULT
            .replace("withheld_numbers = \"heard\"\n", "")
            .replace("internal_callers = \"heard\"\n", "");
        let config = Config::parse(&format!("{bare}{lines}\n")).map_err(|problems| problems.to_string());
        config.map(|mut config| config.lines.remove(0).never_heard)
    }

    fn number(text: &str) -> Number {
        Number::in_country(text, "352").unwrap()
    }

    #[test]
    fn without_settings_everybody_may_be_heard() {
        let line = set("").unwrap();
        assert_eq!(line, NeverHeard::default());
        for caller in [None, Some(number("1900")), Some(number("+352260000"))] {
            assert!(!line.caller(caller.as_ref()));
        }
        assert!(!line.extension("1900"));
    }

    #[test]
    fn a_number_is_known_however_it_is_shown_and_a_beginning_by_all_that_follow() {
        let line = set("never_heard = [\"+352621123456\", \"+4930901*\", \"1900\", \"77*\"]").unwrap();
        for caller in
            ["+352621123456", "621123456", "00352621123456", "+4930901820", "004930901820", "1900", "7701"]
        {
            assert!(line.caller(Some(&number(caller))), "{caller}");
        }
        for caller in ["+352621123457", "+35262112345", "+4930900", "19001", "190", "+352771234"] {
            assert!(!line.caller(Some(&number(caller))), "{caller}");
        }
        assert!(!line.caller(None));
    }

    #[test]
    fn withheld_and_internal_callers_are_what_the_settings_say() {
        let withheld = set("withheld_numbers = \"never_heard\"").unwrap();
        assert!(withheld.caller(None) && !withheld.caller(Some(&number("1001"))));
        let internal = set("internal_callers = \"never_heard\"").unwrap();
        assert!(!internal.caller(None));
        for (caller, is_internal) in
            [("1001", true), ("123456", true), ("+3521234", false), ("621123456", false), ("1234567", false)]
        {
            assert_eq!(internal.caller(Some(&number(caller))), is_internal, "{caller}");
        }
    }

    #[test]
    fn extensions_are_taken_as_the_switch_names_them() {
        let line = set("never_heard_extensions = [\"1900\", \"doctor*\"]").unwrap();
        assert!(line.extension("1900") && line.extension("doctor-2"));
        assert!(!line.extension("19001") && !line.extension("190"));
    }

    #[test]
    fn what_names_nobody_is_refused_with_what_to_write_and_not_quoted() {
        for (key, value) in [
            ("never_heard", "[\"+35226ab0\"]"),
            ("never_heard", "[\"+*\"]"),
            ("never_heard", "[\"*\"]"),
            ("never_heard", "[\"+352\"]"),
            ("never_heard", "[\"621123456\"]"),
            ("never_heard", "[\"+352*26\"]"),
            ("never_heard", "\"+352260000\""),
            ("never_heard", "[352260000]"),
            ("never_heard_extensions", "[\"*\"]"),
            ("never_heard_extensions", "[\"two words\"]"),
            ("withheld_numbers", "\"never\""),
            ("internal_callers", "true"),
        ] {
            let problems = set(&format!("{key} = {value}")).unwrap_err();
            assert!(problems.contains(&format!("[[line]] {key} must be ")), "{key} = {value}: {problems}");
            assert!(!problems.contains("ab0") && !problems.contains("621123456"), "{problems}");
        }
    }

    #[test]
    fn numbers_print_masked_and_yet_change_the_settings_version() {
        let config =
            |number: &str| Config::parse(&format!("{DEFAULT}never_heard = [\"{number}\"]\n")).unwrap();
        let (one, two) = (config("+352621123456"), config("+352621999956"));
        assert!(!format!("{one:?}").contains("621123456"));
        assert_ne!(one.version(), two.version());
    }
}
