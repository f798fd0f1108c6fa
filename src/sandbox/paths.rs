//! Landlock: the paths a process may still open, and what the kernel could not restrict, in words.

use super::LockError;
use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, LandlockStatus, NetPort,
    PathBeneath, PathFd, Ruleset, RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetError, Scope,
    make_bitflags,
};
use std::path::{Path, PathBuf};

/// Paths a process may open, and how. A path that does not exist is left out: nothing is there to open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Paths {
    /// Files to read, folders to list, with all below them.
    pub read: Vec<PathBuf>,
    /// Folders in which files are made, written, cut short and removed, and files to be written.
    pub write: Vec<PathBuf>,
    /// Programs and the dynamic loader.
    pub execute: Vec<PathBuf>,
}

/// TCP, as far as the kernel can restrict it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tcp {
    None,
    /// No port may be bound any more; only these may be connected to.
    ConnectTo(Vec<u16>),
    Any,
}

/// What the kernel gave of what was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Given {
    /// Paths are restricted.
    paths: bool,
    /// TCP is restricted as far as it was asked for.
    tcp: bool,
    /// Sentences on what this kernel cannot restrict; empty when all was given.
    missing: Vec<&'static str>,
}

impl Given {
    /// As if the kernel had given all.
    pub(super) fn all() -> Given {
        Given { paths: true, tcp: true, missing: vec![] }
    }

    /// Whether anything but the paths that were left is refused.
    pub fn restricts_paths(&self) -> bool {
        self.paths
    }

    /// Whether any TCP port but those that were left is refused.
    pub fn restricts_tcp(&self) -> bool {
        self.tcp
    }

    /// What this kernel cannot restrict, a sentence each; nothing when all was given.
    pub fn in_words(&self) -> impl Iterator<Item = &'static str> {
        self.missing.iter().copied()
    }
}

/// A folder to read, and what links in it lead to: download caches keep a model's files elsewhere.
pub fn with_links(folder: &Path) -> Vec<PathBuf> {
    let mut paths = vec![folder.to_path_buf()];
    follow_links(folder, &mut paths);
    paths
}

fn follow_links(folder: &Path, paths: &mut Vec<PathBuf>) {
    for inside in std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
        if inside.is_symlink() {
            paths.extend(inside.canonicalize());
        } else if inside.is_dir() {
            follow_links(&inside, paths);
        }
    }
}

/// Leaves the process `paths` and nothing else, for the calling thread and all that it starts.
pub fn restrict(paths: &Paths, tcp: &Tcp) -> Result<Given, LockError> {
    let status = build(paths, tcp).and_then(RulesetCreated::restrict_self).map_err(|_| LockError::Paths)?;
    Ok(Given {
        paths: version(status.landlock).is_some(),
        tcp: *tcp != Tcp::Any && version(status.landlock) >= Some(ABI::V4),
        missing: missing(status.landlock, tcp),
    })
}

fn build(paths: &Paths, tcp: &Tcp) -> Result<RulesetCreated, RulesetError> {
    let mut asked = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(ABI::V5))?
        .scope(Scope::from_all(ABI::V6))?;
    asked = match tcp {
        Tcp::Any => asked,
        Tcp::None | Tcp::ConnectTo(_) => asked.handle_access(AccessNet::from_all(ABI::V4))?,
    };
    let mut rules = asked.create()?;
    for (list, access) in [(&paths.read, READ), (&paths.write, WRITE), (&paths.execute, EXECUTE)] {
        for path in list {
            rules = allow(rules, path, access)?;
        }
    }
    if let Tcp::ConnectTo(ports) = tcp {
        for &port in ports {
            rules = rules.add_rule(NetPort::new(port, AccessNet::ConnectTcp))?;
        }
    }
    Ok(rules)
}

/// A file takes only the rights that a file can have; asking for more would be refused as a mistake.
fn allow(
    rules: RulesetCreated,
    path: &Path,
    access: BitFlags<AccessFs>,
) -> Result<RulesetCreated, RulesetError> {
    let Ok(opened) = PathFd::new(path) else { return Ok(rules) };
    let access = if path.is_dir() { access } else { access & AccessFs::from_file(ABI::V5) };
    rules.add_rule(PathBeneath::new(opened, access))
}

fn version(status: LandlockStatus) -> Option<ABI> {
    match status {
        LandlockStatus::NotEnabled | LandlockStatus::NotImplemented => None,
        LandlockStatus::Available { effective_abi, .. } => Some(effective_abi),
    }
}

fn missing(status: LandlockStatus, tcp: &Tcp) -> Vec<&'static str> {
    let Some(version) = version(status) else {
        return vec!["this kernel has no Landlock, so paths are not restricted: start it with lsm=landlock"];
    };
    let wants_tcp = *tcp != Tcp::Any;
    [
        (
            version < ABI::V3,
            "this kernel's Landlock (before 6.2) does not restrict the cutting short of files",
        ),
        (wants_tcp && version < ABI::V4, "this kernel's Landlock (before 6.7) does not restrict TCP ports"),
        (version < ABI::V5, "this kernel's Landlock (before 6.10) does not restrict commands to devices"),
        (version < ABI::V6, "this kernel's Landlock (before 6.12) does not restrict signals"),
    ]
    .into_iter()
    .filter_map(|(lacks, words)| lacks.then_some(words))
    .collect()
}

const READ: BitFlags<AccessFs> = make_bitflags!(AccessFs::{ReadFile | ReadDir});
const EXECUTE: BitFlags<AccessFs> = make_bitflags!(AccessFs::{ReadFile | Execute});
/// What SQLite needs in its folder: no folders, links, devices or sockets are made there.
const WRITE: BitFlags<AccessFs> =
    make_bitflags!(AccessFs::{ReadFile | ReadDir | WriteFile | Truncate | MakeReg | RemoveFile});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_kernel_cannot_restrict_is_said_in_words() {
        assert_eq!(missing(LandlockStatus::NotImplemented, &Tcp::None).len(), 1);
        let old = LandlockStatus::Available { effective_abi: ABI::V3, kernel_abi: None };
        assert_eq!(missing(old, &Tcp::None).len(), 3);
        assert_eq!(missing(old, &Tcp::Any).len(), 2);
        let new = LandlockStatus::Available { effective_abi: ABI::V6, kernel_abi: None };
        assert!(missing(new, &Tcp::None).is_empty());
    }
}
