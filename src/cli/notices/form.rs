//! Our own plain Markdown goes in (headings, lists, bold, paragraphs); Markdown, HTML or plain text comes out.

use clap::ValueEnum;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Form {
    Md,
    Html,
    Txt,
}

impl Form {
    pub fn write(self, markdown: &str) -> String {
        match self {
            Form::Md => markdown.to_owned(),
            Form::Txt => text(markdown),
            Form::Html => html(markdown),
        }
    }
}

/// Where a page of texts begins.
pub fn html_head(language: &str) -> String {
    format!("<!doctype html>\n<html lang=\"{language}\">\n<meta charset=\"utf-8\">")
}

fn text(markdown: &str) -> String {
    let plain = |line: &str| line.trim_start_matches("### ").trim_start_matches("## ").replace("**", "");
    markdown.lines().map(|line| plain(line) + "\n").collect()
}

fn html(markdown: &str) -> String {
    let mut out = String::new();
    let mut in_list = false;
    for line in markdown.lines().filter(|line| !line.is_empty()) {
        let item = line.strip_prefix("- ");
        if in_list != item.is_some() {
            out.push_str(if in_list { "</ul>\n" } else { "<ul>\n" });
            in_list = item.is_some();
        }
        let (tag, rest) = match (item, line.strip_prefix("### "), line.strip_prefix("## ")) {
            (Some(rest), ..) => ("li", rest),
            (_, Some(rest), _) => ("h3", rest),
            (.., Some(rest)) => ("h2", rest),
            _ => ("p", line),
        };
        out.push_str(&format!("<{tag}>{}</{tag}>\n", inline(rest)));
    }
    out.push_str(if in_list { "</ul>\n" } else { "" });
    out
}

/// Settings are the operator's own words, and still no markup.
fn inline(line: &str) -> String {
    let safe = line.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    let mut parts = safe.split("**");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for (at, part) in parts.enumerate() {
        out.push_str(if at % 2 == 0 { "<strong>" } else { "</strong>" });
        out.push_str(part);
    }
    out
}
