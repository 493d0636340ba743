//! `clientele serve`.

use tokio::signal::unix::{SignalKind, signal};

use crate::app::Application;
use crate::config::Settings;
use crate::telemetry;

use super::Outcome;

/// What a process that was told twice to stop exits with.
const STOPPED_AT_ONCE: i32 = 130;

pub(super) fn serve(settings: Settings) -> Outcome {
    let telemetry = telemetry::init(&settings)?;
    for warning in settings.warnings() {
        tracing::warn!("{warning}");
    }
    actix::System::new().block_on(async {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let (stop, stopped) = tokio::sync::oneshot::channel();
        actix::spawn(async move {
            let mut next = async || {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
            };
            next().await;
            // Nobody listens if the server has ended by itself.
            let _ = stop.send(());
            next().await;
            tracing::warn!("told twice to stop: stopping at once");
            std::process::exit(STOPPED_AT_ONCE);
        });
        let application = Application::build(settings).await?.steering(telemetry.logs());
        application
            .run_until(async {
                let _ = stopped.await;
            })
            .await?;
        Ok(())
    })
}
