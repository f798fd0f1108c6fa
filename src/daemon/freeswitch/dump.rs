//! `uuid_dump <leg> json` goes in, what the switch remembers of the leg comes out (rule R9); pure.
//!
//! A dump has an `Event-Sequence` of its own: events with a lower number are older than it (F94).

use super::words::Tappable;
use crate::call::Leg;
use crate::store::Name;
use serde_json::{Map, Value};

/// What the switch remembers of a leg.
pub struct Dump(Map<String, Value>);

/// The legs that `show channels as json` names, a row each.
pub fn rows(shown: &str) -> Vec<Value> {
    match serde_json::from_str::<Map<String, Value>>(shown).ok().and_then(|mut shown| shown.remove("rows")) {
        Some(Value::Array(rows)) => rows,
        _ => Vec::new(),
    }
}

/// Who talks with the leg.
#[derive(Debug, PartialEq, Eq)]
pub enum Talk {
    With(Leg),
    /// The bridge with this one is over, and no other has begun.
    Over(Leg),
    /// There was none yet.
    Untold,
}

/// The mark of a notice that was played to its end: `<version>;<from>;<to>`, microseconds of the switch's clock.
#[derive(Debug, PartialEq, Eq)]
pub struct Noticed<'a> {
    pub version: &'a str,
    pub from: u64,
    pub to: u64,
}

impl Dump {
    /// Nothing where it is no dump, as when the leg is gone.
    pub fn parse(text: &str) -> Option<Dump> {
        serde_json::from_str(text).ok().map(Dump)
    }

    /// A field's text, of several the first; nothing where it is empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        let value = match self.0.get(name)? {
            Value::Array(list) => list.first()?,
            value => value,
        };
        value.as_str().filter(|text| !text.is_empty())
    }

    /// What is older than the dump has a lower one.
    pub fn sequence(&self) -> Option<u64> {
        self.number("Event-Sequence")
    }

    /// Microseconds of the switch's clock; what never happened is told as 0.
    pub fn time(&self, name: &str) -> Option<u64> {
        self.number(name).filter(|micros| *micros > 0)
    }

    /// Somebody pressed the key, or an extension of the dialplan objected.
    pub fn objected(&self) -> bool {
        self.get("variable_callgist_objection").is_some()
    }

    /// Whether the leg is on hold.
    pub fn held(&self) -> bool {
        self.get("Channel-Call-State") == Some("HELD")
    }

    /// `bridge_to` is there as long as the bridge is. `Other-Leg-Unique-ID` is not: it outlives the bridge (T08), and
    /// the first milliseconds of a bridge have neither it nor `last_bridge_to` (B02).
    pub fn talk(&self) -> Talk {
        let leg = |name: &str| self.get(name).and_then(|leg| Leg::new(leg).ok());
        match (leg("variable_bridge_to"), leg("variable_last_bridge_to")) {
            (Some(other), _) => Talk::With(other),
            (None, Some(last)) => Talk::Over(last),
            (None, None) => Talk::Untold,
        }
    }

    /// The mark of the notice, where it is whole.
    pub fn noticed(&self) -> Option<Noticed<'_>> {
        let mut parts = self.get("variable_callgist_notice")?.split(';');
        let (version, from, to) = (parts.next()?, parts.next()?, parts.next()?);
        let (from, to): (u64, u64) = (from.parse().ok()?, to.parse().ok()?);
        (from < to && parts.next().is_none()).then_some(Noticed { version, from, to })
    }

    /// The line that a main-line caller's leg has called. The mark alone does not tell: agents' legs and the second
    /// halves of loopbacks carry it too, but never `callgist_waiting`, which the snippet sets and does not export
    /// (F117).
    pub fn line(&self) -> Option<&str> {
        let inbound = self.get("Call-Direction") == Some("inbound");
        let through_the_snippet = self.get("variable_callgist_waiting").is_some();
        let loopback = self.get("Channel-Name").is_some_and(|name| name.starts_with("loopback/"));
        let copy = self.get("variable_callgist_tap").is_some();
        if inbound && through_the_snippet && !loopback && !copy {
            self.get("variable_callgist")
        } else {
            None
        }
    }

    /// Whether the caller is still in the guarded sleep, or a notice is being played into it.
    pub fn waits(&self) -> bool {
        self.get("variable_callgist_waiting") == Some("true")
    }

    /// Whether the caller has waited in it, and waits no longer.
    pub fn has_gone_on(&self) -> bool {
        self.get("variable_callgist_waiting") == Some("false")
    }

    /// Whether it is the leg of somebody outside: one that the switch has called over a gateway, or over the profile
    /// that has all of them by FreeSWITCH's own configuration.
    pub fn leads_outside(&self) -> bool {
        let called = self.get("Call-Direction") == Some("outbound");
        let gateway = self.get("variable_sip_gateway_name").is_some();
        let external = self.get("Channel-Name").is_some_and(|name| name.starts_with("sofia/external/"));
        called && (gateway || external)
    }

    /// One half of a loopback, behind which somebody else is called.
    pub fn is_passing(&self) -> bool {
        self.get("Channel-Name").is_some_and(|name| name.starts_with("loopback/"))
    }

    /// The extension of an agent's leg: the one that was called, or that called in to fetch the caller.
    pub fn extension(&self) -> Option<Name> {
        let names = match self.get("Call-Direction") {
            Some("outbound") => ["variable_dialed_user", "Caller-Destination-Number"],
            _ => ["variable_user_name", "Caller-Caller-ID-Number"],
        };
        let extension = |text: &str| {
            let text = text.strip_prefix("sip:").unwrap_or(text);
            Name::new(text.split('@').next().unwrap_or_default()).ok()
        };
        names.iter().filter_map(|name| self.get(name)).find_map(extension)
    }

    /// Rule R4's preflight. Without a read codec the switch would crash (F70).
    pub fn tappable(&self) -> Option<Tappable> {
        if never_copied(|name| self.get(name)) {
            return None;
        }
        let codec = self.get(CODEC)?;
        let plain = |text: &&str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b"@._-".contains(&b));
        let string = self.get("variable_rtp_last_audio_codec_string").filter(plain).unwrap_or(codec);
        Some(Tappable { codec: codec.to_owned(), codec_string: string.to_owned() })
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.get(name)?.parse().ok()
    }
}

/// Whether a leg with these fields can never be copied: what is said on it does not pass the switch, or in a codec that no
/// ear decodes (the switch may not either: then it cannot even play a notice on it). A codec that is not told yet may come.
pub(super) fn never_copied<'a>(get: impl Fn(&str) -> Option<&'a str>) -> bool {
    let elsewhere = ["variable_bypass_media", "variable_proxy_media"];
    elsewhere.iter().any(|name| get(name) == Some("true"))
        || get(CODEC).is_some_and(|codec| !CODECS.contains(&codec))
}

const CODEC: &str = "Channel-Read-Codec-Name";

/// Codecs that an ear decodes; more would be copied and not understood.
const CODECS: [&str; 5] = ["PCMA", "PCMU", "L16", "G722", "opus"];

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn dump(fields: Value) -> Dump {
        Dump::parse(&fields.to_string()).unwrap()
    }

    fn caller() -> Value {
        json!({
            "Call-Direction": "inbound", "Channel-Name": "sofia/internal/1001@pbx",
            "variable_callgist": "main", "variable_callgist_waiting": "false",
        })
    }

    fn with(mut fields: Value, name: &str, value: &str) -> Dump {
        fields[name] = value.into();
        dump(fields)
    }

    #[test]
    fn a_caller_is_the_inbound_leg_that_went_through_the_snippet() {
        assert_eq!(dump(caller()).line(), Some("main"));
        assert_eq!(with(caller(), "Call-Direction", "outbound").line(), None);
        assert_eq!(with(caller(), "Channel-Name", "loopback/6000-b").line(), None);
        assert_eq!(with(caller(), "variable_callgist_waiting", "").line(), None);
        assert_eq!(with(caller(), "variable_callgist_tap", "p5090").line(), None);
    }

    #[test]
    fn a_bridge_is_over_though_the_other_leg_is_still_named() {
        let talk = |to: &str, last: &str| {
            dump(json!({
                "Other-Leg-Unique-ID": "b", "variable_bridge_to": to, "variable_last_bridge_to": last,
            }))
            .talk()
        };
        let leg = |name| Leg::new(name).unwrap();
        assert_eq!(talk("b", "b"), Talk::With(leg("b")));
        assert_eq!(talk("", "b"), Talk::Over(leg("b")));
        assert_eq!(talk("", ""), Talk::Untold);
    }

    #[test]
    fn a_leg_in_a_foreign_codec_or_with_its_media_elsewhere_is_never_copied() {
        let never = |name: &str, value: &str| {
            let leg = dump(json!({ name: value }));
            never_copied(|name| leg.get(name))
        };
        assert!(never("Channel-Read-Codec-Name", "G729"));
        assert!(never("variable_bypass_media", "true"));
        assert!(!never("Channel-Read-Codec-Name", "opus"));
        // Of what is not told yet the bridge will tell.
        assert!(!never("Unique-ID", "a"));
    }

    #[test]
    fn a_leg_without_a_read_codec_or_with_bypassed_media_is_never_tapped() {
        let leg = json!({
            "Channel-Read-Codec-Name": "PCMA", "variable_rtp_last_audio_codec_string": "PCMA@8000h@20i@1c",
        });
        let with = |name: &str, value: &str| with(leg.clone(), name, value).tappable();
        assert_eq!(with("Unique-ID", "x").unwrap().codec_string, "PCMA@8000h@20i@1c");
        assert_eq!(with("Channel-Read-Codec-Name", ""), None);
        assert_eq!(with("Channel-Read-Codec-Name", "PROXY"), None);
        assert_eq!(with("variable_bypass_media", "true"), None);
        assert_eq!(with("variable_proxy_media", "true"), None);
        assert!(Dump::parse("-ERR No such channel!").is_none());
    }

    #[test]
    fn an_agent_has_the_extension_that_was_called_or_that_he_called_from() {
        let agent = |fields: Value| dump(fields).extension().map(|name| name.as_str().to_owned());
        let called =
            json!({ "Call-Direction": "outbound", "Caller-Destination-Number": "sip:1002@192.0.2.7" });
        assert_eq!(agent(called.clone()).as_deref(), Some("1002"));
        assert_eq!(agent(json!({ "Caller-Caller-ID-Number": "1003" })).as_deref(), Some("1003"));
        assert_eq!(agent(json!({ "Caller-Caller-ID-Number": "two words" })), None);
        let over = |name: &str, value: &str| with(called.clone(), name, value).leads_outside();
        assert!(over("variable_sip_gateway_name", "carrier") && over("Channel-Name", "sofia/external/49301"));
        assert!(!over("Channel-Name", "sofia/internal/1002@192.0.2.7"));
        assert!(
            !with(caller(), "variable_sip_gateway_name", "carrier").leads_outside(),
            "he called in over it"
        );
    }

    #[test]
    fn only_a_whole_mark_says_that_the_notice_was_played() {
        let noticed = |mark: &str| with(caller(), "variable_callgist_notice", mark).noticed().map(|n| n.to);
        assert_eq!(noticed("v1;1000;4680000"), Some(4_680_000));
        for bad in ["", "v1", "v1;1;", "v1;5;4", "v1;a;9", "v1;1;2;3"] {
            assert_eq!(noticed(bad), None, "{bad}");
        }
    }
}
