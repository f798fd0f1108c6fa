//! One switch as a call meets it: what it is, what it has loaded, and what a call to each of its lines shows.

use super::{DoctorArgs, Findings, State, call, key, mend, recordings};
use crate::cli::switch::{ANSWERED_WITHIN, api, finds, missing_modules, reach, version};
use crate::config::{Config, Line, Mode, Switch};
use crate::daemon::freeswitch::{Link, News, instance};
use crate::wire::esl::{Command, EventName};
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::timeout;

/// Looks at this switch, and at the lines that are its own.
pub(super) async fn look(config: &Config, switch: &Switch, args: &DoctorArgs, sip_free: bool) -> Findings {
    let mut findings = Findings::default();
    match reach(switch.clone(), instance(&config.sip, switch)).await {
        Ok((link, mut news)) => {
            installation(config, switch, &link, &mut findings).await;
            profile(config, switch, &link, &mut news, sip_free, &mut findings).await;
            calls(config, switch, args, &link, &mut news, &mut findings).await;
        }
        Err(why) => findings.bad("switch", why),
    }
    findings
}

/// Waits for somebody who calls one of its lines and presses the key. Of a switch that cannot be reached [`look`] tells.
pub(super) async fn key(config: &Config, switch: &Switch) -> Findings {
    let mut findings = Findings::default();
    let lines: Vec<&Line> =
        config.lines_at(switch.name.as_deref()).filter(|line| line.mode != Mode::Off).collect();
    if lines.is_empty() {
        return findings;
    }
    if let Ok((_link, mut news)) = reach(switch.clone(), instance(&config.sip, switch)).await {
        key::on_a_telephone(&lines, &mut news, &mut findings).await;
    }
    findings
}

/// What can be asked of it.
async fn installation(config: &Config, switch: &Switch, link: &Link, findings: &mut Findings) {
    match version(link).await {
        Some(version) => findings.good("switch", version),
        None => findings.bad("switch", "does not tell its version: copy dialplan/callgist_user.xml again"),
    }
    let missing = missing_modules(link).await;
    if missing.is_empty() {
        findings.good("modules", "all that the snippet and the copies need are loaded");
    }
    for module in missing {
        let says = format!("is not loaded: add it to modules.conf.xml and run fs_cli -x 'load {module}'");
        findings.bad(module, says);
    }
    for line in config.lines_at(switch.name.as_deref()) {
        for (kind, sound) in ["notice", "question"].into_iter().zip(line.sounds()) {
            let what = format!("{kind} of {} at the switch", line.name);
            match finds(link, sound).await {
                true => findings.good(what, "the switch finds the file"),
                false => findings.bad(
                    what,
                    format!(
                        "the switch cannot read {0}: let its user read the file and its folders, as with chmod a+r {0}",
                        sound.display()
                    ),
                ),
            }
        }
    }
    ringing(link, findings).await;
    list(link, findings).await;
    recordings::look(config, switch, link, findings).await;
}

/// What only a call to each line shows.
async fn calls(
    config: &Config,
    switch: &Switch,
    args: &DoctorArgs,
    link: &Link,
    news: &mut UnboundedReceiver<News>,
    findings: &mut Findings,
) {
    if args.no_call {
        return findings.add("snippet", State::Skipped, "no test call was placed (--no-call)");
    }
    if api(link, "module_exists mod_loopback").await.as_deref() != Some("true") {
        // Who asks for a whole call must not take silence for a good one.
        let state = if args.call { State::Bad } else { State::Skipped };
        let says = "no test call can be placed: mod_loopback is not loaded (fs_cli -x 'load mod_loopback')";
        return findings.add("snippet", state, says);
    }
    let way = call::Way { profile: &switch.profile, trunk: args.trunk.as_deref() };
    for line in config.lines_at(switch.name.as_deref()).filter(|line| line.mode != Mode::Off) {
        let key = snippet(line, &args.context, link, news, findings).await;
        if args.call && line.is_on() {
            whole_call(config, line, &way, link, news, findings).await;
            let what = key::key_of(&line.name);
            match key::on_a_test_call(config, line, key.as_deref(), &way, link, news).await {
                Ok(seen) => findings.good(what, seen),
                Err(why) => findings.bad(what, why),
            }
        }
    }
}

/// One call from the carrier's side to its note.
async fn whole_call(
    config: &Config,
    line: &Line,
    way: &call::Way<'_>,
    link: &Link,
    news: &mut UnboundedReceiver<News>,
    findings: &mut Findings,
) {
    let what = format!("test call to {}", line.name);
    match call::place(config, line, way, link, news).await {
        Ok(seen) => findings.good(what, seen),
        Err(why) => findings.bad(what, why),
    }
}

/// Whether the switch can hold the list of who must not be called.
async fn list(link: &Link, findings: &mut Findings) {
    let what = "list of who must not be called";
    // A realm with nothing in it: where it may be asked for, there is no reply.
    let told = timeout(ANSWERED_WITHIN, link.api("hash_dump db callgist_doctor")).await.ok().flatten();
    let tells = |text: &str| !text.starts_with('-') || text.starts_with("-ERR no reply");
    if !told.is_some_and(|reply| tells(reply.text())) {
        let says = "the switch does not tell what it holds, so what is taken back while Callgist is stopped blocks until \
                    the switch is restarted: copy dialplan/callgist_user.xml again and run reloadxml";
        findings.add(what, State::Warning, says);
    }
    match api(link, "hash select/callgist_dnc/loaded").await.as_deref() {
        Some("yes") => findings.good(what, "is loaded at the switch"),
        // An empty answer to `select` comes as an error of its own.
        _ if api(link, "hash insert/callgist_dnc/doctor/-").await.is_some() => {
            findings.good(what, "is loaded at the switch as soon as Callgist runs");
        }
        _ => findings.add(
            what,
            State::Warning,
            "the switch does not take it: load mod_hash and copy dialplan/callgist_user.xml again; it matters only \
             where outbound calls ask it (dialplan/20_do_not_contact.xml)",
        ),
    }
}

/// Whether the tone is there that callers hear between the notice and the agent's answer.
async fn ringing(link: &Link, findings: &mut Findings) {
    match api(link, "global_getvar de-ring").await {
        Some(tone) if tone.starts_with('%') => findings.good("ringing tone", format!("de-ring is {tone}")),
        _ => findings.add(
            "ringing tone",
            State::Warning,
            "de-ring is not set in vars.xml: unless the snippet names another tone, callers hear nothing while the \
             agent's phone rings",
        ),
    }
}

/// Has the switch's profile send an INVITE to a port of ours.
async fn profile(
    config: &Config,
    switch: &Switch,
    link: &Link,
    news: &mut UnboundedReceiver<News>,
    sip_free: bool,
    findings: &mut Findings,
) {
    let name = &switch.profile;
    let what = format!("SIP profile {name}");
    let address = (config.sip.listen.ip(), if sip_free { config.sip.listen.port() } else { 0 });
    let Ok(socket) = UdpSocket::bind(address).await else {
        return findings.add(what, State::Skipped, "no port to try it with");
    };
    let Ok(own) = socket.local_addr() else { return };
    let job = "callgist-doctor-profile";
    let try_it = format!(
        "originate {{originate_timeout=1,ignore_early_media=true,process_cdr=false,no_throttle_limits=true,\
         rtp_secure_media=false,callgist_tap=doctor}}sofia/{name}/sip:doctor@{own};transport=udp &hangup"
    );
    let Ok(command) = Command::bgapi(try_it, job) else { return };
    link.send(command);
    let mut datagram = [0; 4_096];
    let wrong = tokio::select! {
        got = timeout(ANSWERED_WITHIN, socket.recv_from(&mut datagram)) => match got {
            Ok(Ok((_, from))) if from.ip().is_loopback() => {
                return findings.good(what, format!("sends from {from}, and reaches us"));
            }
            Ok(Ok((_, from))) => format!("sends from {from}, not from 127.0.0.1"),
            _ => "sends nothing".to_owned(),
        },
        text = job_text(news, job) => format!("is not loaded ({})", text.trim()),
    };
    findings.bad(what, format!("{wrong}: {}", mend::profile(name)));
}

/// Calls the line's number from inside the switch, and ends the call while it waits in the snippet; gives the key that is
/// bound there.
async fn snippet(
    line: &Line,
    context: &str,
    link: &Link,
    news: &mut UnboundedReceiver<News>,
    findings: &mut Findings,
) -> Option<String> {
    let what = format!("snippet of {}", line.name);
    let called = line.number.as_str();
    let mut seen = Vec::new();
    for number in [called.to_owned(), called.trim_start_matches('+').to_owned()] {
        // Without it the snippet would not wait, and the agent's phone would ring before the call is ended.
        say_alive(link, news).await;
        match try_snippet(&number, context, link, news).await {
            Some(Reached { line: name, waits, key }) if name == line.name => {
                match waits {
                    true => findings
                        .good(what, format!("a call to {number} in the context {context} reaches it")),
                    false => findings.bad(
                        what,
                        "the call does not wait in it though Callgist is alive, so no notice would be played: copy \
                         dialplan/00_callgist.xml again and run reloadxml",
                    ),
                }
                return key;
            }
            Some(Reached { line: name, .. }) => {
                seen.push(format!("{number} reaches the snippet of \"{name}\""));
            }
            None => seen.push(format!("{number} does not reach it")),
        }
    }
    findings.bad(
        what,
        format!(
            "{} in the context {context}: set the number in dialplan/00_callgist.xml, copy it to \
             dialplan/{context}/, run reloadxml, and mind that an extension that stands before it may match first",
            seen.join("; ")
        ),
    );
    None
}

/// A snippet that a call came to.
struct Reached {
    line: String,
    /// Whether the call waits there for a notice.
    waits: bool,
    /// With which a caller objects.
    key: Option<String>,
}

async fn try_snippet(
    number: &str,
    context: &str,
    link: &Link,
    news: &mut UnboundedReceiver<News>,
) -> Option<Reached> {
    let leg = format!("{:08x}-d0c0-4000-8000-{:012x}", rand::random::<u32>(), rand::random::<u64>() >> 16);
    let call = format!(
        "originate {{origination_uuid={leg},originate_timeout=2,loopback_bowout=false,process_cdr=false,\
         origination_caller_id_number=callgist,origination_caller_id_name=doctor}}\
         loopback/{number}/{context} &park"
    );
    link.send(Command::bgapi(call, &format!("callgist-doctor-{leg}")).ok()?);
    let reached = timeout(SNIPPET_WITHIN, reached(&leg, news)).await;
    link.send(Command::api(format!("uuid_kill {leg}")).ok()?);
    reached.ok()
}

/// Has the switch take a Callgist that does not run for alive, on the switch's own clock and for a few seconds; one
/// that runs is left to say it itself.
async fn say_alive(link: &Link, news: &mut UnboundedReceiver<News>) {
    let job = format!("callgist-doctor-{:016x}", rand::random::<u64>());
    let Ok(ask) = Command::bgapi("global_getvar callgist_alive_until", &job) else { return };
    link.send(ask);
    let told = timeout(ANSWERED_WITHIN, async {
        while let Some(item) = news.recv().await {
            let News::Event(event) = item else { continue };
            if event.job_uuid() == Some(&job) {
                let until = event.body().unwrap_or_default().trim().parse::<u64>().unwrap_or(0);
                return event.date_micros().map(|micros| (micros / 1_000_000, until));
            }
        }
        None
    });
    let Ok(Some((now, until))) = told.await else { return };
    if until < now + ALIVE_FOR {
        api(link, &format!("global_setvar callgist_alive_until={}", now + ALIVE_FOR)).await;
    }
}

/// The snippet that the call of `leg` reaches: told by its guarded sleep.
async fn reached(leg: &str, news: &mut UnboundedReceiver<News>) -> Reached {
    let mut key = None;
    while let Some(item) = news.recv().await {
        let News::Event(event) = item else { continue };
        let execute = event.name() == EventName::ChannelExecute;
        let ours = event.variable("other_loopback_leg_uuid") == Some(leg);
        if let Some(bound) = key::bound(&event).filter(|_| ours) {
            key = Some(bound.to_owned());
        }
        if execute && ours && event.variable("callgist_waiting").is_some() {
            let line = event.variable("callgist").unwrap_or_default().to_owned();
            let waits =
                event.application_data().is_some_and(|data| data.parse::<u32>().is_ok_and(|ms| ms > 0));
            return Reached { line, waits, key };
        }
    }
    std::future::pending().await
}

async fn job_text(news: &mut UnboundedReceiver<News>, job: &str) -> String {
    while let Some(item) = news.recv().await {
        let News::Event(event) = item else { continue };
        let text = event.body().unwrap_or_default();
        // An INVITE that nobody answers is no fault here.
        let fault = text.contains("PROFILE") || text.contains("-ERR") && !text.contains("NO_ANSWER");
        if event.job_uuid() == Some(job) && fault {
            return text.to_owned();
        }
    }
    std::future::pending().await
}

/// Seconds; a real call that comes meanwhile waits half a second for nobody.
const ALIVE_FOR: u64 = 3;

/// A call reaches its dialplan within milliseconds; longer, and a phone that should not ring would.
const SNIPPET_WITHIN: Duration = Duration::from_millis(700);
