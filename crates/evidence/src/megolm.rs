//! Megolm messages, version 1 (spec "Megolm: A multicast cryptographic ratchet").
//!
//! A message is a version byte, the index and the ciphertext as two fields of a protocol buffer, eight bytes of an
//! HMAC and an Ed25519 signature over all of that. Only the one canonical encoding is taken: libraries that check the
//! signature over the bytes as sent and those that check it over the fields written again then agree, so that nobody
//! can craft a message which one recipient accepts and another does not.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use ed25519_dalek::{Signature, VerifyingKey};

/// Padding or none, as clients take it.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_encode_padding(false).with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

const VERSION: u8 = 3;
const INDEX_TAG: u8 = 0x08;
const CIPHERTEXT_TAG: u8 = 0x12;
const MAC_BYTES: usize = 8;
const SIGNATURE_BYTES: usize = 64;
/// AES-256 in CBC mode with padding gives whole blocks, at least one.
const BLOCK_BYTES: usize = 16;

/// Why something is not a Megolm message, or not of that session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MegolmError {
    /// The text is not Base64.
    #[error("the ciphertext is not Base64")]
    Base64,
    /// The first byte is not the version this reads.
    #[error("the ciphertext is not of Megolm version 1")]
    Version,
    /// Fields are missing, out of order, too many, or not in their shortest form.
    #[error("the ciphertext has not the form of a Megolm message")]
    Form,
    /// The session ID is not a public key.
    #[error("the session ID is not an Ed25519 public key")]
    Session,
    /// The signature was not made by the session's key over this message.
    #[error("the ciphertext was not signed by its session")]
    Signature,
}

/// The name of a session: the public key that its messages are signed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionId {
    key: VerifyingKey,
}

impl SessionId {
    /// Reads a session ID as clients write it.
    ///
    /// # Errors
    /// [`MegolmError::Session`] when it is not 32 bytes of Base64 that are a point of the curve.
    pub fn parse(text: &str) -> Result<Self, MegolmError> {
        let bytes = BASE64.decode(text).map_err(|_| MegolmError::Session)?;
        let bytes = bytes.try_into().map_err(|_| MegolmError::Session)?;
        VerifyingKey::from_bytes(&bytes).map(|key| Self { key }).map_err(|_| MegolmError::Session)
    }

    /// The one spelling under which a session is remembered: Base64 without padding.
    pub fn canonical(&self) -> String {
        BASE64.encode(self.key.as_bytes())
    }
}

/// A message in the one canonical encoding. It is not decrypted, and nothing here could.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MegolmMessage {
    bytes: Vec<u8>,
    index: u32,
    ciphertext_bytes: usize,
}

impl MegolmMessage {
    /// Reads a message from the Base64 text of an event.
    ///
    /// # Errors
    /// [`MegolmError::Base64`], [`MegolmError::Version`] or [`MegolmError::Form`].
    pub fn from_base64(text: &str) -> Result<Self, MegolmError> {
        Self::from_bytes(BASE64.decode(text).map_err(|_| MegolmError::Base64)?)
    }

    /// Reads a message from its bytes.
    ///
    /// # Errors
    /// [`MegolmError::Version`] or [`MegolmError::Form`].
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, MegolmError> {
        let (version, rest) = bytes.split_first().ok_or(MegolmError::Form)?;
        if *version != VERSION {
            return Err(MegolmError::Version);
        }
        let rest = rest.strip_prefix(&[INDEX_TAG]).ok_or(MegolmError::Form)?;
        let (index, rest) = varint(rest)?;
        let rest = rest.strip_prefix(&[CIPHERTEXT_TAG]).ok_or(MegolmError::Form)?;
        let (length, rest) = varint(rest)?;
        let ciphertext_bytes = usize::try_from(length).map_err(|_| MegolmError::Form)?;
        let is_whole = rest.len().checked_sub(MAC_BYTES + SIGNATURE_BYTES) == Some(ciphertext_bytes);
        if !is_whole || ciphertext_bytes == 0 || !ciphertext_bytes.is_multiple_of(BLOCK_BYTES) {
            return Err(MegolmError::Form);
        }
        Ok(Self { bytes, index, ciphertext_bytes })
    }

    /// Which message of its session it says it is, from 0.
    pub fn index(&self) -> u32 {
        self.index
    }

    /// How much was encrypted, in whole blocks.
    pub fn ciphertext_bytes(&self) -> usize {
        self.ciphertext_bytes
    }

    /// Checks that whoever made the session made this message. It does not tell which device that was.
    ///
    /// # Errors
    /// [`MegolmError::Signature`] when they did not.
    pub fn verify(&self, session: &SessionId) -> Result<(), MegolmError> {
        let split = self.bytes.split_last_chunk::<SIGNATURE_BYTES>();
        let (signed, signature) = split.ok_or(MegolmError::Form)?;
        session.key.verify_strict(signed, &Signature::from_bytes(signature)).map_err(|_| MegolmError::Signature)
    }
}

/// A number of at most 32 bits in groups of seven, least first, in its shortest form; and what follows it.
fn varint(bytes: &[u8]) -> Result<(u32, &[u8]), MegolmError> {
    let mut number: u32 = 0;
    for (place, byte) in bytes.iter().enumerate().take(5) {
        let group = u32::from(byte & 0x7f);
        let shift = 7 * u32::try_from(place).map_err(|_| MegolmError::Form)?;
        // the fifth group has room for four bits
        if place == 4 && group > 0x0f {
            return Err(MegolmError::Form);
        }
        number |= group << shift;
        if byte & 0x80 == 0 {
            let is_shortest = place == 0 || *byte != 0;
            let rest = bytes.get(place + 1..).unwrap_or_default();
            return if is_shortest { Ok((number, rest)) } else { Err(MegolmError::Form) };
        }
    }
    Err(MegolmError::Form)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use vodozemac::megolm::{GroupSession, InboundGroupSession, MegolmMessage as Theirs, SessionConfig};

    use super::*;

    fn session_of(theirs: &GroupSession) -> SessionId {
        SessionId::parse(&theirs.session_id()).unwrap()
    }

    fn spoken(texts: &[&str]) -> (GroupSession, Vec<String>) {
        let mut session = GroupSession::new(SessionConfig::version_1());
        let messages = texts.iter().map(|text| session.encrypt(text).to_base64()).collect();
        (session, messages)
    }

    #[test]
    fn what_a_client_encrypts_is_of_its_session_and_no_other() {
        let (session, messages) = spoken(&["hello", "", "a longer one, over more than a block of sixteen bytes"]);
        let (other, _) = spoken(&[]);
        for (index, text) in messages.iter().enumerate() {
            let message = MegolmMessage::from_base64(text).unwrap();
            assert_eq!(usize::try_from(message.index()).unwrap(), index);
            assert_eq!(message.verify(&session_of(&session)), Ok(()));
            assert_eq!(message.verify(&session_of(&other)), Err(MegolmError::Signature));
        }
        assert_eq!(MegolmMessage::from_base64(&messages[0]).unwrap().ciphertext_bytes(), 16);
        assert_eq!(session_of(&session).canonical(), session.session_id());
        assert_eq!(SessionId::parse(&format!("{}=", session.session_id())), Ok(session_of(&session)));
    }

    #[test]
    fn large_indices_are_read_as_they_were_written() {
        let mut session = GroupSession::new(SessionConfig::version_1());
        for index in 0..300 {
            let text = session.encrypt("x").to_base64();
            assert_eq!(MegolmMessage::from_base64(&text).unwrap().index(), index);
        }
    }

    #[test]
    fn other_versions_sessions_and_texts_are_refused() {
        let mut newer = GroupSession::new(SessionConfig::version_1()).encrypt("x").to_bytes();
        newer[0] = 4;
        assert_eq!(MegolmMessage::from_bytes(newer), Err(MegolmError::Version));
        assert_eq!(MegolmMessage::from_base64("hello there!"), Err(MegolmError::Base64));
        assert_eq!(MegolmMessage::from_base64(""), Err(MegolmError::Form));
        for text in ["", "AAAA", "no key", &"A".repeat(44)] {
            assert_eq!(SessionId::parse(text), Err(MegolmError::Session), "{text}");
        }
    }

    #[test]
    fn only_the_shortest_numbers_are_taken() {
        assert_eq!(varint(&[0x00]), Ok((0, [].as_slice())));
        assert_eq!(varint(&[0xff, 0xff, 0xff, 0xff, 0x0f, 7]), Ok((u32::MAX, [7].as_slice())));
        let (long_zero, too_large): ([u8; 2], [u8; 5]) = ([0x80, 0x00], [0xff, 0xff, 0xff, 0xff, 0x1f]);
        for bytes in [&long_zero[..], &too_large, &[], &[0x80], &[0x80; 6]] {
            assert_eq!(varint(bytes), Err(MegolmError::Form), "{bytes:?}");
        }
    }

    proptest! {
        /// Whatever is taken here is taken by the library of the clients, with the same index, written the same again.
        #[test]
        fn what_is_taken_is_what_clients_take(
            start in any::<[u8; 3]>(), index in any::<u32>(), length in 0usize..80, tail in proptest::collection::vec(any::<u8>(), 0..170), honest in any::<bool>(),
        ) {
            let mut bytes = if honest { vec![VERSION, INDEX_TAG] } else { start.to_vec() };
            push_varint(&mut bytes, index);
            bytes.push(CIPHERTEXT_TAG);
            push_varint(&mut bytes, u32::try_from(length).unwrap());
            bytes.extend(tail);
            if let Ok(ours) = MegolmMessage::from_bytes(bytes.clone()) {
                let theirs = Theirs::from_bytes(&bytes).unwrap();
                prop_assert_eq!(theirs.message_index(), ours.index());
                prop_assert_eq!(theirs.ciphertext().len(), ours.ciphertext_bytes());
                prop_assert_eq!(theirs.to_bytes(), bytes);
            }
        }

        /// One bit changed anywhere: refused by its form, or no longer signed.
        #[test]
        fn a_changed_bit_is_found(text in "[a-z ]{0,40}", place in any::<prop::sample::Index>(), bit in 0u8..8) {
            let mut session = GroupSession::new(SessionConfig::version_1());
            let mut bytes = session.encrypt(&text).to_bytes();
            let place = place.index(bytes.len());
            bytes[place] ^= 1 << bit;
            let found = MegolmMessage::from_bytes(bytes).and_then(|message| message.verify(&session_of(&session)));
            prop_assert!(found.is_err());
        }

        /// What is verified here opens at a client that has the key.
        #[test]
        fn what_is_verified_can_be_decrypted(text in "\\PC{0,60}") {
            let mut session = GroupSession::new(SessionConfig::version_1());
            let mut inbound = InboundGroupSession::new(&session.session_key(), SessionConfig::version_1());
            let sent = session.encrypt(&text).to_base64();
            let ours = MegolmMessage::from_base64(&sent).unwrap();
            prop_assert_eq!(ours.verify(&session_of(&session)), Ok(()));
            let opened = inbound.decrypt(&Theirs::from_base64(&sent).unwrap()).unwrap();
            prop_assert_eq!(opened.plaintext, text.as_bytes());
        }
    }

    fn push_varint(bytes: &mut Vec<u8>, mut number: u32) {
        while number >= 0x80 {
            bytes.push(u8::try_from(number & 0x7f).unwrap() | 0x80);
            number >>= 7;
        }
        bytes.push(u8::try_from(number).unwrap());
    }
}
