//! The command line.

mod admin;
mod client;
mod dead_letters;
mod flags;
mod healthcheck;
mod serve;
mod top;

use std::error::Error;
use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use crate::app;
use crate::config::Settings;

use admin::CreateAdminArgs;
use dead_letters::DeadLettersCommand;
use flags::SettingFlags;
use healthcheck::HealthcheckArgs;
use top::TopArgs;

/// A customer backend: accounts, permissions, customers, groups and an audit trail, whose work is done by supervised actors.
///
/// Without a command it serves. Settings come from flags, the environment, a .env file and built-in defaults, in this
/// order; `clientele config check` lists each with its meaning and its value.
#[derive(Debug, Parser)]
#[command(name = "clientele", version, about, long_about, after_help = AFTER_HELP)]
struct Cli {
    #[command(flatten)]
    settings: SettingFlags,
    #[command(subcommand)]
    command: Option<Command>,
}

const AFTER_HELP: &str = "\
Examples:
  clientele                                          serve on http://localhost:4000, data in ./data
  clientele admin create --email you@example.com     make an administrator; asks for the password
  clientele --port 8080 --data-dir /var/lib/clientele serve
  clientele config check                             show what is set, and whether it may be";

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the API until SIGTERM or SIGINT. A second signal stops at once.
    Serve,
    /// Administrators.
    #[command(subcommand)]
    Admin(AdminCommand),
    /// The audit trail.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Bring the store to this program's version, and say what was done. Safe to repeat; `serve` does it too.
    Migrate,
    /// Settings.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print the OpenAPI document of this API.
    Openapi,
    /// Ask a running server whether it is well: exit code 0 if it is, 1 if not. For containers.
    Healthcheck(HealthcheckArgs),
    /// Watch the actors of a running node: states, rates, latencies, mailboxes, restarts, failures.
    Top(TopArgs),
}

#[derive(Debug, Subcommand)]
enum AdminCommand {
    /// Make an account that may do everything. Works while the server runs.
    Create(CreateAdminArgs),
}

#[derive(Debug, Subcommand)]
enum AuditCommand {
    /// Events that could not be brought to the trail, and were set aside by RabbitMQ. The embedded broker sets none aside:
    /// what it cannot hand over stays in the outbox.
    #[command(subcommand)]
    DeadLetters(DeadLettersCommand),
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// List every setting with its value and where it came from, secrets masked; exit code 1 if one is wrong.
    Check(ConfigCheckArgs),
}

#[derive(Debug, Args)]
struct ConfigCheckArgs {
    /// Also tell what each setting means.
    #[arg(long)]
    explain: bool,
}

/// What a command ends with.
type Outcome = Result<(), Box<dyn Error>>;

/// Runs the command that the process was started with.
pub fn run() -> ExitCode {
    let Cli { settings, command } =
        Cli::from_arg_matches(&commands().get_matches()).unwrap_or_else(|error| error.exit());
    match run_command(command.unwrap_or(Command::Serve), settings) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tell(&*error);
            ExitCode::FAILURE
        }
    }
}

/// The commands as they are called. The settings that tell `top` nothing of a node are not in its help.
fn commands() -> clap::Command {
    let mut commands = Cli::command();
    // Before this, the flags of all commands are not those of each.
    commands.build();
    commands.mut_subcommand("top", |top| {
        top.mut_args(|flag| {
            let tells_nothing = ["data_dir", "env", "log_level"].contains(&flag.get_id().as_str());
            flag.hide(tells_nothing)
        })
    })
}

fn run_command(command: Command, flags: SettingFlags) -> Outcome {
    let settings = || Settings::from_process(flags.into_pairs());
    if let Command::Top(args) = command {
        return top::run(args, settings);
    }
    let settings = settings()?;
    match command {
        Command::Serve => serve::serve(settings),
        Command::Admin(AdminCommand::Create(args)) => admin::create(args, &settings),
        Command::Audit(AuditCommand::DeadLetters(command)) => dead_letters::run(command, &settings),
        Command::Migrate => migrate(&settings),
        Command::Config(ConfigCommand::Check(args)) => check_config(&settings, args.explain),
        Command::Openapi => print(&app::openapi(&settings)),
        Command::Healthcheck(args) => healthcheck::check(&args, &settings),
        Command::Top(_) => unreachable!("it does without settings"),
    }
}

fn migrate(settings: &Settings) -> Outcome {
    let migration = actix::System::new().block_on(app::migrate(settings))?;
    if migration.from == migration.to {
        println!("The store has schema version {} already.", migration.to);
    } else {
        println!("Brought the store from schema version {} to {}.", migration.from, migration.to);
    }
    Ok(())
}

fn check_config(settings: &Settings, explain: bool) -> Outcome {
    let width = settings.table().iter().map(|row| row.name.len()).max().unwrap_or_default();
    let mut lines = Vec::new();
    for row in settings.table() {
        lines.push(format!("{:width$}  {}  ({})", row.name, row.value, row.origin));
        if explain {
            lines.push(format!("{:width$}  {}\n", "", row.meaning));
        }
    }
    for warning in settings.warnings() {
        eprintln!("warning: {warning}");
    }
    print(&lines.join("\n"))
}

/// Writes to standard output. A reader that has seen enough (`| head`) is no error.
fn print(text: &str) -> Outcome {
    match writeln!(io::stdout().lock(), "{text}") {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}

/// Says what went wrong, and why, down to the first cause.
fn tell(error: &dyn Error) {
    eprintln!("error: {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        eprintln!("  because: {cause}");
        source = cause.source();
    }
}
