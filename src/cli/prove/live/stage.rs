//! The real switch calls a line of its own and answers it: two files go in, and are played as caller and as agent.
//!
//! Nothing is asked of it that the shipped user (`dialplan/callgist_user.xml`) may not ask: variables, files, and calls
//! that it originates.

use super::sounds::Sounds;
use crate::cli::demo::CALLER;
use crate::cli::switch::{NO_TRUNK, api, consents, finds, reach, usual_trunk};
use crate::config::{Config, Switch};
use crate::daemon::freeswitch::{Link, News, instance};
use crate::wire::esl::Command;
use anyhow::{Context, bail};
use std::path::Path;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::timeout;

pub struct Stage {
    link: Link,
    news: UnboundedReceiver<News>,
    profile: String,
    /// Where calls from outside arrive.
    trunk: String,
    /// The name by which `dialplan/10_callgist_prove.xml` knows the proof's call. Nobody else can have it.
    name: String,
}

impl Stage {
    pub async fn reach(config: &Config, switch: &Switch, trunk: Option<&str>) -> anyhow::Result<Stage> {
        let reached = reach(switch.clone(), instance(&config.sip, switch)).await;
        let (link, news) = reached.map_err(anyhow::Error::msg)?;
        let trunk = match trunk {
            Some(trunk) => trunk.to_owned(),
            None => usual_trunk(&link).await.context(NO_TRUNK)?,
        };
        let name = format!("prove-{:032x}", rand::random::<u128>());
        Ok(Stage { link, news, profile: switch.profile.clone(), trunk, name })
    }

    /// Lets the dialplan know the call, and sees that it would be answered in the agents' place.
    pub async fn set(&mut self, sounds: &Sounds) -> anyhow::Result<()> {
        for sound in [sounds.caller(), sounds.agent()] {
            self.can_play(&sound).await?;
        }
        let agent = self.address(&self.name);
        self.say("callgist_prove_agent", &agent).await?;
        self.say("callgist_prove_sound", &sounds.agent().display().to_string()).await?;
        self.say("callgist_prove", &self.name).await?;
        let asked = format!("originate {{{QUIET},originate_timeout=5}}{agent} &hangup");
        let answer = self.does(asked).await?;
        if !answer.starts_with("+OK") {
            bail!(
                "the call would not be answered in the agents' place ({}): copy dialplan/10_callgist_prove.xml beside the \
                 snippet and run reloadxml, and mind that {} is where calls from outside arrive (--trunk)",
                answer.trim(),
                self.trunk
            );
        }
        Ok(())
    }

    /// Calls the line from outside; it ends by itself when the file has been played. Where the line asks for consent behind
    /// its notice, which lasts so long, the caller consents.
    pub async fn call(
        &mut self,
        number: &str,
        sounds: &Sounds,
        asked_after: Option<Duration>,
    ) -> anyhow::Result<()> {
        let file = sounds.caller().display().to_string();
        let does = match asked_after {
            Some(notice) => format!("'{},playback:{file}' inline", consents(notice)),
            None => format!("&playback({file})"),
        };
        let call = format!(
            "originate {{{QUIET},originate_timeout=10,origination_caller_id_number={CALLER},\
             origination_caller_id_name={name}}}{to} {does}",
            name = self.name,
            to = self.address(number),
        );
        let answer = self.does(call).await?;
        if !answer.starts_with("+OK") {
            bail!(
                "the line does not answer ({}): is {number} the number as callers dial it, and {} where their calls arrive \
                 (--trunk)? callgist doctor looks at the snippet",
                answer.trim(),
                self.trunk
            );
        }
        Ok(())
    }

    /// No call is the proof's any more.
    pub async fn clear(&self) -> anyhow::Result<()> {
        self.say("callgist_prove", "none").await
    }

    fn address(&self, user: &str) -> String {
        format!("sofia/{}/sip:{user}@{}", self.profile, self.trunk)
    }

    async fn can_play(&self, sound: &Path) -> anyhow::Result<()> {
        if finds(&self.link, sound).await {
            return Ok(());
        }
        bail!("the switch cannot read {}: name in TMPDIR a folder that its user can read", sound.display())
    }

    async fn say(&self, variable: &str, value: &str) -> anyhow::Result<()> {
        let said = api(&self.link, &format!("global_setvar {variable}={value}")).await;
        said.map(drop).with_context(|| format!("the switch does not take its variable {variable}"))
    }

    /// Has it do something that takes a while; its answer.
    async fn does(&mut self, command: String) -> anyhow::Result<String> {
        let job = format!("callgist-prove-{:016x}", rand::random::<u64>());
        self.link.send(Command::bgapi(command, &job)?);
        let answered = timeout(ORIGINATED_WITHIN, async {
            while let Some(item) = self.news.recv().await {
                match item {
                    News::Event(event) if event.job_uuid() == Some(&job) => {
                        return event.body().unwrap_or_default().to_owned();
                    }
                    _ => {}
                }
            }
            String::new()
        });
        answered.await.context("the switch does not answer")
    }
}

/// Such a call is in no call detail record, and is never encrypted on its way within the host.
const QUIET: &str =
    "ignore_early_media=true,process_cdr=false,no_throttle_limits=true,rtp_secure_media=false";

/// A call that is not answered is given up by the switch itself before that.
const ORIGINATED_WITHIN: Duration = Duration::from_secs(15);
