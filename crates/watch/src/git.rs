//! A history in git, read by the program `git`: its list of changes, and the texts of them one after the other.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use jiff::Timestamp;

use crate::limits;

/// Why a history cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// There is no `git` on this machine.
    #[error("the program git is needed to read a history, and cannot be started: {0}")]
    Missing(std::io::Error),
    /// Git refuses.
    #[error("git cannot read {repository}: {complaint}")]
    Refused {
        /// The folder.
        repository: PathBuf,
        /// What git says.
        complaint: String,
    },
    /// Git broke off.
    #[error("git broke off: {0}")]
    Broken(#[from] std::io::Error),
    /// The list is longer than [`limits::GIT_LIST_BYTES`].
    #[error("the history is longer than this reads")]
    TooLong,
    /// An answer has another form than git's.
    #[error("git's answer is not understood: {0}")]
    Answer(String),
}

/// One commit of a history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Its hash.
    pub id: String,
    /// When its author made it.
    pub at: Timestamp,
    /// The first line of its message.
    pub subject: String,
    /// The files it changed.
    pub files: Vec<File>,
}

/// A file as a commit changed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its path.
    pub path: String,
    /// The hash of its text; `None` when it was deleted.
    pub text: Option<String>,
}

/// The commits that lead to `HEAD`, the oldest first; of a merge, what it changed in the line it was merged into.
pub fn commits(repository: &Path) -> Result<Vec<Commit>, GitError> {
    let arguments = [
        "log",
        "--reverse",
        "--first-parent",
        "--diff-merges=first-parent",
        "--root",
        "--raw",
        "--no-abbrev",
        "--no-renames",
        "--no-ext-diff",
        "--no-show-signature",
        "--no-color",
        "--format=%x1e%H%x1f%at%x1f%s%x1f",
        "-z",
        "HEAD",
    ];
    let mut child = git(repository).args(arguments).stdin(Stdio::null()).spawn().map_err(GitError::Missing)?;
    let mut list = Vec::new();
    let out = child.stdout.take().ok_or_else(|| GitError::Answer("no output".to_owned()))?;
    out.take(limits::GIT_LIST_BYTES + 1).read_to_end(&mut list)?;
    if list.len() as u64 > limits::GIT_LIST_BYTES {
        child.kill()?;
        child.wait()?;
        return Err(GitError::TooLong);
    }
    ended(child, repository)?;
    list.split(|byte| *byte == 0x1e).skip(1).map(commit).collect()
}

/// Texts of a repository, given by their hashes.
#[derive(Debug)]
pub struct Texts {
    child: Child,
    asks: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Texts {
    /// Starts to read.
    pub fn of(repository: &Path) -> Result<Self, GitError> {
        let mut child = git(repository).args(["cat-file", "--batch"]).stdin(Stdio::piped()).spawn().map_err(GitError::Missing)?;
        let nothing = || GitError::Answer("no pipe".to_owned());
        let asks = child.stdin.take().ok_or_else(nothing)?;
        let answers = BufReader::new(child.stdout.take().ok_or_else(nothing)?);
        Ok(Self { child, asks, answers })
    }

    /// The bytes of one text; `None` when it is longer than [`limits::GIT_TEXT_BYTES`].
    pub fn get(&mut self, hash: &str) -> Result<Option<Vec<u8>>, GitError> {
        writeln!(self.asks, "{hash}")?;
        self.asks.flush()?;
        let mut head = String::new();
        self.answers.by_ref().take(1_024).read_line(&mut head)?;
        let words: Vec<&str> = head.split_whitespace().collect();
        let size = match words.as_slice() {
            [_, "blob", size] => size.parse::<u64>().map_err(|_| GitError::Answer(head.clone()))?,
            _ => return Err(GitError::Answer(head.trim().to_owned())),
        };
        // one line end follows
        if size > limits::GIT_TEXT_BYTES {
            std::io::copy(&mut self.answers.by_ref().take(size + 1), &mut std::io::sink())?;
            return Ok(None);
        }
        let mut text = Vec::new();
        self.answers.by_ref().take(size + 1).read_to_end(&mut text)?;
        if text.len() as u64 != size + 1 {
            return Err(GitError::Answer("a text ended early".to_owned()));
        }
        text.pop();
        Ok(Some(text))
    }
}

impl Drop for Texts {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

/// Git over a repository, with nothing set by this machine and no command of the repository's own.
fn git(repository: &Path) -> Command {
    let mut command = Command::new("git");
    command.arg("-C").arg(repository).args(["-c", "core.quotePath=false", "-c", "core.fsmonitor=false", "--no-pager"]);
    command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
    command.env("GIT_NO_LAZY_FETCH", "1").env("GIT_OPTIONAL_LOCKS", "0").env("GIT_TERMINAL_PROMPT", "0").env("LC_ALL", "C");
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES"] {
        command.env_remove(name);
    }
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn ended(mut child: Child, repository: &Path) -> Result<(), GitError> {
    let mut complaint = Vec::new();
    if let Some(error) = child.stderr.take() {
        error.take(limits::GIT_COMPLAINT_BYTES).read_to_end(&mut complaint)?;
    }
    if child.wait()?.success() {
        return Ok(());
    }
    let complaint = String::from_utf8_lossy(&complaint).trim().replace('\n', "; ");
    Err(GitError::Refused { repository: repository.to_owned(), complaint })
}

/// Reads `hash ␟ time ␟ subject ␟` and, after a NUL, `:mode mode hash hash status NUL path NUL` for each file.
fn commit(bytes: &[u8]) -> Result<Commit, GitError> {
    let odd = |what: &str| GitError::Answer(format!("{what}: {}", bytes[..bytes.len().min(120)].escape_ascii()));
    let mut fields = bytes.splitn(4, |byte| *byte == 0x1f);
    let mut field = || fields.next().ok_or_else(|| odd("a commit"));
    let (id, time, subject, rest) = (field()?, field()?, field()?, field()?);
    let id = String::from_utf8_lossy(id).into_owned();
    if id.len() < 40 || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(odd("a hash"));
    }
    let seconds = std::str::from_utf8(time).ok().and_then(|time| time.parse::<i64>().ok());
    let at = seconds.and_then(|seconds| Timestamp::from_second(seconds).ok()).ok_or_else(|| odd("a time"))?;
    let mut files = Vec::new();
    let mut parts = rest.split(|byte| *byte == 0).map(|part| part.strip_prefix(b"\n").unwrap_or(part)).filter(|part| !part.is_empty());
    while let Some(head) = parts.next() {
        let head = std::str::from_utf8(head).map_err(|_| odd("a change"))?;
        let words: Vec<&str> = head.split(' ').collect();
        let [_, _, _, hash, status] = words.as_slice() else { return Err(odd("a change")) };
        let path = parts.next().ok_or_else(|| odd("a path"))?;
        let text = (*status != "D").then(|| (*hash).to_owned());
        files.push(File { path: String::from_utf8_lossy(path).into_owned(), text });
    }
    Ok(Commit { id, at, subject: String::from_utf8_lossy(subject).into_owned(), files })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_is_read_as_git_writes_it() {
        let hash = "a".repeat(40);
        let bytes =
            format!("{hash}\u{1f}1700000000\u{1f}Record\u{1f}\0\n:100644 000000 {hash} {hash} D\0A b/C.md\0:0 1 {hash} {hash} M\0D\0");
        let read = commit(bytes.as_bytes()).unwrap();
        assert_eq!(read.files, [File { path: "A b/C.md".to_owned(), text: None }, File { path: "D".to_owned(), text: Some(hash) }]);
        assert_eq!(read.subject, "Record");
        for bad in ["", "x\u{1f}1\u{1f}s\u{1f}", &bytes.replace("1700000000", "soon"), &bytes.replace(" D\0", "\0")] {
            assert!(matches!(commit(bad.as_bytes()), Err(GitError::Answer(_))), "{bad}");
        }
    }

    #[test]
    fn what_is_no_repository_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let error = commits(folder.path()).unwrap_err();
        assert!(matches!(&error, GitError::Refused { complaint, .. } if complaint.contains("not a git repository")), "{error}");
    }
}
