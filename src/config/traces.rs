//! Where spans go: the `OTEL_` settings, named and understood as OpenTelemetry does.

use super::reader::Reader;
use super::{Secret, values};

/// Traces are exported, there and so.
#[derive(Clone, Debug, PartialEq)]
pub struct TraceSettings {
    /// `OTEL_EXPORTER_OTLP_ENDPOINT`, without a slash at its end.
    pub endpoint: String,
    /// `OTEL_EXPORTER_OTLP_HEADERS`: names and values.
    pub headers: Vec<(String, Secret)>,
    /// `OTEL_SERVICE_NAME`.
    pub service_name: String,
    /// `OTEL_TRACES_SAMPLER_ARG`: which part of the traces that begin here is recorded, 0 to 1.
    pub ratio: f64,
}

/// Reads all of them; `None` if there is no endpoint.
pub(super) fn read(reader: &mut Reader) -> Option<TraceSettings> {
    let endpoint = reader.optional("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint);
    let headers = reader.optional("OTEL_EXPORTER_OTLP_HEADERS", headers).unwrap_or_default();
    let service_name = reader.value("OTEL_SERVICE_NAME", |text| Ok(text.to_owned()));
    let ratio = reader.value("OTEL_TRACES_SAMPLER_ARG", ratio);
    endpoint.map(|endpoint| TraceSettings { endpoint, headers, service_name, ratio })
}

fn endpoint(text: &str) -> Result<String, String> {
    let allowed = || "an http or https URL such as http://127.0.0.1:4318, without user, query and fragment".to_owned();
    let text = text.trim_end_matches('/');
    let (scheme, rest) = text.split_once("://").ok_or_else(allowed)?;
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let origin = values::origin(&format!("{scheme}://{authority}")).map_err(|_| allowed())?;
    let path_is_plain = path.bytes().all(|byte| byte.is_ascii_graphic() && !b"?#".contains(&byte));
    path_is_plain.then(|| format!("{origin}{path}")).ok_or_else(allowed)
}

/// `name=value` pairs between commas, values percent-encoded where they have to be.
fn headers(text: &str) -> Result<Vec<(String, Secret)>, String> {
    let allowed = || "name=value pairs, comma separated, values percent-encoded where they have to be".to_owned();
    values::list(text, |pair| {
        let (name, value) = pair.split_once('=').ok_or_else(allowed)?;
        let (name, value) = (name.trim(), decoded(value.trim()).ok_or_else(allowed)?);
        let may_stand = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        let valid = !name.is_empty() && name.bytes().all(may_stand);
        let printable = value.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        (valid && printable).then(|| (name.to_owned(), Secret::new(value))).ok_or_else(allowed)
    })
}

/// Undoes percent-encoding (RFC 3986 §2.1).
fn decoded(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(part.get(..2)?, 16).ok()?);
        bytes.extend(&part.as_bytes()[2..]);
    }
    String::from_utf8(bytes).ok()
}

fn ratio(text: &str) -> Result<f64, String> {
    let ratio = text.parse().ok().filter(|ratio| (0.0..=1.0).contains(ratio));
    ratio.ok_or_else(|| "a number, 0 to 1".into())
}

#[cfg(test)]
mod tests {
    use super::super::{Settings, SettingsError};
    use super::*;

    const ENDPOINT: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318");

    fn load(environment: &[(&str, &str)]) -> Result<Option<TraceSettings>, SettingsError> {
        let environment = environment.iter().map(|(name, value)| (name.to_string(), value.to_string()));
        Settings::load(vec![], environment, None).map(|settings| settings.traces)
    }

    #[test]
    fn without_an_endpoint_nothing_is_exported() {
        assert_eq!(load(&[]).unwrap(), None);
        assert_eq!(load(&[("OTEL_SERVICE_NAME", "shop"), ("OTEL_TRACES_SAMPLER_ARG", "0.5")]).unwrap(), None);
    }

    #[test]
    fn an_endpoint_alone_will_do() {
        let traces = load(&[ENDPOINT]).unwrap().unwrap();
        assert_eq!((&*traces.endpoint, &*traces.service_name, traces.ratio), (ENDPOINT.1, "clientele", 1.0));
        assert_eq!(traces.headers, []);
        let traces = load(&[(ENDPOINT.0, "https://otel.example.com/base/")]).unwrap().unwrap();
        assert_eq!(traces.endpoint, "https://otel.example.com/base");
    }

    #[test]
    fn headers_are_pairs_and_stay_secret() {
        let given = ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20hunter2, x-tenant = a=b");
        let traces = load(&[ENDPOINT, given]).unwrap().unwrap();
        let headers: Vec<_> = traces.headers.iter().map(|(name, value)| (&**name, value.expose())).collect();
        assert_eq!(headers, [("authorization", "Bearer hunter2"), ("x-tenant", "a=b")]);
        assert!(!format!("{traces:?}").contains("hunter2"));
        for wrong in ["hunter2", "=hunter2", "a b=hunter2", "a=hunter2%2", "a=hunter2%0a"] {
            let told = load(&[ENDPOINT, (given.0, wrong)]).unwrap_err().to_string();
            assert!(told.contains("name=value pairs") && !told.contains("hunter2"), "{wrong}: {told}");
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for wrong in ["localhost:4318", "grpc://localhost", "http://", "http://a:b@c", "http://a/b?c=d", "http://a b"] {
            assert!(load(&[(ENDPOINT.0, wrong)]).unwrap_err().to_string().contains("an http or https URL"), "{wrong}");
        }
        for wrong in ["-0.1", "1.1", "NaN", "all"] {
            let told = load(&[("OTEL_TRACES_SAMPLER_ARG", wrong)]).unwrap_err().to_string();
            assert!(told.contains("a number, 0 to 1"), "{wrong}: {told}");
        }
    }
}
