//! What the texts name: settings and figures go in, a value for each placeholder comes out, or none where only the
//! operator knows it.

use super::{Lang, all_texts};
use crate::border::{Kind, LeftOut};
use crate::call::{AgentLeg, Consent};
use crate::config::{Agents, Bases, Basis, Choice, Config, Line};
use crate::daemon::housekeeping::retention;
use crate::store::{Clerk, Database, Figures, Reader, Sha256, UtcMillis};
use std::collections::BTreeMap;

/// The values, by placeholder.
#[derive(Debug)]
pub struct Facts {
    /// Those that the version covers.
    settings: BTreeMap<&'static str, String>,
    /// What some of them are in words of the language.
    worded: BTreeMap<&'static str, String>,
    figures: BTreeMap<&'static str, String>,
    bases: Bases,
    consent: Consent,
    /// Health and the like are to be expected on the line.
    special: bool,
    never_recorded: bool,
    recordings_told: bool,
    agents: Agents,
    redact: LeftOut,
    earlier_told: bool,
    agent_leg: AgentLeg,
    outside_heard: bool,
    drafts: Drafts,
    processed_by_others: bool,
    /// Of the sounds in use.
    sound: String,
}

/// What becomes of a note that nobody has looked at while it was a draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Drafts {
    /// No note is a draft.
    None,
    Kept,
    Discarded,
}

impl Drafts {
    fn of(line: Option<&Line>) -> Drafts {
        match line {
            Some(line) if line.draft_minutes == 0 => Drafts::None,
            Some(line) if line.discard_unapproved => Drafts::Discarded,
            Some(_) => Drafts::Kept,
            None => Drafts::None,
        }
    }
}

impl Facts {
    /// Without settings the periods are the defaults, and all that has none is missing.
    pub fn of(config: Option<&Config>, line: Option<&Line>, lang: Lang, now: UtcMillis) -> Facts {
        let figures = figures(config, line, now).unwrap_or_default();
        Facts { figures, ..Facts::without_figures(config, line, lang) }
    }

    /// The same without a look at the database: all that the version hangs on.
    pub fn without_figures(config: Option<&Config>, line: Option<&Line>, lang: Lang) -> Facts {
        let default = Config::parse(crate::config::DEFAULT).ok();
        let default_line = default.as_ref().and_then(|config| config.lines.first());
        let (mut settings, mut worded) = (BTreeMap::new(), BTreeMap::new());
        if let Some(periods) = line.or(default_line) {
            settings.insert("keep_notes", periods.keep_notes_days.to_string());
            settings.insert("keep_rows", periods.keep_rows_days.to_string());
            settings.insert("draft_minutes", periods.draft_minutes.to_string());
            let days = periods.keep_wishes_days;
            settings.insert("keep_wishes_days", format!("{days:?}"));
            worded.insert("keep_wishes", wishes(days, lang));
            worded.insert(
                "keep_wishes_record",
                period(
                    days,
                    lang,
                    "bis zu Rücknahme oder Ablauf",
                    "until they are withdrawn or end",
                    "jusqu'à leur retrait ou leur fin",
                ),
            );
        }
        if let Some(config) = config.or(default.as_ref()) {
            settings.insert("keep_log", config.store.keep_log_days.to_string());
            settings.insert("keep_erased", config.store.keep_erased_days.to_string());
            let days = config.store.keep_objections_days;
            settings.insert("keep_objections_days", format!("{days:?}"));
            worded.insert(
                "keep_objections",
                period(
                    days,
                    lang,
                    "bis zu seiner Rücknahme",
                    "until you take it back",
                    "jusqu'à ce que vous la retiriez",
                ),
            );
            worded.insert(
                "keep_objections_record",
                period(days, lang, "bis zur Rücknahme", "until they are taken back", "jusqu'à leur retrait"),
            );
        }
        settings.insert("software", env!("CARGO_PKG_VERSION").to_owned());
        let told = line.map(|line| line.told.clone()).unwrap_or_default();
        let special = line.is_some_and(|line| line.special_categories);
        if let Some(line) = line {
            settings.insert("number", line.number.as_str().to_owned());
            settings.insert("recogniser", recogniser(line).to_owned());
        }
        let processed_by_others = !told.processors.is_empty();
        worded.insert("where", place(processed_by_others, lang).to_owned());
        let named = [
            ("processors", processed_by_others.then(|| told.processors.join("; "))),
            ("controller", told.controller),
            ("address", told.address),
            ("contact", told.contact),
            ("dpo", told.dpo),
            ("authority", told.authority),
            ("privacy_page", told.privacy_page),
            ("speech_permission", told.speech_permission),
            ("balancing", told.balancing),
            ("employees_told", told.employees_told.map(|day| day.to_string())),
            ("basis", told.bases.note.map(|basis| of_note(basis, special, lang))),
            ("basis_do_not_contact", told.bases.do_not_contact.map(|basis| article(basis, lang).to_owned())),
            ("basis_log", told.bases.log.map(|basis| article(basis, lang).to_owned())),
            ("basis_display", told.bases.display.map(|basis| article(basis, lang).to_owned())),
        ];
        let redact = line.map(|line| line.redact).unwrap_or_default();
        settings.insert("left_out", left_out(redact, lang));
        settings.extend(named.into_iter().filter_map(|(name, value)| Some((name, value?))));
        Facts {
            settings,
            worded,
            figures: BTreeMap::new(),
            bases: told.bases,
            consent: line.map_or(Consent::NotAsked, Line::consent),
            special,
            never_recorded: told.never_recorded,
            recordings_told: told.recordings_told,
            agents: line.map(|line| line.agents).unwrap_or_default(),
            redact,
            earlier_told: line.is_some_and(|line| line.tell_earlier_notes),
            agent_leg: line.map_or(AgentLeg::Heard, |line| line.agent_leg),
            outside_heard: line.is_some_and(|line| line.listen_outside),
            drafts: Drafts::of(line.or(default_line)),
            processed_by_others,
            sound: line.map_or_else(String::new, sound),
        }
    }

    pub fn value(&self, name: &str) -> Option<String> {
        match name {
            "version" => Some(self.version()),
            _ => {
                let known = self.settings.get(name).or_else(|| self.worded.get(name));
                known.or_else(|| self.figures.get(name)).cloned()
            }
        }
    }

    pub fn holds(&self, condition: &str) -> bool {
        match condition {
            "never_recorded" => self.never_recorded,
            "recordings_told" => self.recordings_told,
            "summary_only" => !self.recordings_told,
            "agents_none" => self.agents == Agents::None,
            "agents_pseudonym" => self.agents == Agents::Pseudonym,
            "agents_kept" => self.agents == Agents::Kept,
            "agents_kept_named" => self.agents == Agents::Kept && !self.redact.holds(Kind::Names),
            "agents_kept_unnamed" => self.agents == Agents::Kept && self.redact.holds(Kind::Names),
            "earlier_told" => self.earlier_told,
            "agents_heard" => self.agent_leg == AgentLeg::Heard,
            "agents_unheard" => self.agent_leg == AgentLeg::NotHeard,
            "outside_heard" => self.outside_heard && self.agent_leg == AgentLeg::Heard,
            "drafts_kept" => self.drafts == Drafts::Kept,
            "drafts_discarded" => self.drafts == Drafts::Discarded,
            "asks" => self.asks(),
            "tells" => !self.asks(),
            "agent_confirms" => self.consent == Consent::ByKeyOrAgent,
            // Lines on which an agent confirms must have his keys in the snippet; elsewhere they are the exception.
            "agent_has_no_key" => self.consent != Consent::ByKeyOrAgent,
            "processors" => self.processed_by_others,
            "no_processors" => !self.processed_by_others,
            "special" => self.special,
            "ordinary" => !self.special,
            "basis_f" => self.bases.note == Some(Basis::LegitimateInterest),
            "basis_a" => self.bases.note == Some(Basis::Consent) && !self.special,
            "basis_9" => self.bases.note == Some(Basis::Consent) && self.special,
            "basis_none" => self.bases.note.is_none(),
            _ => false,
        }
    }

    /// Whether callers are asked for their consent.
    pub fn asks(&self) -> bool {
        self.consent != Consent::NotAsked
    }

    /// The same in every language: texts, settings and sound, but no figures, which change every day. Six digits of each, so
    /// that it can be told which of them is no longer what was published.
    pub fn version(&self) -> String {
        let mut settings = self.settings.clone();
        // Said in words of each language; the bases themselves are below. Another version of ours is no change of theirs.
        settings.retain(|name, _| !name.starts_with("basis") && !["software", "left_out"].contains(name));
        let said = (self.never_recorded, self.recordings_told, self.agents, self.redact, self.earlier_told);
        let said = (said, self.drafts, self.consent, self.special, self.agent_leg, self.outside_heard);
        let set = format!("{settings:?} {:?} {said:?}", self.bases);
        [&all_texts(), &set, &self.sound].map(|part| digits(part)).join("-")
    }
}

fn digits(of: &str) -> String {
    Sha256::of(of.as_bytes()).to_string().chars().take(6).collect()
}

fn wishes(days: Option<u32>, lang: Lang) -> String {
    match (days, lang) {
        (None, Lang::De) => "bis Sie sie zurücknehmen".to_owned(),
        (None, Lang::En) => "until you take them back".to_owned(),
        (None, Lang::Fr) => "jusqu'à ce que vous les retiriez".to_owned(),
        (Some(days), Lang::De) => format!("{days} Tage, nachdem sie zuletzt geäußert wurden"),
        (Some(days), Lang::En) => format!("for {days} days after they were last made"),
        (Some(days), Lang::Fr) => format!("{days} jours après leur dernière expression"),
    }
}

/// Days, or what is said where there is no period.
fn period(days: Option<u32>, lang: Lang, de: &str, en: &str, fr: &str) -> String {
    match (days, lang) {
        (None, Lang::De) => de.to_owned(),
        (None, Lang::En) => en.to_owned(),
        (None, Lang::Fr) => fr.to_owned(),
        (Some(days), Lang::De) => format!("{days} Tage"),
        (Some(days), Lang::En) => format!("{days} days"),
        (Some(days), Lang::Fr) => format!("{days} jours"),
    }
}

fn place(processed_by_others: bool, lang: Lang) -> &'static str {
    match (processed_by_others, lang) {
        (false, Lang::De) => "auf unseren eigenen Geräten",
        (false, Lang::En) => "on our own equipment",
        (false, Lang::Fr) => "sur nos propres machines",
        (true, Lang::De) => "auf Geräten, die wir selbst oder für uns Auftragsverarbeiter betreiben,",
        (true, Lang::En) => "on equipment that we or processors acting for us run",
        (true, Lang::Fr) => "sur des machines exploitées par nous ou par nos sous-traitants",
    }
}

/// Of the last 90 days; nothing where there is no database that can be read.
fn figures(
    config: Option<&Config>,
    line: Option<&Line>,
    now: UtcMillis,
) -> Option<BTreeMap<&'static str, String>> {
    let (config, line) = (config?, line?);
    let since = now.days_before(90);
    let database = Database::of(&config.store).ok()?;
    let counted = Reader::open(database.clone()).ok()?.figures(&line.name, since).ok()?;
    let Figures { calls, announced, objections, notes, words } = counted;
    let mut figures = BTreeMap::from([
        ("calls", calls.to_string()),
        ("announced", announced.to_string()),
        ("objections", objections.to_string()),
        ("notes", notes.to_string()),
    ]);
    if announced > 0 {
        let tenths = u64::from(objections) * 1_000 / u64::from(announced);
        figures.insert("objection_rate", format!("{}.{} %", tenths / 10, tenths % 10));
    }
    figures.extend(words.checked_div(notes).map(|words| ("words", words.to_string())));
    let overdue = Clerk::open(database).and_then(|clerk| clerk.overdue(&retention(config), now));
    figures.extend(overdue.ok().map(|rows| ("overdue", rows.to_string())));
    Some(figures)
}

fn recogniser(line: &Line) -> &'static str {
    match line.recogniser {
        Choice::Auto => "Vosk or Whisper",
        Choice::Fixed(recogniser) => recogniser.word(),
    }
}

/// Whether interests were balanced is said elsewhere, and only where the settings say so.
fn of_note(basis: Basis, special: bool, lang: Lang) -> String {
    let special = match (basis, lang) {
        (Basis::Consent, Lang::En) if special => " (explicit, Art. 9(2)(a))",
        (Basis::Consent, Lang::De) if special => " (ausdrücklich, Art. 9 Abs. 2 Buchst. a)",
        (Basis::Consent, Lang::Fr) if special => " (explicite, art. 9, par. 2, point a))",
        _ => "",
    };
    [article(basis, lang), special].concat()
}

fn article(basis: Basis, lang: Lang) -> &'static str {
    match (basis, lang) {
        (Basis::LegitimateInterest, Lang::En) => "legitimate interest, Art. 6(1)(f) GDPR",
        (Basis::LegitimateInterest, Lang::De) => "berechtigtes Interesse, Art. 6 Abs. 1 Buchst. f DSGVO",
        (Basis::LegitimateInterest, Lang::Fr) => "intérêt légitime, art. 6, par. 1, point f) du RGPD",
        (Basis::Consent, Lang::En) => "consent, Art. 6(1)(a) GDPR",
        (Basis::Consent, Lang::De) => "Einwilligung, Art. 6 Abs. 1 Buchst. a DSGVO",
        (Basis::Consent, Lang::Fr) => "consentement, art. 6, par. 1, point a) du RGPD",
        (Basis::Contract, Lang::En) => "performance of a contract, Art. 6(1)(b) GDPR",
        (Basis::Contract, Lang::De) => "Erfüllung eines Vertrags, Art. 6 Abs. 1 Buchst. b DSGVO",
        (Basis::Contract, Lang::Fr) => "exécution d'un contrat, art. 6, par. 1, point b) du RGPD",
    }
}

/// What no summary holds, and what those of the line leave out beside it.
fn left_out(redact: LeftOut, lang: Lang) -> String {
    let always: &[&str] = match lang {
        Lang::En => &[
            "numbers of cards and accounts",
            "passwords and codes",
            "addresses and e-mail addresses",
            "what concerns health",
            "names of people who are not on the call",
        ],
        Lang::De => &[
            "Karten- und Kontonummern",
            "Kennwörter und Codes",
            "Anschriften und E-Mail-Adressen",
            "was die Gesundheit betrifft",
            "Namen von Personen, die nicht am Gespräch teilnehmen",
        ],
        Lang::Fr => &[
            "les numéros de cartes et de comptes",
            "les mots de passe et les codes",
            "les adresses postales et électroniques",
            "ce qui touche à la santé",
            "les noms des personnes qui ne participent pas à l'appel",
        ],
    };
    let chosen = Kind::SETTABLE.into_iter().filter(|(_, kind)| redact.holds(*kind));
    let chosen = chosen.map(|(_, kind)| word(kind, lang));
    always.iter().copied().chain(chosen).collect::<Vec<_>>().join(", ")
}

fn word(kind: Kind, lang: Lang) -> &'static str {
    match (kind, lang) {
        (Kind::PhoneNumbers, Lang::En) => "telephone numbers",
        (Kind::PhoneNumbers, Lang::De) => "Telefonnummern",
        (Kind::PhoneNumbers, Lang::Fr) => "les numéros de téléphone",
        (Kind::References, Lang::En) => "reference numbers",
        (Kind::References, Lang::De) => "Vorgangs- und andere Nummern",
        (Kind::References, Lang::Fr) => "les numéros de dossier et autres références",
        (Kind::Amounts, Lang::En) => "amounts of money",
        (Kind::Amounts, Lang::De) => "Geldbeträge",
        (Kind::Amounts, Lang::Fr) => "les montants",
        (Kind::Names | Kind::AgentNames, Lang::En) => "names of the people on the call",
        (Kind::Names | Kind::AgentNames, Lang::De) => "Namen der Personen im Gespräch",
        (Kind::Names | Kind::AgentNames, Lang::Fr) => "les noms des personnes qui participent à l'appel",
        (Kind::Dates, Lang::En) => "days and dates",
        (Kind::Dates, Lang::De) => "Tage und Daten",
        (Kind::Dates, Lang::Fr) => "les jours et les dates",
        (Kind::Times, Lang::En) => "times of day",
        (Kind::Times, Lang::De) => "Uhrzeiten",
        (Kind::Times, Lang::Fr) => "les heures",
        (Kind::Durations, Lang::En) => "periods of time",
        (Kind::Durations, Lang::De) => "Zeiträume",
        (Kind::Durations, Lang::Fr) => "les durées",
    }
}

/// A sound that cannot be read is another one than any that was published.
fn sound(line: &Line) -> String {
    let read: Result<Vec<Vec<u8>>, _> = line.sounds().map(std::fs::read).collect();
    let Ok(sounds) = read else { return "unreadable".to_owned() };
    format!("{} {}", Sha256::of(&sounds.concat()), line.notice_version)
}
