//! A TOML table is read key by key; what is wrong is noted with its line and reading goes on.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use toml::de::{DeTable, DeValue};

/// One thing that is wrong, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Counted from 1; 0 for the file as a whole.
    line: usize,
    what: String,
}

/// Everything that is wrong with a file, a sentence each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problem {
    pub fn new(line: usize, what: &str) -> Problem {
        Problem { line, what: what.to_owned() }
    }
}

impl Problems {
    pub(super) fn new(mut problems: Vec<Problem>) -> Problems {
        problems.sort_by_key(|problem| problem.line);
        Problems(problems)
    }

    pub(super) fn unreadable(path: &Path, error: &std::io::Error) -> Problems {
        let what = format!(
            "cannot read {}: {error}; write one with: callgist --config {} init",
            path.display(),
            path.display()
        );
        Problems(vec![Problem { line: 0, what }])
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            let end = if index + 1 == self.0.len() { "" } else { "\n" };
            match problem.line {
                0 => write!(f, "{}{end}", problem.what)?,
                line => write!(f, "line {line}: {}{end}", problem.what)?,
            }
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// One table, from which each setting is taken once.
pub(super) struct Section<'a> {
    text: &'a str,
    /// `[switch]`, `[[line]]`; empty for the document.
    title: String,
    line: usize,
    values: BTreeMap<String, (usize, DeValue<'a>)>,
    asked: Vec<&'static str>,
    seen: BTreeMap<&'static str, usize>,
}

/// The whole document, or the place where it stops being TOML.
pub(super) fn document<'a>(text: &'a str, problems: &mut Vec<Problem>) -> Option<Section<'a>> {
    match DeTable::parse(text) {
        Ok(table) => Some(Section::new(text, String::new(), 0, table.into_inner())),
        Err(error) => {
            let at = error.span().map_or(0, |span| line_of(text, span.start));
            problems.push(Problem { line: at, what: error.message().to_owned() });
            None
        }
    }
}

impl<'a> Section<'a> {
    fn new(text: &'a str, title: String, line: usize, table: DeTable<'a>) -> Section<'a> {
        let values = table
            .into_iter()
            .map(|(key, value)| {
                let at = line_of(text, key.span().start);
                (key.into_inner().into_owned(), (at, value.into_inner()))
            })
            .collect();
        Section { text, title, line, values, asked: Vec::new(), seen: BTreeMap::new() }
    }

    /// The table `[name]`; an absent one is empty. `once` says why there cannot be several.
    pub(super) fn section(
        &mut self,
        name: &'static str,
        once: &str,
        problems: &mut Vec<Problem>,
    ) -> Section<'a> {
        let (line, table) = match self.take(name) {
            Some((line, DeValue::Table(table))) => (line, table),
            None => (0, DeTable::new()),
            Some((line, _)) => {
                problems.push(Problem { line, what: format!("[{name}] must be one table: {once}") });
                (line, DeTable::new())
            }
        };
        Section::new(self.text, format!("[{name}] "), line, table)
    }

    /// The table `[name]`, the tables `[[name]]`, or one that is empty where there is neither.
    pub(super) fn one_or_more(
        &mut self,
        name: &'static str,
        problems: &mut Vec<Problem>,
    ) -> Vec<Section<'a>> {
        match self.values.get(name) {
            Some((_, DeValue::Array(_))) => self.sections(name),
            _ => vec![self.section(name, &format!("write [[{name}]] above each of several"), problems)],
        }
    }

    /// The table `key` within this one, where it is one; `title` is what its settings are complained of under.
    pub(super) fn inner(&mut self, key: &'static str, title: &str) -> Option<Section<'a>> {
        if !matches!(self.values.get(key), Some((_, DeValue::Table(_)))) {
            return None;
        }
        let Some((line, DeValue::Table(table))) = self.take(key) else { return None };
        Some(Section::new(self.text, title.to_owned(), line, table))
    }

    /// The tables `[[name]]`.
    pub(super) fn sections(&mut self, name: &'static str) -> Vec<Section<'a>> {
        let Some((_, DeValue::Array(array))) = self.take(name) else { return Vec::new() };
        let text = self.text;
        let tables = array.into_iter().filter_map(|value| {
            let line = line_of(text, value.span().start);
            match value.into_inner() {
                DeValue::Table(table) => Some((line, table)),
                _ => None,
            }
        });
        tables.map(|(line, table)| Section::new(text, format!("[[{name}]] "), line, table)).collect()
    }

    pub(super) fn text(
        &mut self,
        key: &'static str,
        default: Option<&str>,
        problems: &mut Vec<Problem>,
    ) -> String {
        match (self.optional_text(key, problems), default) {
            (Some(text), _) => text,
            (None, Some(default)) => default.to_owned(),
            (None, None) if self.seen.contains_key(key) => String::new(),
            (None, None) => {
                self.wrong(key, "is missing", problems);
                String::new()
            }
        }
    }

    pub(super) fn optional_text(&mut self, key: &'static str, problems: &mut Vec<Problem>) -> Option<String> {
        match self.take(key)? {
            (_, DeValue::String(text)) => Some(text.into_owned()),
            _ => {
                self.wrong(key, "must be a text in quotes", problems);
                None
            }
        }
    }

    /// A text that somebody has written something into; blanks are nothing.
    pub(super) fn filled_text(&mut self, key: &'static str, problems: &mut Vec<Problem>) -> Option<String> {
        self.optional_text(key, problems).filter(|text| !text.trim().is_empty())
    }

    /// A list of texts; `says` is what is wrong with anything else.
    pub(super) fn texts(
        &mut self,
        key: &'static str,
        says: &str,
        problems: &mut Vec<Problem>,
    ) -> Vec<String> {
        let Some((_, value)) = self.take(key) else { return Vec::new() };
        let text = |value: toml::Spanned<DeValue<'a>>| match value.into_inner() {
            DeValue::String(text) => Some(text.into_owned()),
            _ => None,
        };
        let texts = match value {
            DeValue::Array(list) => list.into_iter().map(text).collect(),
            _ => None,
        };
        texts.unwrap_or_else(|| {
            self.wrong(key, says, problems);
            Vec::new()
        })
    }

    /// An absolute path.
    pub(super) fn path(
        &mut self,
        key: &'static str,
        default: Option<&str>,
        problems: &mut Vec<Problem>,
    ) -> PathBuf {
        let path = PathBuf::from(self.text(key, default, problems));
        if path.is_relative() && !path.as_os_str().is_empty() {
            self.wrong(key, "must be an absolute path", problems);
        }
        path
    }

    /// The same where it need not be set.
    pub(super) fn optional_path(
        &mut self,
        key: &'static str,
        problems: &mut Vec<Problem>,
    ) -> Option<PathBuf> {
        let path = PathBuf::from(self.optional_text(key, problems)?);
        if path.is_relative() {
            self.wrong(key, "must be an absolute path", problems);
        }
        Some(path)
    }

    pub(super) fn whole(
        &mut self,
        key: &'static str,
        default: Option<u64>,
        range: RangeInclusive<u64>,
        problems: &mut Vec<Problem>,
    ) -> u64 {
        let value = match self.take(key) {
            None => default,
            Some((_, DeValue::Integer(digits))) => u64::from_str_radix(digits.as_str(), digits.radix()).ok(),
            Some(_) => None,
        };
        match value {
            Some(value) if range.contains(&value) => value,
            _ => {
                let what = format!("must be a whole number from {} to {}", range.start(), range.end());
                self.wrong(key, &what, problems);
                *range.start()
            }
        }
    }

    /// The same where it need not be set.
    pub(super) fn optional_whole(
        &mut self,
        key: &'static str,
        range: RangeInclusive<u64>,
        problems: &mut Vec<Problem>,
    ) -> Option<u64> {
        self.has(key).then(|| self.whole(key, None, range, problems)).or_else(|| {
            // So that a mistake of typing is told what was meant.
            self.asked.push(key);
            None
        })
    }

    /// Whether somebody wrote it; to be asked before it is taken.
    pub(super) fn has(&self, key: &str) -> bool {
        self.values.contains_key(key)
    }

    pub(super) fn flag(&mut self, key: &'static str, default: bool, problems: &mut Vec<Problem>) -> bool {
        self.optional_flag(key, problems).unwrap_or(default)
    }

    /// The same where it need not be set.
    pub(super) fn optional_flag(&mut self, key: &'static str, problems: &mut Vec<Problem>) -> Option<bool> {
        match self.take(key)? {
            (_, DeValue::Boolean(flag)) => Some(flag),
            _ => {
                self.wrong(key, "must be true or false", problems);
                None
            }
        }
    }

    /// Notes that the setting `key` is wrong.
    pub(super) fn wrong(&self, key: &str, what: &str, problems: &mut Vec<Problem>) {
        let line = self.seen.get(key).copied().unwrap_or(self.line);
        // One setting is complained of once.
        let start = format!("{}{key} ", self.title);
        if line == 0 || !problems.iter().any(|p| p.line == line && p.what.starts_with(&start)) {
            problems.push(Problem { line, what: format!("{start}{what}") });
        }
    }

    /// What nobody asked for is a mistake of typing.
    pub(super) fn finish(self, problems: &mut Vec<Problem>) {
        for (key, (line, _)) in &self.values {
            let near =
                self.asked.iter().filter(|asked| distance(asked, key) <= 2).min_by_key(|a| distance(a, key));
            let hint = match near {
                Some(near) => format!("did you mean \"{near}\"?"),
                None => "callgist config default shows every setting".to_owned(),
            };
            problems
                .push(Problem { line: *line, what: format!("{}{key} is no setting: {hint}", self.title) });
        }
    }

    fn take(&mut self, key: &'static str) -> Option<(usize, DeValue<'a>)> {
        self.asked.push(key);
        let taken = self.values.remove(key);
        if let Some((line, _)) = &taken {
            self.seen.insert(key, *line);
        }
        taken
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    1 + text.as_bytes().iter().take(offset).filter(|b| **b == b'\n').count()
}

/// Letters to insert, remove or change (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let next = (corner + usize::from(x != y)).min(row[j] + 1).min(row[j + 1] + 1);
            corner = std::mem::replace(&mut row[j + 1], next);
        }
    }
    row[b.len()]
}
