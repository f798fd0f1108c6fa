//! A model's folder goes in; whether its files are there and of the right kind comes out.
//!
//! It is asked before a library reads them, for what C++ does with a broken file is not ours to say.

use super::ModelError;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

/// Some bytes and where in a file they must stand.
pub(super) struct Magic {
    pub(super) at: u64,
    pub(super) bytes: &'static [u8],
}

/// Looks at a model's files before a library does that may abort the process over a broken one.
pub(super) fn check(folder: &Path, files: &[(&'static str, Magic)]) -> Result<(), ModelError> {
    if !folder.is_dir() {
        return Err(ModelError::NoFolder);
    }
    for (file, magic) in files {
        let path = folder.join(file);
        if !path.is_file() {
            return Err(ModelError::Missing { file });
        }
        if !magic.stands_in(&path) {
            return Err(ModelError::Broken { file });
        }
    }
    Ok(())
}

impl Magic {
    /// Anything that is not empty.
    pub(super) const SOMETHING: Magic = Magic { at: 0, bytes: b"" };

    fn stands_in(&self, path: &Path) -> bool {
        let read = || {
            let mut file = File::open(path)?;
            file.seek(SeekFrom::Start(self.at))?;
            let mut found = vec![0; self.bytes.len().max(1)];
            file.read_exact(&mut found)?;
            Ok::<_, std::io::Error>(found)
        };
        read().is_ok_and(|found| found.starts_with(self.bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILES: [(&str, Magic); 2] = [("a", Magic { at: 2, bytes: b"xy" }), ("b", Magic::SOMETHING)];

    #[test]
    fn what_is_wrong_with_a_folder_is_told_by_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
        assert_eq!(check(&folder.path().join("none"), &FILES), Err(ModelError::NoFolder));
        assert_eq!(check(folder.path(), &FILES), Err(ModelError::Missing { file: "a" }));
        put("a", b"..x");
        assert_eq!(check(folder.path(), &FILES), Err(ModelError::Broken { file: "a" }));
        put("a", b"..xy");
        put("b", b"");
        assert_eq!(check(folder.path(), &FILES), Err(ModelError::Broken { file: "b" }));
        put("b", b".");
        assert_eq!(check(folder.path(), &FILES), Ok(()));
    }
}
