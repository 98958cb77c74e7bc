//! Where traces are sent to.

use std::str::FromStr;

use reqwest::Url;

/// The address that takes traces: OTLP over HTTP.
///
/// ```
/// use gamification_telemetry::TraceCollector;
///
/// assert!("http://127.0.0.1:4318".parse::<TraceCollector>().is_ok());
/// assert!("collector:4318".parse::<TraceCollector>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceCollector(Url);

/// A text that is no base address of a collector. It may hold a password, and is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it must be a URL such as http://127.0.0.1:4318")]
pub struct InvalidCollector;

impl TraceCollector {
    pub(crate) const fn url(&self) -> &Url {
        &self.0
    }
}

impl FromStr for TraceCollector {
    type Err = InvalidCollector;

    fn from_str(text: &str) -> Result<Self, InvalidCollector> {
        let mut url = Url::parse(text).map_err(|_| InvalidCollector)?;
        let is_base = matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.query().is_none()
            && url.fragment().is_none();
        if !is_base {
            return Err(InvalidCollector);
        }
        // OpenTelemetry's specification says that this path is added to the base.
        let path = format!("{}/v1/traces", url.path().trim_end_matches('/'));
        url.set_path(&path);
        Ok(Self(url))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traces_go_below_the_address_of_the_collector() {
        for (given, url) in [
            ("http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/traces"),
            ("http://127.0.0.1:4318/", "http://127.0.0.1:4318/v1/traces"),
            ("https://collector.example/otlp", "https://collector.example/otlp/v1/traces"),
        ] {
            assert_eq!(given.parse::<TraceCollector>().unwrap().url().as_str(), url);
        }
        for wrong in
            ["127.0.0.1:4318", "collector:4318", "http://", "ftp://collector", "http://x?y", "nonsense", " "]
        {
            assert_eq!(wrong.parse::<TraceCollector>(), Err(InvalidCollector), "{wrong}");
        }
    }
}
