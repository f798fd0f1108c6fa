//! The switch from a command's side: a question goes in, what the switch answers comes out.

use crate::config::{Config, Switch, names};
use crate::daemon::clock::Clock;
use crate::daemon::freeswitch::{Link, News, start_link};
use std::time::Duration;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::timeout;

/// The switch that a command means: the one that `--switch` names, or the only one.
pub fn meant<'a>(config: &'a Config, named: Option<&str>) -> Result<&'a Switch, String> {
    match (named, &*config.switches) {
        (None, [only]) => Ok(only),
        (None, all) => Err(format!("there are several switches, so name one with --switch: {}", names(all))),
        (Some(name), all) => {
            let found = all.iter().find(|switch| switch.name.as_deref() == Some(name));
            found.ok_or_else(|| match names(all).as_str() {
                "" => format!(
                    "no switch is named \"{name}\": the only one has no name, and --switch is not needed"
                ),
                names => format!("no switch is named \"{name}\", but these: {names}"),
            })
        }
    }
}

/// Logs in and subscribes; where that fails, says why and what to do. `instance` marks the copies whose events come.
pub async fn reach(switch: Switch, instance: String) -> Result<(Link, UnboundedReceiver<News>), String> {
    let (link, mut news) = start_link(switch, instance, Clock::new(1));
    match timeout(ANSWERED_WITHIN, news.recv()).await {
        Ok(Some(News::Up)) => Ok((link, news)),
        Ok(Some(News::Down(error))) => Err(error.to_string()),
        _ => Err("the event socket does not answer: is FreeSWITCH stopped?".to_owned()),
    }
}

/// The answer to an api command; nothing where the switch refuses it or has none.
pub async fn api(link: &Link, command: &str) -> Option<String> {
    let reply = timeout(ANSWERED_WITHIN, link.api(command)).await.ok()??;
    reply.result().ok().map(|text| text.trim().to_owned())
}

/// The first part of what `version` answers.
pub async fn version(link: &Link) -> Option<String> {
    let version = api(link, "version").await?;
    Some(version.split('(').next().unwrap_or_default().trim().to_owned())
}

/// Those of the modules that snippet and copies are made of which are not loaded.
pub async fn missing_modules(link: &Link) -> Vec<&'static str> {
    let mut missing = Vec::new();
    for module in MODULES {
        if api(link, &format!("module_exists {module}")).await.as_deref() != Some("true") {
            missing.push(*module);
        }
    }
    missing
}

/// Whether the switch itself can see that file.
pub async fn finds(link: &Link, path: &std::path::Path) -> bool {
    api(link, &format!("file_exists {}", path.display())).await.as_deref() == Some("true")
}

/// Address and port at which calls from outside arrive on a vanilla installation: those of its profile `external`.
pub async fn usual_trunk(link: &Link) -> Option<String> {
    let address = api(link, "global_getvar local_ip_v4").await?;
    let port = api(link, "global_getvar external_sip_port").await?;
    let whole = format!("{address}:{port}");
    whole.parse::<std::net::SocketAddr>().ok().map(|_| whole)
}

/// What a calling leg does, in inline dialplan, that consents to what it is asked behind a notice of that length.
pub fn consents(notice: Duration) -> String {
    format!("sleep:{},send_dtmf:1", (notice + IN_THE_QUESTION).as_millis())
}

/// A notice may begin half a second after the answer, and a key in the first half second of the question counts for nothing.
/// The shortest question leaves four seconds for it.
const IN_THE_QUESTION: Duration = Duration::from_millis(1_500);

pub const NO_TRUNK: &str = "the switch does not tell where calls from outside arrive (external_sip_port of vanilla's \
                            vars.xml): name address and port of that profile with --trunk";

const MODULES: &[&str] =
    &["mod_sofia", "mod_dptools", "mod_commands", "mod_dialplan_xml", "mod_sndfile", "mod_tone_stream"];

/// The switch answers within its 20 ms poll; a machine that is busy, within seconds.
pub const ANSWERED_WITHIN: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{DEFAULT, TWO};

    #[test]
    fn an_only_switch_is_meant_and_of_several_the_named_one_and_the_error_lists_them() {
        let one = Config::parse(DEFAULT).unwrap();
        assert_eq!(meant(&one, None).unwrap().name, None);
        assert!(meant(&one, Some("north")).unwrap_err().contains("has no name"));
        let two = Config::parse(TWO).unwrap();
        assert_eq!(meant(&two, Some("south")).unwrap().address.port(), 8_022);
        for named in [None, Some("west")] {
            let why = meant(&two, named).unwrap_err();
            assert!(why.ends_with(": \"north\", \"south\""), "{why}");
        }
    }
}
