//! What a connection of the event socket may ask, and what it is answered; the texts are FreeSWITCH's own.

use super::link::{Link, Rights};
use super::world::{LinkId, Output, Timer, World};
use crate::call::Party;
use crate::wire::esl::{ApiReply, Command, Form, Frame as Message, Line, Login, Message as Raw, Reply};
use rand::RngExt;
use std::time::Duration;

impl World {
    pub(super) fn connected(&mut self, id: LinkId) {
        if self.settings.acl_refuses {
            self.output(Output::Frame(id, Message::rejected()));
            self.output(Output::Frame(id, Message::goodbye()));
            return self.output(Output::Close(id));
        }
        self.links.insert(id, Link::default());
        self.output(Output::Frame(id, Message::AuthRequest));
        self.after(AUTH_TIME, Timer::AuthEnds(id));
    }

    pub(super) fn disconnected(&mut self, id: LinkId) {
        self.links.remove(&id);
    }

    pub(super) fn auth_ends(&mut self, id: LinkId) {
        if self.links.get(&id).is_some_and(|link| link.rights == Rights::None) {
            self.say_goodbye(id);
        }
    }

    fn say_goodbye(&mut self, id: LinkId) {
        self.flush(id);
        self.output(Output::Frame(id, Message::goodbye()));
        self.output(Output::Close(id));
        self.links.remove(&id);
    }

    /// The switch is being stopped: calls end, every connection is told, then closed.
    pub(super) fn shut_down(&mut self) {
        for no in self.calls.keys().copied().collect::<Vec<_>>() {
            self.hang_up(no, Party::Caller, true);
            self.finish(no);
        }
        for id in self.links.keys().copied().collect::<Vec<_>>() {
            self.flush(id);
            self.output(Output::Frame(id, Message::shutdown()));
            self.output(Output::Close(id));
        }
        self.links.clear();
    }

    pub(super) fn handle_command(&mut self, id: LinkId, command: Command, now: Duration) {
        self.now = self.now.max(now);
        if self.crashed || !self.links.contains_key(&id) {
            return;
        }
        self.obey(id, command);
        self.settle();
    }

    fn obey(&mut self, id: LinkId, command: Command) {
        let Some(link) = self.links.get_mut(&id) else { return };
        let known = link.rights != Rights::None;
        match command {
            Command::Auth(secret) if !known => {
                let right = secret.is(&self.settings.password);
                self.login(id, right.then_some(Rights::All), &[]);
            }
            Command::Userauth(login) if !known => self.userauth(id, &login),
            Command::Exit => {
                self.reply(id, "+OK bye");
                self.say_goodbye(id);
            }
            _ if !known => self.reply(id, NOT_FOUND),
            Command::Events { form, names } => {
                let names: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
                let reply = link.subscribe(form, &names);
                self.reply(id, reply);
            }
            Command::NoEvents => {
                let reply = link.unsubscribe();
                self.reply(id, reply);
            }
            Command::Filter { header, value } => {
                let reply = link.filter(header.as_str(), value.as_str());
                self.reply(id, &reply);
            }
            Command::FilterDelete { header, value } => {
                let reply = link.unfilter(header.as_str(), value.as_ref().map(Line::as_str));
                self.reply(id, &reply);
            }
            Command::Api(line) => self.api(id, line.as_str()),
            Command::Bgapi { command, job } => {
                let job = job.map(|job| job.as_str().to_owned());
                self.bgapi(id, command.as_str(), job);
            }
            Command::Execute(execute) => {
                let leg = execute.leg.as_ref().map_or("", |leg| leg.as_str()).to_owned();
                match self.channels.get_mut(&leg).filter(|channel| !channel.gone) {
                    Some(channel) => {
                        channel.queue.push_back(execute);
                        self.reply(id, "+OK");
                    }
                    None => self.reply(id, &format!("-ERR invalid session id [{leg}]")),
                }
            }
            Command::Other(raw) => self.other_command(id, &raw),
            Command::Auth(_) | Command::Userauth(_) => self.reply(id, NOT_FOUND),
        }
    }

    fn other_command(&mut self, id: LinkId, raw: &Raw) {
        let mut words = raw.line().split_whitespace();
        let (command, argument) = (words.next().unwrap_or_default().to_ascii_lowercase(), words.next());
        match (command.as_str(), argument) {
            // An unknown leg is no error (F31).
            ("myevents", Some(leg)) => {
                let Some(link) = self.links.get_mut(&id) else { return };
                let again = link.only_leg.replace(leg.to_owned()).is_some();
                link.form.get_or_insert(Form::Plain);
                self.reply(id, if again { "-ERR aready enabled." } else { "+OK Events Enabled" });
            }
            ("event", _) => self.reply(id, "-ERR no keywords supplied"),
            ("nixevent", _) => {
                let names: Vec<&str> = raw.line().split_whitespace().skip(1).collect();
                let reply = self.links.get_mut(&id).map_or(NOT_FOUND, |link| link.unsubscribe_from(&names));
                self.reply(id, reply);
            }
            ("log" | "nolog", level) => self.log(id, command == "log", level),
            ("sendevent", Some(name)) => self.send_event(id, name, raw),
            ("sendmsg", None) => self.reply(id, "-ERR invalid session id []"),
            ("filter", Some(_)) => self.reply(id, "-ERR invalid syntax"),
            ("linger" | "nolinger", _) => self.reply(id, "-ERR not controlling a session"),
            ("divert_events", _) => self.reply(id, "-ERR not controlling a session."),
            ("sendmsg", Some(leg)) => {
                let kill = raw.get("call-command") == Some("hangup");
                let known = self.channels.get(leg).is_some_and(|channel| !channel.gone);
                let reply = if known { "+OK".to_owned() } else { format!("-ERR invalid session id [{leg}]") };
                let leg = leg.to_owned();
                self.reply(id, &reply);
                if kill && known {
                    self.kill(&leg);
                }
            }
            _ => self.reply(id, NOT_FOUND),
        }
    }

    /// No line of the log is ever sent; only the answers are.
    fn log(&mut self, id: LinkId, on: bool, level: Option<&str>) {
        let Some(link) = self.links.get_mut(&id) else { return };
        let allowed = link.rights == Rights::All;
        let reply = match (on, level.unwrap_or_default()) {
            _ if !allowed => "-ERR permission denied".to_owned(),
            (false, _) if !std::mem::take(&mut link.logging) => "-ERR not loging".into(),
            (false, _) => "+OK no longer logging".into(),
            (true, text) => match if text.is_empty() { Ok(7) } else { text.parse::<u8>() } {
                Ok(number) => {
                    link.logging = true;
                    format!("+OK log level {text} [{number}]")
                }
                Err(_) => "-ERR invalid log level".into(),
            },
        };
        self.reply(id, &reply);
    }

    /// An event of a client's own. With a body, `Content-Length` stands in it twice (F9).
    fn send_event(&mut self, id: LinkId, name: &str, raw: &Raw) {
        let sequence = self.sequence();
        let stamp = self.stamp(name, sequence);
        let own = raw.headers().iter().filter(|(_, value)| !value.as_str().is_empty());
        let event = own.fold(stamp, |event, (name, value)| event.with(name.as_str(), value.as_str()));
        let body = String::from_utf8_lossy(raw.body()).into_owned();
        let event = match body.is_empty() {
            true => event,
            false => event.with("Content-Length", &body.len().to_string()).with_body(&body),
        };
        self.raise(event);
        let uuid = self.uuid();
        self.reply(id, &format!("+OK {uuid}"));
    }

    fn userauth(&mut self, id: LinkId, login: &Login) {
        let user = self.settings.users.iter().find(|user| user.name == login.user()).cloned();
        let Some(user) = user.filter(|user| login.password().is(&user.password)) else {
            return self.login(id, None, &[]);
        };
        let allowed = [
            ("Allowed-Events", user.events.join(",")),
            ("Allowed-API", user.apis.join(",")),
            ("Allowed-LOG", "false".to_owned()),
        ];
        self.login(id, Some(Rights::Some { events: user.events, apis: user.apis }), &allowed);
    }

    fn login(&mut self, id: LinkId, rights: Option<Rights>, headers: &[(&str, String)]) {
        let (Some(rights), Some(link)) = (rights, self.links.get_mut(&id)) else {
            self.reply(id, "-ERR invalid");
            return self.say_goodbye(id);
        };
        link.rights = rights;
        let reply = headers
            .iter()
            .fold(Reply::new(line("+OK accepted")), |reply, (name, value)| reply.with(name, line(value)));
        self.output(Output::Frame(id, Message::Reply(reply)));
    }

    pub(super) fn reply(&mut self, id: LinkId, text: &str) {
        self.answer(id, Message::reply(line(text)));
    }

    pub(super) fn api_reply(&mut self, id: LinkId, text: &str) {
        self.answer(id, Message::Api(ApiReply::new(text)));
    }

    /// An event that a command caused may come before its answer or after it (F19).
    pub(super) fn answer(&mut self, id: LinkId, frame: Message) {
        if self.rng.random_bool(0.5) {
            self.flush(id);
        }
        self.output(Output::Frame(id, frame));
    }
}

/// A line of ours; a break in it would be the text of a stranger.
fn line(text: &str) -> Line {
    let flat: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    Line::new(flat).unwrap_or_default()
}

const NOT_FOUND: &str = "-ERR command not found";
/// How long a connection may stay silent before it says who it is.
const AUTH_TIME: Duration = Duration::from_millis(24_500);
