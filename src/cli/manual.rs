//! `callgist completions SHELL` and `callgist man`: made from the same arguments that are parsed.

use super::{Cli, Exit, fail};
use clap::{Args, CommandFactory};
use std::io;
use std::path::PathBuf;

#[derive(Args)]
pub struct CompletionsArgs {
    /// bash, elvish, fish, powershell or zsh.
    shell: clap_complete::Shell,
}

#[derive(Args)]
pub struct ManArgs {
    /// Write one page per command into this folder instead of printing the first.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub fn completions(args: &CompletionsArgs) -> Exit {
    clap_complete::generate(args.shell, &mut Cli::command(), "callgist", &mut io::stdout());
    Exit::Done
}

pub fn pages(args: &ManArgs) -> Exit {
    let (made, place) = match &args.out {
        None => {
            (clap_mangen::Man::new(Cli::command()).render(&mut io::stdout()), "standard output".to_owned())
        }
        Some(folder) => (
            std::fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(Cli::command(), folder)),
            folder.display().to_string(),
        ),
    };
    match made {
        Ok(()) => Exit::Done,
        Err(error) => fail(Exit::Failed, &format!("the manual cannot be written to {place}: {error}")),
    }
}
