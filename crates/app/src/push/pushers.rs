//! Setting, listing and taking away pushers.

use model::json::parse_object;
use model::limits;
use serde_json::{Value as Json, json};
use store::command::pushers::{PusherKey, PutPusher, RemovePusher, Set};
use store::query::pushers::{Pusher, Pushers};

use crate::{App, Caller, Error};

/// A pusher as a client sets it.
#[derive(Clone, Debug)]
pub struct NewPusher {
    /// The application.
    pub app_id: String,
    /// The gateway's name for the device.
    pub pushkey: String,
    /// What the application calls itself.
    pub app_display_name: String,
    /// What it calls the device.
    pub device_display_name: String,
    /// A tag of its rules.
    pub profile_tag: Option<String>,
    /// The language of its person.
    pub lang: String,
    /// `url`, `format`, and whatever the gateway is to be given with each message.
    pub data: Json,
    /// Whether other people may have the same key.
    pub append: bool,
}

impl App {
    /// Sets a pusher of the caller.
    ///
    /// # Errors
    /// [`Error::InvalidParam`] for a gateway that cannot be called from here, [`Error::TooLarge`], and
    /// [`Error::Forbidden`] beyond [`limits::PUSHERS_PER_USER`].
    pub async fn set_pusher(&self, caller: &Caller, new: NewPusher) -> Result<(), Error> {
        let url = new.data.get("url").and_then(Json::as_str).unwrap_or_default().to_owned();
        check_lengths(&new, &url)?;
        if !self.config.push.allow(&url, self.config.dev) {
            return Err(Error::InvalidParam(
                "data.url is not a push gateway that this server calls: https://, a host and /_matrix/push/v1/notify".to_owned(),
            ));
        }
        let data = new.data.to_string();
        if data.len() > limits::PUSHER_DATA_BYTES {
            return Err(Error::TooLarge(format!("data has at most {} bytes", limits::PUSHER_DATA_BYTES)));
        }
        parse_object(&data)?;
        let pusher = Pusher {
            app_id: new.app_id,
            pushkey: new.pushkey,
            app_display_name: new.app_display_name,
            device_display_name: new.device_display_name,
            profile_tag: new.profile_tag,
            lang: new.lang,
            url,
            data,
            set_ms: self.clock.now().0,
        };
        let (user_id, device_id) = (caller.user_id.clone(), caller.device_id.clone());
        // before it is there, so that nothing is missed after it
        self.wake.followed.follow([user_id.clone()]);
        match self.store.run(PutPusher { user_id, device_id, pusher, append: new.append }).await? {
            Set::Done => Ok(()),
            Set::TooMany => {
                Err(Error::Forbidden(format!("an account has at most {} pushers; take one away first", limits::PUSHERS_PER_USER)))
            }
            Set::NoDevice => Err(Error::UnknownToken),
        }
    }

    /// Takes a pusher of the caller away.
    ///
    /// # Errors
    /// When the store fails; a pusher that is not there is none.
    pub async fn remove_pusher(&self, caller: &Caller, app_id: String, pushkey: String) -> Result<(), Error> {
        Ok(self.store.run(RemovePusher(PusherKey { user_id: caller.user_id.clone(), app_id, pushkey })).await?)
    }

    /// The caller's pushers in the client format.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn pushers(&self, caller: &Caller) -> Result<Json, Error> {
        let pushers = self.store.read(Pushers(caller.user_id.clone())).await?;
        Ok(json!({"pushers": pushers.iter().map(|(pusher, _)| told(pusher)).collect::<Vec<_>>()}))
    }
}

fn check_lengths(new: &NewPusher, url: &str) -> Result<(), Error> {
    for (what, text, most) in [
        ("pushkey", new.pushkey.as_str(), limits::PUSHKEY_BYTES),
        ("app_id", &new.app_id, limits::APP_ID_BYTES),
        ("app_display_name", &new.app_display_name, limits::DISPLAY_NAME_BYTES),
        ("device_display_name", &new.device_display_name, limits::DISPLAY_NAME_BYTES),
        ("lang", &new.lang, limits::APP_ID_BYTES),
        ("profile_tag", new.profile_tag.as_deref().unwrap_or_default(), limits::APP_ID_BYTES),
        ("data.url", url, limits::GATEWAY_URL_BYTES),
    ] {
        if text.len() > most {
            return Err(Error::TooLarge(format!("{what} has at most {most} bytes")));
        }
    }
    Ok(())
}

fn told(pusher: &Pusher) -> Json {
    let data: Json = serde_json::from_str(&pusher.data).unwrap_or_default();
    let mut told = json!({
        "app_id": pusher.app_id,
        "pushkey": pusher.pushkey,
        "kind": "http",
        "app_display_name": pusher.app_display_name,
        "device_display_name": pusher.device_display_name,
        "lang": pusher.lang,
        "data": data,
    });
    if let Some(tag) = &pusher.profile_tag {
        told["profile_tag"] = tag.as_str().into();
    }
    told
}
