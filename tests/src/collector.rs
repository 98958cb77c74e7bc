//! A collector of traces, which keeps what it is sent.

use std::{
    sync::{Arc, Mutex},
    thread::JoinHandle,
};

use actix_web::{
    App, HttpResponse, HttpServer,
    dev::ServerHandle,
    web::{Bytes, Data, PayloadConfig, post},
};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest, common::v1::any_value::Value, trace::v1::Span,
};
use prost::Message;

type Requests = Arc<Mutex<Vec<ExportTraceServiceRequest>>>;

/// Collects until it is dropped.
pub struct Collector {
    url: String,
    requests: Requests,
    server: ServerHandle,
    thread: Option<JoinHandle<()>>,
}

/// A span that came.
#[derive(Clone, Debug)]
pub struct CollectedSpan {
    /// Its name.
    pub name: String,
    /// In hexadecimal.
    pub trace_id: String,
    /// In hexadecimal.
    pub span_id: String,
    /// In hexadecimal; empty at the start of a trace.
    pub parent_id: String,
    /// As texts.
    pub attributes: Vec<(String, String)>,
}

impl CollectedSpan {
    /// One attribute.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

impl Collector {
    /// On a free port.
    #[must_use]
    pub fn start() -> Self {
        let requests = Requests::default();
        let state = Data::from(Arc::clone(&requests));
        let (sender, started) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let server = HttpServer::new(move || {
                    App::new()
                        .app_data(PayloadConfig::new(16 << 20))
                        .app_data(state.clone())
                        .route("/v1/traces", post().to(collect))
                })
                .workers(1)
                .shutdown_timeout(0)
                .disable_signals()
                .bind("127.0.0.1:0")
                .expect("a free port");
                let address = server.addrs()[0];
                let server = server.run();
                sender.send((address, server.handle())).expect("the test waits");
                server.await.expect("the collector runs");
            });
        });
        let (address, server) = started.recv().expect("the collector starts");
        Self { url: format!("http://{address}"), requests, server, thread: Some(thread) }
    }

    /// What `OTEL_EXPORTER_OTLP_ENDPOINT` is to be.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The attributes of the services that sent spans.
    #[must_use]
    pub fn resources(&self) -> Vec<(String, String)> {
        let requests = self.requests.lock().unwrap();
        let resources = requests.iter().flat_map(|request| &request.resource_spans);
        let attributes =
            resources.filter_map(|spans| spans.resource.as_ref()).flat_map(|all| &all.attributes);
        attributes.map(|attribute| (attribute.key.clone(), text(attribute.value.as_ref()))).collect()
    }

    /// Every span that came so far.
    #[must_use]
    pub fn spans(&self) -> Vec<CollectedSpan> {
        let requests = self.requests.lock().unwrap();
        let resources = requests.iter().flat_map(|request| &request.resource_spans);
        resources.flat_map(|spans| &spans.scope_spans).flat_map(|spans| &spans.spans).map(read).collect()
    }

    /// The spans of a name.
    #[must_use]
    pub fn spans_named(&self, name: &str) -> Vec<CollectedSpan> {
        self.spans().into_iter().filter(|span| span.name == name).collect()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        // What is asked for is sent at once; the answer is not needed.
        drop(self.server.stop(false));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn collect(body: Bytes, requests: Data<Mutex<Vec<ExportTraceServiceRequest>>>) -> HttpResponse {
    let request = ExportTraceServiceRequest::decode(body).expect("it is OTLP");
    requests.lock().unwrap().push(request);
    HttpResponse::Ok().finish()
}

fn read(span: &Span) -> CollectedSpan {
    let hexadecimal = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let attributes = span.attributes.iter();
    CollectedSpan {
        name: span.name.clone(),
        trace_id: hexadecimal(&span.trace_id),
        span_id: hexadecimal(&span.span_id),
        parent_id: hexadecimal(&span.parent_span_id),
        attributes: attributes.map(|own| (own.key.clone(), text(own.value.as_ref()))).collect(),
    }
}

fn text(value: Option<&opentelemetry_proto::tonic::common::v1::AnyValue>) -> String {
    match value.and_then(|value| value.value.as_ref()) {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::IntValue(number)) => number.to_string(),
        Some(Value::BoolValue(is_so)) => is_so.to_string(),
        other => format!("{other:?}"),
    }
}
