//! The secrets that tokens are signed with, made where development gives none.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{Secret, Settings};

/// What access tokens and refresh tokens are signed with: two different secrets.
#[derive(Clone, Debug)]
pub struct TokenSecrets {
    /// Signs access tokens.
    pub access: Secret,
    /// Signs refresh tokens.
    pub refresh: Secret,
}

/// A secret could neither be read nor made.
#[derive(Debug, thiserror::Error)]
pub enum TokenSecretsError {
    /// The folder for secrets could not be made.
    #[error("the folder {} cannot be made", path.display())]
    Folder {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file of a secret could not be made or read.
    #[error("the secret in {} can be neither read nor made", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file of a secret does not hold what was made once.
    #[error("{} is damaged: remove it, and everyone signs in anew", path.display())]
    Damaged {
        /// Which.
        path: PathBuf,
    },
    /// The system has no randomness.
    #[error("no random bytes can be had")]
    Random,
}

impl TokenSecrets {
    pub(super) fn of(settings: &Settings) -> Result<Self, TokenSecretsError> {
        let given_or_made = |given: &Option<Secret>, name| match given {
            Some(secret) => Ok(secret.clone()),
            None => read_or_make(&settings.data_dir.join("secrets"), name),
        };
        Ok(Self {
            access: given_or_made(&settings.jwt_secret, "jwt-secret")?,
            refresh: given_or_made(&settings.jwt_refresh_secret, "jwt-refresh-secret")?,
        })
    }
}

fn read_or_make(folder: &Path, name: &str) -> Result<Secret, TokenSecretsError> {
    let path = folder.join(name);
    let failed = |source| TokenSecretsError::File { path: path.clone(), source };
    let text = match fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
            made.map_err(|source| TokenSecretsError::Folder { path: folder.into(), source })?;
            publish(folder, &path, &random_secret()?).map_err(failed)?;
            fs::read_to_string(&path)
        }
        read => read,
    };
    let text = text.map_err(failed)?;
    let secret = text.trim_end();
    let intact = URL_SAFE_NO_PAD.decode(secret).is_ok_and(|bytes| bytes.len() == SECRET_BYTES);
    if intact { Ok(Secret::new(secret)) } else { Err(TokenSecretsError::Damaged { path }) }
}

const SECRET_BYTES: usize = 32;

fn random_secret() -> Result<String, TokenSecretsError> {
    let mut bytes = [0; SECRET_BYTES];
    rand::fill(&mut bytes).map_err(|_| TokenSecretsError::Random)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// Puts the text at `path` unless something is there already. Nobody ever sees half of it: it is written aside, and a
/// hard link, which fails if the name is taken, puts it in place.
fn publish(folder: &Path, path: &Path, text: &str) -> io::Result<()> {
    let aside = folder.join(format!(".{}-{:016x}", std::process::id(), fastrand::u64(..)));
    let written = write_durably(&aside, text).and_then(|()| match fs::hard_link(&aside, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    });
    let removed = fs::remove_file(&aside);
    written.and(removed)?;
    File::open(folder)?.sync_all()
}

fn write_durably(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    writeln!(file, "{text}")?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn settings(data_dir: &Path, more: &[(&str, &str)]) -> Settings {
        let pairs = [("DATA_DIR", data_dir.to_str().unwrap())].into_iter().chain(more.iter().copied());
        let environment = pairs.map(|(name, value)| (name.to_string(), value.to_string()));
        Settings::load(vec![], environment.collect::<Vec<_>>(), None).unwrap()
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn made_secrets_are_kept_and_nobody_else_can_read_them() {
        let folder = tempfile::tempdir().unwrap();
        let data_dir = folder.path().join("data");
        let first = settings(&data_dir, &[]).token_secrets().unwrap();
        let again = settings(&data_dir, &[]).token_secrets().unwrap();
        assert_eq!((&first.access, &first.refresh), (&again.access, &again.refresh));
        assert_ne!(first.access, first.refresh);
        assert_eq!(first.access.len_bytes(), 43);
        assert_eq!(mode(&data_dir.join("secrets")), 0o700);
        assert_eq!(mode(&data_dir.join("secrets/jwt-secret")), 0o600);
        assert_eq!(fs::read_dir(data_dir.join("secrets")).unwrap().count(), 2, "nothing is left aside");
    }

    #[test]
    fn given_secrets_are_taken_as_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let settings = settings(folder.path(), &[("JWT_SECRET", "one"), ("JWT_REFRESH_SECRET", "two")]);
        assert_eq!(settings.token_secrets().unwrap().access.expose(), "one");
        assert!(!folder.path().join("secrets").exists());
    }

    #[test]
    fn two_starts_at_once_agree() {
        let folder = tempfile::tempdir().unwrap();
        let settings = settings(folder.path(), &[]);
        let secrets: Vec<TokenSecrets> = std::thread::scope(|scope| {
            let starts: Vec<_> = (0..16).map(|_| scope.spawn(|| settings.token_secrets().unwrap())).collect();
            starts.into_iter().map(|start| start.join().unwrap()).collect()
        });
        assert!(secrets.iter().all(|other| other.access == secrets[0].access && other.refresh == secrets[0].refresh));
    }

    #[test]
    fn a_damaged_file_is_named_and_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let settings = settings(folder.path(), &[]);
        settings.token_secrets().unwrap();
        let path = folder.path().join("secrets/jwt-secret");
        fs::write(&path, "half").unwrap();
        let error = settings.token_secrets().unwrap_err();
        assert!(matches!(&error, TokenSecretsError::Damaged { path: told } if *told == path), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "half");
    }
}
