//! The API document: what the handlers say of themselves, and what the table of endpoints says of them.

use std::collections::BTreeSet;

use actix_web::http::Method;
use utoipa::OpenApi as _;
use utoipa::openapi::path::Operation;
use utoipa::openapi::request_body::RequestBody;
use utoipa::openapi::response::Response;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Components, Content, OpenApi, PathItem, RefOr};

use crate::http::routes;
use crate::http::{Access, EndpointInfo};
use crate::http::{
    audit, auth, batch, customers, docs, error_pages, groups, health, me, members, metrics, ops, statistics, users,
};

use super::problem::Problem;
use super::responses::{
    BadInput, Conflict, Deleted, Forbidden, HeadersTooLarge, Locked, NotFound, SlowBody, StoreFailed, TimedOut,
    TooLarge, TooManyRequests, Unauthorized, Unavailable, UnsupportedMediaType, VersionMismatch,
};

/// How the security scheme is called in the document.
const BEARER: &str = "bearer";

/// The same of the scheme for `/metrics`, whose token is a setting.
const METRICS_TOKEN: &str = "metricsToken";

/// Bodies, and the answers that can be sent back as such: what is in an answer alone is ignored in the body (§10).
const SENT_BACK: &[(&str, &str)] = &[
    ("CustomerInput", "Customer"),
    ("CustomerPatch", "Customer"),
    ("GroupInput", "Group"),
    ("MePatch", "Me"),
    ("UserPatch", "Me"),
];

/// What is under the base.
#[derive(utoipa::OpenApi)]
#[openapi(paths(
    auth::register,
    auth::login,
    auth::refresh,
    auth::logout,
    me::read,
    me::patch,
    users::read,
    users::patch,
    customers::create,
    customers::list,
    customers::read,
    customers::replace,
    customers::patch,
    customers::delete,
    statistics::read,
    batch::patch,
    groups::create,
    groups::list,
    groups::read,
    groups::replace,
    groups::delete,
    members::list,
    members::add,
    members::remove,
    audit::list,
    audit::read
))]
struct Resources;

/// What is at the root, and what is said of the whole.
#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Clientele",
        license(name = "ISC", identifier = "ISC"),
        description = "Customers, their groups, and who may do what with them.\n\n\
            Bodies are JSON; a field or parameter that is not known is refused by name. Every failure is a problem \
            of RFC 9457 with a code, which `/errors/{name}` explains. Every answer carries `X-Request-Id`, and counted ones \
            `RateLimit` and `RateLimit-Policy`. HEAD goes with every GET, OPTIONS with every path."
    ),
    paths(
        health::health, health::live, health::ready, error_pages::explain, metrics::scrape, docs::openapi, docs::page,
        docs::file, ops::console::page, ops::console::style, ops::console::script, ops::console::icon, ops::actors::list, ops::actors::restart,
        ops::events::follow, ops::log_level::read, ops::log_level::replace
    ),
    components(
        schemas(Problem),
        responses(
            BadInput, Conflict, Deleted, Forbidden, HeadersTooLarge, Locked, NotFound, SlowBody, StoreFailed, TimedOut,
            TooLarge, TooManyRequests, Unauthorized, Unavailable, UnsupportedMediaType, VersionMismatch
        )
    ),
    tags(
        (name = "Sign-in", description = "Accounts, sessions, tokens"),
        (name = "Customers", description = "The people and companies that the product is about"),
        (name = "Customer groups", description = "Groups of customers, and who is in them"),
        (name = "Users", description = "Who may sign in, and the roles they hold"),
        (name = "Audit", description = "Who did what"),
        (name = "Operations", description = "How the server is, what operators do to it, and this document")
    )
)]
struct Whole;

/// The document of an API with this base.
pub fn document(base: &str) -> OpenApi {
    let mut document = Whole::openapi().nest(base, Resources::openapi());
    for endpoint in routes::endpoints(base) {
        let item = document.paths.paths.get_mut(&endpoint.path);
        if let Some(operation) = item.and_then(|item| operation(item, &endpoint.method)) {
            describe(operation, &endpoint, base);
        }
    }
    let components = document.components.get_or_insert_default();
    let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
    components.add_security_scheme(BEARER, SecurityScheme::Http(scheme));
    let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("`METRICS_TOKEN`")).build();
    components.add_security_scheme(METRICS_TOKEN, SecurityScheme::Http(scheme));
    for (body, answer) in SENT_BACK {
        ignore_read_only(components, body, answer);
    }
    document
}

/// What a path does with this method.
fn operation<'a>(item: &'a mut PathItem, method: &Method) -> Option<&'a mut Operation> {
    let operation = match *method {
        Method::GET => &mut item.get,
        Method::POST => &mut item.post,
        Method::PUT => &mut item.put,
        Method::PATCH => &mut item.patch,
        Method::DELETE => &mut item.delete,
        _ => return None,
    };
    operation.as_mut()
}

/// Says of an operation what follows from its place in the table: who may, and how it can fail.
fn describe(operation: &mut Operation, endpoint: &EndpointInfo, base: &str) {
    let mut failures =
        vec![(400, BadInput::reference()), (431, HeadersTooLarge::reference()), (503, Unavailable::reference())];
    if endpoint.path.starts_with(base) {
        failures.push((429, TooManyRequests::reference()));
    }
    if endpoint.path.starts_with(base) || matches!(endpoint.access, Access::Needs(_)) {
        failures.push((500, StoreFailed::reference()));
        failures.push((504, TimedOut::reference()));
    }
    if endpoint.method != Method::GET && endpoint.path.starts_with(base) {
        failures.push((409, Conflict::reference()));
    }
    if let Some(RefOr::T(body)) = &mut operation.request_body {
        refuse_null(body);
        failures.push((408, SlowBody::reference()));
        failures.push((413, TooLarge::reference()));
        failures.push((415, UnsupportedMediaType::reference()));
    }
    match endpoint.access {
        Access::Public => {}
        Access::Registration => failures.push((403, Forbidden::reference())),
        Access::SignedIn => failures.push((401, Unauthorized::reference())),
        Access::Needs(_) => {
            failures.push((401, Unauthorized::reference()));
            failures.push((403, Forbidden::reference()));
        }
    }
    add_failures(operation, failures);
    if matches!(endpoint.access, Access::SignedIn | Access::Needs(_)) {
        operation.security = Some(vec![SecurityRequirement::new(BEARER, [] as [&str; 0])]);
    }
    if let Access::Needs(permission) = endpoint.access {
        let needs = format!("Needs the permission `{permission}`.");
        let described = operation.description.iter().filter(|text| !text.is_empty()).cloned();
        operation.description = Some(described.chain([needs]).collect::<Vec<_>>().join("\n\n"));
    }
}

/// A body that may be absent is an `Option` in the handler's description; that is not to say that it may be `null`.
fn refuse_null(body: &mut RequestBody) {
    for content in body.content.values_mut() {
        let RefOr::T(Content { schema: Some(schema), .. }) = content else { continue };
        let RefOr::T(Schema::OneOf(either)) = schema else { continue };
        if let Some(there) = either.items.iter().find(|item| matches!(item, RefOr::Ref(_)))
            && body.required.is_none()
        {
            *schema = there.clone();
        }
    }
}

/// Adds failures that the operation does not describe by itself.
fn add_failures(operation: &mut Operation, failures: Vec<(u16, RefOr<Response>)>) {
    for (status, failure) in failures {
        operation.responses.responses.entry(status.to_string()).or_insert(failure);
    }
}

/// Lets a body have the fields that only the answer has: they are read only, and any value of them is ignored.
fn ignore_read_only(components: &mut Components, body: &str, answer: &str) {
    let told = properties(components, answer);
    let Some(RefOr::T(Schema::Object(body))) = components.schemas.get_mut(body) else { return };
    for name in told {
        let ignored = || {
            let any = ObjectBuilder::new().schema_type(SchemaType::AnyValue).read_only(true);
            any.description(Some("Read only: ignored in a body.")).build().into()
        };
        body.properties.entry(name).or_insert_with(ignored);
    }
}

/// The names of a component's properties, those of the components that it is composed of included.
fn properties(components: &Components, name: &str) -> BTreeSet<String> {
    components.schemas.get(name).map(|schema| properties_of(components, schema)).unwrap_or_default()
}

fn properties_of(components: &Components, schema: &RefOr<Schema>) -> BTreeSet<String> {
    match schema {
        RefOr::Ref(reference) => properties(components, reference.ref_location.rsplit('/').next().unwrap_or_default()),
        RefOr::T(Schema::Object(object)) => object.properties.keys().cloned().collect(),
        RefOr::T(Schema::AllOf(parts)) => parts.items.iter().flat_map(|part| properties_of(components, part)).collect(),
        RefOr::T(_) => BTreeSet::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn written() -> Value {
        serde_json::to_value(document("/api/v1")).unwrap()
    }

    #[test]
    fn the_document_and_the_table_tell_of_the_same_endpoints() {
        let document = written();
        let documented: BTreeSet<String> = (document["paths"].as_object().unwrap().iter())
            .flat_map(|(path, item)| item.as_object().unwrap().keys().map(move |method| format!("{method} {path}")))
            .collect();
        let mounted: BTreeSet<String> = (routes::endpoints("/api/v1").iter())
            .map(|endpoint| format!("{} {}", endpoint.method.as_str().to_lowercase(), endpoint.path))
            .collect();
        assert_eq!(documented, mounted);
    }

    #[test]
    fn every_operation_tells_who_may_and_how_it_fails() {
        let document = written();
        for endpoint in routes::endpoints("/api/v1") {
            let operation = &document["paths"][&endpoint.path][endpoint.method.as_str().to_lowercase()];
            let fails = |status: &str| operation["responses"].get(status).is_some();
            let guarded = matches!(endpoint.access, Access::SignedIn | Access::Needs(_));
            assert!(fails("400") && fails("431") && fails("503"), "{endpoint:?}");
            assert_eq!(operation["security"].to_string().starts_with(r#"[{"bearer""#), guarded, "{endpoint:?}");
            assert!(!guarded || fails("401"), "{endpoint:?}");
            if let Access::Needs(permission) = endpoint.access {
                assert!(fails("403") && operation["description"].as_str().unwrap().contains(permission.as_str()));
            }
            assert_eq!(operation.get("requestBody").is_some(), fails("415"), "{endpoint:?}");
        }
    }

    #[test]
    fn every_reference_leads_somewhere_and_every_operation_has_a_name_of_its_own() {
        let document = written();
        let mut names = BTreeSet::new();
        let mut unvisited = vec![&document];
        while let Some(value) = unvisited.pop() {
            match value {
                Value::Array(elements) => unvisited.extend(elements),
                Value::Object(members) => {
                    if let Some(Value::String(place)) = members.get("$ref") {
                        assert!(document.pointer(&place[1..]).is_some(), "{place}");
                    }
                    if let Some(Value::String(name)) = members.get("operationId") {
                        assert!(names.insert(name), "{name}");
                    }
                    unvisited.extend(members.values());
                }
                _ => {}
            }
        }
    }

    #[test]
    fn a_body_that_may_be_absent_may_not_be_null() {
        let document = written();
        let body = &document["paths"]["/api/v1/auth/logout"]["post"]["requestBody"];
        assert!(body.get("required").is_none());
        assert_eq!(body["content"]["application/json"]["schema"]["$ref"], "#/components/schemas/LogoutInput");
    }

    #[test]
    fn what_was_read_can_be_sent_back() {
        let document = written();
        for (body, names) in [
            ("CustomerPatch", &["id", "groupIds", "version", "createdAt", "updatedAt", "createdBy", "updatedBy"][..]),
            ("GroupInput", &["id", "memberCount", "version", "createdAt", "updatedAt", "createdBy", "updatedBy"]),
            ("MePatch", &["id", "email", "roles", "status", "permissions", "version", "createdAt", "updatedAt"]),
        ] {
            let properties = &document["components"]["schemas"][body]["properties"];
            for name in names {
                assert_eq!(properties[name]["readOnly"], true, "{body} {name}");
            }
        }
    }
}
