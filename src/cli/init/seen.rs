//! What a switch says of itself, asked over its event socket with its own password.

use super::event_socket::parameter;
use super::{files, ports};
use crate::cli::switch::{api, finds, missing_modules, reach, version};
use crate::config::Switch;
use crate::daemon::freeswitch::Link;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;

pub struct Seen {
    pub version: String,
    pub conf_dir: Option<PathBuf>,
    pub sounds_dir: Option<PathBuf>,
    /// The context that was asked for, or the usual one, where the switch has it.
    pub context: Option<String>,
    pub missing_modules: Vec<&'static str>,
    /// Profiles that run.
    pub profiles: Vec<String>,
    /// Where our own profile listens, if it runs already.
    pub profile_port: Option<u16>,
    /// The ports that the switch draws for RTP.
    pub rtp: RangeInclusive<u16>,
    /// The languages whose notice the switch can see.
    pub notices: Vec<&'static str>,
}

impl Seen {
    /// Asks for all that settings and files depend on.
    pub async fn look(
        switch: Switch,
        context: Option<&str>,
        notice: impl Fn(&str) -> PathBuf,
    ) -> Result<Seen, String> {
        // No copy is ours here: the mark is one that no copy carries.
        let (link, _news) = reach(switch, "init".to_owned()).await?;
        let version = version(&link).await.ok_or("the switch does not tell its version")?;
        let mut notices = Vec::new();
        for language in ["en", "de", "fr"] {
            if finds(&link, &notice(language)).await {
                notices.push(language);
            }
        }
        let text = |variable: &'static str| global(&link, variable);
        Ok(Seen {
            version,
            conf_dir: text("conf_dir").await.map(PathBuf::from),
            sounds_dir: text("sounds_dir").await.map(PathBuf::from),
            context: known_context(&link, context.unwrap_or(USUAL_CONTEXT)).await,
            missing_modules: missing_modules(&link).await,
            profiles: profiles(&api(&link, "sofia status").await.unwrap_or_default()),
            profile_port: profile_port(&link).await,
            rtp: rtp(&api(&link, "xml_locate configuration configuration name switch.conf").await),
            notices,
        })
    }
}

async fn global(link: &Link, variable: &str) -> Option<String> {
    api(link, &format!("global_getvar {variable}")).await.filter(|value| value.starts_with('/'))
}

async fn known_context(link: &Link, context: &str) -> Option<String> {
    let found = api(link, &format!("xml_locate dialplan context name {context}")).await?;
    found.contains("<context").then(|| context.to_owned())
}

async fn profile_port(link: &Link) -> Option<u16> {
    let status = api(link, &format!("sofia status profile {}", files::PROFILE)).await?;
    let (_, address) = status.split_once("sip:mod_sofia@")?;
    let end = address.find(|c: char| !c.is_ascii_digit() && !".:".contains(c)).unwrap_or(address.len());
    address[..end].parse::<SocketAddr>().ok().map(|address| address.port())
}

/// The profiles in the table that `sofia status` prints: name, kind, address, state.
fn profiles(status: &str) -> Vec<String> {
    let rows = status.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let (name, kind) = (words.next()?, words.next()?);
        (kind == "profile" && line.contains("RUNNING")).then(|| name.to_owned())
    });
    rows.collect()
}

fn rtp(settings: &Option<String>) -> RangeInclusive<u16> {
    let set = |name: &str| parameter(settings.as_deref()?, name)?.parse().ok();
    let usual = ports::RTP_OF_SWITCH;
    set("rtp-start-port").unwrap_or(*usual.start())..=set("rtp-end-port").unwrap_or(*usual.end())
}

/// Where calls from outside arrive on a vanilla installation.
const USUAL_CONTEXT: &str = "public";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn running_profiles_are_read_from_the_table() {
        let table = "                     Name\t   Type\t   Data\tState\n=====\n\
                     external\tprofile\t   sip:mod_sofia@192.0.2.10:5080\tRUNNING (0)\n\
                     192.0.2.10\t  alias\t  internal\tALIASED\n\
                     internal\tprofile\t   sip:mod_sofia@192.0.2.10:5060\tRUNNING (0)\n\
                     broken\tprofile\t   sip:mod_sofia@192.0.2.10:5070\tDOWN\n";
        assert_eq!(profiles(table), ["external", "internal"]);
    }

    #[test]
    fn the_switchs_range_is_what_its_settings_say_or_the_usual_one() {
        let set = r#"<settings><param name="rtp-start-port" value="20000"/></settings>"#;
        assert_eq!(rtp(&Some(set.into())), 20_000..=32_768);
        assert_eq!(rtp(&None), 16_384..=32_768);
    }
}
