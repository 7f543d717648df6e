//! Sealed conversations: what is checked about a message that nobody here can read, before it is stored.

use evidence::{MegolmError, MegolmMessage, SessionId};
use model::sealed::{Ciphertext, SealedBody, SealedRefusal};
use store::command::fanout::Appended;
use store::command::sealed::SealedMark;

use crate::Error;

/// Checks that a ciphertext was made by whoever made its session; gives what is to be noted about it.
///
/// # Errors
/// [`Error::InvalidSignature`] when it was not, [`Error::BadJson`] when it has not the form of a Megolm message.
pub(crate) fn check_ciphertext(ciphertext: &Ciphertext) -> Result<SealedMark, Error> {
    let checked = SessionId::parse(&ciphertext.session_id).and_then(|session| {
        let message = MegolmMessage::from_base64(&ciphertext.text)?;
        message.verify(&session)?;
        Ok(SealedMark { session_id: session.canonical(), message_index: message.index(), ciphertext_bytes: message.ciphertext_bytes() })
    });
    checked.map_err(|fault| {
        metrics::counter!("frankly_sealed_refusals_total", "why" => why(fault)).increment(1);
        match fault {
            MegolmError::Signature => Error::InvalidSignature(fault.to_string()),
            MegolmError::Base64 | MegolmError::Version | MegolmError::Form | MegolmError::Session => Error::BadJson(fault.to_string()),
        }
    })
}

/// Counts what does not fit about encrypted events that were stored (docs/adr/0008).
pub(crate) fn count_oddities(appended: &[Appended]) {
    for event in appended {
        if event.oddities.elsewhere {
            metrics::counter!("frankly_sealed_oddities_total", "kind" => "session_elsewhere").increment(1);
            tracing::warn!(event.id = %event.event_id, "an encrypted event uses the session of another device or room");
        }
        if event.oddities.repeated {
            metrics::counter!("frankly_sealed_oddities_total", "kind" => "index_repeated").increment(1);
            tracing::warn!(event.id = %event.event_id, "an encrypted event repeats an index of its session");
        }
    }
}

/// What was refused, as a label of the counter.
fn why(fault: MegolmError) -> &'static str {
    match fault {
        MegolmError::Base64 => "base64",
        MegolmError::Version => "version",
        MegolmError::Form => "form",
        MegolmError::Session => "session",
        MegolmError::Signature => "signature",
    }
}

/// The error that a refusal by form stands for.
pub(crate) fn refused(refusal: &SealedRefusal) -> Error {
    match refusal {
        SealedRefusal::PlainText(_) | SealedRefusal::TextBeside(_) => Error::Forbidden(refusal.to_string()),
        SealedRefusal::Algorithm | SealedRefusal::Form => Error::BadJson(refusal.to_string()),
        SealedRefusal::TooLong(..) => Error::TooLarge(refusal.to_string()),
    }
}

/// What tells two encrypted messages apart where texts would be compared: no two ciphertexts are the same.
pub(crate) fn text_of(body: &SealedBody) -> &str {
    body.ciphertext().map_or("", |ciphertext| ciphertext.text.as_str())
}
