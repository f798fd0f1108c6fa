//! What a note said and should not have: one test for each kind of untruth that a reader found.

use super::*;

fn french(lines: &str) -> String {
    texts(Language::Fr, lines)
}

fn german(lines: &str) -> String {
    texts(Language::De, lines)
}

#[test]
fn an_hour_that_was_said_in_two_ways_is_told_as_the_later_one() {
    let text = german(
        "a: guten tag tierklinik was kann ich tun\nc: mein kater humpelt ich hätte gern einen termin\n\
         a: ich hätte donnerstag sechzehn uhr fünfzehn\nc: donnerstag viertel nach vier ja das nehme ich",
    );
    assert!(text.contains("16:15") && !text.contains(" 4:15"), "{text}");
}
