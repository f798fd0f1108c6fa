//! Keeps the list of who must not be called in the switch's own memory (mod_hash): what the store says goes in, the
//! changes come out as commands.
//!
//! The dialplan asks there (`dialplan/20_do_not_contact.xml`), so a call never waits for us. A marker says that the
//! list is whole; after a restart of the switch it is gone until everything is there again. An entry that was taken
//! back while nobody was connected blocks until the switch is restarted: too much protection, never too little.

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

impl FreeSwitch {
    /// Runs until it is dropped. `countries` are the codes of the switch's lines.
    pub async fn keep_blocks(self, store: Arc<Store>, countries: BTreeSet<String>) {
        let (mut held, mut connection, mut refused) = (Forms::new(), 0, false);
        loop {
            let now = UtcMillis(self.clock.utc_ms());
            let blocks = store.blocks(now).await;
            let current = self.registry().connection();
            // Without the whole list nothing is said: the marker stays as it is.
            if let (Ok(blocks), true) = (blocks, current > 0) {
                if current != connection {
                    (held, connection) = (Forms::new(), current);
                    refused = false;
                }
                let wanted = forms(&blocks, &countries);
                if !refused && (wanted != held || held.is_empty()) {
                    match self.put(&held, &wanted).await {
                        Some(true) => held = wanted,
                        Some(false) => {
                            refused = true;
                            events::BlocksRefused { switch: self.name() }.log();
                        }
                        // The link is gone; all of it is put again when it is back.
                        None => {}
                    }
                }
            }
            self.clock.sleep(LOOK_EVERY).await;
        }
    }

    /// Whether the switch has taken all of it; nothing when it did not answer. Answers come in order, so the last one
    /// stands for all.
    async fn put(&self, held: &Forms, wanted: &Forms) -> Option<bool> {
        for change in changes(held, wanted) {
            self.send_hash(&change);
        }
        let marked = self.link.api(&format!("hash insert/{REALM}/loaded/yes")).await?;
        Some(marked.text().starts_with("+OK"))
    }

    fn send_hash(&self, change: &str) {
        if let Ok(command) = Command::api(format!("hash {change}")) {
            self.link.send(command);
        }
    }
}

fn changes(held: &Forms, wanted: &Forms) -> Vec<String> {
    let gone = held.keys().filter(|form| !wanted.contains_key(*form));
    let new = wanted.iter().filter(|(form, purposes)| held.get(*form) != Some(*purposes));
    gone.map(|form| format!("delete/{REALM}/{form}"))
        .chain(new.map(|(form, purposes)| format!("insert/{REALM}/{form}/{purposes}")))
        .collect()
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
        assert_eq!(changes(&after, &after), Vec::<String>::new());
        let mut sent = changes(&before, &after);
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
}
