//! The two pages, the control requests, and how they are served: one request a connection, one page made at a time, one
//! control request carried out at a time.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::serve::Listener;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::connection::{Bounded, Limits};
use super::{Sources, control, gather, metrics, timestamp};

/// How long whoever sent a control request is kept waiting, its turn included.
const CONTROL_PATIENCE: Duration = Duration::from_secs(30);

/// Makes the pages and carries out control requests.
#[derive(Clone)]
pub(super) struct Page {
    sources: Arc<Sources>,
    /// One page at a time: however many ask, at most one core is busy with it.
    turn: Arc<Semaphore>,
    /// One control request at a time, beside the pages: a long one does not keep a scraper waiting.
    control_turn: Arc<Semaphore>,
}

impl Page {
    /// Pages over these sources.
    pub(super) fn new(sources: Sources) -> Page {
        let turn = || Arc::new(Semaphore::new(1));
        Page { sources: Arc::new(sources), turn: turn(), control_turn: turn() }
    }

    /// Makes a page on a thread that may take its time, so that the runtime's threads stay free.
    async fn make(
        self,
        make: fn(&Sources) -> Result<Vec<u8>, String>,
        content_type: &'static str,
    ) -> Response {
        let _turn = self.turn.acquire().await.expect("the semaphore is never closed");
        let sources = Arc::clone(&self.sources);
        match tokio::task::spawn_blocking(move || make(&sources)).await {
            Ok(Ok(body)) => ([(header::CONTENT_TYPE, content_type)], body).into_response(),
            Ok(Err(error)) => (StatusCode::INTERNAL_SERVER_ERROR, error).into_response(),
            Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
        }
    }

    /// Carries out a control request. One that is given up on holds its turn until its thread is done: a thread cannot
    /// be stopped, but there is never more than one.
    async fn carry_out(self, request: control::Request) -> Response {
        let turn =
            Arc::clone(&self.control_turn).acquire_owned().await.expect("the semaphore is never closed");
        let sources = Arc::clone(&self.sources);
        let work = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            (sources.control)(request)
        });
        match work.await {
            Ok(Ok(reply)) => ([(header::CONTENT_TYPE, reply.content_type)], reply.body).into_response(),
            Ok(Err(error)) => (StatusCode::BAD_REQUEST, error).into_response(),
            Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
        }
    }
}

/// What the control socket has.
pub(super) fn socket_routes(page: &Page) -> Router {
    Router::new()
        .route("/status", get(get_status))
        .route("/metrics", get(get_metrics))
        .route("/control", post(post_control).layer(DefaultBodyLimit::max(control::REQUEST_MAX)))
        .with_state(page.clone())
}

/// What the metrics listener has.
pub(super) fn metrics_routes(page: &Page) -> Router {
    Router::new().route("/metrics", get(get_metrics)).with_state(page.clone())
}

/// Serves until the task is aborted.
pub(super) async fn serve<L>(listener: L, limits: Limits, routes: Router)
where
    L: Listener,
    L::Addr: std::fmt::Debug,
{
    let routes = routes.layer(axum::middleware::map_response(close_after_answer));
    if let Err(error) = axum::serve(Bounded::new(listener, limits), routes).await {
        tracing::error!(%error, "an admin listener stopped");
    }
}

/// One request a connection: nobody holds a slot with an idle connection.
async fn close_after_answer(mut response: Response) -> Response {
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

async fn get_status(State(page): State<Page>) -> Response {
    page.make(status_body, "application/json").await
}

async fn get_metrics(State(page): State<Page>) -> Response {
    page.make(metrics_body, metrics::CONTENT_TYPE).await
}

async fn post_control(State(page): State<Page>, body: Bytes) -> Response {
    let request = match control::read(&body) {
        Ok(request) => request,
        Err(error) => return (StatusCode::BAD_REQUEST, error).into_response(),
    };
    let reply = timeout(CONTROL_PATIENCE, page.carry_out(request)).await;
    let too_late = "the server is busy with this or another request; it may still carry it out";
    reply.unwrap_or_else(|_| (StatusCode::SERVICE_UNAVAILABLE, too_late).into_response())
}

fn status_body(sources: &Sources) -> Result<Vec<u8>, String> {
    let status = gather::status(sources, timestamp::now());
    serde_json::to_vec(&status).map_err(|error| error.to_string())
}

fn metrics_body(sources: &Sources) -> Result<Vec<u8>, String> {
    metrics::render(sources).map(String::into_bytes).map_err(|error| error.to_string())
}
