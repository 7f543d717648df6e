//! The bytes of media: kept in an object store, given out as they came, made small.
//!
//! The only crate that names an object store and the only one that decodes a picture. It knows nobody's rights, no
//! SQL and no requests: who may have which bytes is decided by `app`, under which name they are known by `store`.

mod keep;
pub mod kind;
mod s3;
pub mod thumbnail;

pub use keep::{BlobError, Blobs, Incoming, Kept, Opened};
pub use s3::Bucket;
