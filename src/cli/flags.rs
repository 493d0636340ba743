//! Flags that stand above the environment.

use clap::Args;

/// Settings that can be given as flags; the environment has all of them.
#[derive(Debug, Default, Args)]
pub(super) struct SettingFlags {
    /// Listen on this IP address [HOST]
    #[arg(long, global = true, value_name = "ADDRESS")]
    host: Option<String>,
    /// Listen on this port; 0 takes a free one [PORT]
    #[arg(long, global = true, value_name = "PORT")]
    port: Option<String>,
    /// Keep the embedded store and made secrets in this folder [DATA_DIR]
    #[arg(long, global = true, value_name = "FOLDER")]
    data_dir: Option<String>,
    /// Run in `development` or `production` [APP_ENV]
    #[arg(long, global = true, value_name = "ENVIRONMENT")]
    env: Option<String>,
    /// Log `error`, `warn`, `info`, `debug` or `trace` [LOG_LEVEL]
    #[arg(long, global = true, value_name = "LEVEL")]
    log_level: Option<String>,
    /// Set any setting by its environment name; may be repeated
    #[arg(long = "set", global = true, value_name = "NAME=VALUE", value_parser = assignment)]
    set: Vec<(String, String)>,
}

fn assignment(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("is not of the form NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

impl SettingFlags {
    /// The flags by their environment names.
    pub(super) fn into_pairs(self) -> Vec<(String, String)> {
        let named = [
            ("HOST", self.host),
            ("PORT", self.port),
            ("DATA_DIR", self.data_dir),
            ("APP_ENV", self.env),
            ("LOG_LEVEL", self.log_level),
        ];
        let named = named.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        self.set.into_iter().chain(named).collect()
    }
}
