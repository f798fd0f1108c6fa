//! The phrase is spoken on a call of the settings' own switch, through its snippet, its profiles and its copies.
//!
//! The daemon that is proved runs with those settings, but keeps its rows in a folder of the proof's, and serves the one
//! line alone. It takes the place of the one that runs otherwise: two would both copy the call. The switch plays both
//! voices; `dialplan/10_callgist_prove.xml` answers in the agents' place, so that no phone rings.

mod sounds;
mod stage;

use super::ProveArgs;
use super::course::{Course, Done, Kind, Rooms};
use super::phrase::Phrase;
use crate::cli::demo::daemon::Written;
use crate::cli::demo::{CALLER, Which};
use crate::cli::switch::meant;
use crate::config::{Choice, Config, Line, names};
use crate::daemon::notice;
use crate::store::Kept;
use anyhow::{Context, bail};
use sounds::Sounds;
use stage::Stage;
use std::fs;
use std::io::Write;
use std::net::UdpSocket;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

pub async fn call(args: &ProveArgs, config: &Config, number: &str, phrase: &Phrase) -> anyhow::Result<Done> {
    let line = line(config, number, args.switch.as_deref())?;
    nobody_else_listens(config)?;
    let notice = notice::length(&line.notice)?;
    let asked = line.question().is_some();
    let sounds = Sounds::write(phrase, if asked { Duration::ZERO } else { notice })?;
    let mut stage = Stage::reach(config, config.switch_of(line), args.trunk.as_deref()).await?;
    let rooms = Rooms::make()?;
    let written = write_settings(rooms.path(), config, line, args.recogniser)?;
    let mut course = Course::begin(rooms, written, 1).await?;
    let kept = spoken(&mut stage, &mut course, number, &sounds, asked.then_some(notice)).await;
    stage.clear().await?;
    // The files with the phrase are ours, and go before anybody looks for it.
    drop(sounds);
    course.end(Kind::Live, kept?, phrase).await
}

async fn spoken(
    stage: &mut Stage,
    course: &mut Course,
    number: &str,
    sounds: &Sounds,
    asked_after: Option<Duration>,
) -> anyhow::Result<Kept> {
    stage.set(sounds).await?;
    stage.call(number, sounds, asked_after).await?;
    loop {
        let kept = course.kept(|_| {}).await?;
        // Somebody else may call meanwhile.
        if kept.call.caller.as_ref().is_some_and(|caller| caller.as_str() == CALLER) {
            return Ok(kept);
        }
    }
}

/// The line that is called. Lines on several switches may have the same number; then `switch` tells them apart.
fn line<'a>(config: &'a Config, number: &str, switch: Option<&str>) -> anyhow::Result<&'a Line> {
    let named = switch.map(|name| meant(config, Some(name))).transpose().map_err(anyhow::Error::msg)?;
    let digits = |text: &str| text.trim_start_matches('+').to_owned();
    let mut lines = config.lines.iter().filter(|line| {
        digits(line.number.as_str()) == digits(number)
            && named.is_none_or(|switch| switch.name == line.switch)
    });
    let line = lines.next().with_context(|| format!("no line of the settings has the number {number}"))?;
    if lines.any(|other| other.switch != line.switch) {
        let names = names(&config.switches);
        bail!(
            "lines on several switches have the number {number}, so name one of them with --switch: {names}"
        );
    }
    if let Some(unset) = line.waits_for() {
        bail!("the line {} is off until these are set in its [[line]]: {unset}", line.name);
    }
    if !line.is_on() {
        bail!("the line {} is switched off in the settings", line.name);
    }
    Ok(line)
}

fn nobody_else_listens(config: &Config) -> anyhow::Result<()> {
    match UdpSocket::bind(config.sip.listen) {
        Ok(_) => Ok(()),
        Err(error) => bail!(
            "{} cannot be had ({error}): if Callgist runs, stop it for the minute of the proof (systemctl stop callgist); \
             calls go on meanwhile, and get no notes",
            config.sip.listen
        ),
    }
}

/// The settings at hand for this line and its switch, with a database of their own.
fn write_settings(folder: &Path, config: &Config, line: &Line, recogniser: Which) -> anyhow::Result<Written> {
    let switch = config.switch_of(line);
    let secret = folder.join("switch.password");
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&secret)?;
    file.write_all(switch.password.read()?.as_bytes())?;
    let database = folder.join("store/callgist.db");
    let recogniser = match (recogniser, line.recogniser) {
        (Which::Auto, Choice::Auto) => "auto",
        (Which::Auto, Choice::Fixed(recogniser)) => recogniser.word(),
        (asked, _) => asked.word(),
    };
    let text = format!(
        "[switch]\nhost = \"{host}\"\nport = {port}\nuser = \"{user}\"\npassword_file = \"{secret}\"\n\
         profile = \"{profile}\"\n\
         [sip]\nlisten = \"{sip}\"\nfirst_rtp_port = {first}\nlast_rtp_port = {last}\n\
         [store]\ndatabase = \"{database}\"\n\
         [ears]\nmodels = \"{models}\"\n\
         [[line]]\nname = \"{name}\"\nnumber = \"{number}\"\ncountry_code = \"{country}\"\n\
         language = \"{language}\"\nrecogniser = \"{recogniser}\"\nnotice = \"{notice}\"\nnotice_version = \"{version}\"\n{mode}",
        host = switch.address.ip(),
        port = switch.address.port(),
        user = switch.user.as_deref().unwrap_or_default(),
        secret = secret.display(),
        profile = switch.profile,
        sip = config.sip.listen,
        first = config.sip.first_rtp_port,
        last = config.sip.last_rtp_port,
        database = database.display(),
        models = config.ears.models.display(),
        name = line.name,
        number = line.number.as_str(),
        country = line.country_code,
        language = line.language.code(),
        notice = line.notice.display(),
        version = line.notice_version,
        mode = mode(line),
    );
    let written = folder.join("callgist.toml");
    fs::write(&written, text)?;
    Ok(Written { config: written, notice: line.notice.clone(), database })
}

/// Whoever else calls meanwhile is told or asked, and his agent heard or not, as ever.
fn mode(line: &Line) -> String {
    let mode = match line.question() {
        Some(question) => {
            format!("mode = \"consent\"\nquestion = \"{}\"\nbasis = \"consent\"\n", question.display())
        }
        None => "mode = \"notice\"\nbasis = \"legitimate_interest\"\n".to_owned(),
    };
    let agents = match line.told.employees_told {
        Some(day) => format!("employees_told = \"{day}\"\n"),
        None => String::new(),
    };
    format!(
        "{mode}keep_notes_days = {}\ncontact = \"callgist prove\"\nagent_leg = \"{}\"\n{agents}",
        line.keep_notes_days,
        line.agent_leg.word()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::AgentLeg;
    use crate::config::{Mode, TWO, decided};

    fn config() -> Config {
        let text = decided().replace(
            "password_file = \"/etc/callgist/switch.password\"",
            "password = \"only for this test\"",
        );
        Config::parse(&text).unwrap()
    }

    #[test]
    fn the_line_is_known_by_its_number_as_it_is_dialled() {
        let config = config();
        assert_eq!(line(&config, "352260000", None).unwrap().name, "main");
        assert_eq!(line(&config, "+352260000", None).unwrap().name, "main");
        assert!(line(&config, "352260001", None).is_err());
        let mut off = config;
        off.lines[0].unset = vec!["basis"];
        assert!(line(&off, "352260000", None).unwrap_err().to_string().ends_with("[[line]]: basis"));
        off.lines[0].mode = Mode::Off;
        assert!(line(&off, "352260000", None).unwrap_err().to_string().contains("switched off"));
    }

    #[test]
    fn of_lines_on_two_switches_with_one_number_the_named_switchs_is_called() {
        let config = Config::parse(TWO).unwrap();
        assert_eq!(line(&config, "352260000", Some("south")).unwrap().name, "two");
        for switch in [None, Some("west")] {
            let why = line(&config, "352260000", switch).unwrap_err().to_string();
            assert!(why.ends_with(": \"north\", \"south\""), "{why}");
        }
        let folder = tempfile::tempdir().unwrap();
        let written = write_settings(folder.path(), &config, &config.lines[1], Which::Auto).unwrap();
        let read = Config::load(&written.config).unwrap();
        assert_eq!((read.switches.len(), read.switches[0].address.port()), (1, 8_022));
    }

    #[test]
    fn the_settings_of_the_proof_are_those_at_hand_but_for_the_database() {
        let folder = tempfile::tempdir().unwrap();
        let config = config();
        let written = write_settings(folder.path(), &config, &config.lines[0], Which::Auto).unwrap();
        let read = Config::load(&written.config).unwrap();
        assert_eq!(read.store.database, written.database);
        assert!(written.database.starts_with(folder.path()));
        assert_eq!((&read.sip, &read.ears.models), (&config.sip, &config.ears.models));
        assert_eq!(read.switches[0].address, config.switches[0].address);
        assert_eq!(read.switches[0].password.read().unwrap(), "only for this test");
        assert_eq!(read.lines[0].mode, Mode::Notice);
        assert!(read.lines[0].is_on());
        let asks = Line {
            mode: Mode::Consent { question: "/s/question.wav".into(), agent_confirms: false },
            ..config.lines[0].clone()
        };
        let folder = tempfile::tempdir().unwrap();
        let written = write_settings(folder.path(), &config, &asks, Which::Auto).unwrap();
        assert_eq!(Config::load(&written.config).unwrap().lines[0].mode, asks.mode);
        let unheard = Line { agent_leg: AgentLeg::NotHeard, ..config.lines[0].clone() };
        let folder = tempfile::tempdir().unwrap();
        let written = write_settings(folder.path(), &config, &unheard, Which::Auto).unwrap();
        let written = Config::load(&written.config).unwrap().lines.remove(0);
        assert!(written.agent_leg == AgentLeg::NotHeard && written.is_on());
        let (proved, own) = (&read.lines[0], &config.lines[0]);
        assert_eq!((&proved.name, &proved.number, &proved.notice), (&own.name, &own.number, &own.notice));
    }
}
