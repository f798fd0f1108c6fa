//! Folders go in; the files below them come out, and what could not be listed: it is not empty because we may not look.

use std::fs;
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

#[derive(Default)]
pub struct Listing {
    /// Regular files, in order.
    pub files: Vec<PathBuf>,
    /// What could not be looked into, and why.
    pub unlisted: Vec<(PathBuf, Error)>,
}

impl Listing {
    /// Regular files below a folder that changed since then. A folder that is not there holds none.
    pub fn below(folder: &Path, since: Option<SystemTime>) -> Listing {
        let mut listing = Listing::default();
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            match fs::read_dir(&folder).and_then(Iterator::collect::<Result<Vec<_>, _>>) {
                Ok(entries) => {
                    entries.iter().for_each(|entry| listing.add(entry.path(), since, &mut folders));
                }
                Err(error) => listing.fail(folder, error),
            }
        }
        listing.files.sort();
        listing
    }

    pub fn of_all<'a>(
        folders: impl IntoIterator<Item = &'a (impl AsRef<Path> + ?Sized + 'a)>,
        since: Option<SystemTime>,
    ) -> Listing {
        let all = folders.into_iter().map(|folder| Listing::below(folder.as_ref(), since));
        all.fold(Listing::default(), Listing::and)
    }

    pub fn and(mut self, other: Listing) -> Listing {
        self.files.extend(other.files);
        self.files.sort();
        self.files.dedup();
        self.unlisted.extend(other.unlisted);
        self
    }

    pub fn without(mut self, left_out: impl Fn(&Path) -> bool) -> Listing {
        self.files.retain(|file| !left_out(file));
        self
    }

    fn add(&mut self, path: PathBuf, since: Option<SystemTime>, folders: &mut Vec<PathBuf>) {
        let about = match fs::symlink_metadata(&path) {
            Ok(about) => about,
            Err(error) => return self.fail(path, error),
        };
        let fresh = since.is_none_or(|since| about.modified().is_ok_and(|modified| modified >= since));
        if about.is_dir() {
            folders.push(path);
        } else if about.is_file() && fresh {
            self.files.push(path);
        }
    }

    fn fail(&mut self, path: PathBuf, error: Error) {
        if error.kind() != ErrorKind::NotFound {
            self.unlisted.push((path, error));
        }
    }
}

impl From<Vec<PathBuf>> for Listing {
    fn from(files: Vec<PathBuf>) -> Listing {
        Listing { files, unlisted: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_folder_that_may_not_be_listed_is_told_and_one_that_is_not_there_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let closed = folder.path().join("closed");
        fs::create_dir(&closed).unwrap();
        fs::write(folder.path().join("open"), "").unwrap();
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
        let (asked, absent) = (folder.path().to_owned(), folder.path().join("absent"));
        // Root may list everything as long as it has its capabilities; a thread may give its own up.
        let listed = std::thread::spawn(move || {
            super::super::dumpable::give_up_capabilities().unwrap();
            Listing::of_all([&asked, &absent], None)
        });
        let listed = listed.join().unwrap();
        assert_eq!(listed.files, [folder.path().join("open")]);
        let unlisted: Vec<_> = listed.unlisted.iter().map(|(path, error)| (path, error.kind())).collect();
        assert_eq!(unlisted, [(&closed, ErrorKind::PermissionDenied)]);
    }

    #[test]
    fn only_what_changed_since_is_listed() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("in")).unwrap();
        let file = folder.path().join("in/file");
        fs::write(&file, "").unwrap();
        let written = fs::metadata(&file).unwrap().modified().unwrap();
        let later = written + std::time::Duration::from_secs(1);
        assert_eq!(Listing::below(folder.path(), Some(written)).files, [file]);
        assert!(Listing::below(folder.path(), Some(later)).files.is_empty());
    }
}
