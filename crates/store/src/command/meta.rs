//! What a deployment remembers of itself: the first value given for a key stands.

use crate::args;
use crate::error::StoreError;
use crate::tx::{Command, Tx};

/// Gives the value of a key, or sets it when there is none.
#[derive(Clone, Debug)]
pub struct MetaOnce {
    /// The key.
    pub key: &'static str,
    /// The value it gets when it has none.
    pub value: String,
}

impl Command for MetaOnce {
    /// The value that stands.
    type Out = String;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<String, StoreError> {
        tx.exec("insert into meta (meta_key, value) values ($1, $2) on conflict (meta_key) do nothing", args![self.key, &self.value])
            .await?;
        let row = tx.row("select value from meta where meta_key = $1", args![self.key]).await?;
        row.ok_or(StoreError::Stale)?.take_text(0)
    }
}
