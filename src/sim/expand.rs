//! What FreeSWITCH makes of `${...}`: a text with expressions and a place to look them up go in, plain text comes out.
//!
//! Only what a dialplan or an inline argument of ours can hold: channel variables, global variables, and calls of api
//! commands, with [`cond`] among them. Odd answers are FreeSWITCH's own (measured): an unset variable is nothing, and
//! a comparison without one of its sides is `-ERR`.

/// Where names are looked up.
pub(super) trait Lookup {
    /// A channel variable, or a global one where the channel has none of that name.
    fn variable(&self, name: &str) -> Option<String>;
    /// An api command is run for its answer.
    fn asked(&self, _command: &str, _arguments: &str) {}

    /// The answer of an api command, without its last line break.
    fn api(&self, command: &str, arguments: &str) -> Option<String>;
}

/// Replaces every `${...}` and `$${...}`, inner ones first.
pub(super) fn expand(text: &str, at: &dyn Lookup) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let before = &rest[..start];
        out.push_str(before.strip_suffix('$').unwrap_or(before));
        let inside = &rest[start + 2..];
        let Some(end) = closing(inside, b'{', b'}') else {
            out.push_str(&rest[start..]);
            return out;
        };
        out.push_str(&evaluate(&inside[..end], at));
        rest = &inside[end + 1..];
    }
    out.push_str(rest);
    out
}

fn evaluate(expression: &str, at: &dyn Lookup) -> String {
    let call = expression.split_once('(').filter(|(name, _)| name.bytes().all(is_name));
    match call {
        Some((command, rest)) => {
            let end = closing(rest, b'(', b')').unwrap_or(rest.len());
            let arguments = expand(&rest[..end], at);
            at.asked(command, &arguments);
            match command {
                "cond" => cond(&arguments),
                _ => at.api(command, &arguments).unwrap_or_else(|| "-ERR no reply".into()),
            }
        }
        None => at.variable(&expand(expression, at)).unwrap_or_default(),
    }
}

/// Where the bracket that was opened before `text` is closed.
fn closing(text: &str, open: u8, close: u8) -> Option<usize> {
    let mut depth = 1;
    for (n, byte) in text.bytes().enumerate() {
        match byte {
            b if b == open => depth += 1,
            b if b == close => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(n);
        }
    }
    None
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

/// `a op b ? yes : no`. The first `?` and the first `:` behind it split, whatever stands around them.
pub(super) fn cond(arguments: &str) -> String {
    let Some((test, branches)) = arguments.split_once('?') else { return ERR.into() };
    let (yes, no) = branches.split_once(':').unwrap_or((branches, ""));
    match holds(test) {
        Some(true) => yes.trim().into(),
        Some(false) => no.trim().into(),
        None => ERR.into(),
    }
}

fn holds(test: &str) -> Option<bool> {
    let operators = ["==", "!=", ">=", "<=", ">", "<"];
    let (at, operator) =
        operators.iter().filter_map(|op| Some((test.find(op)?, *op))).min_by_key(|(at, _)| *at)?;
    let left = side(&test[..at])?;
    let right = side(&test[at + operator.len()..])?;
    let order = match (left.parse::<f64>(), right.parse::<f64>()) {
        (Ok(left), Ok(right)) => left.total_cmp(&right),
        _ => left.cmp(right),
    };
    Some(match operator {
        "==" => order.is_eq(),
        "!=" => order.is_ne(),
        ">=" => order.is_ge(),
        "<=" => order.is_le(),
        ">" => order.is_gt(),
        _ => order.is_lt(),
    })
}

/// One side of a comparison: quotes may stand around nothing, but nothing may not stand alone.
fn side(text: &str) -> Option<&str> {
    let text = text.trim();
    match text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
        Some(inside) => Some(inside),
        None => (!text.is_empty()).then_some(text),
    }
}

const ERR: &str = "-ERR";

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    struct Table(BTreeMap<&'static str, &'static str>);

    impl Lookup for Table {
        fn variable(&self, name: &str) -> Option<String> {
            self.0.get(name).map(|value| (*value).to_owned())
        }

        fn api(&self, command: &str, arguments: &str) -> Option<String> {
            match command {
                "strepoch" => Some("1795460214".into()),
                "uuid_getvar" if arguments == "leg-1 read_codec" => Some("PCMA".into()),
                "uuid_getvar" => Some("_undef_".into()),
                _ => None,
            }
        }
    }

    fn with(pairs: &[(&'static str, &'static str)], text: &str) -> String {
        expand(text, &Table(pairs.iter().copied().collect()))
    }

    const GUARD: &str = "${cond(${strepoch()} < ${callgist_alive_until} ? 500 : 0)}";
    const RINGBACK: &str =
        "transfer_ringback=${cond('${transfer_ringback}' == '' ? ${de-ring} : ${transfer_ringback})}";
    const CHECK: &str = "${cond(${callgist_waiting} == true ? /n/notice.wav : silence_stream://0)}";
    const TAP: &str = "${cond(${uuid_getvar(leg-1 read_codec)} == PCMA ? leg-1 : none)} write";

    #[test]
    fn the_guarded_sleep_waits_only_for_a_living_sidecar() {
        assert_eq!(with(&[("callgist_alive_until", "1795460219")], GUARD), "500");
        assert_eq!(with(&[("callgist_alive_until", "1795460214")], GUARD), "0");
        assert_eq!(with(&[], GUARD), "-ERR");
    }

    #[test]
    fn the_admins_ringback_is_kept_and_ours_is_taken_where_there_is_none() {
        let ours = [("de-ring", "%(1000,4000,425)")];
        assert_eq!(with(&ours, RINGBACK), "transfer_ringback=%(1000,4000,425)");
        let own = [("de-ring", "%(1000,4000,425)"), ("transfer_ringback", "/s/tone.wav")];
        assert_eq!(with(&own, RINGBACK), "transfer_ringback=/s/tone.wav");
        assert_eq!(with(&[], RINGBACK), "transfer_ringback=");
        assert_eq!(with(&ours, &RINGBACK.replace('\'', "")), "transfer_ringback=-ERR");
    }

    #[test]
    fn a_command_checks_for_itself_whether_it_comes_too_late() {
        assert_eq!(with(&[("callgist_waiting", "true")], CHECK), "/n/notice.wav");
        assert_eq!(with(&[("callgist_waiting", "false")], CHECK), "silence_stream://0");
        assert_eq!(with(&[], CHECK), "-ERR");
    }

    #[test]
    fn a_colon_in_the_first_branch_splits_there() {
        assert_eq!(with(&[], "${cond(1 == 1 ? silence_stream://10 : no)}"), "silence_stream");
    }

    #[test]
    fn a_tap_looks_for_its_targets_codec_first() {
        assert_eq!(with(&[], TAP), "leg-1 write");
        assert_eq!(with(&[], &TAP.replace("leg-1", "leg-2")), "none write");
    }

    #[test]
    fn what_is_no_expression_stays_as_it_is() {
        assert_eq!(with(&[("a", "b")], "x $${a} ${a}y ${none} {z} ${open"), "x b by  {z} ${open");
        assert_eq!(with(&[], "${nothing(1)}"), "-ERR no reply");
    }
}
