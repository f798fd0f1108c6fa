//! The copies' SIP: one UDP socket, invitations by known tokens become mail of their calls.

use super::clock::Clock;
use super::switch::{Mail, Mailbox};
use crate::call::{Leg, Party};
use crate::wire::sip::{DialogId, Event, MAX_DATAGRAM, Status, Uas};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, oneshot};

/// The handle: asks are carried out in order by the task that owns the socket.
#[derive(Clone)]
pub struct Taps {
    asks: mpsc::UnboundedSender<Ask>,
}

enum Ask {
    Expect { token: String, wanted: Wanted },
    Accept { dialog: DialogId, rtp: SocketAddr },
    Refuse { dialog: DialogId },
    Bye { dialog: DialogId },
    Settle { settled: oneshot::Sender<()> },
}

/// Whose voice a copy carries, of which leg it is, and who wants it.
struct Wanted {
    party: Party,
    leg: Leg,
    mailbox: Mailbox,
}

impl Taps {
    /// One INVITE with this token is expected and becomes [`Mail::Copy`]; every other one gets 404.
    pub fn expect(&self, token: &str, party: Party, leg: &Leg, mailbox: Mailbox) {
        let wanted = Wanted { party, leg: leg.clone(), mailbox };
        self.ask(Ask::Expect { token: token.to_owned(), wanted });
    }

    /// Takes the copy: its packets shall go to `rtp`.
    pub fn accept(&self, dialog: DialogId, rtp: SocketAddr) {
        self.ask(Ask::Accept { dialog, rtp });
    }

    pub fn refuse(&self, dialog: DialogId) {
        self.ask(Ask::Refuse { dialog });
    }

    /// Ends the copy; the call at the switch is not touched (F62).
    pub fn bye(&self, dialog: DialogId) {
        self.ask(Ask::Bye { dialog });
    }

    /// Waits until no copy is left that was taken: until the switch has answered every BYE, or will not.
    pub async fn settled(&self) {
        let (settled, done) = oneshot::channel();
        self.ask(Ask::Settle { settled });
        // The task ends only with the daemon.
        let _ = done.await;
    }

    fn ask(&self, ask: Ask) {
        // The task ends with the daemon; then there is nobody to ask.
        let _ = self.asks.send(ask);
    }
}

/// Serves `socket` until the last [`Taps`] is dropped.
pub fn start(socket: UdpSocket, clock: Clock) -> std::io::Result<Taps> {
    let local = socket.local_addr()?;
    let (asks, asked) = mpsc::unbounded_channel();
    let desk = Desk {
        socket,
        clock,
        uas: Uas::new(local, rand::random()),
        tokens: BTreeMap::new(),
        dialogs: BTreeMap::new(),
        settling: Vec::new(),
    };
    tokio::spawn(desk.serve(asked));
    Ok(Taps { asks })
}

struct Desk {
    socket: UdpSocket,
    clock: Clock,
    uas: Uas,
    tokens: BTreeMap<String, Wanted>,
    dialogs: BTreeMap<DialogId, Mailbox>,
    /// Who waits until there are no dialogs.
    settling: Vec<oneshot::Sender<()>>,
}

impl Desk {
    async fn serve(mut self, mut asked: mpsc::UnboundedReceiver<Ask>) {
        let mut datagram = vec![0; MAX_DATAGRAM + 1];
        loop {
            let wake = self.uas.poll_timeout();
            let wake = wake.map(|at| crate::call::Moment::START + at);
            tokio::select! {
                ask = asked.recv() => match ask {
                    Some(ask) => self.carry_out(ask),
                    None => return,
                },
                got = self.socket.recv_from(&mut datagram) => {
                    // Whoever invites was asked to by somebody who had said before whom to expect: hear that first.
                    while let Ok(ask) = asked.try_recv() {
                        self.carry_out(ask);
                    }
                    if let Ok((length, from)) = got {
                        // What cannot be read is dropped, as UDP drops; the sender says it again.
                        let _ = self.uas.handle(&datagram[..length], from, self.now());
                    }
                }
                () = self.clock.sleep_until(wake) => self.uas.handle_timeout(self.now()),
            }
            self.tell();
            while let Some((to, bytes)) = self.uas.poll_transmit() {
                let _ = self.socket.send_to(&bytes, to).await;
            }
            if self.dialogs.is_empty() {
                // Nobody may be waiting any more.
                for settled in self.settling.drain(..) {
                    let _ = settled.send(());
                }
            }
        }
    }

    fn now(&self) -> Duration {
        self.clock.now().since(crate::call::Moment::START)
    }

    fn carry_out(&mut self, ask: Ask) {
        let now = self.now();
        // A dialog that is gone needs no answer.
        let _ = match ask {
            Ask::Expect { token, wanted } => {
                self.tokens.retain(|_, wanted| !wanted.mailbox.is_closed());
                self.tokens.insert(token, wanted);
                Ok(())
            }
            Ask::Accept { dialog, rtp } => self.uas.accept(dialog, rtp, now),
            Ask::Refuse { dialog } => {
                // Of a refused one nothing more is told.
                self.dialogs.remove(&dialog);
                self.uas.refuse(dialog, Status::UNAVAILABLE, now)
            }
            Ask::Bye { dialog } => self.uas.bye(dialog, now),
            Ask::Settle { settled } => {
                self.settling.push(settled);
                Ok(())
            }
        };
    }

    fn tell(&mut self) {
        while let Some(event) = self.uas.poll_event() {
            match event {
                Event::Invited { dialog, token, offer } => {
                    let taken = self.tokens.remove(token.as_str()).and_then(|wanted| {
                        let Wanted { party, leg, mailbox } = wanted;
                        mailbox.send(Mail::Copy { party, leg, dialog, offer }).is_ok().then_some(mailbox)
                    });
                    match taken {
                        Some(mailbox) => drop(self.dialogs.insert(dialog, mailbox)),
                        None => drop(self.uas.refuse(dialog, Status::NOT_FOUND, self.now())),
                    }
                }
                Event::Acked { .. } => {}
                Event::Cancelled { dialog } | Event::Ended { dialog, .. } => {
                    if let Some(mailbox) = self.dialogs.remove(&dialog) {
                        let _ = mailbox.send(Mail::CopyEnded { dialog });
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::mpsc::unbounded_channel;

    fn invite(token: &str) -> String {
        let body = "v=0\r\no=FreeSWITCH 1 2 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
                    m=audio 26498 RTP/AVP 8 101 13\r\na=rtpmap:8 PCMA/8000\r\na=ptime:20\r\n";
        format!(
            "INVITE sip:{token}@127.0.0.1;transport=udp SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;rport;branch=z9hG4bK{token}\r\n\
             From: <sip:tap@127.0.0.1>;tag={token}\r\nTo: <sip:{token}@127.0.0.1>\r\nCall-ID: {token}\r\n\
             CSeq: 1 INVITE\r\nContact: <sip:mod_sofia@127.0.0.1:9>\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn an_invitation_that_arrives_beside_the_word_that_it_is_expected_finds_its_call() {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let at = socket.local_addr().unwrap();
        let taps = start(socket, Clock::new(1)).unwrap();
        let switch = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let (mailbox, mut mail) = unbounded_channel();
        let leg = Leg::new("leg-a").unwrap();
        for round in 0..50 {
            // Both lie there at once, as on a machine that lets us wait.
            let tokens: Vec<String> = (0..20).map(|number| format!("token-{round}-{number}")).collect();
            for token in &tokens {
                taps.expect(token, Party::Agent, &leg, mailbox.clone());
                switch.send_to(invite(token).as_bytes(), at).unwrap();
            }
            for _ in &tokens {
                let got = tokio::time::timeout(Duration::from_secs(10), mail.recv()).await;
                let Ok(Some(Mail::Copy { dialog, .. })) = got else { panic!("round {round}: refused") };
                taps.refuse(dialog);
            }
        }
    }
}
