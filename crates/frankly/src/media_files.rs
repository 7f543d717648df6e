//! The files of media beside a copy of the database, and back.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

/// The part of a folder of media that cannot be made anew.
const ORIGINALS: &str = "media";

/// Where the media of a backup are: a folder beside its file.
pub(crate) fn beside(backup: &Path) -> PathBuf {
    let mut name = backup.as_os_str().to_owned();
    name.push(".media");
    PathBuf::from(name)
}

/// Gives every file of media under `from` a second name under `to`, or copies it to another disk; gives how many. A file
/// of media never changes, so the two may share their bytes. Thumbnails are made anew when they are asked for.
pub(crate) fn copy(from: &Path, to: &Path) -> anyhow::Result<u64> {
    let from = from.join(ORIGINALS);
    if !from.is_dir() {
        return Ok(0);
    }
    let to = to.join(ORIGINALS);
    if to.exists() {
        bail!("{} is there already", to.display());
    }
    let mut files = 0;
    copy_folder(&from, &to, &mut files).with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))?;
    Ok(files)
}

fn copy_folder(from: &Path, to: &Path, files: &mut u64) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target, files)?;
            continue;
        }
        // what is being written has a mark in its name
        if entry.file_name().to_string_lossy().contains('#') {
            continue;
        }
        crate::serve::make_private(to)?;
        match fs::hard_link(entry.path(), &target).or_else(|_| fs::copy(entry.path(), &target).map(|_| ())) {
            Ok(()) => *files += 1,
            // deleted by the running server, after the database was copied
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_files_are_copied_and_nothing_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("data/media"), beside(&folder.path().join("copy.db")));
        assert_eq!(copy(&from, &to).unwrap(), 0, "no media, no folder");
        assert!(!to.exists());
        fs::create_dir_all(from.join("media/ab")).unwrap();
        fs::create_dir_all(from.join("small/ab")).unwrap();
        for (name, text) in [("media/ab/abc", "whole"), ("media/ab/abd#1", "half"), ("small/ab/abc-32x32c", "small")] {
            fs::write(from.join(name), text).unwrap();
        }
        assert_eq!(copy(&from, &to).unwrap(), 1);
        assert_eq!(fs::read_to_string(folder.path().join("copy.db.media/media/ab/abc")).unwrap(), "whole");
        assert!(!to.join("small").exists());
        assert!(copy(&from, &to).unwrap_err().to_string().ends_with("is there already"));
    }
}
