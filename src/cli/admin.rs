//! `clientele admin create`.

use std::io::{self, IsTerminal, Read};
use std::time::Duration;

use clap::Args;
use serde_json::json;

use crate::actors::OperationError;
use crate::actors::auth::CreateAdmin;
use crate::actors::supervision::Deadline;
use crate::app::Backend;
use crate::config::Settings;
use crate::model::audit::Origin;
use crate::model::error::Invalid;
use crate::model::time::Clock;
use crate::model::user::Registration;

use super::Outcome;

/// How long it may take.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Debug, Args)]
pub(super) struct CreateAdminArgs {
    /// The administrator's e-mail address.
    #[arg(long)]
    email: String,
    /// The administrator's name.
    #[arg(long)]
    name: Option<String>,
    /// Read the password from standard input instead of asking for it.
    #[arg(long)]
    password_stdin: bool,
}

pub(super) fn create(args: CreateAdminArgs, settings: &Settings) -> Outcome {
    let password = read_password(args.password_stdin, settings)?;
    let body = json!({"email": args.email, "password": password, "name": args.name});
    let registration = Registration::read(body).map_err(explain)?;
    actix::System::new().block_on(async {
        let backend = Backend::start(settings, Clock::system()).await?;
        let deadline = Deadline::within(PATIENCE);
        let message = CreateAdmin { registration, origin: Origin::default() };
        let made = backend.replicas().auth.ask(deadline, message).await;
        backend.stop(deadline).await;
        let user = made.map_err(OperationError::from)??;
        println!("Made the administrator {} ({}).", user.email, user.id);
        Ok(())
    })
}

/// From standard input, from `ADMIN_PASSWORD`, or typed twice.
fn read_password(from_stdin: bool, settings: &Settings) -> Result<String, Box<dyn std::error::Error>> {
    if from_stdin {
        let mut password = String::new();
        io::stdin().read_to_string(&mut password)?;
        return Ok(password.trim_end_matches(['\n', '\r']).to_owned());
    }
    if let Some(admin) = &settings.admin {
        return Ok(admin.password.expose().to_owned());
    }
    if !io::stdin().is_terminal() {
        return Err("no password: give it on standard input with --password-stdin, or in ADMIN_PASSWORD".into());
    }
    let password = rpassword::prompt_password("Password: ")?;
    if rpassword::prompt_password("Once more: ")? != password {
        return Err("these were two different passwords".into());
    }
    Ok(password)
}

/// Each fault on a line of its own.
fn explain(Invalid(errors): Invalid) -> String {
    let lines = errors.iter().map(|error| format!("{} {}", error.pointer.trim_start_matches('/'), error.detail));
    lines.collect::<Vec<_>>().join("\n       ")
}
