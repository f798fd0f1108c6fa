//! What a switch answers when it is asked for a leg: its dump, and its list of media bugs.

use callgist::daemon::freeswitch::{Dump, Talk, recordings_listed};

/// A switch's answers: no panic, and what is taken from them into a command or the store has a form that holds no second
/// command; a notice's mark is whole or none; and whoever was called, passes through or is a copy is no caller.
pub fn replies(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let recordings = recordings_listed(Ok(&text));
    // One more that nobody has put into a bug's mark: doubt protects.
    assert!(recordings.len() <= text.matches("<media-bug>").count() + 1);
    let Some(dump) = Dump::parse(&text) else { return };
    if let Talk::With(leg) | Talk::Over(leg) = dump.talk() {
        assert!(is_plain(leg.as_str(), b"-._", 64));
    }
    if let Some(noticed) = dump.noticed() {
        assert!(noticed.from < noticed.to && !noticed.version.contains(';'));
        assert_eq!(dump.get("variable_callgist_notice").map(|mark| mark.matches(';').count()), Some(2));
    }
    if let Some(tappable) = dump.tappable() {
        assert!(["PCMA", "PCMU", "L16", "G722", "opus"].contains(&tappable.codec.as_str()));
        assert!(is_plain(&tappable.codec_string, b"@._-", usize::MAX));
    }
    if let Some(extension) = dump.extension() {
        assert!(is_plain(extension.as_str(), b"-_.+", 40));
    }
    if dump.line().is_some() {
        assert_eq!(dump.get("Call-Direction"), Some("inbound"));
        assert!(!dump.is_passing() && !dump.leads_outside() && dump.get("variable_callgist_tap").is_none());
    }
    assert!(!(dump.waits() && dump.has_gone_on()));
    let _ = (dump.sequence(), dump.time("Caller-Channel-Answered-Time"), dump.objected(), dump.held());
}

fn is_plain(text: &str, besides: &[u8], most: usize) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || besides.contains(&byte);
    !text.is_empty() && text.len() <= most && text.bytes().all(plain)
}
