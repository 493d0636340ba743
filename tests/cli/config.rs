//! `config check`, where settings come from, and what is refused.

use std::fs;

use tempfile::tempdir;

use crate::run::{program, run, run_with};

const LONG: &str = "4mCyeMZQ0T8bq2sY1pVnW7uXk5rJ3hGd";
const OTHER: &str = "Zk8LwP2vQ9xTn5bR7cJ1mH4sD6fG3yAe";

#[test]
fn good_settings_are_listed_with_where_they_came_from() {
    let folder = tempdir().expect("a temporary folder can be made");
    fs::write(folder.path().join(".env"), "API_VERSION=v2\nRATE_LIMIT_WINDOW=1000\nHOST=127.0.0.2\n").expect("written");
    fs::write(folder.path().join("jwt"), format!("{LONG}\n")).expect("written");
    let environment = [("RATE_LIMIT_WINDOW", "2000"), ("HOST", "127.0.0.3"), ("JWT_SECRET_FILE", "jwt")];
    let listed = run_with(folder.path(), &["--host", "127.0.0.4", "config", "check"], &environment).well();
    for (name, value, origin) in [
        ("API_VERSION", "v2", ".env"),
        ("RATE_LIMIT_WINDOW", "2000", "environment"),
        ("HOST", "127.0.0.4", "flag"),
        ("RABBITMQ_QUEUE_PREFIX", "app", "default"),
    ] {
        let line = listed.lines().find(|line| line.split_whitespace().next() == Some(name)).expect(name);
        let words: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(words, [name, value, &format!("({origin})")], "{line}");
    }
    let secret = listed.lines().find(|line| line.starts_with("JWT_SECRET ")).expect("it is listed");
    assert!(secret.contains("(file)") && !listed.contains(LONG), "{listed}");
    let explained = run(folder.path(), &["config", "check", "--explain"]).well();
    assert!(explained.contains("How long a stop may take until it is forced"), "{explained}");
}

#[test]
fn all_wrong_settings_are_told_at_once_by_every_command() {
    let folder = tempdir().expect("a temporary folder can be made");
    let wrong = [
        ("PORT", "70000"),
        ("HOST", "everywhere"),
        ("JWT_EXPIRES_IN", "soon"),
        ("REGISTRATION", "perhaps"),
        ("MAX_WORKERS", "-1"),
        ("ALLOWED_ORIGINS", "example"),
        ("LOG_LEVEL", "loud"),
        ("ADMIN_PASSWORD", "short"),
        ("MONGODB_URI", "postgres://user:hidden@db"),
    ];
    for command in [&["config", "check"][..], &["serve"], &["migrate"], &["healthcheck"], &["openapi"]] {
        let told = run_with(folder.path(), command, &wrong).refused();
        for (name, value) in wrong {
            let line = told.lines().find(|line| line.trim_start().starts_with(name));
            let line = line.unwrap_or_else(|| panic!("{name} is not told: {told}"));
            let is_secret = matches!(name, "ADMIN_PASSWORD" | "MONGODB_URI");
            assert_eq!(line.contains(value), !is_secret, "{line}");
            assert!(line.contains("allowed is"), "{line}");
        }
        assert!(told.starts_with("error: "), "{told}");
    }
}

#[test]
fn production_refuses_missing_short_equal_and_sample_secrets() {
    let folder = tempdir().expect("a temporary folder can be made");
    let sample = "your-super-secret-jwt-key-change-in-production";
    for (access, refresh, named) in [
        ("", "", &["JWT_SECRET", "JWT_REFRESH_SECRET"][..]),
        (LONG, "", &["JWT_REFRESH_SECRET"]),
        ("short-one", OTHER, &["JWT_SECRET"]),
        (LONG, sample, &["JWT_REFRESH_SECRET"]),
        (LONG, LONG, &["JWT_REFRESH_SECRET"]),
    ] {
        let environment = [("NODE_ENV", "production"), ("JWT_SECRET", access), ("JWT_REFRESH_SECRET", refresh)];
        for command in [&["serve"][..], &["config", "check"]] {
            let told = run_with(folder.path(), command, &environment).refused();
            let lines: Vec<&str> = told.lines().skip(1).filter_map(|line| line.split_whitespace().next()).collect();
            assert_eq!(lines, named, "{told}");
            for secret in [access, refresh] {
                assert!(secret.is_empty() || !told.contains(secret), "{told}");
            }
        }
    }
    let good = [("APP_ENV", "production"), ("JWT_SECRET", LONG), ("JWT_REFRESH_SECRET", OTHER)];
    run_with(folder.path(), &["config", "check"], &good).well();
    assert!(!folder.path().join("clientele.db").exists(), "whoever only checks makes no store");
}

#[test]
fn a_setting_given_twice_or_in_a_file_that_is_not_there_is_refused() {
    let folder = tempdir().expect("a temporary folder can be made");
    let twice = [("JWT_SECRET", LONG), ("JWT_SECRET_FILE", "jwt")];
    let told = run_with(folder.path(), &["config", "check"], &twice).refused();
    assert!(told.contains("JWT_SECRET_FILE") && told.contains("not both") && !told.contains(LONG), "{told}");
    let missing = [("METRICS_TOKEN_FILE", "not-there")];
    let told = run_with(folder.path(), &["config", "check"], &missing).refused();
    assert!(told.contains("METRICS_TOKEN_FILE") && told.contains("not-there"), "{told}");
}

#[test]
fn a_misspelt_name_in_the_env_file_is_warned_of() {
    let folder = tempdir().expect("a temporary folder can be made");
    fs::write(folder.path().join(".env"), "JWT_SECRETS=x\n").expect("written");
    let checked = crate::run::finish(program(folder.path(), &["config", "check"]), "");
    assert_eq!(checked.code, Some(0), "{checked:?}");
    assert!(checked.stderr.contains("warning: ") && checked.stderr.contains("JWT_SECRETS"), "{checked:?}");
}
