//! Whether the switch records calls: those of our lines, as the last rows tell, and any at this moment.

use super::{Findings, State};
use crate::cli::counter::counted;
use crate::cli::switch::api;
use crate::config::{Config, Line, Switch};
use crate::daemon::freeswitch::{Link, recordings_listed, rows};
use crate::store::{Database, Reader};
use crate::wire::esl::ApiReply;

pub(super) async fn look(config: &Config, switch: &Switch, link: &Link, findings: &mut Findings) {
    may_ask(link, findings).await;
    at_this_moment(link, findings).await;
    config.lines_at(switch.name.as_deref()).for_each(|line| of_a_line(config, line, findings));
}

/// Without the list of a leg's recordings every call counts as recorded.
async fn may_ask(link: &Link, findings: &mut Findings) {
    let answer = link.api("uuid_buglist 00000000-0000-4000-8000-000000000000").await;
    let refused = answer.is_none_or(|answer| !recordings_listed(answer.result()).is_empty());
    if refused {
        let says = "the switch does not tell which calls it records, so none is listened to: copy \
                    dialplan/callgist_user.xml again and run reloadxml";
        findings.bad("recordings", says);
    }
}

async fn at_this_moment(link: &Link, findings: &mut Findings) {
    let legs = legs(link).await;
    let mut recorded = 0;
    for leg in legs.iter().take(MOST_LEGS) {
        if let Some(list) = api(link, &format!("uuid_buglist {leg}")).await {
            recorded += usize::from(!recordings_listed(ApiReply::new(list).result()).is_empty());
        }
    }
    let looked_at = legs.len().min(MOST_LEGS);
    match recorded {
        0 => findings.good("recordings", format!("none of {looked_at} legs at the switch is recorded now")),
        _ => {
            let says = format!(
                "{recorded} of {looked_at} legs at the switch are recorded now; a recorded call of a line gets no note \
                 unless its notice tells of it (recordings_told)"
            );
            findings.add("recordings", State::Warning, says);
        }
    }
}

async fn legs(link: &Link) -> Vec<String> {
    let channels = api(link, "show channels as json").await.unwrap_or_default();
    rows(&channels).iter().filter_map(|row| Some(row.get("uuid")?.as_str()?.to_owned())).collect()
}

fn of_a_line(config: &Config, line: &Line, findings: &mut Findings) {
    let since = super::super::counter::now().days_before(DAYS);
    // A database that cannot be opened is told of above.
    let Ok(database) = Database::of(&config.store) else { return };
    let recorded = Reader::open(database).and_then(|reader| reader.recorded(&line.name, since));
    let Ok(calls @ 1..) = recorded else { return };
    let what = format!("recordings of {}", line.name);
    let begun = format!(
        "{} recorded by the switch in the last {DAYS} days and got no note",
        counted(calls, "call was", "calls were")
    );
    if line.told.never_recorded {
        let says = format!(
            "{begun}, though never_recorded is set and the texts say so: stop the recording, or unset it"
        );
        return findings.bad(what, says);
    }
    let says = format!("{begun}: stop the recording, or have the notice tell of it and set recordings_told");
    findings.add(what, State::Warning, says);
}

/// How many legs are asked about one by one.
const MOST_LEGS: usize = 200;

/// Longer would complain of what was mended long ago.
const DAYS: u32 = 7;
