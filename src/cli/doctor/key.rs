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
    let seen = pressed(&mut call, key).await;
    call.end();
    // Of a key that was not seen the row comes like any other, when all that was heard has been recognised.
    let patience = if seen.is_ok() { call::REFUSED_WITHIN } else { call::NOTED_WITHIN };
    let row = timeout(patience, call::row(&database, call.number())).await;
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

/// The call is announced, and the key arrives; nobody's phone rings behind the notice.
async fn pressed(call: &mut TestCall<'_>, key: &str) -> Result<(), String> {
    let leg = call.offered().await?;
    call.notice_begins(&leg).await?;
    call.goes_no_further(&leg)?;
    let unseen =
        format!("{key} was pressed on the test call (RFC 4733), and the switch did not see it: {MENDS}");
    let arrived = |event: &Event| (event.unique_id() == Some(&leg) && objects(event)).then_some(());
    call.until(PRESSED_AFTER + SEEN_WITHIN, &unseen, arrived).await
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
    // A line may have other callers meanwhile.
    let mut callers: Vec<Caller> = Vec::new();
    let seen = async {
        loop {
            let event = match news.recv().await {
                Some(News::Event(event)) => event,
                Some(News::Up) => continue,
                Some(News::Down(error)) => return Err((nobodys(), error.to_string())),
                None => return Err((nobodys(), "the switch's event socket was lost".to_owned())),
            };
            let leg = event.unique_id().unwrap_or_default();
            if let Some(at) = callers.iter().position(|caller| caller.leg == leg) {
                if objects(&event) {
                    let Caller { line, key, .. } = callers.swap_remove(at);
                    return Ok((key_of(&line), format!("that telephone's {key} reached the switch")));
                }
                if event.name() == EventName::ChannelHangupComplete {
                    let Caller { line, key, .. } = callers.swap_remove(at);
                    if callers.is_empty() {
                        let says = format!("the call ended (was it yours?), and no {key} came: {MENDS}");
                        return Err((key_of(&line), says));
                    }
                }
            }
            if let Some(came) = Caller::of(&event, lines) {
                eprintln!("callgist: a call is here on line {}: press {} now", came.line, came.key);
                callers.push(came);
            }
        }
    };
    match (timeout(CALLED_WITHIN, seen).await, callers.pop()) {
        (Ok(Ok((what, says))), _) => findings.good(what, says),
        (Ok(Err((what, says))), _) => findings.bad(what, says),
        (Err(_), Some(Caller { line, key, .. })) => {
            findings.bad(key_of(&line), format!("no {key} came in two minutes: {MENDS}"));
        }
        (Err(_), None) => findings.bad(nobodys(), "nobody called a line within two minutes: ask again"),
    }
}

pub(super) fn key_of(line: &str) -> String {
    format!("key of {line}")
}

fn nobodys() -> String {
    "key of a telephone".to_owned()
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
const PRESSED_AFTER: Duration = Duration::from_millis(1_500);

const SEEN_WITHIN: Duration = Duration::from_secs(5);

const CALLED_WITHIN: Duration = Duration::from_secs(120);
