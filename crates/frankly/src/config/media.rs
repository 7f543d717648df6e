//! Where media are kept, and how much.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use app::config::Tls;
use app::media::{Blobs, Bucket, MediaBounds};
use model::secret::Secret;

use super::settings::{self, Settings};
use super::{authorities, web_address};

/// Name of the folder of media in the data directory.
const FOLDER: &str = "media";

/// Where media are kept.
#[derive(Debug, Clone)]
pub(crate) enum MediaPlace {
    /// In a folder.
    Folder(PathBuf),
    /// In a bucket.
    Bucket(Bucket, Tls),
}

impl MediaPlace {
    pub(super) fn of(settings: &Settings) -> anyhow::Result<Self> {
        let endpoint = settings.get("media.s3_endpoint", web_address)?;
        let named = ["media.s3_bucket", "media.s3_key_id", "media.s3_secret"];
        let Some(endpoint) = endpoint else {
            for key in named.into_iter().chain(["media.ca_file"]) {
                if settings.get(key, settings::text)?.is_some() {
                    bail!("{}: {key} needs media.s3_endpoint", settings.source(key));
                }
            }
            let beside = Path::new(&settings.need("data", settings::text)?).join(FOLDER);
            return Ok(Self::Folder(settings.get("media.folder", settings::text)?.map_or(beside, PathBuf::from)));
        };
        if settings.get("media.folder", settings::text)?.is_some() {
            bail!("{}: media are kept in a folder or in a bucket, not in both", settings.source("media.folder"));
        }
        let [bucket, key_id, secret] = named.map(|key| settings.need(key, settings::text));
        let place = || settings.source("media.s3_endpoint").to_string();
        let missing = || format!("{}: media.s3_endpoint needs media.s3_bucket, media.s3_key_id and media.s3_secret", place());
        let bucket = Bucket {
            endpoint,
            bucket: bucket.with_context(missing)?,
            region: settings.need("media.s3_region", settings::text)?,
            key_id: key_id.with_context(missing)?,
            key: Secret::new(secret.with_context(missing)?),
        };
        let tls = match settings.get("media.ca_file", settings::text)? {
            Some(file) => Tls::trusting(Some(&authorities(Path::new(&file))?)),
            None if bucket.endpoint.starts_with("https://") => Tls::trusting(None),
            None => Tls::trusting_nobody(),
        };
        Ok(Self::Bucket(bucket, tls.with_context(place)?))
    }

    /// Opens it; a folder is made when it is not there.
    pub(crate) fn open(&self) -> anyhow::Result<Blobs> {
        match self {
            Self::Folder(folder) => {
                crate::serve::make_private(folder).with_context(|| format!("cannot make {}", folder.display()))?;
                Blobs::in_folder(folder).context("media cannot be kept")
            }
            Self::Bucket(bucket, tls) => bucket.open(tls).with_context(|| format!("media cannot be kept in {}", bucket.bucket)),
        }
    }
}

pub(super) fn bounds(settings: &Settings) -> anyhow::Result<MediaBounds> {
    let upload: u32 = settings.need("media.upload_mib", mebibytes)?;
    let quota: u32 = settings.need("media.quota_mib", mebibytes)?;
    Ok(MediaBounds { upload_bytes: u64::from(upload) << 20, user_bytes: i64::from(quota) << 20 })
}

fn mebibytes(text: &str) -> Result<u32, &'static str> {
    text.parse().ok().filter(|number| *number > 0).ok_or("a number of MiB, at least 1")
}
