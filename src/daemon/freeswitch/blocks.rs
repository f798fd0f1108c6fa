//! Keeps the list of who must not be called in the switch's own memory (mod_hash): what the store says goes in, the
//! changes come out as commands.
//!
//! The dialplan asks there (`dialplan/20_do_not_contact.xml`), so a call never waits for us. A marker says that the
//! list is whole; after a restart of the switch it is gone until everything is there again. At the start, after the link
//! was lost, and where an answer did not come, the switch is asked what it holds (`hash_dump`): so what was taken back
//! meanwhile is taken from there, too. Where it does not tell, what we know to have sent is deleted, and the rest stays
//! until the switch is restarted: too much protection, never too little.

use super::FreeSwitch;
use crate::call::numbering;
use crate::daemon::events;
use crate::store::{Block, Store, UtcMillis};
use crate::wire::esl::Command;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// Dialled form of a number -> the purposes that are blocked, a letter each.
type Forms = BTreeMap<String, String>;

/// What the switch holds of the list, as far as that is known.
#[derive(Default)]
struct Held {
    forms: Forms,
    /// Nothing else is there, and nothing of it is missing.
    sure: bool,
}

impl FreeSwitch {
    /// Runs until it is dropped. `countries` are the codes of the switch's lines.
    pub async fn keep_blocks(self, store: Arc<Store>, countries: BTreeSet<String>) {
        let (mut held, mut connection, mut refused) = (Held::default(), 0, false);
        let mut looks = 0_u32;
        loop {
            let now = UtcMillis(self.clock.utc_ms());
            let blocks = store.blocks(now).await;
            let current = self.registry().connection();
            // Without the whole list nothing is said: the marker stays as it is.
            if let (Ok(blocks), true) = (blocks, current > 0) {
                if current != connection {
                    (held.sure, refused, connection) = (false, false, current);
                }
                // Somebody may have loaded the module anew, which begins with nothing.
                looks = looks.wrapping_add(1);
                if looks.is_multiple_of(ASK_EVERY) {
                    let marker = self.marker().await;
                    held.sure &= marker.as_deref() == Some("yes");
                    // Where the module is there and may be asked, what it refused may be tried again.
                    refused = refused && marker.is_none_or(|told| dumped(&told).is_none());
                }
                let wanted = forms(&blocks, &countries);
                if !refused && (wanted != held.forms || !held.sure) {
                    match self.put(&mut held, wanted).await {
                        Some(true) => {}
                        Some(false) => {
                            refused = true;
                            events::BlocksRefused { switch: self.name() }.log();
                        }
                        // The link is gone; the switch is asked again when it is back.
                        None => {}
                    }
                }
            }
            self.clock.sleep(LOOK_EVERY).await;
        }
    }

    /// Whether the switch has taken all of it; nothing when it did not answer. Answers come in order, so the last one
    /// stands for all.
    async fn put(&self, held: &mut Held, wanted: Forms) -> Option<bool> {
        if !held.sure
            && wanted.len() <= MOST_TOLD
            && let Some(forms) = self.told().await
        {
            *held = Held { forms, sure: true };
        }
        for change in changes(held, &wanted) {
            self.send_hash(&change);
        }
        // Until it has answered it may have taken any of it.
        held.sure = false;
        held.forms.extend(wanted.clone());
        let marked = self.link.api(&format!("hash insert/{REALM}/loaded/yes")).await?;
        let taken = marked.text().starts_with("+OK");
        if taken {
            *held = Held { forms: wanted, sure: true };
        }
        Some(taken)
    }

    /// What the switch says of the marker.
    async fn marker(&self) -> Option<String> {
        let told = self.link.api(&format!("hash select/{REALM}/loaded")).await?;
        Some(told.text().trim().to_owned())
    }

    /// What the switch says that it holds; nothing where it does not tell.
    async fn told(&self) -> Option<Forms> {
        dumped(self.link.api(&format!("hash_dump db {REALM}")).await?.text())
    }

    fn send_hash(&self, change: &str) {
        if let Ok(command) = Command::api(format!("hash {change}")) {
            self.link.send(command);
        }
    }
}

fn changes(held: &Held, wanted: &Forms) -> Vec<String> {
    let gone = held.forms.keys().filter(|form| !wanted.contains_key(*form));
    let there = |form: &str| held.forms.get(form).filter(|_| held.sure);
    let new = wanted.iter().filter(|(form, purposes)| there(form) != Some(*purposes));
    gone.map(|form| format!("delete/{REALM}/{form}"))
        .chain(new.map(|(form, purposes)| format!("insert/{REALM}/{form}/{purposes}")))
        .collect()
}

/// `D/realm_form/purposes`, a line each; where there is none, the event socket says that there was no reply.
fn dumped(text: &str) -> Option<Forms> {
    if text.starts_with('-') {
        return text.starts_with("-ERR no reply").then(Forms::new);
    }
    let ours = |line: &str| {
        let (form, purposes) =
            line.strip_prefix("D/")?.strip_prefix(REALM)?.strip_prefix('_')?.split_once('/')?;
        (form != "loaded").then(|| (form.to_owned(), purposes.to_owned()))
    };
    Some(text.lines().filter_map(ours).collect())
}

fn forms(blocks: &[Block], countries: &BTreeSet<String>) -> Forms {
    let mut forms = Forms::new();
    for block in blocks {
        let letters = [(block.advertising, 'a'), (block.service, 's'), (block.callback, 'c')];
        let purposes: String = letters.iter().filter(|(set, _)| *set).map(|(_, letter)| *letter).collect();
        for form in dialled(block.number.as_str(), countries) {
            // Two numbers may share a form; then what either asks for holds.
            let all = forms.entry(form).or_default();
            let more: String = purposes.chars().filter(|letter| !all.contains(*letter)).collect();
            all.push_str(&more);
        }
    }
    forms
}

/// The number in every form in which it may be dialled.
fn dialled(number: &str, countries: &BTreeSet<String>) -> Vec<String> {
    let Some(digits) = number.strip_prefix('+') else { return vec![number.to_owned()] };
    let mut forms = vec![format!("+{digits}"), digits.to_owned(), format!("00{digits}")];
    for country in countries.iter().filter(|country| !country.is_empty()) {
        if let Some(national) = digits.strip_prefix(country.as_str()) {
            forms.extend(numbering::dialled_at_home(national, country));
        }
    }
    forms
}

const REALM: &str = "callgist_dnc";

/// Dialled forms, of at most forty bytes each in the switch's answer. More could make it longer than an answer may be; fewer,
/// and of a long list what was taken back while nobody was connected stays.
const MOST_TOLD: usize = 100_000;

/// Looks. More, and calls for advertising are refused for longer after the module was loaded anew; fewer asks more often.
const ASK_EVERY: u32 = 3;

/// Longer, and an objection made in a call takes longer to reach the dialler; shorter costs a question to the store.
const LOOK_EVERY: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Number;

    fn block(number: &str, service: bool) -> Block {
        Block { number: Number::new(number).unwrap(), advertising: true, service, callback: service }
    }

    #[test]
    fn a_number_is_known_in_every_form_in_which_it_may_be_dialled() {
        let countries = BTreeSet::from(["49".to_owned(), "352".to_owned(), String::new()]);
        let german = dialled("+4930901820", &countries);
        assert_eq!(german, ["+4930901820", "4930901820", "004930901820", "030901820"]);
        assert!(dialled("+352621123456", &countries).contains(&"621123456".to_owned()));
        assert_eq!(dialled("1001", &countries), ["1001"]);
    }

    #[test]
    fn only_what_changed_is_sent() {
        let none = BTreeSet::new();
        let before = forms(&[block("+4930901820", false), block("1001", false)], &none);
        let after = forms(&[block("1001", true), block("1002", false)], &none);
        let sure = |forms: &Forms| Held { forms: forms.clone(), sure: true };
        assert_eq!(changes(&sure(&after), &after), Vec::<String>::new());
        let mut sent = changes(&sure(&before), &after);
        sent.sort();
        assert_eq!(
            sent,
            [
                "delete/callgist_dnc/+4930901820",
                "delete/callgist_dnc/004930901820",
                "delete/callgist_dnc/4930901820",
                "insert/callgist_dnc/1001/asc",
                "insert/callgist_dnc/1002/a",
            ]
        );
    }

    #[test]
    fn where_it_is_not_known_what_the_switch_took_all_is_sent_and_what_is_not_wanted_deleted() {
        let none = BTreeSet::new();
        let held = Held { forms: forms(&[block("1001", false), block("1002", false)], &none), sure: false };
        let sent = changes(&held, &forms(&[block("1002", false)], &none));
        assert_eq!(sent, ["delete/callgist_dnc/1001", "insert/callgist_dnc/1002/a"]);
    }

    #[test]
    fn what_the_switch_says_that_it_holds_is_read_and_a_refusal_is_no_empty_list() {
        let told = "D/callgist_dnc_+4930901820/asc\nD/callgist_dnc_loaded/yes\nD/not_callgist_dnc_1/a\n\
                    D/callgist_dnc_1001/a\n";
        let told: Vec<(String, String)> = dumped(told).unwrap().into_iter().collect();
        let pair = |form: &str, purposes: &str| (form.to_owned(), purposes.to_owned());
        assert_eq!(told, [pair("+4930901820", "asc"), pair("1001", "a")]);
        assert_eq!(dumped("-ERR no reply\n"), Some(Forms::new()));
        assert_eq!(dumped("-ERR permission denied"), None);
        assert_eq!(dumped("-ERR hash_dump Command not found!\n"), None);
    }
}
