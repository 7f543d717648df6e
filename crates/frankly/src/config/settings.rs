//! Named values and where each came from.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{anyhow, bail};
use toml::de::{DeTable, DeValue};

/// Every key, and its value when nobody sets it. `None`: unset.
const KEYS: &[(&str, Option<&str>)] = &[
    ("appeal_contact", Some("answer the notice you received")),
    ("base_url", None),
    ("contact_policy", None),
    ("data", Some("./data")),
    ("database", None),
    ("dev", Some("false")),
    ("evidence.keep_days", Some("180")),
    ("jwt_audience", None),
    ("jwt_issuer", None),
    ("jwt_secret", None),
    ("listen", Some("127.0.0.1:8008")),
    ("log.filter", Some("info")),
    ("log.json", Some("false")),
    ("media.ca_file", None),
    ("media.folder", None),
    ("media.quota_mib", Some("5120")),
    ("media.s3_bucket", None),
    ("media.s3_endpoint", None),
    ("media.s3_key_id", None),
    ("media.s3_region", Some("us-east-1")),
    ("media.s3_secret", None),
    ("media.upload_mib", Some("50")),
    ("mode_file", None),
    ("mode_policy", None),
    ("on_encryption_request", Some("strip")),
    ("packs", None),
    ("push.ca_file", None),
    ("push.gateways", None),
    ("registered_age_band", None),
    ("registration", None),
    ("registration_token", None),
    ("server_name", None),
    ("trusted_proxies", Some("127.0.0.1 ::1")),
    ("webhook.ca_file", None),
    ("webhook.secret", None),
    ("webhook.url", None),
];

/// What the command line sets.
#[derive(Debug, Default)]
pub(crate) struct Overrides(Vec<(&'static str, String)>);

impl Overrides {
    /// Sets `key` when a value was typed.
    pub(crate) fn put(&mut self, key: &'static str, value: Option<&str>) {
        self.0.extend(value.map(|value| (key, value.to_owned())));
    }
}

/// Where a value came from; printed in front of a complaint about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    Default,
    File(PathBuf, usize),
    Environment(String),
    Flag(&'static str),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path, line) => write!(f, "{}:{line}", path.display()),
            Self::Environment(name) => f.write_str(name),
            Self::Flag(key) => write!(f, "--{}", key.replace('_', "-")),
        }
    }
}

/// The values of all keys that have one.
pub(crate) struct Settings(BTreeMap<&'static str, (String, Source)>);

impl Settings {
    /// Collects the values, the later source winning: defaults, file, environment, flags.
    pub(crate) fn gather(
        file: Option<(&Path, &str)>,
        environment: impl Fn(&str) -> Option<String>,
        flags: &Overrides,
    ) -> anyhow::Result<Self> {
        let mut values = BTreeMap::new();
        for (key, default) in KEYS {
            values.extend(default.map(|value| (*key, (value.to_owned(), Source::Default))));
        }
        if let Some((path, text)) = file {
            read_file(path, text, &mut values)?;
        }
        for (key, _) in KEYS {
            let name = format!("FRANKLY_{}", key.replace('.', "_").to_uppercase());
            values.extend(environment(&name).map(|value| (*key, (value, Source::Environment(name)))));
        }
        values.extend(flags.0.iter().map(|(key, value)| (*key, (value.clone(), Source::Flag(key)))));
        Ok(Self(values))
    }

    /// The value of `key`, understood by `parse`, which says what it expects when it cannot.
    pub(crate) fn get<T>(&self, key: &str, parse: impl Fn(&str) -> Result<T, &'static str>) -> anyhow::Result<Option<T>> {
        let Some((value, source)) = self.0.get(key) else {
            return Ok(None);
        };
        parse(value).map(Some).map_err(|expected| anyhow!("{source}: {key}: expected {expected}"))
    }

    /// The value of a key that has a default.
    pub(crate) fn need<T>(&self, key: &str, parse: impl Fn(&str) -> Result<T, &'static str>) -> anyhow::Result<T> {
        self.get(key, parse)?.ok_or_else(|| anyhow!("{key} is not set"))
    }

    /// Where the value of `key` came from.
    pub(crate) fn source(&self, key: &str) -> &Source {
        self.0.get(key).map_or(&Source::Default, |(_, source)| source)
    }
}

/// `true` or `false`.
pub(crate) fn boolean(text: &str) -> Result<bool, &'static str> {
    text.parse().map_err(|_| "true or false")
}

/// Text that is not empty.
pub(crate) fn text(text: &str) -> Result<String, &'static str> {
    (!text.is_empty()).then(|| text.to_owned()).ok_or("some text")
}

fn read_file(path: &Path, text: &str, values: &mut BTreeMap<&'static str, (String, Source)>) -> anyhow::Result<()> {
    let table = DeTable::parse(text).map_err(|error| {
        let line = error.span().map_or(1, |span| line_of(text, span.start));
        anyhow!("{}:{line}: {}", path.display(), error.message())
    })?;
    collect(path, text, "", table.get_ref(), values)
}

fn collect(
    path: &Path,
    text: &str,
    prefix: &str,
    table: &DeTable<'_>,
    values: &mut BTreeMap<&'static str, (String, Source)>,
) -> anyhow::Result<()> {
    for (name, value) in table {
        let line = line_of(text, name.span().start);
        let full = format!("{prefix}{}", name.get_ref());
        let value = match value.get_ref() {
            DeValue::Table(inner) => {
                collect(path, text, &format!("{full}."), inner, values)?;
                continue;
            }
            DeValue::String(value) => value.to_string(),
            DeValue::Boolean(value) => value.to_string(),
            DeValue::Integer(value) => value.as_str().to_owned(),
            DeValue::Float(_) | DeValue::Datetime(_) | DeValue::Array(_) => {
                bail!("{}:{line}: {full}: expected text, a whole number, true or false", path.display())
            }
        };
        let Some((key, _)) = KEYS.iter().find(|(key, _)| *key == full) else {
            bail!("{}:{line}: there is no setting named {full}", path.display());
        };
        values.insert(key, (value, Source::File(path.to_owned(), line)));
    }
    Ok(())
}

/// The line, from 1, of a byte offset.
fn line_of(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_wins_over_the_environment_and_that_over_the_file() {
        let file = Some((Path::new("f.toml"), "data = \"from-file\"\nserver_name = \"file.example\"\n[log]\njson = true\n"));
        let environment = |name: &str| match name {
            "FRANKLY_DATA" => Some("from-environment".to_owned()),
            "FRANKLY_SERVER_NAME" => Some("environment.example".to_owned()),
            _ => None,
        };
        let mut flags = Overrides::default();
        flags.put("data", Some("from-flag"));
        let settings = Settings::gather(file, environment, &flags).unwrap();
        let shown: Vec<String> =
            ["data", "server_name", "log.json"].iter().map(|key| format!("{} {}", settings.0[key].0, settings.source(key))).collect();
        assert_eq!(shown, ["from-flag --data", "environment.example FRANKLY_SERVER_NAME", "true f.toml:4"]);
    }

    #[test]
    fn a_file_that_is_not_toml_is_named_with_its_line() {
        let broken = Settings::gather(Some((Path::new("f.toml"), "a = 1\nb = = 2\n")), |_| None, &Overrides::default());
        assert!(broken.err().unwrap().to_string().starts_with("f.toml:2: "));
    }
}
