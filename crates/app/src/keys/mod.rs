//! Public keys for end-to-end encryption: uploading, looking up, giving out, vouching.

mod cross_signing;
mod query;
mod signatures;
mod upload;

pub use cross_signing::CrossSigningUpload;
pub use signatures::SignedKeys;
pub use upload::KeyUpload;
