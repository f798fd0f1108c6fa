//! The settings' switch goes in; a link comes out, over which a command beside the daemon asks it things.

use crate::config::Config;
use crate::daemon::clock::Clock;
use crate::daemon::freeswitch::{Link, News, instance, start_link};
use std::time::Duration;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::timeout;

/// The error says what to do.
pub async fn connect(config: &Config) -> Result<(Link, UnboundedReceiver<News>), String> {
    let (link, mut news) = start_link(config.switch.clone(), instance(config), Clock::new(1));
    match timeout(ANSWERED_WITHIN, news.recv()).await {
        Ok(Some(News::Up)) => Ok((link, news)),
        Ok(Some(News::Down(error))) => Err(error.to_string()),
        _ => Err("the event socket does not answer: is FreeSWITCH stopped?".into()),
    }
}

/// What it answers, unless that is an error.
pub async fn api(link: &Link, command: &str) -> Option<String> {
    let reply = timeout(ANSWERED_WITHIN, link.api(command)).await.ok()??;
    reply.result().ok().map(|text| text.trim().to_owned())
}

pub const ANSWERED_WITHIN: Duration = Duration::from_secs(5);
