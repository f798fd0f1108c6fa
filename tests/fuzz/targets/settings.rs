//! The file of settings.

use callgist::call::Number;
use callgist::config::Config;

/// Settings: no panic, the same from the same text, a problem always says something and of a line that is there, and
/// settings that are taken hold what the daemon trusts: a switch for each line, a name for each, no password in what is
/// printed, and an answer for every caller and extension.
pub fn settings(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match (Config::parse(&text), Config::parse(&text)) {
        (Ok(config), Ok(again)) => {
            assert_eq!(config.version(), again.version());
            taken(&config, &text);
        }
        (Err(problems), Err(again)) => {
            assert_eq!(problems, again);
            let told = problems.to_string();
            assert!(!told.trim().is_empty());
            let lines = text.lines().count().max(1);
            let numbers =
                told.lines().filter_map(|line| line.strip_prefix("line ")?.split(':').next()?.parse().ok());
            assert!(numbers.into_iter().all(|line: usize| (1..=lines + 1).contains(&line)), "{told}");
        }
        _ => panic!("the same text is taken and not taken"),
    }
}

fn taken(config: &Config, text: &str) {
    let printed = format!("{config:?}");
    for password in
        text.lines().filter_map(|line| line.trim().strip_prefix("password = \"")?.strip_suffix('"'))
    {
        assert!(password.len() < 12 || !printed.contains(password), "a password is printed");
    }
    for line in &config.lines {
        let _ = config.switch_of(line);
        assert!(config.line(&line.name).is_some() && !line.name.is_empty());
        assert!(config.lines_at(line.switch.as_deref()).any(|other| other.name == line.name));
        for number in ["+352621123456", "352621123456", "621123456", "+4930901820", "1001", "112"] {
            let number = Number::new(number).expect("a number");
            let (never, once_more) =
                (line.never_heard.caller(Some(&number)), line.never_heard.caller(Some(&number)));
            assert_eq!(never, once_more);
        }
        let _ = (
            line.never_heard.caller(None),
            line.never_heard.extension("1001"),
            line.never_heard.extension(""),
        );
        assert!(line.notice.is_absolute());
    }
}
