//! What people show of themselves beside name and picture (spec "Profiles", MSC4133).

use model::body::PlainBody;
use model::id::OwnedUserId;
use model::limits;
use model::ruma::{CanonicalJsonObject, CanonicalJsonValue};
use store::command::put_profile_field::PutProfileField;
use store::query::people::{Person, PersonSeen};
use store::query::profile::ProfileSeen;

use super::profile::may_change_profile;
use crate::{App, Caller, Error};

/// The time zone a person says they are in.
const TIME_ZONE: &str = "m.tz";

impl App {
    /// A whole profile, with the eyes of somebody or of nobody in particular: the person, and what they show beside
    /// name and picture.
    ///
    /// # Errors
    /// As [`App::profile`].
    pub async fn whole_profile(&self, asker: Option<&Caller>, user: &OwnedUserId) -> Result<(Person, CanonicalJsonObject), Error> {
        let query = PersonSeen { asker: asker.map(|caller| caller.user_id.clone()), user_id: user.clone() };
        match self.store.read(ProfileSeen(query)).await? {
            Some(found) => Ok(found),
            None => Err(self.hidden_profile(asker, user).await?),
        }
    }

    /// One field of a profile beside name and picture.
    ///
    /// # Errors
    /// As [`App::profile`], and [`Error::NotFound`] when the person does not show it.
    pub async fn profile_field(&self, asker: Option<&Caller>, user: &OwnedUserId, key: &str) -> Result<CanonicalJsonValue, Error> {
        let (_, mut fields) = self.whole_profile(asker, user).await?;
        fields.remove(key).ok_or_else(|| Error::NotFound("this profile has no such field".to_owned()))
    }

    /// Shows something of the caller to whoever may see them. It is judged as what people read.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for somebody else's; [`Error::KeyTooLarge`], [`Error::ProfileTooLarge`],
    /// [`Error::InvalidParam`] by its form; [`Error::Safety`].
    pub async fn set_profile_field(&self, caller: &Caller, user: &OwnedUserId, key: &str, value: CanonicalJsonValue) -> Result<(), Error> {
        may_change_profile(caller, user)?;
        check_key(key)?;
        if key == TIME_ZONE && !value.as_str().is_some_and(is_time_zone) {
            return Err(Error::InvalidParam("m.tz is the name of a time zone, as in Europe/Berlin".to_owned()));
        }
        let shown = CanonicalJsonObject::from([(key.to_owned(), value)]);
        self.check_shown(&PlainBody::of_profile(&shown)?)?;
        self.put_field(user, key, shown.into_values().next()).await
    }

    /// Shows it no more. What was not shown is taken away too.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for somebody else's.
    pub async fn remove_profile_field(&self, caller: &Caller, user: &OwnedUserId, key: &str) -> Result<(), Error> {
        may_change_profile(caller, user)?;
        match key {
            "displayname" => self.set_display_name(caller, user, None).await,
            "avatar_url" => self.set_avatar_url(caller, user, None).await,
            _ => {
                check_key(key)?;
                self.put_field(user, key, None).await
            }
        }
    }

    async fn put_field(&self, user: &OwnedUserId, key: &str, value: Option<CanonicalJsonValue>) -> Result<(), Error> {
        self.admit_sender(user)?;
        let fits = self.store.run(PutProfileField { user_id: user.clone(), key: key.to_owned(), value }).await?;
        if fits { Ok(()) } else { Err(Error::ProfileTooLarge) }
    }
}

/// The names that fields may have (spec appendix "Common Namespaced Identifier Grammar").
fn check_key(key: &str) -> Result<(), Error> {
    if key.len() > limits::PROFILE_KEY_BYTES {
        return Err(Error::KeyTooLarge);
    }
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
    if !key.bytes().next().is_some_and(|first| first.is_ascii_lowercase()) || !key.bytes().all(allowed) {
        return Err(Error::InvalidParam("a profile field is named like org.example.field: a-z 0-9 - _ . after a letter".to_owned()));
    }
    Ok(())
}

/// Whether this has the form of a name in the time zone database.
fn is_time_zone(name: &str) -> bool {
    let part = |part: &str| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_+".contains(&byte);
        (1..=32).contains(&part.len()) && part.bytes().all(allowed)
    };
    name.split('/').count() <= 3 && name.split('/').all(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_have_names_of_one_grammar() {
        for good in ["m.tz", "org.example.job-title", "a", "u_1"] {
            assert!(check_key(good).is_ok(), "{good}");
        }
        for bad in ["", ".a", "1a", "A", "a b", "é", "a/b"] {
            assert!(matches!(check_key(bad), Err(Error::InvalidParam(_))), "{bad}");
        }
        assert!(check_key(&"a".repeat(255)).is_ok());
        assert!(matches!(check_key(&"a".repeat(256)), Err(Error::KeyTooLarge)));
    }

    #[test]
    fn time_zones_have_the_form_of_their_database() {
        for good in ["Europe/Berlin", "UTC", "Etc/GMT+5", "America/Argentina/Buenos_Aires"] {
            assert!(is_time_zone(good), "{good}");
        }
        for bad in ["", "/", "Europe/", "write to me/elsewhere/at example/com", "a/b/c/d", "Zürich"] {
            assert!(!is_time_zone(bad), "{bad}");
        }
    }
}
