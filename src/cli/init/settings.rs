//! The settings: the commented default file, with the answers in place of its own values.

use super::InitArgs;
use super::answers::Answers;
use super::ports::Ports;
use crate::config::DEFAULT;
use std::path::{Path, PathBuf};
use toml::Value;

/// The notice of a language, below the folder of the notices.
pub fn notice(sounds: &Path, language: &str) -> PathBuf {
    sounds.join(language).join("8000/notice.wav")
}

pub fn text(args: &InitArgs, answers: &Answers, ports: &Ports, password: &Path) -> String {
    let number = answers.number.as_str();
    let language = answers.language.code();
    let values = [
        ("[switch]", "host", args.event_socket.ip().to_string().into()),
        ("[switch]", "port", whole(args.event_socket.port())),
        ("[switch]", "password_file", path(password)),
        ("[sip]", "listen", format!("127.0.0.1:{}", ports.sip).into()),
        ("[sip]", "first_rtp_port", whole(*ports.rtp.start())),
        ("[sip]", "last_rtp_port", whole(*ports.rtp.end())),
        ("[store]", "database", path(&args.database)),
        ("[ears]", "models", path(&args.models)),
        ("[[line]]", "name", answers.line.as_str().into()),
        ("[[line]]", "number", number.into()),
        ("[[line]]", "country_code", country(number).into()),
        ("[[line]]", "language", language.into()),
        ("[[line]]", "notice", path(&notice(&args.sounds, language))),
    ];
    let told = args.employees_told.map(|day| day.to_string());
    let text = values
        .iter()
        .fold(DEFAULT.to_owned(), |text, (section, key, value)| with(&text, section, key, value));
    let optional = [
        ("# profile = \"lu\"\n", "profile", &args.profile),
        ("# contact = \"privacy@example.com\"\n", "contact", &args.contact),
        ("# basis = \"legitimate_interest\"\n", "basis", &args.basis),
        ("agent_leg = \"heard\"\n", "agent_leg", &args.agent_leg),
        ("# employees_told = \"2026-01-31\"\n", "employees_told", &told),
    ];
    optional.into_iter().fold(text, |text, (line, key, value)| match value {
        Some(value) => text.replace(line, &format!("{key} = {}\n", Value::from(value.as_str()))),
        None => text,
    })
}

fn whole(port: u16) -> Value {
    Value::Integer(port.into())
}

fn path(path: &Path) -> Value {
    path.to_string_lossy().into_owned().into()
}

/// The text with this value for the key of that section.
fn with(text: &str, section: &str, key: &str, value: &Value) -> String {
    let start = format!("{key} = ");
    let mut here = false;
    let mut lines = String::new();
    for line in text.lines() {
        if line.starts_with('[') {
            here = line == section;
        }
        match here && line.starts_with(&start) {
            true => lines.push_str(&format!("{start}{value}")),
            false => lines.push_str(line),
        }
        lines.push('\n');
    }
    lines
}

/// The country code that a number in E.164 form begins with (ITU-T E.164, zones 1 to 9): one digit in zones 1 and 7, two
/// for the countries listed here, three otherwise.
fn country(number: &str) -> &str {
    const TWO_DIGITS: [&str; 43] = [
        "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46", "47", "48",
        "49", "51", "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63", "64", "65", "66", "81",
        "82", "84", "86", "90", "91", "92", "93", "94", "95",
    ];
    let digits = number.trim_start_matches('+');
    let length = match digits.get(..2) {
        Some(two) if two.starts_with(['1', '7']) => 1,
        Some(two) if TWO_DIGITS.contains(&two) || two == "98" => 2,
        _ => 3,
    };
    digits.get(..length).unwrap_or(digits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{AgentLeg, Language, Number};
    use crate::config::Config;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: InitArgs,
    }

    #[test]
    fn every_answer_stands_in_settings_that_can_be_used() {
        let words = [
            "init",
            "--event-socket",
            "127.0.0.2:8022",
            "--sounds",
            "/s",
            "--models",
            "/m",
            "--database",
            "/d",
            "--profile",
            "fr",
            "--contact",
            "\"Privacy\" <privacy@example.com>",
            "--basis",
            "legitimate_interest",
            "--employees-told",
            "2026-03-02",
        ];
        let args = Line::parse_from(words).args;
        let answers = Answers {
            number: Number::new("+493012345").unwrap(),
            seen_as: None,
            language: Language::De,
            line: "front".into(),
            key: "*9".into(),
            context: "public".into(),
            conf_dir: "/etc/freeswitch".into(),
        };
        let ports = Ports { profile: 5_089, sip: 5_093, rtp: 12_000..=12_499 };
        let config = Config::parse(&text(&args, &answers, &ports, Path::new("/p"))).unwrap();
        assert_eq!(config.switches[0].address, "127.0.0.2:8022".parse().unwrap());
        assert!(config.switches[0].password == crate::config::Secret::File("/p".into()));
        assert_eq!((config.sip.first_rtp_port, config.sip.last_rtp_port), (12_000, 12_499));
        assert_eq!(config.sip.listen.port(), 5_093);
        assert_eq!((config.store.database, config.ears.models), ("/d".into(), "/m".into()));
        let line = &config.lines[0];
        assert_eq!((line.name.as_str(), line.number.as_str()), ("front", "+493012345"));
        assert_eq!((line.country_code.as_str(), line.language), ("49", Language::De));
        assert_eq!(line.profile, Some(crate::config::Profile::Fr));
        assert_eq!(line.notice, Path::new("/s/de/8000/notice.wav"));
        assert_eq!(line.told.contact.as_deref(), Some("\"Privacy\" <privacy@example.com>"));
        assert!(line.is_on());
        assert_eq!(line.told.employees_told, Some(jiff::civil::date(2026, 3, 2)));
        // Neither has a day to name whose agents are not heard.
        let words = words.map(|word| if word == "--employees-told" { "--agent-leg" } else { word });
        let words = words.map(|word| if word == "2026-03-02" { "not_heard" } else { word });
        let args = Line::parse_from(words).args;
        let config = Config::parse(&text(&args, &answers, &ports, Path::new("/p"))).unwrap();
        let line = &config.lines[0];
        assert_eq!((line.agent_leg, line.told.employees_told), (AgentLeg::NotHeard, None));
        assert!(line.is_on());
    }

    #[test]
    fn a_day_that_is_none_is_no_answer() {
        for wrong in ["2026-02-30", "yesterday"] {
            let refused =
                Line::try_parse_from(["init", "--employees-told", wrong]).err().unwrap().to_string();
            assert!(refused.contains("2026-01-31"), "{refused}");
        }
        assert!(Line::try_parse_from(["init", "--agent-leg", "no"]).is_err());
    }

    #[test]
    fn countries_are_told_by_their_first_digits() {
        let countries = [("+12025550100", "1"), ("+74951234567", "7"), ("+33123456789", "33")];
        for (number, code) in countries.into_iter().chain([("+352260000", "352"), ("+989121234567", "98")]) {
            assert_eq!(country(number), code, "{number}");
        }
    }
}
