//! The api commands that the daemon uses, with FreeSWITCH's own answers.

use super::channel::{What, codec_name, describe};
use super::expand::cond;
use super::media::Hold;
use super::tap::Job;
use super::world::{LinkId, VERSION, World};
use crate::wire::esl::{Reply, Word};
use serde_json::{Map, Value, json};

impl World {
    pub(super) fn api(&mut self, id: LinkId, text: &str) {
        let (command, arguments) = text.split_once(' ').unwrap_or((text, ""));
        let command = command.to_ascii_lowercase();
        if !self.may(id, &command) {
            return self.reply(id, DENIED);
        }
        if command == "originate" {
            let told = self.api_stamp(&command, arguments);
            return self.originate(arguments.trim(), Job::Api(id, told));
        }
        let answer = self.run_told(&command, arguments);
        self.api_reply(id, &answer);
    }

    /// Answered at once; what came of it is told by BACKGROUND_JOB, also of a command that does not exist (F28).
    pub(super) fn bgapi(&mut self, id: LinkId, text: &str, job: Option<String>) {
        let (command, arguments) = text.split_once(' ').unwrap_or((text, ""));
        if !self.may(id, command) {
            return self.reply(id, DENIED);
        }
        let uuid = job.unwrap_or_else(|| self.uuid());
        if let Ok(word) = Word::new(uuid.clone()) {
            self.output(super::world::Output::Frame(id, crate::wire::esl::Frame::Reply(Reply::job(&word))));
        }
        let (command, argument) = (command.to_owned(), arguments.to_owned());
        if command == "originate" {
            let text = argument.trim().to_owned();
            let told = self.api_stamp(&command, &argument);
            return self.originate(&text, Job::Background { uuid, command, argument, told });
        }
        let answer = self.run_told(&command, &argument);
        self.job_done(&uuid, &command, &argument, &answer);
    }

    /// A command of somebody at the switch's console. What comes of an `originate` shows on the switch.
    pub(super) fn console(&mut self, text: &str) -> String {
        let (command, arguments) = text.split_once(' ').unwrap_or((text, ""));
        if command != "originate" {
            return self.run_told(command, arguments);
        }
        let (command, argument) = (command.to_owned(), arguments.to_owned());
        let uuid = self.uuid();
        let told = self.api_stamp(&command, &argument);
        self.originate(arguments, Job::Background { uuid, command, argument, told });
        OK.into()
    }

    fn may(&self, id: LinkId, command: &str) -> bool {
        self.links.get(&id).is_some_and(|link| link.rights.may_call(command))
    }

    pub(super) fn job_done(&mut self, uuid: &str, command: &str, argument: &str, answer: &str) {
        let sequence = self.sequence();
        let event =
            self.stamp("BACKGROUND_JOB", sequence).with("Job-UUID", uuid).with("Job-Command", command);
        let event = if argument.is_empty() { event } else { event.with("Job-Command-Arg", argument) };
        self.raise(event.with_body(answer));
    }

    fn run_told(&mut self, command: &str, arguments: &str) -> String {
        let stamp = self.api_stamp(command, arguments);
        let answer = self.run(command, arguments.trim());
        self.raise(stamp);
        answer
    }

    /// Runs a command, whoever asks.
    fn run(&mut self, command: &str, arguments: &str) -> String {
        let words: Vec<&str> = arguments.split_whitespace().collect();
        let there = words.first().is_some_and(|leg| self.alive(leg));
        match (command, &words[..]) {
            ("global_setvar", [pair, ..]) => self.set_global(pair),
            ("uuid_kill", [leg, ..]) if there => {
                self.kill(leg);
                OK.into()
            }
            ("uuid_break", [leg, ..]) if there => {
                self.edit(leg, |channel| channel.break_asked = true);
                OK.into()
            }
            ("uuid_setvar", [leg, name, ..]) if there => {
                let value = arguments.splitn(3, ' ').nth(2).unwrap_or_default();
                self.edit(leg, |channel| channel.set(name, value));
                OK.into()
            }
            ("uuid_record", [leg, what @ ("start" | "stop"), path, ..]) if there => {
                self.record(leg, path, *what == "start");
                "+OK Success\n".into()
            }
            ("uuid_hold", ["off", leg, ..]) if self.alive(leg) => self.switch_hold(leg, false),
            ("uuid_hold", [leg, ..]) if there => self.switch_hold(leg, true),
            ("uuid_transfer", [leg, rest @ ..]) if there => {
                match rest {
                    ["-bleg", number, ..] => self.send_b(leg, number),
                    ["-both", number, ..] => self.send_both(leg, number),
                    [number, ..] => self.send(leg, number),
                    [] => {
                        return "-USAGE: <uuid> [-bleg|-both] <dest-exten> [<dialplan>] [<context>]\n".into();
                    }
                }
                OK.into()
            }
            ("uuid_park", [leg, ..]) if there => {
                self.park(leg);
                OK.into()
            }
            ("uuid_bridge", [a, c, ..]) if there && self.alive(c) => {
                let joined = format!("+OK {c}\n");
                self.uuid_bridge(a, c);
                joined
            }
            ("uuid_fileman", [leg, what]) if there => {
                match what.strip_prefix("seek:+") {
                    Some(samples) => self.seek_file(leg, samples.parse().unwrap_or(0)),
                    None => self.stop_file(leg),
                }
                OK.into()
            }
            ("uuid_recv_dtmf", [leg, digits, ..]) if there => {
                // It is told, bound keys do not see it (F103), and a question that waits for a key takes it (a 1.11.2).
                for key in digits.chars() {
                    let digit = key.to_string();
                    let back = [("DTMF-Digit", &*digit), ("DTMF-Duration", "2000"), ("DTMF-Source", "APP")];
                    self.fire("DTMF", leg, &[], &back);
                    self.takes_key(leg, key);
                }
                OK.into()
            }
            ("create_uuid", _) => self.uuid(),
            ("load", [name]) => {
                self.settings.modules.push((*name).to_owned());
                "+OK Reloading XML\n+OK\n".into()
            }
            ("hash", [change, ..]) if self.has("mod_hash") && !change.starts_with("select/") => {
                self.hash_change(change)
            }
            ("uuid_dump", [leg, form @ ..]) if there => {
                let sequence = self.sequence();
                self.dump(leg, form.first() == Some(&"json"), sequence)
            }
            _ => self.ask(command, arguments).unwrap_or_else(|| unknown(command)),
        }
    }

    /// Commands that change nothing.
    pub(super) fn ask(&self, command: &str, arguments: &str) -> Option<String> {
        let words: Vec<&str> = arguments.split_whitespace().collect();
        Some(match (command, &words[..]) {
            ("version", _) => {
                format!("FreeSWITCH Version {VERSION} (git cc93a68 2026-08-21 14:10:14Z 64bit)\n")
            }
            ("status", _) => self.status(),
            ("show", ["channels", rest @ ..]) => match rest {
                ["as", "json"] => self.channels_json(),
                _ => format!("\n{} total.\n", self.live()),
            },
            ("module_exists", [name, ..]) => self.has(name).to_string(),
            ("file_exists", [path, ..]) => std::path::Path::new(&self.path(path)).is_file().to_string(),
            ("global_getvar", [name, ..]) => {
                self.globals.get(*name).cloned().unwrap_or_else(|| "-ERR no reply\n".into())
            }
            ("hash" | "hash_dump", _) if !self.has("mod_hash") => return None,
            // Whoever asks the list in a dialplan is not played here.
            ("hash", _) => self.hash_select(arguments),
            ("hash_dump", ["db", realm, ..]) => self.hash_dump(realm),
            ("strepoch", _) => (self.micros() / 1_000_000).to_string(),
            ("strmicroepoch", _) => self.micros().to_string(),
            ("cond", _) => cond(arguments),
            ("echo", _) => arguments.to_owned(),
            ("hostname", _) => "pbx".into(),
            ("sofia", ["status"]) => self.profiles(),
            ("xml_locate", ["dialplan", "context", "name", name]) if *name == self.settings.context => {
                format!("<context name=\"{name}\">\n{}</context>\n", self.settings.snippet)
            }
            ("xml_locate", [_, _, _, _]) => "-ERR can't find anything\n".into(),
            ("sofia", ["status", "profile", "callgist"]) if self.settings.profile => {
                format!("Name\tcallgist\nURL\tsip:mod_sofia@{}\n", self.sip)
            }
            ("sofia", ["status", "profile", ..]) => "Invalid Profile!\n".into(),
            ("uuid_exists", [leg, ..]) => self.alive(leg).to_string(),
            ("uuid_getvar", [leg, name, ..]) if self.alive(leg) => {
                self.channels.get(*leg)?.get(name).unwrap_or("_undef_").to_owned()
            }
            ("uuid_buglist", [leg, ..]) if self.alive(leg) => self.bugs(leg),
            // Of a leg that is gone it says nothing.
            ("uuid_buglist", [_, ..]) => "-ERR no reply\n".into(),
            (
                "uuid_dump" | "uuid_getvar" | "uuid_setvar" | "uuid_kill" | "uuid_break" | "uuid_hold"
                | "uuid_transfer" | "uuid_park" | "uuid_bridge" | "uuid_fileman" | "uuid_recv_dtmf",
                [_, ..],
            ) => "-ERR No such channel!\n".into(),
            _ => return None,
        })
    }

    fn profiles(&self) -> String {
        let row =
            |name: &str, address: &str| format!("{name}\tprofile\tsip:mod_sofia@{address}\tRUNNING (0)\n");
        let own = if self.settings.profile { row("callgist", &self.sip.to_string()) } else { String::new() };
        format!("Name\tType\tData\tState\n{}{own}", row("internal", "127.0.0.1:5060"))
    }

    fn alive(&self, leg: &str) -> bool {
        self.channels.get(leg).is_some_and(|channel| !channel.gone)
    }

    fn set_global(&mut self, pair: &str) -> String {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        self.globals.insert(name.to_owned(), value.to_owned());
        OK.into()
    }

    fn has(&self, name: &str) -> bool {
        self.settings.modules.iter().any(|module| module == name)
    }

    /// `insert/realm/key/value` or `delete/realm/key`.
    fn hash_change(&mut self, change: &str) -> String {
        match change.split('/').collect::<Vec<_>>()[..] {
            ["insert", realm, key, value] => {
                self.hash.insert(format!("{realm}_{key}"), value.to_owned());
                "+OK\n".into()
            }
            ["delete", realm, key] => match self.hash.remove(&format!("{realm}_{key}")) {
                Some(_) => "+OK\n".into(),
                None => "-ERR Not found\n".into(),
            },
            _ => "-ERR Usage: hash [insert|insert_ifempty|delete|delete_ifmatch]/<realm>/<key>/<value>|[select]/<realm>/<key>\n".into(),
        }
    }

    fn hash_select(&self, arguments: &str) -> String {
        let key = arguments.trim_start_matches("select/").replacen('/', "_", 1);
        self.hash.get(&key).cloned().unwrap_or_else(|| "-ERR no reply\n".into())
    }

    fn hash_dump(&self, realm: &str) -> String {
        let realm = format!("{realm}_");
        let held = self.hash.iter().filter(|(key, _)| key.contains(&realm));
        let told: String = held.map(|(key, value)| format!("D/{key}/{value}\n")).collect();
        if told.is_empty() { "-ERR no reply\n".into() } else { told }
    }

    fn switch_hold(&mut self, leg: &str, hold: bool) -> String {
        if let Some((no, party)) = self.party_of(leg) {
            match hold {
                true => self.hold(no, party, Hold::Switch),
                false => self.resume(no, party),
            }
        }
        OK.into()
    }

    fn status(&self) -> String {
        let (live, since, most) = (self.live(), self.sessions, self.settings.max_sessions);
        format!(
            "UP {}\nFreeSWITCH (Version 1.11.3-dev git cc93a68 2026-08-21 14:10:14Z 64bit) is ready\n\
             {since} session(s) since startup\n{live} session(s) - peak {since}, last 5min {since}\n\
             0 session(s) per Sec out of max 200, peak 1, last 5min 1\n{most} session(s) max\n\
             min idle cpu 0.00/98.50\nCurrent Stack Size/Max 240K/8192K\n",
            self.up_time()
        )
    }

    /// All a leg is, with a sequence number of its own: what has a lower one is older (F94).
    fn dump(&self, leg: &str, as_json: bool, sequence: u64) -> String {
        let Some(channel) = self.channels.get(leg) else { return String::new() };
        let other = channel.other.as_ref().and_then(|(_, uuid)| self.channels.get(uuid));
        let event = describe(self.stamp("CHANNEL_DATA", sequence), channel, other, true);
        let pairs = || event.headers().iter().filter_map(|(name, _)| Some((name, event.get(name)?)));
        if as_json {
            let object: Map<String, Value> =
                pairs().map(|(name, value)| (name.into(), value.into())).collect();
            return Value::Object(object).to_string();
        }
        pairs().map(|(name, value)| format!("{name}: {}\n", percent(value))).collect::<String>() + "\n"
    }

    fn bugs(&self, leg: &str) -> String {
        let bugs = self.channels.get(leg).map(|channel| &channel.bugs[..]).unwrap_or_default();
        let list: String = bugs
            .iter()
            .map(|bug| {
                format!(
                    " <media-bug>\n  <function>{}</function>\n  <target>{}</target>\n  \
                     <thread-locked>0</thread-locked>\n </media-bug>\n",
                    bug.function, bug.target
                )
            })
            .collect();
        format!("<media-bugs>\n{list}</media-bugs>\n")
    }

    fn channels_json(&self) -> String {
        let rows: Vec<Value> =
            self.channels.values().filter(|channel| !channel.gone).map(|leg| self.row(leg)).collect();
        match rows.len() {
            0 => "{\"row_count\": 0}\n".into(),
            many => json!({ "row_count": many, "rows": rows }).to_string() + "\n",
        }
    }

    fn row(&self, leg: &super::channel::Channel) -> Value {
        let app = leg.apps.last();
        let (codec, rate) = leg.codec.map_or(("", ""), codec_name);
        let taps = app.is_some_and(|app| matches!(app.what, What::Eavesdrop));
        let created = jiff::Timestamp::from_microsecond(i64::try_from(leg.times.created).unwrap_or(0));
        json!({
            "uuid": leg.uuid,
            "direction": leg.direction(),
            "created": created.unwrap_or_default().strftime("%Y-%m-%d %H:%M:%S").to_string(),
            "created_epoch": (leg.times.created / 1_000_000).to_string(),
            "name": leg.name,
            "state": leg.state.0,
            "cid_name": if taps { "Outbound Call" } else { &leg.caller_name },
            // Of a tap the token stands here (F68).
            "cid_num": if taps { &leg.destination } else { &leg.caller_number },
            "ip_addr": if leg.call.is_some() { "127.0.0.1" } else { "" },
            "dest": leg.destination,
            "application": app.map_or("", |app| &app.name),
            "application_data": app.map_or("", |app| &app.argument),
            "dialplan": if leg.call.is_some() { "XML" } else { "" },
            "context": "default",
            "read_codec": if taps { "L16" } else { codec },
            "read_rate": rate,
            "write_codec": codec,
            "write_rate": rate,
            "secure": "",
            "hostname": "pbx",
            "callstate": leg.call_state,
            "call_uuid": leg.call_uuid,
            "initial_cid_name": leg.caller_name,
            "initial_cid_num": leg.caller_number,
            "initial_dest": leg.destination,
        })
    }
}

fn unknown(command: &str) -> String {
    format!("-ERR {command} Command not found!\n")
}

/// As plain events and dumps write a value: all but letters, digits and a few signs as `%XX`.
fn percent(value: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.,/'()!*;=".contains(&byte);
    value.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

const OK: &str = "+OK\n";
const DENIED: &str = "-ERR permission denied";
