//! The connection to the event socket: commands go in and are answered in order, events come out; it comes back
//! by itself when it is lost.
//!
//! The socket is read at all times, by a task of its own: a reader that stalls stalls its own commands and is cut
//! off in the middle of a message (F22).

use super::super::clock::Clock;
use super::words;
use crate::config::Switch;
use crate::wire::esl::{
    ApiReply, ClientCodec, Command, EslError, Event, Frame, Login, Refusal, Reply, Secret,
};
use futures_util::{SinkExt, StreamExt};
use rand::RngExt;
use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio_util::codec::Framed;

/// The commands' end of the link.
#[derive(Clone)]
pub struct Link {
    asks: mpsc::UnboundedSender<Ask>,
}

/// An answer of the switch.
#[derive(Debug)]
pub enum Answer {
    Reply(Reply),
    Api(ApiReply),
}

/// What the link tells.
#[derive(Debug)]
pub enum News {
    /// Logged in and subscribed.
    Up,
    Event(Box<Event>),
    /// Lost, or not reached; it is tried again.
    Down(LinkError),
}

/// Why there is no link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkError {
    Unreachable(std::io::ErrorKind),
    /// Our address is not in the switch's access list.
    Rejected,
    WrongPassword,
    /// The directory user may not do what Callgist needs.
    NotAllowed,
    /// The password cannot be had.
    NoPassword(String),
    Broken(EslError),
    /// The switch said goodbye, or said nothing for too long.
    Goodbye,
    Silent,
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LinkError::Unreachable(kind) => write!(
                f,
                "the switch's event socket cannot be reached ({kind}): is FreeSWITCH running, with \
                 mod_event_socket listening where [switch] host and port say?"
            ),
            LinkError::Rejected => f.write_str(
                "the switch's access list refuses this host: set apply-inbound-acl to loopback.auto in \
                 event_socket.conf.xml and reload mod_event_socket",
            ),
            LinkError::WrongPassword => f.write_str(
                "the switch refuses the user or its password: compare [switch] user and the password with \
                 esl-password in directory/callgist_user.xml, then run reloadxml on the switch",
            ),
            LinkError::NotAllowed => f.write_str(
                "the switch's user may not do what Callgist needs: copy dialplan/callgist_user.xml again and run \
                 reloadxml on the switch",
            ),
            LinkError::NoPassword(why) => f.write_str(why),
            LinkError::Broken(error) => write!(f, "{error}"),
            LinkError::Goodbye => f.write_str("the switch ended the connection"),
            LinkError::Silent => f.write_str("the switch has said nothing for a while, though it was asked"),
        }
    }
}

impl std::error::Error for LinkError {}

impl LinkError {
    /// Whether trying again cannot help until somebody changes a setting.
    pub fn is_final(&self) -> bool {
        use LinkError::{NoPassword, NotAllowed, Rejected, WrongPassword};
        matches!(self, Rejected | WrongPassword | NotAllowed | NoPassword(_))
    }
}

struct Ask {
    command: Command,
    answer: oneshot::Sender<Answer>,
}

impl Link {
    /// Asks and waits for the answer; nothing when the link is down.
    pub async fn ask(&self, command: Command) -> Option<Answer> {
        self.put(command).await.ok()
    }

    /// Runs an api command and waits for its text.
    pub async fn api(&self, command: &str) -> Option<ApiReply> {
        match self.ask(Command::api(command).ok()?).await? {
            Answer::Api(reply) => Some(reply),
            // `-ERR permission denied` comes as a reply.
            Answer::Reply(reply) => Some(ApiReply::new(reply.text())),
        }
    }

    /// Sends a command whose answer nobody needs.
    pub fn send(&self, command: Command) {
        drop(self.put(command));
    }

    fn put(&self, command: Command) -> oneshot::Receiver<Answer> {
        let (answer, receiver) = oneshot::channel();
        // Without a link the ask is dropped with its sender, which the receiver sees.
        let _ = self.asks.send(Ask { command, answer });
        receiver
    }
}

/// Starts the task that keeps the link up. It ends when every [`Link`] is dropped.
pub fn start(switch: Switch, instance: String, clock: Clock) -> (Link, mpsc::UnboundedReceiver<News>) {
    let port = Port(switch.address);
    start_at(port, switch, instance, clock)
}

/// The same, through any door.
pub(super) fn start_at(
    door: impl Door,
    switch: Switch,
    instance: String,
    clock: Clock,
) -> (Link, mpsc::UnboundedReceiver<News>) {
    let (asks, asked) = mpsc::unbounded_channel();
    let (news, receiver) = mpsc::unbounded_channel();
    tokio::spawn(keep(door, switch, instance, clock, asked, news));
    (Link { asks }, receiver)
}

/// Where connections are had: the switch's port, or a test's pipes.
pub(super) trait Door: Send + 'static {
    type Stream: AsyncRead + AsyncWrite + Unpin + Send;

    fn open(&mut self) -> impl Future<Output = Result<Self::Stream, LinkError>> + Send;
}

struct Port(SocketAddr);

impl Door for Port {
    type Stream = TcpStream;

    async fn open(&mut self) -> Result<TcpStream, LinkError> {
        let stream = tokio::time::timeout(CONNECTED_WITHIN, TcpStream::connect(self.0)).await;
        let stream = stream
            .map_err(|_| LinkError::Unreachable(std::io::ErrorKind::TimedOut))?
            .map_err(|error| LinkError::Unreachable(error.kind()))?;
        let _ = stream.set_nodelay(true);
        Ok(stream)
    }
}

/// One connection after the other, with growing pauses between them.
async fn keep(
    mut door: impl Door,
    switch: Switch,
    instance: String,
    clock: Clock,
    mut asked: mpsc::UnboundedReceiver<Ask>,
    news: mpsc::UnboundedSender<News>,
) {
    let mut pause = FIRST_PAUSE;
    loop {
        let error = match connect(&mut door, &switch, &instance).await {
            Ok(socket) => {
                pause = FIRST_PAUSE;
                let _ = news.send(News::Up);
                match serve(socket, &mut asked, &news, clock).await {
                    Some(error) => error,
                    None => return,
                }
            }
            Err(error) => error,
        };
        if news.send(News::Down(error)).is_err() {
            return;
        }
        let jitter = rand::rng().random_range(0.5..1.0);
        let wait = tokio::time::sleep(clock.real(pause).mul_f64(jitter));
        tokio::pin!(wait);
        loop {
            tokio::select! {
                () = &mut wait => break,
                // Nothing can be asked now; whoever asks is told by the dropped answer.
                ask = asked.recv() => if ask.is_none() { return },
            }
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

type Socket<S> = Framed<S, ClientCodec>;

/// Connects, logs in and subscribes.
async fn connect<D: Door>(
    door: &mut D,
    switch: &Switch,
    instance: &str,
) -> Result<Socket<D::Stream>, LinkError> {
    let password = switch.password.read().map_err(|error| LinkError::NoPassword(format!("{error:#}")))?;
    let mut socket = Framed::new(door.open().await?, ClientCodec::default());
    let login = login(switch, &password).ok_or(LinkError::WrongPassword)?;
    let greeting = next(&mut socket).await?;
    match greeting {
        Frame::AuthRequest => {}
        Frame::Rejected(_) => return Err(LinkError::Rejected),
        _ => return Err(LinkError::Goodbye),
    }
    let refused = exchange(&mut socket, &login).await?.err();
    match refused {
        None => {}
        Some(_) => return Err(LinkError::WrongPassword),
    }
    let commands = words::subscription(instance).map_err(|_| LinkError::NotAllowed)?;
    for command in &commands {
        match exchange(&mut socket, command).await? {
            Ok(()) => {}
            Err(Refusal::PermissionDenied) => return Err(LinkError::NotAllowed),
            Err(_) => return Err(LinkError::Goodbye),
        }
    }
    Ok(socket)
}

fn login(switch: &Switch, password: &str) -> Option<Command> {
    let secret = Secret::new(password).ok()?;
    match &switch.user {
        None => Some(Command::Auth(secret)),
        Some(user) => {
            let (user, domain) = user.split_once('@')?;
            Some(Command::Userauth(Login::new(user, domain, secret).ok()?))
        }
    }
}

/// One command and its reply; events that come in between are too early to mean anything.
async fn exchange<S: AsyncRead + AsyncWrite + Unpin>(
    socket: &mut Socket<S>,
    command: &Command,
) -> Result<Result<(), Refusal>, LinkError> {
    socket.send(command).await.map_err(LinkError::Broken)?;
    loop {
        match next(socket).await? {
            Frame::Reply(reply) => return Ok(reply.result().map(|_| ())),
            Frame::Disconnect(_) => return Err(LinkError::Goodbye),
            _ => {}
        }
    }
}

async fn next<S: AsyncRead + AsyncWrite + Unpin>(socket: &mut Socket<S>) -> Result<Frame, LinkError> {
    match tokio::time::timeout(ANSWERED_WITHIN, socket.next()).await {
        Err(_) => Err(LinkError::Silent),
        Ok(None) => Err(LinkError::Goodbye),
        Ok(Some(frame)) => frame.map_err(LinkError::Broken),
    }
}

/// Serves one connection until it is lost; nothing when nobody asks any more.
async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    mut socket: Socket<S>,
    asked: &mut mpsc::UnboundedReceiver<Ask>,
    news: &mpsc::UnboundedSender<News>,
    clock: Clock,
) -> Option<LinkError> {
    let mut waiting: VecDeque<oneshot::Sender<Answer>> = VecDeque::new();
    // From the last frame on, whatever we send meanwhile: a switch that hangs takes our commands all the same.
    let silence = SILENT_AFTER.max(AT_LEAST_ON_THE_WALL * clock.factor());
    let mut silent = clock.now() + silence;
    loop {
        tokio::select! {
            () = clock.sleep_until(Some(silent)) => return Some(LinkError::Silent),
            frame = socket.next() => {
                silent = clock.now() + silence;
                let answer = match frame {
                    None => return Some(LinkError::Goodbye),
                    Some(Err(error)) => return Some(LinkError::Broken(error)),
                    Some(Ok(Frame::Event(event, _))) => {
                        let _ = news.send(News::Event(Box::new(event)));
                        continue;
                    }
                    Some(Ok(Frame::Reply(reply))) => Answer::Reply(reply),
                    Some(Ok(Frame::Api(reply))) => Answer::Api(reply),
                    Some(Ok(_)) => continue,
                };
                if let Some(asker) = waiting.pop_front() {
                    let _ = asker.send(answer);
                }
            }
            ask = asked.recv() => {
                let Ask { command, answer } = ask?;
                if let Err(error) = socket.send(command).await {
                    return Some(LinkError::Broken(error));
                }
                waiting.push_back(answer);
            }
        }
    }
}

/// A restarted switch listens again within seconds; a shorter pause would only hammer it.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// Longer, and calls after a restart of the switch would go unannounced for longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// A loopback connection is made or refused at once; a stopped process is neither.
const CONNECTED_WITHIN: Duration = Duration::from_secs(5);

/// The switch answers within its 20 ms poll (F34).
const ANSWERED_WITHIN: Duration = Duration::from_secs(10);

/// The answer to our own refresh comes every 2 s. Longer, and an objection by key could not reach us for longer on a link
/// that hangs; shorter, and a switch that is held up for a moment would be taken for lost.
pub(super) const SILENT_AFTER: Duration = Duration::from_secs(8);

/// However fast a demonstration's clock runs, the machine is no faster.
const AT_LEAST_ON_THE_WALL: Duration = Duration::from_secs(3);
