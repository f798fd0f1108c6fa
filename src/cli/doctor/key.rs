//! Whether the key to object works: `doctor --call` has its own test call press it, `doctor --key` waits until a person
//! presses it on a telephone.
//!
//! Which key it is stands in the snippet, and the switch itself runs what is bound to it. What a telephone sends is another
//! question: RFC 4733 events always arrive, SIP INFO and tones in the sound only where the switch is told to take them (F54,
//! F55). A notice that promises a key that does not work promises too much.

use super::Findings;
use super::call::{self, TestCall, Way};
use crate::call::NoSummary;
use crate::config::{Config, Line};
use crate::daemon::freeswitch::{Link, News};
use crate::store::{Database, Outcome};
use crate::wire::esl::{Event, EventName};
use std::time::Duration;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::timeout;

/// The key that is bound by this event: that of the snippet, on a leg that runs it.
pub(super) fn bound(event: &Event) -> Option<&str> {
    let binds = event.name() == EventName::ChannelExecute && event.application() == Some("bind_digit_action");
    let data = event.application_data().filter(|data| binds && data.contains("callgist_objection=caller"))?;
    data.split(',').nth(1)
}

/// The switch runs what is bound to the key of a caller.
fn objects(event: &Event) -> bool {
    event.name() == EventName::ChannelExecute
        && event.application() == Some("set")
        && event.application_data() == Some("callgist_objection=caller")
}

/// A test call whose calling leg presses the key; gives what was seen, or what went wrong and what to do.
pub(super) async fn on_a_test_call(
    config: &Config,
    line: &Line,
    key: Option<&str>,
    way: &Way<'_>,
    link: &Link,
    news: &mut UnboundedReceiver<News>,
) -> Result<String, String> {
    let key = key.ok_or(UNBOUND)?;
    let database = Database::of(&config.store).map_err(|error| format!("{error:#}"))?;
    let mut call = TestCall::new(line, link, news);
    let (before, after) = (PRESSED_AFTER.as_millis(), SEEN_WITHIN.as_millis());
    call.dial(way, &format!("sleep:{before},send_dtmf:{key}@100,sleep:{after}")).await?;
    let unseen =
        format!("{key} was pressed on the test call (RFC 4733), and the switch did not see it: {MENDS}");
    let seen = call.until(PRESSED_AFTER + SEEN_WITHIN, &unseen, |event| objects(event).then_some(())).await;
    call.end();
    let row = timeout(call::REFUSED_WITHIN, call::row(&database, call.number())).await;
    call::erase(&database, call.number())
        .map_err(|error| format!("the test call's row cannot be erased: {error}"))?;
    seen?;
    match row {
        Ok(Ok(kept)) => match kept.call.outcome {
            Outcome::NotNoted(NoSummary::Objection) => {
                Ok(format!("{key} was pressed on a test call (RFC 4733), and the call was not listened to"))
            }
            Outcome::NotNoted(reason) => Err(format!(
                "the switch saw {key}, but Callgist had ended the call before: its row says {}",
                reason.word()
            )),
            Outcome::Noted(_) => Err(format!("the switch saw {key}, and there is a note all the same")),
        },
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("no row was kept of the test call: is callgist run running?".to_owned()),
    }
}

/// Waits until somebody calls one of the lines and presses its key.
pub(super) async fn on_a_telephone(
    lines: &[&Line],
    news: &mut UnboundedReceiver<News>,
    findings: &mut Findings,
) {
    let numbers: Vec<&str> = lines.iter().map(|line| line.number.as_str()).collect();
    eprintln!(
        "callgist: call {} within two minutes, from a telephone such as your callers have, and press the key to object \
         when the notice begins",
        numbers.join(" or ")
    );
    let mut caller: Option<Caller> = None;
    let seen = async {
        while let Some(item) = news.recv().await {
            let News::Event(event) = item else { continue };
            if let Some(seen) = caller.as_ref().filter(|caller| event.unique_id() == Some(&caller.leg)) {
                if objects(&event) {
                    return Ok(format!("that telephone's {} reached the switch", seen.key));
                }
                if event.name() == EventName::ChannelHangupComplete {
                    return Err(format!("the call ended, and no {} came: {MENDS}", seen.key));
                }
            }
            if let Some(came) = Caller::of(&event, lines) {
                eprintln!("callgist: a call is here on line {}: press {} now", came.line, came.key);
                caller = Some(came);
            }
        }
        Err("the switch's event socket was lost".to_owned())
    };
    let seen = timeout(CALLED_WITHIN, seen).await;
    let what = caller
        .as_ref()
        .map_or_else(|| "key of a telephone".to_owned(), |caller| format!("key of {}", caller.line));
    match (seen, caller) {
        (Ok(Ok(says)), _) => findings.good(what, says),
        (Ok(Err(says)), _) => findings.bad(what, says),
        (Err(_), Some(seen)) => findings.bad(what, format!("no {} came in two minutes: {MENDS}", seen.key)),
        (Err(_), None) => findings.bad(what, "nobody called a line within two minutes: ask again"),
    }
}

/// Somebody whose call has come to the snippet.
struct Caller {
    leg: String,
    line: String,
    key: String,
}

impl Caller {
    fn of(event: &Event, lines: &[&Line]) -> Option<Caller> {
        let (key, line) = (bound(event)?, event.variable("callgist")?);
        let known = lines.iter().any(|known| known.name == line);
        let leg = event.unique_id().filter(|_| known)?;
        Some(Caller { leg: leg.to_owned(), line: line.to_owned(), key: key.to_owned() })
    }
}

const UNBOUND: &str =
    "the snippet binds no key to object: copy dialplan/00_callgist.xml again and run reloadxml";

const MENDS: &str = "telephones that send keys by SIP INFO need dtmf-type or liberal-dtmf on the profile, those that send tones \
                     need the application start_dtmf before the key is bound, and keys that are bound behind the snippet \
                     take ours away (dialplan/README.md)";

/// From the answer on; the notice has begun by then.
const PRESSED_AFTER: Duration = Duration::from_secs(1);

const SEEN_WITHIN: Duration = Duration::from_secs(5);

const CALLED_WITHIN: Duration = Duration::from_secs(120);
