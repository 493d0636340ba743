//! Hashing and comparing passwords: the work of a pool of threads, one job at a time each.

use actix::Message;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};

use crate::actors::supervision::{StartError, Work};
use crate::model::user::Password;

/// The cost of a hash (§3: m=19456 KiB t=2 p=1, as OWASP recommends).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashCost {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Default for HashCost {
    fn default() -> Self {
        Self { memory_kib: 19_456, passes: 2, lanes: 1 }
    }
}

/// Hashes passwords with argon2id, and compares them with hashes of any cost, bcrypt's included.
#[derive(Debug)]
pub struct PasswordHasher {
    argon2: Argon2<'static>,
}

/// Hashes a new password into a PHC string.
#[derive(Debug, Message)]
#[rtype(result = "String")]
pub struct HashPassword {
    /// The password.
    pub password: Password,
}

/// Compares a password with a hash.
#[derive(Debug, Message)]
#[rtype(result = "Comparison")]
pub struct ComparePassword {
    /// The password.
    pub password: Password,
    /// The hash on record; `None` if there is no such account: then the same work is done for nothing,
    /// otherwise the time would tell which accounts exist.
    pub hash: Option<String>,
}

/// What a comparison came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// It is another password.
    Differs,
    /// It is the password.
    Matches,
    /// It is the password, and this hash of it, of the cost that is now set, belongs in the place of the old one.
    MatchesOutdated(String),
}

impl PasswordHasher {
    /// A hasher of this cost.
    ///
    /// # Errors
    /// The cost is out of argon2's bounds.
    pub fn new(cost: HashCost) -> Result<Self, StartError> {
        let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, None).map_err(StartError::new)?;
        Ok(Self { argon2: Argon2::new(Algorithm::Argon2id, Version::V0x13, params) })
    }

    fn hash(&self, password: &Password) -> String {
        let hash = self.argon2.hash_password(password.expose().as_bytes());
        hash.expect("a password of bounded length can be hashed").to_string()
    }

    fn compare(&self, password: &Password, hash: &str) -> Comparison {
        if hash.starts_with("$2") {
            return match bcrypt::verify(password.expose(), hash) {
                Ok(true) => Comparison::MatchesOutdated(self.hash(password)),
                Ok(false) | Err(_) => Comparison::Differs,
            };
        }
        let Ok(parsed) = PasswordHash::new(hash) else { return Comparison::Differs };
        if self.argon2.verify_password(password.expose().as_bytes(), &parsed).is_err() {
            return Comparison::Differs;
        }
        let is_current = parsed.algorithm.as_str() == Algorithm::Argon2id.as_str()
            && Params::try_from(&parsed).is_ok_and(|params| self.has_cost_of(&params));
        if is_current { Comparison::Matches } else { Comparison::MatchesOutdated(self.hash(password)) }
    }

    fn has_cost_of(&self, params: &Params) -> bool {
        let own = self.argon2.params();
        (own.m_cost(), own.t_cost(), own.p_cost()) == (params.m_cost(), params.t_cost(), params.p_cost())
    }
}

impl Work<HashPassword> for PasswordHasher {
    fn work(&mut self, HashPassword { password }: HashPassword) -> String {
        self.hash(&password)
    }
}

impl Work<ComparePassword> for PasswordHasher {
    fn work(&mut self, ComparePassword { password, hash }: ComparePassword) -> Comparison {
        match hash {
            Some(hash) => self.compare(&password, &hash),
            None => {
                self.hash(&password);
                Comparison::Differs
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::user::Credentials;
    use serde_json::json;

    const CHEAP: HashCost = HashCost { memory_kib: 64, passes: 1, lanes: 1 };

    fn password(text: &str) -> Password {
        Credentials::read(json!({"email": "ada@example.com", "password": text})).unwrap().password
    }

    fn compare(hasher: &mut PasswordHasher, text: &str, hash: &str) -> Comparison {
        hasher.work(ComparePassword { password: password(text), hash: Some(hash.to_owned()) })
    }

    #[test]
    fn a_password_matches_its_own_hash_alone() {
        let mut hasher = PasswordHasher::new(CHEAP).unwrap();
        let hash = hasher.work(HashPassword { password: password("correct horse") });
        assert!(hash.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{hash}");
        assert_eq!(compare(&mut hasher, "correct horse", &hash), Comparison::Matches);
        assert_eq!(compare(&mut hasher, "correct horsf", &hash), Comparison::Differs);
        assert_eq!(
            hasher.work(ComparePassword { password: password("correct horse"), hash: None }),
            Comparison::Differs
        );
    }

    #[test]
    fn a_hash_of_another_cost_is_replaced() {
        let mut cheap = PasswordHasher::new(CHEAP).unwrap();
        let hash = cheap.work(HashPassword { password: password("correct horse") });
        let mut dear = PasswordHasher::new(HashCost { passes: 2, ..CHEAP }).unwrap();
        let Comparison::MatchesOutdated(renewed) = compare(&mut dear, "correct horse", &hash) else { panic!() };
        assert_eq!(compare(&mut dear, "correct horse", &renewed), Comparison::Matches);
    }

    #[test]
    fn a_bcrypt_hash_from_elsewhere_is_taken_and_replaced() {
        let mut hasher = PasswordHasher::new(CHEAP).unwrap();
        let hash = bcrypt::hash("correct horse", 4).unwrap();
        assert!(matches!(compare(&mut hasher, "correct horse", &hash), Comparison::MatchesOutdated(_)));
        assert_eq!(compare(&mut hasher, "correct horsf", &hash), Comparison::Differs);
        assert_eq!(compare(&mut hasher, "correct horse", "$2b$garbage"), Comparison::Differs);
    }
}
