//! Whether the database answers.

use crate::args;
use crate::error::StoreError;
use crate::tx::{Query, Tx};

/// Asks for nothing.
#[derive(Clone, Debug)]
pub struct Ping;

impl Query for Ping {
    type Out = ();

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<(), StoreError> {
        tx.row("select meta_key from meta", args![]).await.map(|_| ())
    }
}
