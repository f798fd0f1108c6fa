//! The snippet that is shipped in `dialplan/`, read as the simulated switch's own: XML goes in, actions come out.

use regex::Regex;

/// One application with its argument, not expanded yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Action {
    pub(super) application: String,
    pub(super) argument: String,
}

impl Action {
    pub(super) fn new(application: &str, argument: &str) -> Action {
        Action { application: application.into(), argument: argument.into() }
    }
}

/// The actions that a snippet has for a dialled number: of every extension whose first condition matches it, up to
/// the first one that does not say `continue="true"`.
pub(super) fn actions(xml: &str, number: &str) -> Vec<Action> {
    let mut found = Vec::new();
    let mut matches = false;
    let mut goes_on = true;
    for tag in tags(xml) {
        let Some((name, attributes)) = tag.split_once(char::is_whitespace).or(Some((tag.as_str(), "")))
        else {
            break;
        };
        match name {
            "extension" if !goes_on => break,
            "extension" => goes_on = attribute(attributes, "continue").as_deref() == Some("true"),
            "condition" => matches = condition(attributes, number),
            "action" if matches => found.push(Action {
                application: attribute(attributes, "application").unwrap_or_default(),
                argument: attribute(attributes, "data").unwrap_or_default(),
            }),
            "/extension" if !matches => goes_on = true,
            _ => {}
        }
    }
    found
}

fn condition(attributes: &str, number: &str) -> bool {
    let field = attribute(attributes, "field");
    let expression = attribute(attributes, "expression").and_then(|text| Regex::new(&text).ok());
    match (field.as_deref(), expression) {
        (Some("destination_number"), Some(expression)) => expression.is_match(number),
        (None, None) => true,
        _ => false,
    }
}

/// What stands between `<` and `>`, comments left out.
fn tags(xml: &str) -> Vec<String> {
    let mut tags = Vec::new();
    let mut rest = xml;
    while let Some(start) = rest.find('<') {
        let inside = &rest[start + 1..];
        let (tag, after) = match inside.strip_prefix("!--") {
            Some(comment) => ("", comment.split_once("-->").map_or("", |(_, after)| after)),
            None => inside.split_once('>').unwrap_or((inside, "")),
        };
        if !tag.is_empty() {
            tags.push(tag.trim_end_matches('/').to_owned());
        }
        rest = after;
    }
    tags
}

fn attribute(text: &str, name: &str) -> Option<String> {
    let mut rest = text;
    loop {
        let (key, after) = rest.split_once('=')?;
        let after = after.trim_start();
        let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let (value, next) = after[1..].split_once(quote)?;
        if key.trim() == name {
            return Some(unescape(value));
        }
        rest = next;
    }
}

fn unescape(text: &str) -> String {
    let pairs = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")];
    pairs.iter().fold(text.to_owned(), |text, (code, plain)| text.replace(code, plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SNIPPET: &str = r#"
        <include>
          <!-- <action application="hangup"/> -->
          <extension name="callgist" continue="true">
            <condition field="destination_number" expression="^(6000|\+35226000)$">
              <action application="export" data="callgist=main"/>
              <action application="answer"/>
              <action application="sleep" data="${cond(${strepoch()} &lt; ${x} ? 500 : 0)}"/>
            </condition>
          </extension>
          <extension name="agents">
            <condition field="destination_number" expression="^6000$"><action application='bridge' data='user/1'/></condition>
          </extension>
          <extension name="never"><condition><action application="park"/></condition></extension>
        </include>"#;

    fn names(number: &str) -> Vec<String> {
        actions(SNIPPET, number).into_iter().map(|action| action.application).collect()
    }

    #[test]
    fn actions_are_taken_up_to_the_first_extension_that_does_not_go_on() {
        assert_eq!(names("6000"), ["export", "answer", "sleep", "bridge"]);
        assert_eq!(names("+35226000"), ["export", "answer", "sleep", "park"]);
        assert_eq!(names("6001"), ["park"]);
    }

    #[test]
    fn entities_are_read() {
        assert_eq!(actions(SNIPPET, "6000")[2].argument, "${cond(${strepoch()} < ${x} ? 500 : 0)}");
    }
}
