//! Why a call has no summary: a closed list.

use serde::{Deserialize, Serialize};

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $word:literal),* $(,)?) => {
        /// Why a call has no summary.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum NoSummary {
            $($(#[$doc])* $name),*
        }

        impl NoSummary {
            pub const ALL: &'static [NoSummary] = &[$(NoSummary::$name),*];

            /// The word that stands in the store and in every output.
            pub fn word(self) -> &'static str {
                match self { $(NoSummary::$name => $word),* }
            }

            pub fn from_word(word: &str) -> Option<NoSummary> {
                match word { $($word => Some(NoSummary::$name),)* _ => None }
            }
        }
    };
}

reasons! {
    /// The caller rang off before saying what it is about.
    TooShort = "too_short",
    /// Nothing was meant for the other side: silence, a pocket call.
    NothingSaid = "nothing_said",
    /// Only one person was there; a voicemail counts.
    OneSided = "one_sided",
    /// Somebody on the call does not want a summary.
    Objection = "objection",
    /// It may have been an objection; doubt protects.
    ObjectionSuspected = "objection_suspected",
    /// The line asks for consent and none was given.
    NoConsent = "no_consent",
    /// Too much of the call was not understood.
    Unintelligible = "unintelligible",
    /// The call was held in a language that is not the line's.
    Language = "language",
    /// The caller wanted somebody else.
    WrongNumber = "wrong_number",
    /// The notice was not played to its end.
    NoticeIncomplete = "notice_incomplete",
    /// A gap that we caused: more than 2 s of the talk unheard.
    Partial = "partial",
    /// The switch records this call.
    Recorded = "recorded",
    /// The switch cannot copy this call's audio to us.
    NotTappable = "not_tappable",
    /// A fax or a modem.
    Fax = "fax",
    /// A number that is never heard.
    Excluded = "excluded",
    /// Nobody took the call.
    Unanswered = "unanswered",
    /// No room for one more call.
    Overload = "overload",
    /// The ear that heard the call ended.
    EngineFailed = "engine_failed",
    /// Callgist was being stopped.
    Shutdown = "shutdown",
    /// The line is switched off.
    SwitchedOff = "switched_off",
    /// There was one, and it was discarded while it was a draft.
    Discarded = "discarded",
}

impl NoSummary {
    /// Whether an ear can know it. The others tell what the switch, the settings or a person did.
    pub fn is_heard(self) -> bool {
        use NoSummary as No;
        match self {
            No::TooShort | No::NothingSaid | No::OneSided | No::Unintelligible | No::Language => true,
            No::Objection | No::ObjectionSuspected | No::WrongNumber | No::Fax => true,
            // It was late, it broke, or it holds too much already.
            No::Partial | No::EngineFailed | No::Overload => true,
            No::NoConsent | No::NoticeIncomplete | No::Recorded | No::NotTappable | No::Excluded => false,
            No::Unanswered | No::Shutdown | No::SwitchedOff | No::Discarded => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::NoSummary;

    #[test]
    fn every_reason_is_read_back_from_its_word() {
        for &reason in NoSummary::ALL {
            assert_eq!(NoSummary::from_word(reason.word()), Some(reason));
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.word());
        }
        assert_eq!(NoSummary::ALL.len(), 21);
        assert_eq!(NoSummary::from_word("other"), None);
    }
}
