//! Accepts connections and speaks HTTP/1.1 on them: a bounded number, with small buffers, so that
//! twenty thousand idle long polls fit into memory.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::response::Response;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use model::limits;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tower::ServiceExt;

use super::proxies;

/// Serves until `stop` resolves, then answers what was accepted. Waiting long polls are not waited for.
pub(super) async fn serve(listener: TcpListener, router: Router, proxies: Arc<[IpAddr]>, stop: impl Future<Output = ()>) {
    let permits = Arc::new(Semaphore::new(limits::CONNECTIONS));
    let graceful = GracefulShutdown::new();
    let busy = Arc::new(AtomicUsize::new(0));
    tokio::pin!(stop);
    loop {
        let permit = Arc::clone(&permits).acquire_owned().await.expect("the semaphore is never closed");
        let accepted = tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => accepted,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                // out of file descriptors, or the peer is gone already: the next one may do better
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let connection = connection(stream, router.clone(), Arc::clone(&proxies), Arc::clone(&busy));
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            // a peer that breaks off is everyday life
            let _broken = connection.await;
            drop(permit);
        });
    }
    drop(listener);
    finish(graceful, &busy).await;
}

type Connection<S> = http1::Connection<TokioIo<TcpStream>, S>;

fn connection(
    stream: TcpStream,
    router: Router,
    proxies: Arc<[IpAddr]>,
    busy: Arc<AtomicUsize>,
) -> Connection<impl hyper::service::Service<Request<Incoming>, Response = Response, Error = Infallible, Future: Send> + Send> {
    // an answer is one write; waiting to fill a packet only delays it
    let _refused = stream.set_nodelay(true);
    let peer = stream.peer_addr().ok();
    let service = service_fn(move |mut request: Request<Incoming>| {
        if let Some(peer) = peer {
            let client = proxies::client(peer.ip(), request.headers(), &proxies);
            request.extensions_mut().insert(ConnectInfo(SocketAddr::new(client, peer.port())));
        }
        let router = router.clone();
        let guard = Busy::begin(&busy, request.uri().path());
        async move {
            let response = router.oneshot(request.map(Body::new)).await;
            drop(guard);
            response
        }
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_millis(limits::REQUEST_READ_MS))
        .max_buf_size(limits::CONNECTION_BUFFER_BYTES)
        .serve_connection(TokioIo::new(stream), service)
}

/// Counts a request until it is answered, unless it is one that waits for others.
struct Busy(Option<Arc<AtomicUsize>>);

impl Busy {
    fn begin(count: &Arc<AtomicUsize>, path: &str) -> Self {
        if path.ends_with("/sync") || path.ends_with("/events") {
            return Self(None);
        }
        count.fetch_add(1, Ordering::SeqCst);
        Self(Some(Arc::clone(count)))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        if let Some(count) = &self.0 {
            count.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

/// Lets every request that writes be answered, and the answers reach the wire.
async fn finish(graceful: GracefulShutdown, busy: &AtomicUsize) {
    let answered = async {
        while busy.load(Ordering::SeqCst) > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        tokio::time::sleep(Duration::from_millis(limits::SHUTDOWN_FLUSH_MS)).await;
    };
    tokio::select! {
        () = graceful.shutdown() => {}
        () = answered => {}
        () = tokio::time::sleep(Duration::from_millis(limits::SHUTDOWN_MS)) => tracing::warn!("some requests were not answered in time"),
    }
}
