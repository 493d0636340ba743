//! `/ops/log-level`: what is logged, changed while the server runs.

use std::time::Duration;

use actix_web::HttpResponse;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::config::{InvalidLogLevel, LogLevel};
use crate::model::audit::{Action, AuditEvent};
use crate::model::error::{ErrorCode, Invalid};
use crate::model::form::Form;

use super::super::schema::operations::LogLevelInput;
use super::super::{ApiError, Caller, JsonBody};
use super::record;
use super::steering::LogSetting;

/// The longest that a temporary level may hold, in seconds: a day.
const LONGEST_SECONDS: u64 = 86_400;

/// The longest text that says what to log, in characters.
const LONGEST_LEVEL: usize = 1_000;

/// What is logged.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LogLevel, examples(json!({"level": "debug", "revertAfterSeconds": 600})))]
pub struct LogLevelView<'a> {
    /// The level, or the levels by target.
    level: &'a str,
    /// Seconds until what the settings say holds again; absent where it stays.
    #[schema(minimum = 0, maximum = 86_400, nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    revert_after_seconds: Option<u64>,
}

impl<'a> From<&'a LogSetting> for LogLevelView<'a> {
    fn from(setting: &'a LogSetting) -> Self {
        Self { level: setting.level.as_str(), revert_after_seconds: setting.revert_after.map(whole_seconds) }
    }
}

/// Read what is logged.
#[utoipa::path(get, path = "/ops/log-level", operation_id = "readLogLevel", tag = "Operations",
    responses((status = 200, description = "What is logged.", body = LogLevelView)))]
pub async fn read(caller: Caller) -> HttpResponse {
    let setting = caller.api().settings.operations.logs.setting();
    HttpResponse::Ok().json(LogLevelView::from(&setting))
}

/// Change what is logged on this node, for good or for a while.
///
/// A change replaces the one before it, and the time after which that would have been taken back. A restart of the server
/// brings back what the settings say.
#[utoipa::path(put, path = "/ops/log-level", operation_id = "changeLogLevel", tag = "Operations",
    request_body(content = LogLevelInput),
    responses((status = 200, description = "What is logged now.", body = LogLevelView)))]
pub async fn replace(body: JsonBody, caller: Caller) -> Result<HttpResponse, ApiError> {
    let wanted = setting(body.0)?;
    let logs = &caller.api().settings.operations.logs;
    let _turn = logs.turn().await;
    let before = logs.setting();
    let same = before == wanted && wanted.revert_after.is_none();
    if !same {
        record(&caller, event(&caller, &before, &wanted)).await?;
        logs.set(wanted).map_err(|error| {
            tracing::error!(%error, "the log level could not be changed");
            ApiError::new(ErrorCode::ServiceUnavailable, "The logs have ended")
        })?;
    }
    Ok(HttpResponse::Ok().json(LogLevelView::from(&logs.setting())))
}

/// Reads what is to be logged.
fn setting(body: Value) -> Result<LogSetting, Invalid> {
    let mut form = Form::of(body)?;
    let level = form.required("level", |field, value| {
        let Value::String(text) = value else { return field.fault(ErrorCode::InvalidInput, "is not a text") };
        let level: Result<LogLevel, InvalidLogLevel> = text.parse();
        match level {
            Ok(level) if text.chars().count() <= LONGEST_LEVEL => Some(level),
            Ok(_) => field.fault(ErrorCode::InvalidInput, "is too long"),
            Err(expected) => field.fault(ErrorCode::InvalidInput, format!("is not {expected}")),
        }
    });
    let revert_after = form.optional("revertAfterSeconds", |field, value| field.integer(&value, 1, LONGEST_SECONDS));
    form.finish(|| Some(LogSetting { level: level?, revert_after: revert_after.map(Duration::from_secs) }))
}

/// The event of a change.
fn event(caller: &Caller, before: &LogSetting, after: &LogSetting) -> AuditEvent {
    let seconds = |setting: &LogSetting| setting.revert_after.map(|left| whole_seconds(left).into());
    let level = |setting: &LogSetting| Some(setting.level.as_str().into());
    AuditEvent::new(Action::OpsLogLevelChanged, None, &caller.origin(), caller.api().settings.clock.now())
        .changing("/level", level(before), level(after))
        .changing("/revertAfterSeconds", seconds(before), seconds(after))
}

/// Rounded up: while any time is left, it is at least a second.
fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_level_is_what_the_setting_takes() {
        let read = |body| setting(body).map_err(|invalid| (invalid.code(), invalid.0[0].pointer.clone()));
        let good = read(json!({"level": "info,access=off", "revertAfterSeconds": 600})).unwrap();
        assert_eq!((good.level.as_str(), good.revert_after), ("info,access=off", Some(Duration::from_secs(600))));
        assert_eq!(read(json!({"level": "debug"})).unwrap().revert_after, None);
        let table = [
            (json!({}), ErrorCode::MissingRequiredField, "/level"),
            (json!({"level": null}), ErrorCode::MissingRequiredField, "/level"),
            (json!({"level": "loud"}), ErrorCode::InvalidInput, "/level"),
            (json!({"level": ""}), ErrorCode::InvalidInput, "/level"),
            (json!({"level": 7}), ErrorCode::InvalidInput, "/level"),
            (
                json!({"level": (0..200).map(|n| format!("a{n}=info")).collect::<Vec<_>>().join(",")}),
                ErrorCode::InvalidInput,
                "/level",
            ),
            (json!({"level": "info", "revertAfterSeconds": 0}), ErrorCode::InvalidInput, "/revertAfterSeconds"),
            (json!({"level": "info", "revertAfterSeconds": 86_401}), ErrorCode::InvalidInput, "/revertAfterSeconds"),
            (json!({"level": "info", "revertAfterSeconds": "10"}), ErrorCode::InvalidInput, "/revertAfterSeconds"),
            (json!({"level": "info", "for": 10}), ErrorCode::InvalidInput, "/for"),
        ];
        for (body, code, pointer) in table {
            assert_eq!(read(body.clone()).unwrap_err(), (code, pointer.to_owned()), "{body}");
        }
    }
}
