//! Lets go of texts that were kept as evidence: of messages that were refused, or redacted while a case was about them.

use model::clock::Timestamp;
use model::id::CaseId;
use model::limits;

use super::media_refs;
use crate::args;
use crate::error::StoreError;
use crate::tx::{Command, Tx};

/// Deletes at most [`limits::EVIDENCE_BATCH_ROWS`] kept texts of findings older than `found_before`, oldest first. Each
/// case keeps everything else and the moment its text went. Media that were kept with a text go with it.
#[derive(Clone, Debug)]
pub struct ForgetEvidence {
    /// Texts of findings before this moment go.
    pub found_before: Timestamp,
    /// The present moment.
    pub now: Timestamp,
}

impl Command for ForgetEvidence {
    /// The case of each text that went.
    type Out = Vec<CaseId>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<CaseId>, StoreError> {
        let sql = "update flags set blocked_content = null, text_gone_ms = $2 where flag_id in \
                   (select flag_id from flags where blocked_content is not null and created_ms < $1 order by created_ms limit $3) \
                   returning case_id, event_id";
        let rows = tx.rows(sql, args![self.found_before, self.now, crate::value::rows(limits::EVIDENCE_BATCH_ROWS)]).await?;
        let mut cases = Vec::with_capacity(rows.len());
        for row in rows {
            cases.push(CaseId(row.int(0)?));
            if row.text_or_null(1)?.is_some() {
                media_refs::take_back(tx, &row.parse(1)?, false).await?;
            }
        }
        Ok(cases)
    }
}
