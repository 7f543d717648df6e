//! The server under test: one that runs already, or one that is started here and leaves nothing behind.

use std::ffi::OsString;
use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::Method;
use tempfile::TempDir;

use crate::error::SimError;
use crate::http::{Call, Connection, Origin};
use crate::limits;
use crate::process::{Usage, folder_bytes};
use crate::sealed::Privacy;

/// Which server is measured, and from which seed.
#[derive(Clone, Debug)]
pub struct TargetOptions {
    /// A running server; without it one is started.
    pub url: Option<String>,
    /// Process of the running server, to read its processor time and memory.
    pub server_pid: Option<u32>,
    /// Folder of the running server's database, to read its size.
    pub data: Option<PathBuf>,
    /// Database of a started server, instead of a file in its folder.
    pub database: Option<String>,
    /// Seed of everything random.
    pub seed: u64,
    /// The program that `serve` and `bench null` are commands of.
    pub exe: PathBuf,
}

/// A server process that was started here. Dropping it kills the process and removes its folder.
pub struct Server {
    exe: PathBuf,
    arguments: Vec<OsString>,
    child: Option<Child>,
    origin: Arc<Origin>,
    folder: TempDir,
}

impl Server {
    /// Starts `frankly serve` on a free loopback port with an empty folder.
    pub async fn serve(exe: &Path, database: Option<&str>) -> Result<Self, SimError> {
        let mut arguments: Vec<OsString> = vec!["serve".into(), "--dev".into()];
        if let Some(database) = database {
            arguments.extend(["--database".into(), database.into()]);
        }
        Self::start(exe, arguments).await
    }

    /// Starts the null server in a process of its own.
    pub async fn null(exe: &Path) -> Result<Self, SimError> {
        Self::start(exe, vec!["bench".into(), "null".into()]).await
    }

    async fn start(exe: &Path, mut arguments: Vec<OsString>) -> Result<Self, SimError> {
        let folder = tempfile::Builder::new()
            .prefix("frankly-bench-")
            .tempdir()
            .map_err(|source| SimError::io("making a folder for the server", source))?;
        let data = folder.path().join("data");
        fs::create_dir(&data).map_err(|source| SimError::io("making a folder for the server", source))?;
        let origin = Arc::new(free_port()?);
        arguments.extend(["--data".into(), data.into(), "--listen".into(), origin.address().to_string().into()]);
        let mut server = Self { exe: exe.to_owned(), arguments, child: None, origin, folder };
        server.restart().await?;
        Ok(server)
    }

    /// Starts the process again on the same folder and port, and waits until it answers.
    pub async fn restart(&mut self) -> Result<(), SimError> {
        self.kill();
        let log = self.folder.path().join("server.log");
        let open =
            || File::options().create(true).append(true).open(&log).map_err(|source| SimError::io("opening the server's log", source));
        let child = Command::new(&self.exe)
            .args(&self.arguments)
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(open()?)
            .stderr(open()?)
            .spawn()
            .map_err(|error| SimError::Start(format!("{}: {error}", self.exe.display())))?;
        self.child = Some(child);
        self.wait_until_ready().await
    }

    async fn wait_until_ready(&mut self) -> Result<(), SimError> {
        let deadline = Instant::now() + Duration::from_millis(limits::START_TIMEOUT_MS);
        while Instant::now() < deadline {
            if let Some(Ok(Some(status))) = self.child.as_mut().map(Child::try_wait) {
                return Err(SimError::Start(format!("it ended with {status}: {}", self.last_words())));
            }
            if answers(&self.origin).await {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Err(SimError::Start(format!("no answer within {} ms: {}", limits::START_TIMEOUT_MS, self.last_words())))
    }

    /// The process, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Where it listens.
    pub fn origin(&self) -> &Arc<Origin> {
        &self.origin
    }

    /// The folder that holds its database.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Ends the process as a crash would (SIGKILL).
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // Both fail only if the process is gone already, which is what is wanted.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Asks the process to end (SIGTERM), so that its database is closed; kills it if it does not.
    pub async fn stop(&mut self) {
        let Some(pid) = self.pid() else { return };
        let asked = Command::new("kill").args(["-TERM", &pid.to_string()]).stdin(Stdio::null()).status();
        let deadline = Instant::now() + Duration::from_millis(limits::STOP_TIMEOUT_MS);
        while asked.is_ok() && Instant::now() < deadline {
            if !matches!(self.child.as_mut().map(Child::try_wait), Some(Ok(None))) {
                self.child = None;
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.kill();
    }

    fn last_words(&self) -> String {
        let log = fs::read(self.folder.path().join("server.log")).unwrap_or_default();
        let text = String::from_utf8_lossy(&log[log.len().saturating_sub(600)..]).trim().to_owned();
        if text.is_empty() { "it printed nothing".to_owned() } else { text }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The server that is measured.
pub struct Target {
    origin: Arc<Origin>,
    server: Option<Server>,
    pid: Option<u32>,
    data: Option<PathBuf>,
    // The null server: it keeps people in memory alone, and carries no keys.
    forgets: bool,
}

impl Target {
    /// Attaches to the given server, or starts one.
    pub async fn open(options: &TargetOptions) -> Result<Self, SimError> {
        let Some(url) = &options.url else {
            let server = Server::serve(&options.exe, options.database.as_deref()).await?;
            // With a database elsewhere the folder says nothing about its size.
            let data = options.database.is_none().then(|| server.data());
            return Ok(Self::of(server, data));
        };
        let origin = Arc::new(Origin::parse(url)?);
        if !answers(&origin).await {
            return Err(SimError::Usage(format!("{url} does not answer GET /_matrix/client/versions; is the server running?")));
        }
        Ok(Self { origin, server: None, pid: options.server_pid, data: options.data.clone(), forgets: false })
    }

    /// Starts the null server.
    pub async fn null(exe: &Path) -> Result<Self, SimError> {
        let server = Server::null(exe).await?;
        let data = Some(server.data());
        Ok(Self { forgets: true, ..Self::of(server, data) })
    }

    fn of(server: Server, data: Option<PathBuf>) -> Self {
        Self { origin: Arc::clone(server.origin()), pid: server.pid(), data, server: Some(server), forgets: false }
    }

    /// Where it listens.
    pub fn origin(&self) -> &Arc<Origin> {
        &self.origin
    }

    /// How the conversations of a load are kept on it.
    pub fn privacy(&self, sealed: bool) -> Privacy {
        match (sealed, self.forgets) {
            (false, _) => Privacy::Readable,
            (true, false) => Privacy::Sealed,
            (true, true) => Privacy::SealedByHand,
        }
    }

    /// True if it was started here.
    pub fn is_spawned(&self) -> bool {
        self.server.is_some()
    }

    /// Its processor time and memory, if its process is known.
    pub fn usage(&self) -> Option<Usage> {
        Usage::of_optional(self.pid)
    }

    /// Size of its database in bytes, if its folder is known. A server that was started here is stopped and started
    /// again around the reading, so that everything is in the database and nothing in its journal; the null server,
    /// which would forget its people, is not.
    pub async fn stored_bytes(&mut self) -> Result<Option<u64>, SimError> {
        let Some(data) = &self.data else { return Ok(None) };
        let Some(server) = self.server.as_mut().filter(|_| !self.forgets) else {
            tokio::time::sleep(Duration::from_millis(500)).await;
            return Ok(Some(folder_bytes(data)));
        };
        server.stop().await;
        let size = folder_bytes(data);
        server.restart().await?;
        self.pid = server.pid();
        Ok(Some(size))
    }

    /// Kills the process as a crash would and starts it again after `down`.
    pub async fn crash(&mut self, down: Duration) -> Result<(), SimError> {
        let server = self.server.as_mut().ok_or_else(|| SimError::Usage("only a server that was started here is killed".to_owned()))?;
        server.kill();
        tokio::time::sleep(down).await;
        server.restart().await?;
        self.pid = server.pid();
        Ok(())
    }
}

async fn answers(origin: &Arc<Origin>) -> bool {
    let path = "/_matrix/client/versions";
    let call = Call { method: Method::GET, path, authorization: None, body: None, limit_ms: 2_000 };
    let answer = Connection::new(Arc::clone(origin)).call(&call).await;
    answer.is_ok_and(|answer| answer.status.is_success())
}

fn free_port() -> Result<Origin, SimError> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|source| SimError::io("looking for a free port", source))?;
    let address = listener.local_addr().map_err(|source| SimError::io("looking for a free port", source))?;
    Ok(Origin::local(address))
}
