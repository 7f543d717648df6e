//! Configuration: a TOML file, overridden by `FRANKLY_…` variables, overridden by flags. Every
//! value remembers where it came from, so that a complaint names the file and line.

mod media;
mod push;
mod settings;

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use app::config::{JwtLogin, ModeRules, OnEncryptionRequest, PushGateways, Registration, Webhook};
use app::media::MediaBounds;
use model::id::{OwnedServerName, TenantId};
use model::limits;
use model::person::AgeBand;
use model::secret::Secret;

pub(crate) use media::MediaPlace;
pub(crate) use settings::{Overrides, Settings};

/// The file that is read when none is named, if it is there.
const DEFAULT_FILE: &str = "frankly.toml";

/// Everything the server was told, checked.
#[derive(Debug)]
pub(crate) struct Options {
    /// Where to listen.
    pub(crate) listen: SocketAddr,
    /// Reverse proxies whose `X-Forwarded-For` is believed.
    pub(crate) trusted_proxies: Vec<IpAddr>,
    /// Where the data are.
    pub(crate) place: Place,
    /// Where media are.
    pub(crate) media: MediaPlace,
    /// The name in user IDs; the database remembers it, so it may be left out after the first start.
    pub(crate) server_name: Option<OwnedServerName>,
    /// Folder of the rule packs in force; `None`: those built in.
    pub(crate) packs: Option<PathBuf>,
    /// File of the contact policy in force; `None`: the one built in.
    pub(crate) contact_policy: Option<PathBuf>,
    /// File of the mode policies; `None`: one that comes with the program.
    pub(crate) mode_file: Option<PathBuf>,
    /// How to log.
    pub(crate) log: Log,
    base_url: String,
    dev: bool,
    registration: Registration,
    registered_age: AgeBand,
    jwt: Option<JwtLogin>,
    on_encryption_request: OnEncryptionRequest,
    modes: ModeRules,
    media_bounds: MediaBounds,
    push: PushGateways,
    webhook: Option<Webhook>,
    appeal_contact: String,
    keep_evidence_ms: Option<i64>,
}

/// Where the data are.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    /// `SQLite` in this directory.
    Directory(PathBuf),
    /// `PostgreSQL` at this URL, which may carry a password.
    Postgres(Secret<String>),
}

/// How to log.
#[derive(Debug, Clone)]
pub(crate) struct Log {
    /// A filter as in `info,matrix=debug`.
    pub(crate) filter: String,
    /// One JSON object a line instead of text.
    pub(crate) json: bool,
}

/// Reads the file, the environment and the flags, and checks them.
///
/// # Errors
/// Names the file and line, variable or flag of the value that cannot be used.
pub(crate) fn load(file: Option<&Path>, flags: &Overrides) -> anyhow::Result<Options> {
    let default = Path::new(DEFAULT_FILE);
    let file = file.or_else(|| default.is_file().then_some(default));
    let text = match file {
        Some(path) => Some((path, std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?)),
        None => None,
    };
    let text = text.as_ref().map(|(path, text)| (*path, text.as_str()));
    let settings = Settings::gather(text, |name| std::env::var(name).ok(), flags)?;
    Options::check(&settings)
}

/// The settings of a demo: development, in this folder, quiet.
///
/// # Errors
/// When the address is not of this machine only.
pub(crate) fn for_demo(folder: &Path, listen: SocketAddr) -> anyhow::Result<Options> {
    let mut flags = Overrides::default();
    flags.put("data", Some(&folder.to_string_lossy()));
    flags.put("listen", Some(&listen.to_string()));
    flags.put("dev", Some("true"));
    flags.put("log.filter", Some("warn"));
    Options::check(&Settings::gather(None, |_| None, &flags)?)
}

impl Options {
    /// Understands every setting.
    fn check(settings: &Settings) -> anyhow::Result<Self> {
        let listen: SocketAddr = settings.need("listen", |text| text.parse().map_err(|_| "an address and port, as in 127.0.0.1:8008"))?;
        let dev = settings.need("dev", settings::boolean)?;
        if dev && !listen.ip().is_loopback() {
            bail!(
                "{}: dev is for loopback addresses only, not for {listen}; leave out --dev or listen on 127.0.0.1",
                settings.source("dev")
            );
        }
        let named = |text: &str| OwnedServerName::try_from(text).map_err(|_| "a host name, as in chat.example.org");
        Ok(Self {
            listen,
            trusted_proxies: settings.need("trusted_proxies", addresses)?,
            place: place(settings)?,
            media: MediaPlace::of(settings)?,
            media_bounds: media::bounds(settings)?,
            push: push::gateways(settings)?,
            server_name: settings.get("server_name", named)?,
            packs: settings.get("packs", settings::text)?.map(PathBuf::from),
            contact_policy: settings.get("contact_policy", settings::text)?.map(PathBuf::from),
            log: Log { filter: settings.need("log.filter", settings::text)?, json: settings.need("log.json", settings::boolean)? },
            base_url: settings.get("base_url", web_address)?.unwrap_or_else(|| format!("http://{listen}")),
            dev,
            registration: registration(settings, dev)?,
            // in development everybody is grown up; otherwise somebody tells, and until then nobody knows
            registered_age: settings.get("registered_age_band", age_band)?.unwrap_or(if dev { AgeBand::Adult } else { AgeBand::Unknown }),
            jwt: jwt_login(settings)?,
            on_encryption_request: settings
                .need("on_encryption_request", |text| OnEncryptionRequest::parse(text).ok_or("\"strip\" or \"refuse\""))?,
            modes: modes(settings)?,
            mode_file: settings.get("mode_file", settings::text)?.map(PathBuf::from),
            webhook: webhook(settings)?,
            keep_evidence_ms: settings.need("evidence.keep_days", keep_days)?,
            appeal_contact: settings.need("appeal_contact", settings::text)?,
        })
    }

    /// The settings of the use cases, under the name that the database remembers.
    pub(crate) fn app_config(&self, server_name: OwnedServerName) -> app::Config {
        app::Config {
            server_name,
            base_url: self.base_url.clone(),
            dev: self.dev,
            registration: self.registration.clone(),
            registered_age: self.registered_age,
            jwt: self.jwt.clone(),
            on_encryption_request: self.on_encryption_request,
            modes: self.modes.clone(),
            media: self.media_bounds,
            push: self.push.clone(),
            webhook: self.webhook.clone(),
            keep_evidence_ms: self.keep_evidence_ms,
            appeal_contact: self.appeal_contact.clone(),
            tenant: TenantId::default(),
        }
    }

    /// Whether this is a server for development.
    pub(crate) fn is_dev(&self) -> bool {
        self.dev
    }
}

/// Addresses with blanks between them.
fn addresses(text: &str) -> Result<Vec<IpAddr>, &'static str> {
    let addresses: Result<Vec<IpAddr>, _> = text.split_whitespace().map(str::parse).collect();
    addresses.map_err(|_| "addresses with blanks between them, as in \"127.0.0.1 10.0.0.2\"")
}

fn place(settings: &Settings) -> anyhow::Result<Place> {
    let url = settings.get("database", |text| {
        let is_postgres = text.starts_with("postgres://") || text.starts_with("postgresql://");
        is_postgres.then(|| Secret::new(text.to_owned())).ok_or("a URL that begins with postgres://")
    })?;
    Ok(match url {
        Some(url) => Place::Postgres(url),
        None => Place::Directory(PathBuf::from(settings.need("data", settings::text)?)),
    })
}

fn registration(settings: &Settings, dev: bool) -> anyhow::Result<Registration> {
    let token = settings.get("registration_token", settings::text)?;
    let kind = settings.get("registration", settings::text)?.unwrap_or_else(|| if dev { "open" } else { "closed" }.to_owned());
    match (kind.as_str(), token) {
        ("open", None) => Ok(Registration::Open),
        ("closed", None) => Ok(Registration::Closed),
        ("token", Some(token)) => Ok(Registration::Token(Secret::new(token))),
        ("token", None) => bail!("{}: registration = \"token\" needs registration_token", settings.source("registration")),
        ("open" | "closed", Some(_)) => {
            bail!("{}: registration_token is used with registration = \"token\" only", settings.source("registration_token"))
        }
        _ => bail!("{}: registration is \"open\", \"token\" or \"closed\"", settings.source("registration")),
    }
}

fn webhook(settings: &Settings) -> anyhow::Result<Option<Webhook>> {
    let url = settings.get("webhook.url", web_address)?;
    let secret = settings.get("webhook.secret", |text| {
        text.starts_with("whsec_").then(|| Secret::new(text.to_owned())).ok_or("a key that begins with whsec_, followed by Base64")
    })?;
    let ca_file = settings.get("webhook.ca_file", settings::text)?;
    match (url, secret) {
        (None, None) if ca_file.is_some() => bail!("{}: webhook.ca_file needs webhook.url", settings.source("webhook.ca_file")),
        (None, None) => Ok(None),
        (Some(url), Some(secret)) => {
            let authorities = ca_file.as_deref().map(|path| authorities(Path::new(path)));
            let authorities =
                authorities.transpose().with_context(|| format!("{}: webhook.ca_file", settings.source("webhook.ca_file")))?;
            let webhook = Webhook::new(&url, secret, authorities.as_deref());
            webhook.map(Some).with_context(|| format!("{}: webhook.url = {url}", settings.source("webhook.url")))
        }
        (Some(_), None) => bail!("{}: webhook.url needs webhook.secret to sign what is sent", settings.source("webhook.url")),
        (None, Some(_)) => bail!("{}: webhook.secret needs webhook.url", settings.source("webhook.secret")),
    }
}

fn jwt_login(settings: &Settings) -> anyhow::Result<Option<JwtLogin>> {
    let secret = settings.get("jwt_secret", jwt_secret)?;
    let (issuer, audience) = (settings.get("jwt_issuer", settings::text)?, settings.get("jwt_audience", settings::text)?);
    match (secret, &issuer, &audience) {
        (Some(secret), ..) => Ok(Some(JwtLogin { secret, issuer, audience })),
        (None, None, None) => Ok(None),
        (None, Some(_), _) => bail!("{}: jwt_issuer needs jwt_secret", settings.source("jwt_issuer")),
        (None, None, Some(_)) => bail!("{}: jwt_audience needs jwt_secret", settings.source("jwt_audience")),
    }
}

/// The certificates in PEM form of a file; a bounded number of bytes.
fn authorities(path: &Path) -> anyhow::Result<Vec<u8>> {
    bounded_text(path, limits::CA_FILE_BYTES).map(String::into_bytes)
}

/// The text of a file, which may have so many bytes.
fn bounded_text(path: &Path, bytes_max: usize) -> anyhow::Result<String> {
    let file = std::fs::File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut text = String::new();
    std::io::Read::read_to_string(&mut std::io::Read::take(file, bytes_max as u64 + 1), &mut text)
        .with_context(|| format!("cannot read {}", path.display()))?;
    if text.len() > bytes_max {
        bail!("{} has more than {bytes_max} bytes", path.display());
    }
    Ok(text)
}

/// Days in milliseconds; `None` for 0, which is without limit.
fn keep_days(text: &str) -> Result<Option<i64>, &'static str> {
    let days: i64 = text.parse().ok().filter(|days| (0..=36_500).contains(days)).ok_or("a number of days, or 0 for no limit")?;
    Ok((days > 0).then_some(days * 86_400_000))
}

fn web_address(text: &str) -> Result<String, &'static str> {
    let is_web = text.starts_with("http://") || text.starts_with("https://");
    is_web.then(|| text.trim_end_matches('/').to_owned()).ok_or("an address that begins with http:// or https://")
}

fn jwt_secret(text: &str) -> Result<Secret<String>, &'static str> {
    // RFC 7518, 3.2: a key of the hash's length or longer
    (text.len() >= 32).then(|| Secret::new(text.to_owned())).ok_or("a key of at least 32 bytes")
}

fn age_band(text: &str) -> Result<AgeBand, &'static str> {
    AgeBand::parse(text).ok_or("u13, 13-15, 16-17, adult or unknown")
}

/// The mode policies of a file.
///
/// # Errors
/// Names the file and the line at fault.
pub(crate) fn mode_file(path: &Path) -> anyhow::Result<ModeRules> {
    let text = bounded_text(path, limits::MODE_FILE_BYTES)?;
    Ok(ModeRules::parse(&path.display().to_string(), &text)?)
}

/// The mode policies: those of a file, or one that comes with the program for everybody.
fn modes(settings: &Settings) -> anyhow::Result<ModeRules> {
    let shipped =
        "\"readable-only\", \"sealed-only\", \"choice\" or \"youth-readable\"; policies of your own are a file, named by mode_file";
    let named = settings.get("mode_policy", |name| ModeRules::shipped(name).ok_or(shipped))?;
    match (settings.get("mode_file", settings::text)?, named) {
        (Some(_), Some(_)) => bail!("{}: mode_policy and mode_file are two answers to one question", settings.source("mode_policy")),
        (Some(path), None) => mode_file(Path::new(&path)).with_context(|| format!("{}: mode_file", settings.source("mode_file"))),
        (None, named) => Ok(named.unwrap_or_else(|| ModeRules::shipped(policy::mode::DEFAULT_POLICY).expect("the default is shipped"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(file: &str) -> anyhow::Result<Options> {
        let settings = Settings::gather(Some((Path::new("frankly.toml"), file)), |_| None, &Overrides::default())?;
        Options::check(&settings)
    }

    fn complaint(file: &str) -> String {
        check(file).unwrap_err().to_string()
    }

    #[test]
    fn an_empty_file_gives_the_defaults() {
        let options = check("").unwrap();
        assert_eq!(options.listen.to_string(), "127.0.0.1:8008");
        assert_eq!(options.base_url, "http://127.0.0.1:8008");
        assert_eq!(options.registration, Registration::Closed);
        assert_eq!(options.keep_evidence_ms, Some(180 * 86_400_000));
        assert!(matches!(options.place, Place::Directory(path) if path == Path::new("./data")));
    }

    #[test]
    fn a_bad_value_is_named_with_file_and_line() {
        insta::assert_snapshot!(complaint("trusted_proxies = \"10.0.0.2, proxy\"\n"), @r#"frankly.toml:1: trusted_proxies: expected addresses with blanks between them, as in "127.0.0.1 10.0.0.2""#);
        insta::assert_snapshot!(complaint("dev = false\nlisten = \"everywhere\"\n"), @"frankly.toml:2: listen: expected an address and port, as in 127.0.0.1:8008");
        insta::assert_snapshot!(complaint("\n[webhook]\nurl = \"https://example.org\"\n"), @"frankly.toml:3: webhook.url needs webhook.secret to sign what is sent");
        insta::assert_snapshot!(complaint("liste = 1\n"), @"frankly.toml:1: there is no setting named liste");
        insta::assert_snapshot!(complaint("dev = 1\n"), @"frankly.toml:1: dev: expected true or false");
    }

    #[test]
    fn media_are_kept_in_a_folder_or_in_a_bucket() {
        let folder = |file: &str| match check(file).unwrap().media {
            MediaPlace::Folder(folder) => folder,
            MediaPlace::Bucket(..) => panic!("a folder was asked for"),
        };
        assert_eq!(folder(""), Path::new("./data/media"));
        assert_eq!(folder("[media]\nfolder = \"/srv/media\"\n"), Path::new("/srv/media"));
        let bucket = "[media]\ns3_endpoint = \"http://127.0.0.1:9000\"\ns3_bucket = \"b\"\ns3_key_id = \"k\"\ns3_secret = \"s\"\n";
        assert!(matches!(check(bucket).unwrap().media, MediaPlace::Bucket(..)));
        insta::assert_snapshot!(complaint("[media]\ns3_bucket = \"b\"\n"), @"frankly.toml:2: media.s3_bucket needs media.s3_endpoint");
        insta::assert_snapshot!(complaint("[media]\ns3_endpoint = \"http://127.0.0.1\"\n"), @"frankly.toml:2: media.s3_endpoint needs media.s3_bucket, media.s3_key_id and media.s3_secret");
        insta::assert_snapshot!(complaint(&format!("{bucket}folder = \"x\"\n")), @"frankly.toml:6: media are kept in a folder or in a bucket, not in both");
        insta::assert_snapshot!(complaint("[media]\nupload_mib = 0\n"), @"frankly.toml:2: media.upload_mib: expected a number of MiB, at least 1");
    }

    #[test]
    fn a_receiver_and_its_authorities_are_checked_at_the_start() {
        let folder = tempfile::tempdir().unwrap();
        let file = |text: &str| {
            std::fs::write(folder.path().join("ca.pem"), text).unwrap();
            let path = folder.path().join("ca.pem");
            format!("[webhook]\nsecret = \"whsec_AAAA\"\nurl = \"https://example.org\"\nca_file = \"{}\"\n", path.display())
        };
        let why = |text: &str| format!("{:#}", check(text).unwrap_err());
        insta::assert_snapshot!(why(&file("nothing")), @"frankly.toml:3: webhook.url = https://example.org: certificate 1 of the authorities is not one: there is no PEM certificate in the file");
        insta::assert_snapshot!(why(&file("").replace("https", "http")), @"frankly.toml:3: webhook.url = http://example.org: authorities are used with an https:// address only");
        assert!(why(&file(&"#".repeat(limits::CA_FILE_BYTES + 1))).ends_with("ca.pem has more than 1048576 bytes"));
        insta::assert_snapshot!(why("[webhook]\nca_file = \"gone.pem\"\n"), @"frankly.toml:2: webhook.ca_file needs webhook.url");
        assert!(why(&file("").replace("ca.pem", "gone.pem")).starts_with("frankly.toml:4: webhook.ca_file: cannot read "));
    }

    #[test]
    fn mode_policies_are_checked_at_the_start() {
        let name = |file: &str| check(file).unwrap().modes.policy("default", &[]).name().to_owned();
        assert_eq!(name(""), "choice@1");
        assert_eq!(name("mode_policy = \"youth-readable\"\n"), "youth-readable@1");
        insta::assert_snapshot!(complaint("dev = false\nmode_policy = \"open\"\n"), @r#"frankly.toml:2: mode_policy: expected "readable-only", "sealed-only", "choice" or "youth-readable"; policies of your own are a file, named by mode_file"#);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("modes.yaml");
        let file = format!("mode_file = \"{}\"\n", path.display());
        std::fs::write(&path, "choose:\n  - jurisdictions: [DE]\n    policy: sealed-only@1\n  - policy: choice@1\n").unwrap();
        assert_eq!(name(&file), "choice@1");
        insta::assert_snapshot!(complaint(&format!("{file}mode_policy = \"choice\"\n")), @"frankly.toml:2: mode_policy and mode_file are two answers to one question");
        std::fs::write(&path, "choose:\n  - policy: none@1\n").unwrap();
        let said = format!("{:#}", check(&file).unwrap_err());
        assert!(said.starts_with("frankly.toml:1: mode_file: ") && said.ends_with("modes.yaml:2: there is no policy none@1"), "{said}");
        insta::assert_snapshot!(format!("{:#}", check("mode_file = \"gone.yaml\"\n").unwrap_err()), @"frankly.toml:1: mode_file: cannot read gone.yaml: No such file or directory (os error 2)");
    }

    #[test]
    fn evidence_is_kept_for_some_days_or_without_limit() {
        assert_eq!(check("[evidence]\nkeep_days = 30\n").unwrap().keep_evidence_ms, Some(30 * 86_400_000));
        assert_eq!(check("[evidence]\nkeep_days = 0\n").unwrap().keep_evidence_ms, None);
        for days in ["-1", "36501", "\"soon\""] {
            let said = complaint(&format!("[evidence]\nkeep_days = {days}\n"));
            assert_eq!(said, "frankly.toml:2: evidence.keep_days: expected a number of days, or 0 for no limit");
        }
    }

    #[test]
    fn dev_is_refused_where_others_can_reach_it() {
        insta::assert_snapshot!(complaint("dev = true\nlisten = \"0.0.0.0:8008\"\n"), @"frankly.toml:1: dev is for loopback addresses only, not for 0.0.0.0:8008; leave out --dev or listen on 127.0.0.1");
        assert!(check("dev = true\nlisten = \"[::1]:8008\"\n").is_ok());
    }

    #[test]
    fn tokens_of_the_host_platform_are_checked_as_configured() {
        let secret = "jwt_secret = \"0123456789abcdef0123456789abcdef\"\n";
        let login = check(&format!("{secret}jwt_issuer = \"shop\"\n")).unwrap().jwt.unwrap();
        assert_eq!((login.issuer.as_deref(), login.audience), (Some("shop"), None));
        assert!(check("").unwrap().jwt.is_none());
        insta::assert_snapshot!(complaint("jwt_audience = \"chat\"\n"), @"frankly.toml:1: jwt_audience needs jwt_secret");
    }

    #[test]
    fn those_who_register_are_of_unknown_age_unless_the_operator_says() {
        assert_eq!(check("").unwrap().registered_age, AgeBand::Unknown);
        assert_eq!(check("dev = true\n").unwrap().registered_age, AgeBand::Adult);
        assert_eq!(check("dev = true\nregistered_age_band = \"13-15\"\n").unwrap().registered_age, AgeBand::From13To15);
        let said = complaint("registered_age_band = \"old\"\n");
        assert_eq!(said, "frankly.toml:1: registered_age_band: expected u13, 13-15, 16-17, adult or unknown");
    }

    #[test]
    fn a_registration_token_is_a_secret() {
        let options = check("registration = \"token\"\nregistration_token = \"let-me-in\"\n").unwrap();
        assert!(!format!("{options:?}").contains("let-me-in"));
    }
}
