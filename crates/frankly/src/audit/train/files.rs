//! The key and the records of training.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Seek, Write};
use std::path::PathBuf;

use anyhow::{Context, anyhow, bail};
use audit::train::{Chain, Key, Record, hex};
use clap::Args;

/// Where records and their key are
#[derive(Debug, Args)]
pub(super) struct Kept {
    /// The records
    #[arg(long, value_name = "FILE", default_value = "training.ndjson")]
    pub(super) records: PathBuf,
    /// The key that signs them; made on first use
    #[arg(long, value_name = "FILE", default_value = "training.key")]
    key: PathBuf,
}

impl Kept {
    /// The key, made when there is none and no record either.
    pub(super) fn key_or_new(&self) -> anyhow::Result<Key> {
        if let Some(key) = self.key()? {
            return Ok(key);
        }
        if self.records.exists() {
            bail!("{} is there and its key {} is not: a new key would not fit", self.records.display(), self.key.display());
        }
        let secret: [u8; 32] = rand::random();
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&self.key).with_context(|| format!("cannot make {}", self.key.display()))?;
        file.write_all((hex(&secret) + "\n").as_bytes())
            .and_then(|()| file.sync_all())
            .with_context(|| format!("cannot write {}", self.key.display()))?;
        let key = Key::of(&secret);
        println!("made the key {}; keep it to yourself. Its public half is {}", self.key.display(), key.public());
        Ok(key)
    }

    fn key(&self) -> anyhow::Result<Option<Key>> {
        let text = match std::fs::read_to_string(&self.key) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", self.key.display())),
        };
        let text = text.trim();
        let byte = |at: usize| text.get(at * 2..at * 2 + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
        let mut secret = [0; 32];
        for (at, place) in secret.iter_mut().enumerate() {
            *place = byte(at).filter(|_| text.len() == 64).with_context(|| format!("{} is no key", self.key.display()))?;
        }
        Ok(Some(Key::of(&secret)))
    }

    /// The records, all checked; none where there is no file. `public` is for who does not have the key.
    pub(super) fn chain(&self, public: Option<&str>) -> anyhow::Result<Chain> {
        let text = match std::fs::read_to_string(&self.records) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Chain::default()),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", self.records.display())),
        };
        let public = match (public, self.key()?) {
            (Some(public), _) => public.to_owned(),
            (None, Some(key)) => key.public(),
            (None, None) => bail!("there is no key {}; give --public", self.key.display()),
        };
        Chain::read(&text, &public).map_err(|error| anyhow!("{}: {error}", self.records.display()))
    }

    /// Adds a record, while nobody else does.
    pub(super) fn add(&self, record: &Record, key: &Key) -> anyhow::Result<()> {
        let cannot = || format!("cannot write {}", self.records.display());
        let mut file = OpenOptions::new().create(true).read(true).append(true).open(&self.records).with_context(cannot)?;
        file.lock().with_context(cannot)?;
        let chain = Chain::read(&whole(&mut file).with_context(cannot)?, &key.public())
            .map_err(|error| anyhow!("{}: {error}", self.records.display()))?;
        file.write_all(chain.next(record, key)?.as_bytes()).and_then(|()| file.sync_all()).with_context(cannot)
    }
}

fn whole(file: &mut File) -> std::io::Result<String> {
    let mut text = String::new();
    file.rewind()?;
    file.read_to_string(&mut text)?;
    Ok(text)
}
