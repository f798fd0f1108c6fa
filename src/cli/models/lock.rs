//! `models.lock` in the models' folder: what was fetched, so that a later fetch of the same name gets the same bytes.

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

pub struct Lock {
    path: PathBuf,
    files: BTreeMap<String, Locked>,
}

#[derive(Clone, Deserialize, Serialize)]
pub struct Locked {
    pub sha256: String,
    pub bytes: u64,
    pub url: String,
}

impl Lock {
    pub fn read(folder: &Path) -> Result<Lock> {
        let path = folder.join("models.lock");
        let files = match fs::read_to_string(&path) {
            Ok(text) => toml::from_str(&text).with_context(|| {
                format!(
                    "{} is damaged; take it from a backup, or remove it and check the models yourself",
                    path.display()
                )
            })?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        };
        Ok(Lock { path, files })
    }

    pub fn get(&self, file: &str) -> Option<&Locked> {
        self.files.get(file)
    }

    pub fn keep(&mut self, file: &str, locked: Locked) -> Result<()> {
        self.files.insert(file.to_owned(), locked);
        let text = toml::to_string(&self.files).context("the lock file cannot be written as TOML")?;
        let new = self.path.with_extension("lock.new");
        fs::write(&new, text)
            .and_then(|()| fs::rename(&new, &self.path))
            .with_context(|| format!("cannot write {}", self.path.display()))
    }
}
