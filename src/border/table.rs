//! The border as data: every message, what is in it, how large it can be, how often it may come, and why it may pass.
//!
//! A test reads `border.rs` and encodes the largest message of each kind, so that this list cannot fall behind; another
//! finds this list, word for word, in `docs/proof.md`.

/// Which way a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From the daemon to an ear.
    ToEar,
    /// From an ear to the daemon: here something that was said could pass.
    FromEar,
}

/// How often a message may come before its sender is taken for broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Most {
    OnceAnEar,
    /// As an answer to one question.
    OnceAPing,
    OnceACall,
    /// Together with the other endings.
    OneEndingACall,
    TwiceACall,
    OnceAParty,
    OnceInTenSeconds,
    /// The daemon's own; it is not limited, for it has heard nothing.
    Free,
}

impl Most {
    pub fn words(self) -> &'static str {
        match self {
            Most::OnceAnEar => "once an ear",
            Most::OnceAPing => "once a ping",
            Most::OnceACall => "once a call",
            Most::OneEndingACall => "one ending a call",
            Most::TwiceACall => "twice a call",
            Most::OnceAParty => "once a party",
            Most::OnceInTenSeconds => "once in 10 s",
            Most::Free => "as needed",
        }
    }

    /// How many an ear gets through in a call of an hour that it holds alone. A message of the daemon's is not counted.
    pub fn in_an_hour(self) -> usize {
        match self {
            Most::OnceAnEar | Most::OnceACall | Most::OneEndingACall => 1,
            Most::TwiceACall | Most::OnceAParty => 2,
            Most::OnceInTenSeconds => HOUR_S / 10,
            Most::OnceAPing => HOUR_S / PING_EVERY_S,
            Most::Free => 0,
        }
    }
}

/// One kind of message.
pub struct Row {
    pub name: &'static str,
    pub way: Way,
    /// As `border.rs` writes them.
    pub fields: &'static str,
    /// Bytes of the largest message.
    pub largest: usize,
    pub most: Most,
    /// Why it may pass.
    pub why: &'static str,
}

impl Row {
    /// Bits that one message can carry besides its kind and its call, which are checked: an upper bound.
    pub fn bits(&self) -> usize {
        let known = match self.most {
            // Its number was given.
            Most::OnceAPing => self.largest,
            _ if self.fields.contains("call: CallId") => KIND + CALL,
            _ => KIND,
        };
        8 * (self.largest - known)
    }

    /// Bits that all such messages of a call of an hour can carry, with the moments at which they are sent: an upper bound.
    pub fn bits_in_an_hour(&self) -> usize {
        let moment =
            if self.most == Most::OnceAPing { bits_below(PONG_WITHIN_S) } else { bits_below(HOUR_S) };
        self.most.in_an_hour() * (self.bits() + moment)
    }
}

/// A row of Markdown for each message, with a head.
pub fn markdown() -> String {
    let head = "| message | fields | bytes at most | how often | bits in one | bits in an hour | why it may pass |\n|---|---|---|---|---|---|---|\n";
    let row = |row: &Row| {
        let arrow = if row.way == Way::ToEar { "to the ear" } else { "from the ear" };
        let fields = if row.fields.is_empty() { "none".to_owned() } else { format!("`{}`", row.fields) };
        format!(
            "| `{}`, {arrow} | {fields} | {} | {} | {} | {} | {} |\n",
            row.name,
            row.largest,
            row.most.words(),
            row.bits(),
            if row.way == Way::ToEar { "none".to_owned() } else { row.bits_in_an_hour().to_string() },
            row.why
        )
    };
    TABLE.iter().fold(head.to_owned(), |table, one| table + &row(one))
}

const fn to(name: &'static str, fields: &'static str, largest: usize, why: &'static str) -> Row {
    Row { name, way: Way::ToEar, fields, largest, most: Most::Free, why }
}

const fn from(
    name: &'static str,
    fields: &'static str,
    largest: usize,
    most: Most,
    why: &'static str,
) -> Row {
    Row { name, way: Way::FromEar, fields, largest, most, why }
}

/// The kind of a message, and a call's id in its longest writing.
const KIND: usize = 1;
const CALL: usize = 10;

/// Bits that a moment tells in so many seconds, in milliseconds.
fn bits_below(seconds: usize) -> usize {
    (seconds * 1_000).ilog2() as usize + 1
}

const HOUR_S: usize = 3_600;

/// Seconds between two pings, and until an ear that did not answer is ended.
pub const PING_EVERY_S: usize = 2;
pub const PONG_WITHIN_S: usize = 3;

/// Every message that there is.
pub const TABLE: &[Row] = &[
    to(
        "Open",
        "call: CallId, language: Language, today: Day, agent_leg: AgentLeg, left_out: LeftOut",
        22,
        "a call begins; its date makes \"on Thursday\" a day; where agents are not heard one voice is all there is; and \
         what its line leaves out of notes goes with it",
    ),
    to(
        "Hear",
        "call: CallId, party: Party, format: Format",
        20,
        "hands over one party's RTP socket, after the notice's proof",
    ),
    to("Bridged", "call: CallId", 11, "what came before is thrown away undecoded"),
    to("Paused", "call: CallId", 11, "nothing is heard on hold"),
    to("Resumed", "call: CallId", 11, "the hold is over"),
    to("End", "call: CallId, partial: bool", 12, "the call is over"),
    to("Stop", "call: CallId", 11, "an objection: wipe it now"),
    to("Retire", "", 1, "a fresh ear takes over"),
    to("Ping", "number: u32", 6, "is it alive?"),
    from(
        "Ready",
        "recogniser: Recogniser, model: ModelId, acts_refused: u16",
        13,
        Most::OnceAnEar,
        "sent before anything is heard",
    ),
    from(
        "Flowing",
        "call: CallId, party: Party",
        12,
        Most::OnceAParty,
        "that a copy runs, not what is in it",
    ),
    from(
        "Counters",
        "call: CallId, heard: Heard",
        41,
        Most::OnceInTenSeconds,
        "six whole numbers, for admission and to show that it works; the widest way for a broken ear",
    ),
    from(
        "Noted",
        "call: CallId, heard: Heard, note: N",
        1_589,
        Most::OneEndingACall,
        "the note: the one field that can hold a sentence, made by the guard, checked again by the daemon",
    ),
    from(
        "NotNoted",
        "call: CallId, heard: Heard, reason: NoSummary",
        42,
        Most::OneEndingACall,
        "why there is no note: a closed list",
    ),
    from("Objected", "call: CallId", 11, Most::OneEndingACall, "an objection always wins"),
    from(
        "DoNotContact",
        "call: CallId, request: DoNotContact",
        26,
        Most::TwiceACall,
        "a request of the caller's: channels, purpose, at most fifteen digits",
    ),
    from("Stopped", "call: CallId", 11, Most::OnceACall, "the answer to `Stop`: wiped"),
    from(
        "Panicked",
        "call: CallId, file: u16, line: u32",
        19,
        Most::OneEndingACall,
        "a place in our code, as two numbers, and no message",
    ),
    from("Pong", "number: u32", 6, Most::OnceAPing, "the number that was sent, or the ear is ended"),
];

#[cfg(test)]
mod tests {
    use super::super::*;
    use super::{CALL, KIND, TABLE, Way, markdown};
    use crate::wire::rtp::Codec;
    use std::collections::BTreeSet;

    /// `border.rs` without comments and tests.
    fn source() -> String {
        let text = std::fs::read_to_string("src/border.rs").unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        code.lines().map(|line| line.split("//").next().unwrap()).collect::<Vec<_>>().join("\n")
    }

    /// The variants of an enum with their fields, blanks made single.
    fn variants(name: &str) -> Vec<(String, String)> {
        let source = source();
        let (_, body) = source.split_once(&format!("pub enum {name} {{")).unwrap();
        let body = body.split("\n}").next().unwrap();
        let variant = regex::Regex::new(r"(?s)(\w+)\s*(?:\{([^}]*)\})?\s*,").unwrap();
        let fields = |text: &str| {
            let words: Vec<&str> = text.split_whitespace().collect();
            words.join(" ").trim_end_matches(',').to_owned()
        };
        variant
            .captures_iter(body)
            .map(|found| (found[1].to_owned(), fields(found.get(2).map_or("", |fields| fields.as_str()))))
            .collect()
    }

    #[test]
    fn every_message_of_the_border_is_in_the_table_with_its_fields_and_no_other_is() {
        let listed = |way| {
            let rows = TABLE.iter().filter(move |row| row.way == way);
            rows.map(|row| (row.name.to_owned(), row.fields.to_owned())).collect::<Vec<_>>()
        };
        assert_eq!(variants("ToEar"), listed(Way::ToEar));
        assert_eq!(variants("FromEar<N>"), listed(Way::FromEar));
    }

    #[test]
    fn no_field_but_the_notes_text_has_a_type_that_could_hold_a_sentence() {
        let narrow = BTreeSet::from([
            "CallId",
            "Language",
            "Day",
            "LeftOut",
            "Party",
            "AgentLeg",
            "Format",
            "Heard",
            "NoSummary",
            "DoNotContact",
            "Recogniser",
            "ModelId",
            "Channels",
            "Purpose",
            "WhoseNumber",
            "Topics",
            "Trust",
            "TrustLabel",
            "bool",
            "u8",
            "u16",
            "u32",
            "u64",
            "i16",
            "N",
        ]);
        let source = source();
        let types = source.split("\nimpl").flat_map(|part| part.split("\n}"));
        let field = regex::Regex::new(r"(?m)\b\w+: ([\w<>\[\]; ]+?)(?:,| \}|$)").unwrap();
        let mut wide = Vec::new();
        for definition in types.filter(|part| part.contains("pub struct ") || part.contains("pub enum ")) {
            let definition = definition.split_once("pub ").unwrap().1;
            wide.extend(field.captures_iter(definition).map(|found| found[1].to_owned()));
        }
        assert!(wide.len() > 30, "{wide:?}");
        wide.retain(|name| !narrow.contains(name.as_str()));
        assert_eq!(wide, ["ArrayString<MAX_TEXT>"]);
    }

    #[derive(Serialize)]
    struct Largest {
        language: Language,
        topics: Topics,
        trust: Trust,
        text: ArrayString<MAX_TEXT>,
    }

    #[test]
    fn the_largest_message_of_each_kind_is_as_large_as_the_table_says() {
        let call = CallId(u64::MAX);
        let format = Format { codec: Codec::Pcma, payload_type: 255, clock_rate: u32::MAX, ptime_ms: 255 };
        let today = Day { year: i16::MIN, month: 255, day: 255, minute: u16::MAX };
        let left_out = LeftOut::default().with(Kind::Durations);
        let most = u32::MAX;
        let heard = Heard {
            listened_ms: most,
            speech_ms: most,
            recognised_ms: most,
            backlog_ms: most,
            words: most,
            lost_packets: most,
        };
        let number = WhoseNumber::Named(Digits::new("999999999999999").unwrap());
        let request = DoNotContact { channels: Channels::ALL, purpose: Purpose::Everything, number };
        let trust = Trust { label: TrustLabel::Good, confidence_pct: 255, kept_pct: 255, arrived_pct: 255 };
        let text = ArrayString::from(&"x".repeat(MAX_TEXT)).unwrap();
        let note = Largest { language: Language::Fr, topics: Topics(most), trust, text };
        let reason = *NoSummary::ALL.last().unwrap();
        let party = Party::Agent;
        let orders = [
            ToEar::Open { call, language: Language::Fr, today, agent_leg: AgentLeg::NotHeard, left_out },
            ToEar::Hear { call, party, format },
            ToEar::Bridged { call },
            ToEar::Paused { call },
            ToEar::Resumed { call },
            ToEar::End { call, partial: true },
            ToEar::Stop { call },
            ToEar::Retire,
            ToEar::Ping { number: most },
        ];
        let answers = [
            FromEar::Ready {
                recogniser: Recogniser::Whisper,
                model: ModelId([255; 8]),
                acts_refused: u16::MAX,
            },
            FromEar::Flowing { call, party },
            FromEar::Counters { call, heard },
            FromEar::Noted { call, heard, note },
            FromEar::NotNoted { call, heard, reason },
            FromEar::Objected { call },
            FromEar::DoNotContact { call, request },
            FromEar::Stopped { call },
            FromEar::Panicked { call, file: u16::MAX, line: most },
            FromEar::Pong { number: most },
        ];
        let size = |message: &dyn Fn(&mut [u8; MAX_MESSAGE]) -> usize| message(&mut [0; MAX_MESSAGE]);
        let orders = orders.iter().map(|order| size(&|room| encode(order, room).unwrap().len()));
        let answers = answers.iter().map(|answer| size(&|room| encode(answer, room).unwrap().len()));
        let told: Vec<usize> = orders.chain(answers).collect();
        let listed: Vec<usize> = TABLE.iter().map(|row| row.largest).collect();
        assert_eq!(told, listed);
        assert!(listed.iter().all(|size| *size <= MAX_MESSAGE));
        let mut room = [0; MAX_MESSAGE];
        assert_eq!(encode(&ToEar::Stop { call }, &mut room).unwrap().len(), KIND + CALL);
    }

    #[test]
    fn the_auditors_page_has_the_table_word_for_word() {
        let page = std::fs::read_to_string("docs/proof.md").unwrap();
        assert!(page.contains(&markdown()), "docs/proof.md must hold:\n{}", markdown());
    }
}
