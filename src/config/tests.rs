use std::fs;

use super::*;

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
}

fn load(environment: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    Settings::load(vec![], pairs(environment), None)
}

/// The problem with one setting, as it is told.
fn problem(environment: &[(&str, &str)], name: &str) -> String {
    let error = load(environment).expect_err("the settings are wrong");
    let found = error.problems.iter().find(|problem| problem.name == name);
    found.unwrap_or_else(|| panic!("no problem with {name}: {error}")).to_string()
}

const PRODUCTION: [(&str, &str); 3] = [
    ("APP_ENV", "production"),
    ("JWT_SECRET", "0123456789abcdef0123456789abcdef"),
    ("JWT_REFRESH_SECRET", "fedcba9876543210fedcba9876543210"),
];

fn production_with(name: &'static str, value: &'static str) -> Vec<(&'static str, &'static str)> {
    PRODUCTION.iter().copied().filter(|(other, _)| *other != name).chain([(name, value)]).collect()
}

#[test]
fn without_anything_given_the_defaults_hold() {
    let settings = load(&[]).unwrap();
    assert_eq!(settings.address().to_string(), "127.0.0.1:4000");
    assert_eq!(settings.app_env, AppEnv::Development);
    assert_eq!(settings.api_version, "v1");
    assert_eq!(settings.allowed_origins, AllowedOrigins::Any);
    assert_eq!(settings.jwt_expires_in, Duration::from_secs(900));
    assert_eq!(settings.jwt_refresh_expires_in, Duration::from_secs(604_800));
    assert_eq!(settings.refresh_grace, Duration::from_secs(10));
    assert_eq!(settings.rate_limit_window, Duration::from_secs(900));
    assert_eq!((settings.rate_limit_max_requests, settings.rate_limit_auth_max_requests), (100, 20));
    assert_eq!(settings.login_address_max_failures, 50);
    assert_eq!(settings.shutdown_timeout, Duration::from_secs(30));
    assert_eq!(settings.data_dir, Path::new("./data"));
    assert_eq!(settings.log_format, LogFormat::Text);
    assert_eq!(settings.admin, None);
    assert!(settings.workers() >= 1);
    assert_eq!(settings.warnings(), [""; 0]);
}

#[test]
fn flags_beat_the_environment_which_beats_dotenv_which_beats_the_defaults() {
    let folder = tempfile::tempdir().unwrap();
    let dotenv = folder.path().join(".env");
    fs::write(&dotenv, "# ours\nPORT=1\nHOST=0.0.0.0\nAPI_VERSION='v2'\nMAX_WORKERS=3 # three\n").unwrap();
    let environment = pairs(&[("PORT", "2"), ("HOST", "10.0.0.1"), ("MAX_WORKERS", "")]);
    let settings = Settings::load(pairs(&[("PORT", "3")]), environment, Some(&dotenv)).unwrap();
    assert_eq!(settings.address().to_string(), "10.0.0.1:3");
    assert_eq!(settings.api_version, "v2");
    assert_eq!(settings.workers(), 3, "an empty value is as good as none");
    assert_eq!(settings.shutdown_timeout, Duration::from_secs(30));
    let origins: Vec<_> = settings.table().iter().filter(|row| row.origin != Origin::Default).collect();
    let origins: Vec<_> = origins.into_iter().map(|row| (row.name, row.origin)).collect();
    let expected = [
        ("HOST", Origin::Environment),
        ("PORT", Origin::Flag),
        ("API_VERSION", Origin::DotEnv),
        ("MAX_WORKERS", Origin::DotEnv),
    ];
    assert_eq!(origins, expected);
}

#[test]
fn a_dotenv_that_is_not_there_counts_as_empty() {
    let folder = tempfile::tempdir().unwrap();
    assert!(Settings::load(vec![], vec![], Some(&folder.path().join(".env"))).is_ok());
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let error = load(&[
        ("PORT", "70000"),
        ("JWT_EXPIRES_IN", "soon"),
        ("API_VERSION", "one"),
        ("ADMIN_EMAIL", "admin@example.com"),
        ("ADMIN_PASSWORD", "hunter2"),
        ("UNKNOWN", "whatever"),
    ])
    .unwrap_err();
    let expected = "4 settings are wrong\n  \
        PORT is \"70000\" (environment): allowed is a whole number, 0 to 65535\n  \
        API_VERSION is \"one\" (environment): allowed is v and digits, such as v1\n  \
        JWT_EXPIRES_IN is \"soon\" (environment): allowed is a number and a unit (ms, s, m, h, d, w), 1s to 30d\n  \
        ADMIN_PASSWORD is \"********\" (environment): allowed is 8 to 128 characters";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn values_out_of_bounds_or_of_the_wrong_form_are_refused() {
    let wrong = [
        ("APP_ENV", "test"),
        ("NODE_ENV", "prod"),
        ("HOST", "example.com"),
        ("PORT", "-1"),
        ("PORT", "80 "),
        ("API_VERSION", "v"),
        ("API_VERSION", "v1/x"),
        ("ALLOWED_ORIGINS", "example.com"),
        ("ALLOWED_ORIGINS", "https://example.com/"),
        ("ALLOWED_ORIGINS", "https://user@example.com"),
        ("ALLOWED_ORIGINS", "https://example.com:99999"),
        ("ALLOWED_ORIGINS", "*,https://example.com"),
        ("TRUSTED_PROXIES", "10.0.0.0/33"),
        ("MAX_WORKERS", "1025"),
        ("SHUTDOWN_TIMEOUT", "30s"),
        ("HEALTH_CHECK_INTERVAL", "99"),
        ("JWT_EXPIRES_IN", "900"),
        ("JWT_EXPIRES_IN", "0s"),
        ("JWT_EXPIRES_IN", "99999999999999999999d"),
        ("JWT_EXPIRES_IN", "m"),
        ("JWT_REFRESH_EXPIRES_IN", "366d"),
        ("REFRESH_GRACE", "11m"),
        ("REGISTRATION", "maybe"),
        ("ADMIN_EMAIL", "admin"),
        ("MONGODB_POOL_SIZE", "0"),
        ("RABBITMQ_QUEUE_PREFIX", "a b"),
        ("RATE_LIMIT_WINDOW", "0"),
        ("RATE_LIMIT_MAX_REQUESTS", "-5"),
        ("RATE_LIMIT_AUTH_MAX_REQUESTS", "many"),
        ("LOGIN_ADDRESS_MAX_FAILURES", "4294967296"),
        ("LOG_LEVEL", "verbose"),
        ("LOG_LEVEL", "info,access=loud"),
        ("LOG_FORMAT", "xml"),
    ];
    for (name, value) in wrong {
        let told = problem(&[(name, value)], name);
        assert!(told.starts_with(&format!("{name} is {value:?} (environment): allowed is ")), "{told}");
    }
}

#[test]
fn lists_and_durations_are_read() {
    let settings = load(&[
        ("ALLOWED_ORIGINS", "https://App.example.com, http://localhost:5173,http://[::1]:8080"),
        ("TRUSTED_PROXIES", "10.0.0.0/8, ::1"),
        ("JWT_EXPIRES_IN", "900s"),
        ("REFRESH_GRACE", "1500ms"),
        ("HOST", "localhost"),
        ("LOG_LEVEL", "info,access=off"),
    ])
    .unwrap();
    let origins = ["https://app.example.com", "http://localhost:5173", "http://[::1]:8080"].map(String::from);
    assert_eq!(settings.allowed_origins, AllowedOrigins::Listed(origins.into()));
    assert_eq!(settings.trusted_proxies.iter().map(Network::to_string).collect::<Vec<_>>(), ["10.0.0.0/8", "::1/128"]);
    assert_eq!(settings.jwt_expires_in, Duration::from_secs(900));
    assert_eq!(settings.refresh_grace, Duration::from_millis(1_500));
    assert!(settings.host.is_loopback());
}

#[test]
fn the_limit_of_auth_routes_follows_the_main_one() {
    let limit = |environment: &[_]| load(environment).unwrap().rate_limit_auth_max_requests;
    assert_eq!(limit(&[("RATE_LIMIT_MAX_REQUESTS", "1000")]), 200);
    assert_eq!(limit(&[("RATE_LIMIT_MAX_REQUESTS", "10")]), 20);
    assert_eq!(limit(&[("RATE_LIMIT_MAX_REQUESTS", "0")]), 0);
    assert_eq!(limit(&[("RATE_LIMIT_AUTH_MAX_REQUESTS", "7")]), 7);
}

#[test]
fn production_refuses_missing_short_equal_and_sample_secrets() {
    assert!(load(&PRODUCTION).is_ok());
    let missing = load(&[("NODE_ENV", "production")]).unwrap_err();
    let missing: Vec<_> = missing.problems.iter().map(|problem| &*problem.name).collect();
    assert_eq!(missing, ["JWT_SECRET", "JWT_REFRESH_SECRET"]);
    for weak in [
        "secret",
        "changeme",
        "your-secret-key",
        "your-refresh-secret",
        "0123456789abcdef0123456789abcde",
        "your-super-secret-jwt-key-change-this-in-production",
        "CHANGE_ME_CHANGE_ME_CHANGE_ME_CHANGE_ME",
        "fedcba9876543210fedcba9876543210",
    ] {
        let told = load(&production_with("JWT_SECRET", weak)).unwrap_err().to_string();
        assert!(told.starts_with("1 setting is wrong\n  JWT_"), "{told}");
        assert!(told.contains("is \"********\" (environment)") && !told.contains(weak), "{told}");
    }
}

#[test]
fn development_only_warns_of_weak_secrets() {
    let settings = load(&[("JWT_SECRET", "your-secret-key"), ("JWT_REFRESH_SECRET", "short")]).unwrap();
    let warnings = settings.warnings();
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(warnings[0].contains("JWT_SECRET") && !warnings[0].contains("your-secret-key"), "{warnings:?}");
}

#[test]
fn app_env_counts_more_than_node_env() {
    let settings = load(&[("NODE_ENV", "production"), ("APP_ENV", "development")]).unwrap();
    assert_eq!(settings.app_env, AppEnv::Development);
    assert_eq!(settings.warnings(), ["APP_ENV is development and NODE_ENV is production: APP_ENV counts"]);
    assert_eq!(load(&PRODUCTION).unwrap().log_format, LogFormat::Json);
    assert_eq!(load(&PRODUCTION).unwrap().warnings(), [""; 0]);
}

#[test]
fn servers_are_told_by_urls_whose_passwords_are_never_shown() {
    for name in ["MONGODB_URI", "REDIS_URL", "RABBITMQ_URL"] {
        let told = problem(&[(name, "scheme://user:hunter2@localhost")], name);
        assert!(told.contains("a URL: ") && !told.contains("hunter2"), "{told}");
    }
    let servers = [
        ("MONGODB_URI", "mongodb://user:hunter2@localhost/app"),
        ("REDIS_URL", "rediss://:hunter2@one:6379, rediss://:hunter2@two:6379"),
        ("RABBITMQ_URL", "amqp://user:hunter2@localhost/%2f"),
    ];
    let settings = load(&servers).unwrap();
    assert!(!format!("{settings:?}").contains("hunter2"), "{settings:?}");
    assert!(load(&[("REDIS_PASSWORD", ""), ("MONGODB_URI", "")]).unwrap().mongodb_uri.is_none());
}

#[test]
fn what_only_one_node_may_do_without_is_warned_of() {
    let warnings = |settings: &[(&str, &str)]| load(settings).unwrap().warnings().to_vec();
    let mongodb = ("MONGODB_URI", "mongodb://localhost");
    assert_eq!(warnings(&[mongodb]).len(), 2);
    let redis = ("REDIS_URL", "redis://localhost");
    let told = warnings(&[mongodb, redis]);
    assert!(told.len() == 1 && told[0].contains("JWT_SECRET"), "{told:?}");
    assert_eq!(warnings(&[redis]), [""; 0]);
}

#[test]
fn the_first_admin_needs_both_address_and_password() {
    let admin =
        load(&[("ADMIN_EMAIL", " Admin@Example.com "), ("ADMIN_PASSWORD", "correct horse")]).unwrap().admin.unwrap();
    assert_eq!((admin.email.as_str(), admin.password.expose()), ("admin@example.com", "correct horse"));
    let told = problem(&[("ADMIN_EMAIL", "admin@example.com")], "ADMIN_PASSWORD");
    assert_eq!(told, "ADMIN_PASSWORD is not set: needed is one that goes with ADMIN_EMAIL");
}

#[test]
fn a_secret_is_read_from_the_file_that_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    let file = path.to_str().unwrap();
    for (content, expected) in [("one", "one"), ("two\n", "two"), ("three\r\n", "three"), (" four \n\n", " four \n")] {
        fs::write(&path, content).unwrap();
        let settings = load(&[("REDIS_PASSWORD_FILE", file)]).unwrap();
        assert_eq!(settings.redis_password.unwrap().expose(), expected);
    }
    let told = problem(&[("METRICS_TOKEN", "hunter 2")], "METRICS_TOKEN");
    assert!(told.contains("RFC 6750") && !told.contains("hunter"), "{told}");
    let told = problem(&[("METRICS_TOKEN_FILE", file), ("METRICS_TOKEN", "hunter2")], "METRICS_TOKEN_FILE");
    assert!(
        told.contains("either METRICS_TOKEN or METRICS_TOKEN_FILE, not both") && !told.contains("hunter2"),
        "{told}"
    );
    fs::write(&path, "\n").unwrap();
    assert!(problem(&[("METRICS_TOKEN_FILE", file)], "METRICS_TOKEN_FILE").contains("not empty"));
    fs::remove_file(&path).unwrap();
    assert!(problem(&[("METRICS_TOKEN_FILE", file)], "METRICS_TOKEN_FILE").contains("a readable text file"));
}

#[test]
fn a_name_in_dotenv_that_looks_like_a_setting_is_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    let dotenv = folder.path().join(".env");
    fs::write(&dotenv, "RATE_LIMIT_WINDOWS=5\nCOMPOSE_PROJECT_NAME=x\n").unwrap();
    let settings = Settings::load(vec![], pairs(&[("JWT_SECRETS", "x")]), Some(&dotenv)).unwrap();
    assert_eq!(settings.warnings().len(), 1);
    assert!(settings.warnings()[0].starts_with("RATE_LIMIT_WINDOWS in "), "{:?}", settings.warnings());
}

#[test]
fn a_dotenv_that_cannot_be_read_is_told_without_its_text() {
    let folder = tempfile::tempdir().unwrap();
    let dotenv = folder.path().join(".env");
    fs::write(&dotenv, "PORT=1\nJWT_SECRET hunter2\n").unwrap();
    let told = Settings::load(vec![], vec![], Some(&dotenv)).unwrap_err().to_string();
    assert!(told.contains("the entry after PORT is not NAME=value") && !told.contains("hunter2"), "{told}");
}

#[test]
fn the_table_masks_secrets() {
    let settings = load(&[("METRICS_TOKEN", "hunter2"), ("PORT", "0")]).unwrap();
    let row = |name| settings.table().iter().find(|row| row.name == name).unwrap();
    assert_eq!(row("METRICS_TOKEN").value, "********");
    assert_eq!(row("JWT_SECRET").value, "");
    assert_eq!((&*row("PORT").value, row("PORT").default, row("PORT").origin), ("0", "4000", Origin::Environment));
    assert_eq!(settings.table().len(), catalogue().len());
    assert!(!format!("{settings:?}").contains("hunter2"));
}

#[test]
fn the_example_dotenv_has_every_setting_at_its_default() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join(".env.example");
    let lines = fs::read_to_string(&example).unwrap();
    let named: Vec<&str> =
        lines.lines().filter_map(|line| line.trim_start_matches('#').split_once('=')).map(|(name, _)| name).collect();
    let known: Vec<&str> = catalogue().iter().map(|setting| setting.name).collect();
    assert_eq!(named, known);
    let settings = Settings::load(vec![], vec![], Some(&example)).unwrap();
    assert_eq!(settings.warnings(), [""; 0]);
    for row in settings.table() {
        assert_eq!(row.value, row.default, "{}", row.name);
    }
}
