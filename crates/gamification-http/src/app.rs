//! The Actix app: what every request passes through on its way to the endpoints.

use std::{any::Any, io, net::SocketAddr, time::Duration};

use actix_web::{
    App, Error, HttpServer,
    body::MessageBody,
    dev::{Server, ServiceFactory, ServiceRequest, ServiceResponse},
    middleware::{DefaultHeaders, from_fn},
    web::{Data, ServiceConfig},
};
use gamification_app::{
    Clock, IdGenerator,
    ports::{Queries, Store},
};
use tracing_actix_web::TracingLogger;
#[cfg(target_os = "linux")]
use {actix_web::rt::net::TcpStream, rustix::net::sockopt::set_tcp_user_timeout};

use crate::{
    compression::compress_large_answers,
    cors::{Origin, cors},
    head_limits::limit_heads,
    problem::render_problems,
    request_id::identify_requests,
    request_metrics::measure_requests,
    request_span::{JoinTrace, RequestSpan},
    routes,
    state::{Api, Operations},
};

/// How long a client may take to send the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);

/// How long requests that have begun may take to end when the server stops, in seconds: as long as any of them is given.
const SHUTDOWN_TIMEOUT: u64 = 5;

/// How long an answer may wait for a client that takes nothing of it, in milliseconds. Far longer than a good network is
/// ever silent; without an end, clients that ask and never read would take ever more memory.
const UNREAD_TIMEOUT: u32 = 20_000;

/// The endpoints of an app, and what it depends on who runs it.
pub struct AppParts<S, E> {
    /// What users and the platform call, if it is here.
    pub api: Option<Data<Api<S, E>>>,
    /// What operators look at, if it is here.
    pub operations: Option<Data<Operations<S>>>,
    /// The origins whose pages may call the API.
    pub origins: Vec<Origin>,
    /// How a request's span becomes a part of its caller's trace, where traces are exported.
    pub join_trace: Option<JoinTrace>,
    /// Adds pages beside the endpoints, if there are any.
    pub pages: Option<fn(&mut ServiceConfig)>,
}

/// Puts an app together: each request gets its id and its span, is measured, and is refused early where its head is too
/// large; each error becomes a problem document; large answers are compressed; and browsers are told which pages may read
/// the answer.
pub fn app<S: Store + Queries, E: Clock + IdGenerator>(
    AppParts { api, operations, origins, join_trace, pages }: AppParts<S, E>,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody>,
        Error = Error,
        InitError = (),
    >,
> {
    // What is wrapped around last sees a request first.
    App::new()
        .wrap(from_fn(limit_heads))
        .wrap(cors(&origins))
        .wrap(from_fn(render_problems))
        .wrap(from_fn(compress_large_answers))
        .wrap(DefaultHeaders::new().add(("X-Content-Type-Options", "nosniff")))
        .wrap(from_fn(measure_requests))
        .wrap(TracingLogger::<RequestSpan>::new())
        .wrap(from_fn(identify_requests))
        .configure(|config| {
            if let Some(join_trace) = join_trace {
                config.app_data(join_trace);
            }
            routes::configure(config, api.as_ref(), operations.as_ref());
            if let Some(pages) = pages {
                pages(config);
            }
        })
}

/// Lets the system close a connection on which nothing could be sent for too long; where it has no such timer, only the
/// end of the server closes it.
fn cut_off_who_never_reads(connection: &dyn Any) {
    #[cfg(target_os = "linux")]
    if let Some(stream) = connection.downcast_ref::<TcpStream>()
        && let Err(error) = set_tcp_user_timeout(stream, UNREAD_TIMEOUT)
    {
        tracing::debug!(%error, "a connection has no timer for what is not read");
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (connection, UNREAD_TIMEOUT);
}

/// Serves an app at an address, once the server that it gives is awaited; port 0 picks a free one. Signals are for the
/// caller to handle. Each worker makes its app of parts of its own, on its thread and within its runtime.
///
/// # Errors
/// When the address can't be listened on.
pub fn serve<S: Store + Queries, E: Clock + IdGenerator>(
    parts: impl Fn() -> AppParts<S, E> + Send + Clone + 'static,
    listen: SocketAddr,
) -> io::Result<(Server, Vec<SocketAddr>)> {
    let server = HttpServer::new(move || app(parts()))
        .client_request_timeout(HEAD_TIMEOUT)
        .shutdown_timeout(SHUTDOWN_TIMEOUT)
        .on_connect(|connection, _| cut_off_who_never_reads(connection))
        .disable_signals()
        .bind(listen)?;
    let addresses = server.addrs();
    Ok((server.run(), addresses))
}
