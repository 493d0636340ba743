//! Every route, who may use it, and a request that those who may make in vain only for want of a resource.

use serde_json::{Value, json};

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Who {
    /// Anybody; an `Authorization` header is not looked at.
    Anyone,
    /// Whoever is signed in.
    SignedIn,
    /// Who has the permission; of the built-in roles, the holders of these.
    Holders(&'static str, &'static [&'static str]),
}

use Who::{Anyone, Holders, SignedIn};

/// The roles of those who may read customers, who may change them, and who administer.
const READERS: &[&str] = &["viewer", "manager", "admin"];
const MANAGERS: &[&str] = &["manager", "admin"];
const ADMINS: &[&str] = &["admin"];

/// A route and a request to it.
pub struct Row {
    pub method: &'static str,
    /// As the document and the table of endpoints have it.
    pub path: &'static str,
    pub who: Who,
    /// `{n}` in it is another number each time, `{refresh}` the refresh token of a new session; null: there is none.
    pub body: Value,
    /// The answer to those who may.
    pub answer: u16,
}

impl Row {
    /// The path with something for each of its parameters: the ids name nothing.
    pub fn target(&self) -> String {
        let path = self.path.replace("{id}", "0123456789abcdef01234567");
        let file = if path.starts_with("/ops") { "console.css" } else { "swagger-ui.css" };
        path.replace("{name}", "VALIDATION_ERROR").replace("{file}", file)
    }
}

/// Every route.
pub fn routes() -> Vec<Row> {
    [accounts(), customers(), groups(), audit(), operations()].into_iter().flatten().collect()
}

fn row(method: &'static str, path: &'static str, who: Who, body: Value, answer: u16) -> Row {
    Row { method, path, who, body, answer }
}

fn accounts() -> Vec<Row> {
    let credentials = json!({"email": crate::harness::ADMIN.0, "password": crate::harness::ADMIN.1});
    let registration = json!({"email": "new{n}@example.com", "password": "correct horse battery"});
    let refresh = json!({"refreshToken": "{refresh}"});
    vec![
        row("POST", "/api/v1/auth/register", Anyone, registration, 201),
        row("POST", "/api/v1/auth/login", Anyone, credentials, 200),
        row("POST", "/api/v1/auth/refresh-token", Anyone, refresh.clone(), 200),
        row("POST", "/api/v1/auth/logout", Anyone, refresh, 204),
        row("GET", "/api/v1/auth/me", SignedIn, Value::Null, 200),
        row("PATCH", "/api/v1/auth/me", SignedIn, json!({"name": "Somebody"}), 200),
        row("GET", "/api/v1/users/{id}", Holders("users:read", ADMINS), Value::Null, 404),
        row("PATCH", "/api/v1/users/{id}", Holders("users:update", ADMINS), json!({"roles": ["viewer"]}), 404),
    ]
}

fn customers() -> Vec<Row> {
    let customer = || json!({"name": "Customer", "email": "customer{n}@example.com"});
    let batch = json!({"ids": ["0123456789abcdef01234567"], "data": {"status": "lead"}});
    let (list, one) = ("/api/v1/customers", "/api/v1/customers/{id}");
    vec![
        row("POST", list, Holders("customers:create", MANAGERS), customer(), 201),
        row("GET", list, Holders("customers:read", READERS), Value::Null, 200),
        row("GET", one, Holders("customers:read", READERS), Value::Null, 404),
        row("PUT", one, Holders("customers:update", MANAGERS), customer(), 404),
        row("PATCH", one, Holders("customers:update", MANAGERS), json!({"status": "lead"}), 404),
        row("DELETE", one, Holders("customers:delete", MANAGERS), Value::Null, 404),
        row("GET", "/api/v1/customers/statistics", Holders("customers:statistics", READERS), Value::Null, 200),
        row("PATCH", "/api/v1/customers/batch", Holders("customers:batch-update", MANAGERS), batch, 207),
    ]
}

fn groups() -> Vec<Row> {
    let group = || json!({"name": "Group {n}"});
    let members = || json!({"customerIds": ["0123456789abcdef01234567"]});
    let (list, one) = ("/api/v1/customers/groups", "/api/v1/customers/groups/{id}");
    let those = "/api/v1/customers/groups/{id}/customers";
    vec![
        row("POST", list, Holders("customer-groups:create", MANAGERS), group(), 201),
        row("GET", list, Holders("customer-groups:read", READERS), Value::Null, 200),
        row("GET", one, Holders("customer-groups:read", READERS), Value::Null, 404),
        row("PUT", one, Holders("customer-groups:update", MANAGERS), group(), 404),
        row("DELETE", one, Holders("customer-groups:delete", MANAGERS), Value::Null, 404),
        row("GET", those, Holders("customer-groups:read", READERS), Value::Null, 404),
        row("POST", those, Holders("customer-groups:manage-members", MANAGERS), members(), 404),
        row("DELETE", those, Holders("customer-groups:manage-members", MANAGERS), members(), 404),
    ]
}

fn audit() -> Vec<Row> {
    vec![
        row("GET", "/api/v1/audit/events", Holders("audit:read", ADMINS), Value::Null, 200),
        row("GET", "/api/v1/audit/events/{id}", Holders("audit:read", ADMINS), Value::Null, 404),
    ]
}

fn operations() -> Vec<Row> {
    let (name, level) = ("/ops/actors/{name}/restart", "/ops/log-level");
    let (reads, operates) = (Holders("system:read", ADMINS), Holders("system:operate", ADMINS));
    let guarded = [
        row("GET", "/ops/actors", reads, Value::Null, 200),
        row("POST", name, operates, Value::Null, 404),
        row("GET", "/ops/events", reads, Value::Null, 200),
        row("GET", level, operates, Value::Null, 200),
        row("PUT", level, operates, json!({"level": "info"}), 200),
    ];
    let paths = [
        "/health",
        "/health/live",
        "/health/ready",
        "/errors/{name}",
        "/metrics",
        "/openapi.json",
        "/docs",
        "/docs/{file}",
        "/ops",
        "/ops/console.css",
        "/ops/console.js",
        "/ops/icon.svg",
    ];
    let open = paths.into_iter().map(|path| row("GET", path, Anyone, Value::Null, 200));
    open.chain(guarded).collect()
}
