//! A folder to work in, the program run in it, and servers that end with the test.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

/// Longer than any answer takes, so that a test that would hang fails.
const PATIENCE: Duration = Duration::from_mins(1);

/// A folder in which commands run.
pub(crate) struct Desktop {
    folder: tempfile::TempDir,
}

/// What a command left behind.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Desktop {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path().join(name), text).unwrap();
    }

    /// Runs `frankly` with these words to its end.
    pub(crate) fn frankly(&self, words: &[&str]) -> Outcome {
        self.frankly_reading(words, "")
    }

    /// As [`Desktop::frankly`], with something on standard input.
    pub(crate) fn frankly_reading(&self, words: &[&str], input: &str) -> Outcome {
        let mut command = self.command(env!("CARGO_BIN_EXE_frankly"));
        command.args(words);
        finish(command, input)
    }

    /// Pastes a line into a shell.
    pub(crate) fn paste(&self, line: &str, input: &str) -> Outcome {
        let mut command = self.command("sh");
        command.args(["-c", line]);
        finish(command, input)
    }

    /// Starts a command that serves, and waits for the line that tells its address.
    pub(crate) fn start(&self, words: &[&str]) -> Running {
        let mut command = self.command(env!("CARGO_BIN_EXE_frankly"));
        command.args(words);
        Running::of(command)
    }

    /// As [`Desktop::start`], for a line pasted into a shell.
    pub(crate) fn start_pasted(&self, line: &str) -> Running {
        let mut command = self.command("sh");
        command.args(["-c", &format!("exec {line}")]);
        Running::of(command)
    }

    /// A server for development over the folder `data`, on a free port.
    pub(crate) fn serve(&self) -> Running {
        self.start(&["serve", "--dev", "--data", "data", "--listen", "127.0.0.1:0"])
    }

    /// A command in this folder, with `frankly` on its path and no setting from outside.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.path());
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("FRANKLY_")) {
            command.env_remove(name);
        }
        let beside = Path::new(env!("CARGO_BIN_EXE_frankly")).parent().unwrap();
        command.env("PATH", format!("{}:{}", beside.display(), std::env::var("PATH").unwrap()));
        command
    }
}

fn finish(mut command: Command, input: &str) -> Outcome {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // a command that reads nothing closes its end
    let _closed = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    Outcome { code: output.status.code().unwrap_or(-1), out: text(&output.stdout), err: text(&output.stderr) }
}

impl Outcome {
    /// Its output, after it ended well.
    #[track_caller]
    pub(crate) fn fine(self) -> String {
        assert_eq!((self.code, self.err.as_str()), (0, ""), "{}", self.out);
        self.out
    }

    /// The one object that it printed after it ended well.
    #[track_caller]
    pub(crate) fn json(self) -> Value {
        serde_json::from_str(&self.fine()).unwrap()
    }

    /// What it complained of when it ended with this code and printed nothing else.
    #[track_caller]
    pub(crate) fn complaint(self, code: i32) -> String {
        assert_eq!((self.code, self.out.as_str()), (code, ""), "{}", self.err);
        self.err
    }
}

/// A server that ends with the test.
pub(crate) struct Running {
    child: Child,
    /// What it printed up to and including the line that tells its address.
    pub(crate) said: String,
    pub(crate) address: SocketAddr,
    out: BufReader<ChildStdout>,
    log: Arc<Mutex<String>>,
}

impl Running {
    fn of(mut command: Command) -> Self {
        command.env("NO_COLOR", "1").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let (lines, log) = (BufReader::new(child.stderr.take().unwrap()).lines(), Arc::new(Mutex::new(String::new())));
        let written = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let mut written = written.lock().unwrap();
                written.push_str(&line);
                written.push('\n');
            }
        });
        let mut running = Self { child, said: String::new(), address: SocketAddr::from(([127, 0, 0, 1], 0)), out, log };
        while running.address.port() == 0 {
            let before = running.said.len();
            assert_ne!(running.out.read_line(&mut running.said).unwrap(), 0, "it ended before it listened: {}", running.said);
            if let Some(address) = running.said[before..].trim().strip_prefix("listening on http://") {
                running.address = address.parse().unwrap();
            }
        }
        running
    }

    /// What it has logged so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Tells it to stop, as a service manager does.
    pub(crate) fn terminate(&self) {
        self.signal("TERM");
    }

    /// Sends it a signal by name.
    pub(crate) fn signal(&self, name: &str) {
        let told = Command::new("sh").args(["-c", &format!("kill -{name} {}", self.child.id())]).status().unwrap();
        assert!(told.success());
    }

    /// Waits until something is so.
    pub(crate) fn until(&self, what: &str, holds: impl Fn() -> bool) {
        let began = std::time::Instant::now();
        while !holds() {
            assert!(began.elapsed() < PATIENCE, "it did not come about that {what}; the log:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits for its end.
    pub(crate) fn ended(mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }

    pub(crate) fn connect(&self) -> std::io::Result<TcpStream> {
        let stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(stream)
    }

    /// One request of whoever has this token: status and answer, `Null` when that is no JSON.
    pub(crate) fn ask(&self, method: &str, path: &str, token: &str, body: &Value) -> (u16, Value) {
        parse(&self.exchange(method, path, token, body))
    }

    /// The answer to a GET as it came, head and body.
    pub(crate) fn get(&self, path: &str) -> String {
        self.exchange("GET", path, "", &Value::Null)
    }

    fn exchange(&self, method: &str, path: &str, token: &str, body: &Value) -> String {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let authorization = if token.is_empty() { String::new() } else { format!("authorization: Bearer {token}\r\n") };
        let mut stream = self.connect().unwrap();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{authorization}\
             content-type: application/json\r\nx-frankly-console: 1\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Registers somebody.
    pub(crate) fn member(&self, name: &str) -> Member<'_> {
        let new = serde_json::json!({"username": name, "password": "correct horse", "auth": {"type": "m.login.dummy"}});
        let (status, session) = self.ask("POST", "/_matrix/client/v3/register", "", &new);
        assert_eq!(status, 200, "{session}");
        Member { server: self, token: session["access_token"].as_str().unwrap().to_owned() }
    }

    /// Logs in with a password: status and answer.
    pub(crate) fn log_in(&self, user: &str, password: &str) -> (u16, Value) {
        let body = serde_json::json!({
            "type": "m.login.password", "identifier": {"type": "m.id.user", "user": user}, "password": password,
        });
        self.ask("POST", "/_matrix/client/v3/login", "", &body)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

/// Somebody who is logged in.
pub(crate) struct Member<'a> {
    server: &'a Running,
    pub(crate) token: String,
}

impl Member<'_> {
    /// Makes a room of their own; its ID as it stands in paths.
    pub(crate) fn room(&self) -> String {
        let (status, room) = self.server.ask("POST", "/_matrix/client/v3/createRoom", &self.token, &serde_json::json!({}));
        assert_eq!(status, 200, "{room}");
        room["room_id"].as_str().unwrap().replace('!', "%21").replace(':', "%3A")
    }

    /// Says something; each `txn` is one message.
    pub(crate) fn says(&self, room: &str, txn: &str, text: &str) -> (u16, Value) {
        let path = format!("/_matrix/client/v3/rooms/{room}/send/m.room.message/{txn}");
        self.server.ask("PUT", &path, &self.token, &serde_json::json!({"msgtype": "m.text", "body": text}))
    }
}

/// Status and JSON of a whole HTTP answer.
pub(crate) fn parse(answer: &str) -> (u16, Value) {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((answer, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("no status: {answer}"));
    let chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
    assert!(!chunked, "answers have a length: {head}");
    (status, serde_json::from_str(body).unwrap_or(Value::Null))
}
