//! Deletes the bytes of media that nothing shows any more.

use std::sync::Arc;
use std::time::Duration;

use model::limits;
use tokio_util::sync::CancellationToken;

use crate::App;

pub(crate) async fn run(app: Arc<App>, stop: CancellationToken) {
    loop {
        if let Err(error) = app.sweep_media().await {
            tracing::warn!(%error, "media to be deleted could not be looked for; it is tried again in a moment");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = app.media.sweep.notified() => {}
            () = tokio::time::sleep(Duration::from_millis(limits::MEDIA_SWEEP_MS)) => {}
        }
    }
}
