//! Answers that several endpoints share, each a component of the API document.

use utoipa::ToResponse;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{ContentBuilder, Ref, RefOr};

/// Declares problems: how each is called in the document, when it is answered, and the headers that come with it.
macro_rules! problems {
    ($($(#[doc = $when:literal])+ $name:ident $([$($header:ident),+])?;)+) => {$(
        $(#[doc = $when])+
        #[derive(Debug)]
        pub struct $name;

        impl $name {
            /// Its name among the components of the document.
            pub const NAME: &'static str = stringify!($name);
        }

        impl ToResponse<'static> for $name {
            fn response() -> (&'static str, RefOr<Response>) {
                (Self::NAME, problem(concat!($($when),+).trim_start(), &[$($($header),+)?]).into())
            }
        }

        impl $name {
            /// A place in the document that points to it.
            pub fn reference() -> RefOr<Response> {
                Ref::from_response_name(Self::NAME).into()
            }
        }
    )+};
}

problems! {
    /// The input is wrong: `errors` tells each field and parameter, and what is wrong with it.
    BadInput;
    /// Nobody is signed in, or the token is not valid.
    Unauthorized [WWW_AUTHENTICATE];
    /// The permission that `requiredPermission` names is missing.
    Forbidden;
    /// There is no such resource.
    NotFound;
    /// The body did not arrive in time.
    SlowBody;
    /// Another one has this e-mail or name, the state of the resource forbids it, or many change it at once.
    Conflict;
    /// The resource was deleted.
    Deleted;
    /// The resource is not in the version that `If-Match` names.
    VersionMismatch;
    /// The body is larger than 1 MiB.
    TooLarge;
    /// The body is not JSON by its `Content-Type`, or is compressed.
    UnsupportedMediaType;
    /// Too many failed sign-ins to this account: it is locked for a while.
    Locked [RETRY_AFTER];
    /// The budget of requests is spent.
    TooManyRequests [RETRY_AFTER];
    /// The headers are larger than 16 KiB.
    HeadersTooLarge;
    /// The store failed.
    StoreFailed;
    /// A part of the service is out of reach, full, restarting or stopping.
    Unavailable [RETRY_AFTER];
    /// The request took longer than it may.
    TimedOut;
}

/// A header of an answer: its name, its type and what it tells.
type HeaderForm = (&'static str, Type, &'static str);

const RETRY_AFTER: HeaderForm = ("Retry-After", Type::Integer, "Seconds until it is worth to try again");
const WWW_AUTHENTICATE: HeaderForm = ("WWW-Authenticate", Type::String, "`Bearer`, and the error of RFC 6750");

fn problem(when: &str, headers: &[HeaderForm]) -> Response {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    let described = ResponseBuilder::new().description(when).content("application/problem+json", content);
    let with_header = |response: ResponseBuilder, (name, form, tells): &HeaderForm| {
        let schema = ObjectBuilder::new().schema_type(form.clone());
        response.header(*name, HeaderBuilder::new().schema(Some(schema)).description(Some(*tells)).build())
    };
    headers.iter().fold(described, with_header).build()
}
