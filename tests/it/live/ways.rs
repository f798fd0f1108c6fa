//! The ways from the main line to an agent that most calls take: queues, a ring group, a menu, follow-me. Each on a real
//! switch, with the snippet before it, and each ends in a note.

use super::coding::Codec;
use super::phone::{AGENT, Phone, Talk, Voice};
use super::sidecar::Sidecar;
use super::{Call, Stage};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// What takes the call behind the snippet.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// One bridge to the agent.
    Straight,
    /// One bridge to the phone that the caller's names.
    Named,
    CallCenter,
    Fifo,
    RingGroup,
    Menu,
    /// With the keys by which an agent objects and confirms a spoken yes.
    AgentsKeys,
    /// Straight, from a profile that takes keys by SIP INFO.
    Info,
    /// Straight, from a profile that takes keys in whatever form they come.
    Liberal,
    /// Straight, behind a snippet that listens for keys as tones.
    Tones,
    /// The caller types a PIN before the agent's phone rings.
    Pin,
    FollowMe,
    /// Straight, to a phone with SRTP whose keys stand in the SDP (RFC 4568).
    Sdes,
    /// Straight, to a phone with a browser's media: DTLS-SRTP (RFC 5764) and ICE (RFC 8445).
    WebRtc,
    /// The switch is the phones itself: nobody calls its line, and whom it is called for answers and speaks.
    Phones,
    /// The switch records it from the notice's end on.
    Recorded,
    /// The switch records it before it comes to the snippet.
    RecordedFromTheFirst,
}

impl Way {
    /// The modules it needs beside those of a straight call.
    pub fn modules(self) -> &'static [&'static str] {
        match self {
            Way::CallCenter => &["mod_callcenter"],
            Way::Fifo => &["mod_fifo"],
            _ => &[],
        }
    }

    /// What the profile on which calls arrive is told besides.
    pub fn profile(self) -> &'static str {
        match self {
            Way::Info => "<param name=\"dtmf-type\" value=\"info\"/>",
            Way::Liberal => "<param name=\"liberal-dtmf\" value=\"true\"/>",
            _ => "",
        }
    }

    /// What stands in the snippet before the key is bound.
    pub fn before_the_key(self) -> &'static str {
        match self {
            Way::Tones => "<action application=\"start_dtmf\"/>\n",
            _ => "",
        }
    }

    /// What the extension of the line does.
    pub fn actions(self, agent: SocketAddr, others: [SocketAddr; 2]) -> String {
        let action = |name: &str, data: &str| format!("<action application=\"{name}\" data=\"{data}\"/>\n");
        match self {
            Way::Straight | Way::RecordedFromTheFirst | Way::Info | Way::Liberal | Way::Tones => {
                action("bridge", &phone(agent))
            }
            Way::AgentsKeys => {
                AGENTS_KEYS.map(|(name, data)| action(name, data)).concat() + &action("bridge", &phone(agent))
            }
            Way::Named => action("bridge", &format!("sofia/trunk/sip:agent@${{sip_h_{AGENT}}}")),
            Way::Recorded => action("record_session", RECORDING) + &action("bridge", &phone(agent)),
            Way::Sdes => {
                action("export", "nolocal:rtp_secure_media=mandatory") + &action("bridge", &phone(agent))
            }
            Way::WebRtc => {
                let browser = format!("sofia/trunk/sip:agent@${{sip_h_{AGENT}}}");
                action("export", "nolocal:media_webrtc=true") + &action("bridge", &browser)
            }
            Way::Phones => action("hangup", ""),
            Way::CallCenter => action("callcenter", QUEUE),
            Way::Fifo => {
                action("set", &format!("fifo_music={MUSIC}")) + &action("fifo", &format!("{QUEUE} in"))
            }
            Way::RingGroup => action("bridge", &[others[0], agent, others[1]].map(phone).join(",")),
            Way::Menu => action("ivr", "main"),
            Way::Pin => action("play_and_get_digits", PIN) + &action("bridge", &phone(agent)),
            Way::FollowMe => action("bridge", "loopback/desk/public,loopback/mobile/public"),
        }
    }

    /// An extension that stands before the snippet.
    pub fn before(self) -> String {
        match self {
            Way::RecordedFromTheFirst => format!(
                "<extension name=\"recorded\" continue=\"true\">\n\
                 <condition field=\"destination_number\" expression=\"^{}$\">\n\
                 <action application=\"record_session\" data=\"{RECORDING}\"/>\n</condition></extension>\n",
                super::NUMBER
            ),
            _ => String::new(),
        }
    }

    /// Extensions that it goes on to.
    pub fn extensions(self, agent: SocketAddr, others: [SocketAddr; 2]) -> String {
        let extension = |number: &str, to: SocketAddr| {
            format!(
                "<extension name=\"{number}\"><condition field=\"destination_number\" expression=\"^{number}$\">\n\
                 <action application=\"bridge\" data=\"{}\"/>\n</condition></extension>\n",
                phone(to)
            )
        };
        match self {
            Way::Menu => extension("agents", agent),
            Way::Phones => format!(
                "<extension name=\"agent\"><condition field=\"destination_number\" expression=\"^agent$\">\n\
                 <action application=\"answer\"/>\n<action application=\"endless_playback\" \
                 data=\"{}\"/>\n</condition></extension>\n",
                super::notice().display()
            ),
            Way::FollowMe => extension("desk", others[0]) + &extension("mobile", agent),
            _ => String::new(),
        }
    }

    /// The settings of its module.
    pub fn configuration(self, agent: SocketAddr) -> String {
        match self {
            Way::CallCenter => format!(
                r#"<configuration name="callcenter.conf"><settings/>
<queues><queue name="{QUEUE}">
<param name="strategy" value="longest-idle-agent"/>
<param name="moh-sound" value="{MUSIC}"/>
<param name="time-base-score" value="system"/>
<param name="max-wait-time" value="0"/>
<param name="tier-rules-apply" value="false"/>
<param name="discard-abandoned-after" value="60"/>
</queue></queues>
<agents><agent name="agent" type="callback" contact="[leg_timeout=30]{}" status="Available" max-no-answer="3" wrap-up-time="1" reject-delay-time="1" busy-delay-time="1"/></agents>
<tiers><tier agent="agent" queue="{QUEUE}" level="1" position="1"/></tiers>
</configuration>"#,
                phone(agent)
            ),
            Way::Fifo => r#"<configuration name="fifo.conf"><settings/><fifos/></configuration>"#.to_owned(),
            Way::Menu => format!(
                r#"<configuration name="ivr.conf"><menus>
<menu name="main" greet-long="{MUSIC}" greet-short="{MUSIC}" timeout="10000" inter-digit-timeout="1000" max-failures="3" max-timeouts="3" digit-len="1">
<entry action="menu-exec-app" digits="1" param="transfer agents XML public"/>
</menu></menus></configuration>"#
            ),
            _ => String::new(),
        }
    }
}

/// As dialplan/README.md says.
const AGENTS_KEYS: [(&str, &str); 3] = [
    ("bind_digit_action", "callgist,*9,exec[i]:set,callgist_objection=agent,peer,self"),
    ("bind_digit_action", "callgist,*1,exec[i]:set,callgist_consent=agent,peer,self"),
    ("digit_action_set_realm", "callgist,peer"),
];

#[test]
fn a_caller_in_mod_callcenters_queue_is_heard_with_the_agent_whom_it_calls() {
    story(Way::CallCenter, |_, _| {});
}

#[test]
fn a_caller_whom_an_agent_fetches_from_mod_fifo_is_heard_with_him() {
    story(Way::Fifo, |stage, _| {
        let agent = phone(stage.switch.agent);
        let fetched = stage.switch.api(&format!("originate {agent} '&fifo({QUEUE} out nowait)'"));
        assert!(fetched.starts_with("+OK"), "{fetched}");
    });
}

#[test]
fn of_a_real_ring_group_of_three_the_one_who_answers_is_heard() {
    story(Way::RingGroup, |_, _| {});
}

#[test]
fn a_caller_who_chooses_from_a_menu_after_the_notice_is_heard_with_the_agent() {
    story(Way::Menu, |_, call| {
        std::thread::sleep(Duration::from_secs(2));
        assert!(call.agent.state().invited.is_none(), "nobody is called before the menu was answered");
        call.caller.press("1");
    });
}

#[test]
fn a_caller_is_heard_with_the_one_of_two_loopback_legs_that_answers() {
    story(Way::FollowMe, |_, _| {});
}

/// A whole call on this way; after the notice `brings` whatever joins the two.
fn story(way: Way, brings: impl Fn(&Stage, &Call)) {
    let Some(stage) = Stage::on(way) else { return };
    // These ring and are not picked up.
    let others = stage.switch.others.map(|address| {
        let voice = Voice { speech: [].into(), talk: Talk::default(), codec: Codec::Pcma };
        Phone::waits(address, Duration::from_secs(3_600), voice)
    });
    let mut callgist = Sidecar::start(&stage.switch);
    let call = stage.announced(&mut callgist, Duration::from_secs(1));
    let announced = Instant::now();
    brings(&stage, &call);
    call.agent.answered();
    callgist.step("forked");
    eprintln!("both were copied {:?} after the notice", announced.elapsed());
    // Behind the moment in which a loopback bows out.
    std::thread::sleep(Duration::from_secs(6));
    assert_eq!(stage.switch.copies(), 2, "{}", stage.switch.api("show channels"));
    std::thread::sleep(TALK.saturating_sub(Duration::from_secs(6)));
    call.caller.hang_up();
    let hung_up = Instant::now();
    let row = callgist.kept();
    let note = row["summary"].as_str().unwrap_or_default().to_lowercase();
    assert!(note.contains("dishwasher"), "{row}");
    assert_eq!(row["notice_version"], "live");
    assert_eq!(row["caller"], super::phone::CALLER);
    assert_eq!((callgist.rows(), stage.switch.copies()), (1, 0));
    eprintln!("kept {:?} after the hang-up", hung_up.elapsed());
    let rings = matches!(way, Way::RingGroup | Way::FollowMe);
    for (number, other) in others.iter().enumerate() {
        let state = other.state();
        let called = rings && (number == 0 || way == Way::RingGroup);
        assert_eq!(state.invited.is_some(), called, "phone {number}");
        assert!(state.answered.is_none());
        assert_eq!(state.ended.is_some(), called, "phone {number} rings on");
    }
}

fn phone(address: SocketAddr) -> String {
    format!("sofia/trunk/sip:agent@{address}")
}

/// As vanilla's dialplan names such files.
const RECORDING: &str = "$${recordings_dir}/${uuid}.wav";
/// Four keys, into the variable `pin`.
const PIN: &str = "4 4 1 10000 # tone_stream://%(2000,100,600);loops=1 silence_stream://250 pin [0-9]+ 3000";
const QUEUE: &str = "support@default";
/// What is heard in a queue and in a menu; no tone of 425 Hz, which is ringing.
const MUSIC: &str = "tone_stream://%(300,700,600);loops=-1";
/// The first half of the recorded call: what it is about has been said by then.
const TALK: Duration = Duration::from_secs(36);
