//! Reads the parameters of a query and finds everything that is wrong with them, not the first thing only.

use std::borrow::Cow;
use std::future::{Ready, ready};
use std::str::FromStr;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use crate::model::error::{ErrorCode, FieldError, Invalid};
use crate::model::form::text_fault;

use super::error::ApiError;

/// How many parameters a query may have. No endpoint knows half as many.
const MOST: usize = 50;

/// The parameters of a query that is being read.
///
/// Each is taken by name; [`finish`](Self::finish) refuses what is left, so that no parameter is ignored (§10).
/// Every fault is 2002, ids and dates too.
#[derive(Debug)]
pub struct Parameters {
    pub(super) request: HttpRequest,
    pairs: Vec<(String, String)>,
    errors: Vec<FieldError>,
}

impl Parameters {
    /// Begins to read the query of a request. What is malformed or repeated in it is noted as a fault.
    pub fn of(request: &HttpRequest) -> Self {
        let mut parameters = Self { request: request.clone(), pairs: Vec::new(), errors: Vec::new() };
        let pairs = request.query_string().split('&').filter(|pair| !pair.is_empty());
        for (count, pair) in pairs.enumerate() {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            if count == MOST {
                parameters.fault(&shown(name), format!("is one too many: a query has at most {MOST} parameters"));
                break;
            }
            parameters.add(name, value);
        }
        parameters
    }

    fn add(&mut self, name: &str, value: &str) {
        let Some(name) = decoded(name) else {
            return self.fault(&shown(name), "has a malformed name");
        };
        match decoded(value) {
            None => self.fault(&name, "is malformed: percent-encoded UTF-8 without NUL is expected"),
            Some(_) if self.pairs.iter().any(|(known, _)| *known == name) => {
                self.fault(&name, "is given more than once");
            }
            Some(value) => self.pairs.push((name, value)),
        }
    }

    /// Takes a parameter as it is, decoded; `None` if it is absent.
    pub fn take(&mut self, name: &str) -> Option<String> {
        let index = self.pairs.iter().position(|(known, _)| known == name)?;
        Some(self.pairs.remove(index).1)
    }

    /// Takes a parameter that `parse` accepts; `fault` says what is wrong with any other, to be read behind its name.
    pub fn checked<T, D: Into<Cow<'static, str>>>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&str) -> Option<T>,
        fault: impl FnOnce() -> D,
    ) -> Option<T> {
        let text = self.take(name)?;
        let parsed = parse(&text);
        if parsed.is_none() {
            self.fault(name, fault());
        }
        parsed
    }

    /// Takes a parameter that reads as a `T`: an id, a time.
    pub fn parsed<T: FromStr<Err: std::fmt::Display>>(&mut self, name: &str) -> Option<T> {
        let text = self.take(name)?;
        text.parse().map_err(|fault: T::Err| self.fault(name, fault.to_string())).ok()
    }

    /// Takes a whole number from `min` to `max`, written in digits.
    pub fn integer(&mut self, name: &str, min: u64, max: u64) -> Option<u64> {
        let parse = |text: &str| {
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse().ok().filter(|number| digits && (min..=max).contains(number))
        };
        self.checked(name, parse, || format!("is not a whole number from {min} to {max}"))
    }

    /// Takes `true` or `false`.
    pub fn boolean(&mut self, name: &str) -> Option<bool> {
        self.checked(name, |text| text.parse().ok(), || "is not true or false")
    }

    /// Takes one of a few texts.
    pub fn choice<T: Copy>(&mut self, name: &str, choices: &[(&'static str, T)]) -> Option<T> {
        let choose = |text: &str| choices.iter().find(|(choice, _)| *choice == text).map(|(_, chosen)| *chosen);
        self.checked(name, choose, || {
            let names: Vec<_> = choices.iter().map(|(choice, _)| *choice).collect();
            format!("is not one of {}", names.join(", "))
        })
    }

    /// Takes a text of `min` to `max` Unicode characters.
    pub fn text(&mut self, name: &str, min: usize, max: usize) -> Option<String> {
        let text = self.take(name)?;
        match text_fault(&text, min, max) {
            None => Some(text),
            Some(fault) => {
                self.fault(name, fault);
                None
            }
        }
    }

    /// Notes that something is wrong with a parameter.
    pub fn fault(&mut self, name: &str, detail: impl Into<Cow<'static, str>>) {
        let pointer = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
        self.errors.push(FieldError { pointer, code: ErrorCode::InvalidInput, detail: detail.into() });
    }

    /// Ends the reading: what is left is unknown. `build` is called if nothing is wrong.
    ///
    /// # Errors
    /// Everything that is wrong, parameter by parameter.
    pub fn finish<T>(mut self, build: impl FnOnce() -> T) -> Result<T, Invalid> {
        for (name, _) in std::mem::take(&mut self.pairs) {
            self.fault(&name, "is not a known parameter");
        }
        if self.errors.is_empty() { Ok(build()) } else { Err(Invalid(self.errors)) }
    }
}

impl FromRequest for Parameters {
    type Error = std::convert::Infallible;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(request)))
    }
}

/// The query of an endpoint that takes no parameters: any is refused.
#[derive(Clone, Copy, Debug)]
pub struct NoParameters;

impl FromRequest for NoParameters {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        if request.query_string().is_empty() {
            return ready(Ok(Self));
        }
        ready(Parameters::of(request).finish(|| Self).map_err(ApiError::from))
    }
}

/// A name as it was sent, of a length that can be told.
fn shown(name: &str) -> String {
    name.chars().take(100).collect()
}

/// A part of a query without its percent-encoding; `None` if that, or the UTF-8 in it, is malformed, or it holds a NUL.
fn decoded(part: &str) -> Option<String> {
    let mut bytes = part.bytes();
    let mut decoded = Vec::with_capacity(part.len());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => hexadecimal(bytes.next()?)? << 4 | hexadecimal(bytes.next()?)?,
            _ => byte,
        });
    }
    String::from_utf8(decoded).ok().filter(|text| !text.contains('\0'))
}

fn hexadecimal(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::id::CustomerId;
    use actix_web::test::TestRequest;

    fn parameters(query: &str) -> Parameters {
        Parameters::of(&TestRequest::with_uri(&format!("/customers?{query}")).to_http_request())
    }

    fn faults(query: &str, read: impl FnOnce(&mut Parameters)) -> Vec<String> {
        let mut parameters = parameters(query);
        read(&mut parameters);
        let invalid = parameters.finish(|| ()).err();
        invalid.into_iter().flat_map(|invalid| invalid.0).map(|error| error.pointer).collect()
    }

    #[test]
    fn values_are_decoded() {
        let mut parameters = parameters("q=J%C3%BCrgen+M%26M&empty=&flag");
        assert_eq!(parameters.take("q").as_deref(), Some("Jürgen M&M"));
        assert_eq!(parameters.take("empty").as_deref(), Some(""));
        assert_eq!(parameters.take("flag").as_deref(), Some(""));
        assert_eq!(parameters.take("absent"), None);
        assert!(parameters.finish(|| ()).is_ok());
    }

    #[test]
    fn every_fault_of_a_query_is_told_at_once() {
        let told = faults("limit=0&id=x&strict=yes&status=gone&surprise=1&a%2Fb=2", |parameters| {
            assert_eq!(parameters.integer("limit", 1, 100), None);
            assert_eq!(parameters.parsed::<CustomerId>("id"), None);
            assert_eq!(parameters.boolean("strict"), None);
            assert_eq!(parameters.choice("status", &[("active", 1)]), None);
        });
        assert_eq!(told, ["/limit", "/id", "/strict", "/status", "/surprise", "/a~1b"]);
    }

    #[test]
    fn malformed_and_repeated_parameters_are_refused() {
        for query in ["q=%", "q=%4", "q=%zz", "q=%ff", "q=%00", "q=1&q=2", "q=1&%71=1"] {
            let told = faults(query, |parameters| drop(parameters.take("q")));
            assert_eq!(told, ["/q"], "{query}");
        }
        assert_eq!(faults("%ff=1", |_| ()), ["/%ff"]);
    }

    #[test]
    fn a_query_of_very_many_parameters_is_not_read_to_its_end() {
        let query: Vec<_> = (0..5_000).map(|number| format!("p{number}=1")).collect();
        let told = faults(&query.join("&"), |_| ());
        assert_eq!((told.len(), told[0].as_str()), (MOST + 1, "/p50"));
    }

    #[test]
    fn whole_numbers_are_written_in_digits() {
        for text in ["", "+5", "-5", "5.0", "5e0", "%205", "99999999999999999999"] {
            let told = faults(&format!("limit={text}"), |parameters| {
                assert_eq!(parameters.integer("limit", 1, 100), None);
            });
            assert_eq!(told, ["/limit"], "{text}");
        }
        assert_eq!(parameters("limit=100").integer("limit", 1, 100), Some(100));
    }
}
