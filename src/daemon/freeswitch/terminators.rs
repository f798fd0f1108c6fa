//! No key may cut the notice short (F109): what is set on the caller's leg before it and undone behind it; pure.
//!
//! The variable would stay on the leg, and every later prompt, a menu or a voice mail, would ignore the keys that end it.
//! So a mark beside it tells a Callgist that was restarted, or had lost the switch, that it is still to be undone.

use super::dump::Dump;
use crate::call::Leg;

/// The commands that keep keys from ending what is played to the caller.
pub(super) fn off(caller: &Leg) -> [String; 2] {
    [format!("uuid_setvar {caller} {MARK} true"), format!("uuid_setvar {caller} {TERMINATORS} none")]
}

/// The commands that undo it: what the dialplan had set stands there again, or nothing.
pub(super) fn on(caller: &Leg, before: Option<&str>) -> [String; 2] {
    let value = before.map(|value| format!(" {value}")).unwrap_or_default();
    [format!("uuid_setvar {caller} {TERMINATORS}{value}"), format!("uuid_setvar {caller} {MARK}")]
}

/// Whether nobody has undone it, though the caller has gone on. What stood there before is no longer known then.
pub(super) fn left_off(dump: &Dump) -> bool {
    dump.has_gone_on() && dump.get("variable_callgist_keys_off").is_some()
}

pub(super) const TERMINATORS: &str = "playback_terminators";
const MARK: &str = "callgist_keys_off";

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_the_dialplan_had_set_stands_there_again() {
        let a = Leg::new("a").unwrap();
        assert_eq!(
            off(&a),
            ["uuid_setvar a callgist_keys_off true", "uuid_setvar a playback_terminators none"]
        );
        let back = |before| on(&a, before)[0].clone();
        assert_eq!(back(None), "uuid_setvar a playback_terminators");
        assert_eq!(back(Some("#")), "uuid_setvar a playback_terminators #");
    }

    #[test]
    fn keys_are_left_off_when_the_caller_has_gone_on_and_the_mark_is_there() {
        let left = |waiting: &str, mark: &str| {
            let fields = json!({ "variable_callgist_waiting": waiting, "variable_callgist_keys_off": mark });
            left_off(&Dump::parse(&fields.to_string()).unwrap())
        };
        assert!(left("false", "true"));
        assert!(!left("true", "true"), "the notice may still be played");
        assert!(!left("false", ""));
    }
}
