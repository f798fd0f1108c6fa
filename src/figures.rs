//! Figures: what the store has counted, and whether what was published still holds, go in; the text that Prometheus reads
//! comes out, or JSON.
//!
//! `GET /metrics` and `callgist store figures` say the same under the same names. A series is of a line, a reason, a state
//! or a kind of row, all of them closed lists or settings: there is none of a caller, a number or an extension, and no name
//! for how anybody did. [Text format](https://prometheus.io/docs/instrumenting/exposition_formats/), version 0.0.4.

use crate::call::NoSummary;
use crate::store::{Counts, UtcMillis};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Whether what was published for a line is still what holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineDrift {
    pub line: String,
    /// The settings say which version was published.
    pub published: bool,
    /// What has changed since: Callgist's own texts, the settings that they name, the sound in use.
    pub texts: bool,
    pub settings: bool,
    pub sound: bool,
}

impl LineDrift {
    /// Whether anything is no longer as it was published.
    pub fn is_any(&self) -> bool {
        self.texts || self.settings || self.sound
    }
}

/// A figure at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    pub name: &'static str,
    labels: Vec<(&'static str, String)>,
    /// Nothing where it is not known: infinite in the text, null in JSON.
    value: Option<i64>,
}

/// All figures, in the order of [`NAMES`].
pub fn samples(counts: &Counts, drifts: &[LineDrift], now: UtcMillis) -> Vec<Sample> {
    let mut samples = Vec::new();
    let mut add = |name, labels: &[(&'static str, &str)], value: Option<i64>| {
        let labels = labels.iter().map(|(key, value)| (*key, (*value).to_owned())).collect();
        samples.push(Sample { name, labels, value });
    };
    for (kind, rows) in counts.overdue {
        add(PAST, &[("kind", kind.word())], whole(rows));
    }
    let age = counts.sweep.good.map(|at| (now.0.saturating_sub(at.0)).max(0) / 1_000);
    add(SWEPT, &[], age);
    add(SWEEP_FAILED, &[], flag(counts.sweep.failed.is_some()));
    for drift in drifts {
        let line = drift.line.as_str();
        let parts = [("sound", drift.sound), ("texts", drift.texts), ("settings", drift.settings)];
        for (part, changed) in parts {
            add(DRIFT, &[("line", line), ("part", part)], flag(changed));
        }
    }
    for drift in drifts {
        add(UNPUBLISHED, &[("line", &drift.line)], flag(!drift.published));
    }
    for (state, entries) in counts.contacts {
        add(CONTACTS, &[("state", state.word())], whole(entries));
    }
    for ((line, reason), calls) in calls(counts, drifts) {
        add(CALLS, &[("line", line), ("reason", reason)], whole(calls));
    }
    add(DRAFTS, &[], whole(counts.drafts));
    add(LOG, &[], whole(counts.log_entries));
    add(SCHEMA, &[], Some(counts.version));
    samples
}

/// Of each line every reason, also those that none of its calls has: a series that comes and goes is missed.
fn calls<'a>(counts: &'a Counts, drifts: &'a [LineDrift]) -> BTreeMap<(&'a str, &'a str), usize> {
    let mut calls = BTreeMap::new();
    for drift in drifts {
        let reasons = NoSummary::ALL.iter().map(|reason| reason.word());
        calls.extend(reasons.chain([NOTE]).map(|reason| ((drift.line.as_str(), reason), 0)));
    }
    for (line, reason, count) in &counts.calls {
        calls.insert((line, reason.as_deref().unwrap_or(NOTE)), *count);
    }
    calls
}

/// What Prometheus reads.
pub fn text(samples: &[Sample]) -> String {
    let mut text = String::new();
    for (name, help) in NAMES {
        let mut of_name = samples.iter().filter(|sample| sample.name == *name).peekable();
        if of_name.peek().is_some() {
            text.push_str(&format!("# HELP {name} {help}\n# TYPE {name} gauge\n"));
        }
        of_name.for_each(|sample| text.push_str(&sample.line()));
    }
    text
}

/// The same as an object; fields are added, never changed.
pub fn as_json(samples: &[Sample]) -> Value {
    let one = |Sample { name, labels, value }: &Sample| {
        let labels: Map<String, Value> =
            labels.iter().map(|(key, value)| ((*key).to_owned(), json!(value))).collect();
        json!({ "name": name, "labels": labels, "value": value })
    };
    json!({ "figures": samples.iter().map(one).collect::<Vec<_>>() })
}

impl Sample {
    fn line(&self) -> String {
        let labels: Vec<String> =
            self.labels.iter().map(|(key, value)| format!("{key}=\"{}\"", escaped(value))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let value = self.value.map_or("+Inf".to_owned(), |value| value.to_string());
        format!("{}{labels} {value}\n", self.name)
    }
}

/// A label's value as the format has it.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

fn whole(count: usize) -> Option<i64> {
    i64::try_from(count).ok()
}

fn flag(is: bool) -> Option<i64> {
    Some(i64::from(is))
}

/// In place of a reason.
const NOTE: &str = "note";

const PAST: &str = "callgist_rows_past_retention";
const SWEPT: &str = "callgist_last_good_sweep_age_seconds";
const SWEEP_FAILED: &str = "callgist_sweep_failed";
const DRIFT: &str = "callgist_drift";
const UNPUBLISHED: &str = "callgist_texts_unpublished";
const CONTACTS: &str = "callgist_contacts";
const CALLS: &str = "callgist_calls_kept";
const DRAFTS: &str = "callgist_drafts_waiting";
const LOG: &str = "callgist_log_entries";
const SCHEMA: &str = "callgist_schema_version";

/// Every name there is, and what it means.
pub const NAMES: &[(&str, &str)] = &[
    (PAST, "Rows that are past their retention and not restricted or held. Must be 0."),
    (SWEPT, "Seconds since a sweep last left no row past its retention. One is due every hour."),
    (SWEEP_FAILED, "1 when a sweep has failed and none was good after it."),
    (
        DRIFT,
        "1 when the sound in use, the texts or the settings that they name are not what was published for the line.",
    ),
    (UNPUBLISHED, "1 when the settings do not say which version of the texts was published for the line."),
    (CONTACTS, "Entries of the do-not-contact list. Pending and confirmed ones protect."),
    (CALLS, "Calls that are kept now, by the reason why they have no note, or by note."),
    (DRAFTS, "Notes that may still be corrected, approved or discarded."),
    (LOG, "Entries of the content-free log since its last checkpoint."),
    (SCHEMA, "Version of the database's schema."),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Kind, LastSweep, State};

    fn counts() -> Counts {
        Counts {
            overdue: Kind::ALL.map(|kind| (kind, usize::from(kind == Kind::Contacts) * 3)),
            sweep: LastSweep { good: Some(UtcMillis(5_000)), failed: None },
            contacts: State::ALL.map(|state| (state, usize::from(state == State::Pending) * 2)),
            calls: vec![
                ("main".into(), None, 7),
                ("main".into(), Some("fax".into()), 1),
                ("old".into(), None, 4),
            ],
            drafts: 1,
            log_entries: 40,
            version: 9,
        }
    }

    fn drift() -> LineDrift {
        LineDrift { line: "main".into(), published: true, texts: false, settings: true, sound: false }
    }

    #[test]
    fn the_text_has_help_and_type_above_each_name_and_a_line_for_each_sample() {
        let text = text(&samples(&counts(), &[drift()], UtcMillis(65_999)));
        for line in [
            "# TYPE callgist_rows_past_retention gauge",
            "callgist_rows_past_retention{kind=\"contacts\"} 3",
            "callgist_rows_past_retention{kind=\"log\"} 0",
            "callgist_last_good_sweep_age_seconds 60",
            "callgist_sweep_failed 0",
            "callgist_drift{line=\"main\",part=\"settings\"} 1",
            "callgist_drift{line=\"main\",part=\"sound\"} 0",
            "callgist_texts_unpublished{line=\"main\"} 0",
            "callgist_contacts{state=\"pending\"} 2",
            "callgist_calls_kept{line=\"main\",reason=\"note\"} 7",
            "callgist_calls_kept{line=\"main\",reason=\"fax\"} 1",
            "callgist_calls_kept{line=\"main\",reason=\"objection\"} 0",
            "callgist_calls_kept{line=\"old\",reason=\"note\"} 4",
            "callgist_drafts_waiting 1",
            "callgist_log_entries 40",
            "callgist_schema_version 9",
        ] {
            assert!(text.lines().any(|told| told == line), "{line}: {text}");
        }
        for (name, help) in NAMES {
            assert_eq!(
                text.matches(&format!("# HELP {name} {help}\n# TYPE {name} gauge\n{name}")).count(),
                1,
                "{name}"
            );
        }
        assert!(text.ends_with('\n'));
    }

    #[test]
    fn what_is_not_known_is_infinite_and_null_and_a_label_cannot_end_early() {
        let never = Counts { sweep: LastSweep { good: None, failed: Some(UtcMillis(1)) }, ..counts() };
        let samples = samples(&never, &[LineDrift { line: "a\"b\\\n".into(), ..drift() }], UtcMillis(9));
        let text = text(&samples);
        assert!(text.contains("callgist_last_good_sweep_age_seconds +Inf\n"), "{text}");
        assert!(text.contains("callgist_sweep_failed 1\n"), "{text}");
        assert!(text.contains("callgist_texts_unpublished{line=\"a\\\"b\\\\\\n\"} 0\n"), "{text}");
        let told = as_json(&samples);
        let of = |name: &str| {
            let all = told["figures"].as_array().unwrap();
            all.iter().find(|figure| figure["name"] == name).unwrap().clone()
        };
        assert_eq!(of(SWEPT)["value"], Value::Null);
        assert_eq!(of(DRAFTS), json!({ "name": DRAFTS, "labels": {}, "value": 1 }));
    }
}
