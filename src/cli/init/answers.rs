//! Flags, what the switch says and, on a terminal, a person's answers go in; all that settings and files need comes out.

use super::seen::Seen;
use super::{InitArgs, Refusal, files, settings};
use crate::call::{Language, Number};
use crate::cli::Exit;
use std::io::{BufRead, IsTerminal, Write};
use std::path::PathBuf;

pub struct Answers {
    pub number: Number,
    pub seen_as: Option<String>,
    pub language: Language,
    pub line: String,
    pub key: String,
    pub context: String,
    pub conf_dir: PathBuf,
}

impl Answers {
    pub fn gather(
        args: &InitArgs,
        seen: Option<&Seen>,
        questions: &mut Questions<'_>,
    ) -> Result<Answers, Refusal> {
        let number = questions.settle(
            args.number.as_deref(),
            "--number",
            "The main line's number in E.164 form, such as +352260000",
            number,
        )?;
        let language = questions.settle(
            args.language.as_deref(),
            "--language",
            "The language of its calls: en, de or fr",
            language,
        )?;
        let context = questions.settle(
            known_context(args, seen)?,
            "--context",
            "The dialplan context in which calls to this number arrive",
            word,
        )?;
        let conf_dir = args.conf_dir.clone().or_else(|| seen?.conf_dir.clone());
        let conf_dir = questions.settle(
            conf_dir.as_ref().and_then(|folder| folder.to_str()),
            "--conf-dir",
            "The switch's folder of settings, such as /etc/freeswitch",
            folder,
        )?;
        let seen_as =
            args.seen_as.as_deref().map(digits).transpose().map_err(|why| refused("--seen-as", &why))?;
        let key = key(&args.key).map_err(|why| refused("--key", &why))?;
        heard_at_the_switch(args, seen, language)?;
        Ok(Answers { number, seen_as, language, line: args.line.clone(), key, context, conf_dir })
    }

    /// What another key than the usual one asks for.
    pub fn advice_on_key(&self) -> Vec<String> {
        let key = &self.key;
        if key == files::KEY {
            return Vec::new();
        }
        let digits = key.bytes().all(|byte| byte.is_ascii_digit());
        let pin = format!(
            "whoever types {key} in a menu or within a PIN objects, and the menu does not get it: a key that begins with \
             * or # is safer"
        );
        let said = format!(
            "our notices and the texts of callgist notices render say star nine: record a notice that says {key}, and \
             change the texts (sounds/README.md)"
        );
        digits.then_some(pin).into_iter().chain([said]).collect()
    }
}

/// The context that was asked for, or the usual one; the switch must have it.
fn known_context<'a>(args: &'a InitArgs, seen: Option<&'a Seen>) -> Result<Option<&'a str>, Refusal> {
    match (&args.context, seen) {
        (Some(asked), Some(Seen { context: None, .. })) => {
            Err(refused("--context", &format!("the switch has no dialplan context \"{asked}\"")))
        }
        (asked, None) => Ok(asked.as_deref()),
        (_, Some(seen)) => Ok(seen.context.as_deref()),
    }
}

/// The notice is played by the switch: one that it cannot see is never heard.
fn heard_at_the_switch(args: &InitArgs, seen: Option<&Seen>, language: Language) -> Result<(), Refusal> {
    let notice = settings::notice(&args.sounds, language.code());
    let found = match seen {
        Some(seen) => seen.notices.contains(&language.code()),
        None => notice.is_file(),
    };
    if found {
        return Ok(());
    }
    let who = if seen.is_some() { "the switch" } else { "Callgist" };
    Err(Refusal::new(
        Exit::Notice,
        format!(
            "{who} does not find {}: --sounds names the folder of the notices (`sounds` of the sources, or of the \
             package), which the switch's user must be able to read",
            notice.display()
        ),
    ))
}

/// Asks a person, where one is there to answer.
pub struct Questions<'a>(Option<(Box<dyn BufRead + 'a>, Box<dyn Write + 'a>)>);

impl<'a> Questions<'a> {
    pub fn on_terminal() -> Questions<'a> {
        let there = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
        Questions(there.then(|| {
            let answers: Box<dyn BufRead> = Box::new(std::io::stdin().lock());
            let questions: Box<dyn Write> = Box::new(std::io::stderr());
            (answers, questions)
        }))
    }

    /// What is known, or else what a person answers; a wrong answer is asked for again, a wrong flag is refused.
    fn settle<T>(
        &mut self,
        known: Option<&str>,
        flag: &str,
        question: &str,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, Refusal> {
        if let Some(known) = known {
            return read(known).map_err(|why| refused(flag, &why));
        }
        let Some((answers, questions)) = &mut self.0 else { return Err(missing(flag, question)) };
        loop {
            // A terminal that cannot be written to gives no answer either.
            let _ = write!(questions, "{question}: ").and_then(|()| questions.flush());
            let mut answer = String::new();
            if !matches!(answers.read_line(&mut answer), Ok(1..)) {
                return Err(missing(flag, question));
            }
            match read(answer.trim()) {
                Ok(read) => return Ok(read),
                Err(why) => drop(writeln!(questions, "{why}")),
            }
        }
    }
}

fn missing(flag: &str, question: &str) -> Refusal {
    Refusal::new(Exit::Usage, format!("{flag} is missing ({question})"))
}

fn refused(flag: &str, why: &str) -> Refusal {
    Refusal::new(Exit::Usage, format!("{flag}: {why}"))
}

fn number(text: &str) -> Result<Number, String> {
    let number = Number::new(text).ok().filter(|number| number.as_str().starts_with('+'));
    number.ok_or_else(|| "the number must be in E.164 form: a plus, the country and the rest".to_owned())
}

fn language(text: &str) -> Result<Language, String> {
    let all = [Language::En, Language::De, Language::Fr];
    all.into_iter().find(|known| known.code() == text).ok_or_else(|| "it must be en, de or fr".to_owned())
}

fn digits(text: &str) -> Result<String, String> {
    let fits = (2..=20).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if fits { Ok(text.to_owned()) } else { Err("it must be digits".to_owned()) }
}

/// What a telephone has keys for.
fn key(text: &str) -> Result<String, String> {
    let fits = (1..=6).contains(&text.len()) && text.bytes().all(|byte| b"0123456789*#".contains(&byte));
    let why = "it must be one to six of 0 to 9, * and #, best beginning with * or #, such as *9";
    if fits { Ok(text.to_owned()) } else { Err(why.to_owned()) }
}

/// It becomes the name of a folder.
fn word(text: &str) -> Result<String, String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    let fits = (1..=80).contains(&text.len()) && text.bytes().all(plain);
    if fits { Ok(text.to_owned()) } else { Err("it must be letters, digits, - and _".to_owned()) }
}

fn folder(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    if path.is_absolute() { Ok(path) } else { Err("it must be an absolute path".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(answers: &'static str, said: &mut Vec<u8>) -> Result<Number, Refusal> {
        let mut questions = Questions(Some((Box::new(answers.as_bytes()), Box::new(said))));
        questions.settle(None, "--number", "The number", number)
    }

    #[test]
    fn a_wrong_answer_is_asked_for_again() {
        let mut said = Vec::new();
        assert_eq!(asked("0301234\n+49301234\n", &mut said).unwrap().as_str(), "+49301234");
        let said = String::from_utf8(said).unwrap();
        assert_eq!(said.matches("The number: ").count(), 2, "{said}");
        assert!(said.contains("E.164"), "{said}");
    }

    #[test]
    fn where_nobody_answers_the_flag_is_named() {
        let mut said = Vec::new();
        assert!(asked("", &mut said).unwrap_err().why.contains("--number"));
        let nobody = Questions(None).settle(None, "--language", "The language", language).unwrap_err();
        assert_eq!((nobody.exit, nobody.why.as_str()), (Exit::Usage, "--language is missing (The language)"));
    }

    #[test]
    fn a_flag_goes_before_any_question() {
        let known = Questions(None).settle(Some("de"), "--language", "The language", language);
        assert_eq!(known.unwrap(), Language::De);
        let wrong = Questions(None).settle(Some("nl"), "--language", "The language", language);
        assert!(wrong.unwrap_err().why.contains("en, de or fr"));
    }
}
