//! Hashing and comparing passwords: the work of a pool of threads, one job at a time each.

use actix::Message;
use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};

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
    /// What hashing works in; taken with the first hash and kept.
    memory: Vec<Block>,
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
        Ok(Self { argon2: Argon2::new(Algorithm::Argon2id, Version::V0x13, params), memory: Vec::new() })
    }

    fn hash(&mut self, password: &Password) -> String {
        let argon2 = self.argon2.clone();
        let params = argon2.params();
        let salt = Salt::generate();
        let length = params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
        let output = self.digest(&argon2, password, &salt, length).expect("a password of bounded length can be hashed");
        let hash = PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(params).expect("a cost within bounds can be written"),
            salt: Some(salt),
            hash: Some(output),
        };
        hash.to_string()
    }

    fn compare(&mut self, password: &Password, hash: &str) -> Comparison {
        let is_current = match hash.starts_with("$2") {
            true => bcrypt::verify(password.expose(), hash).ok().and_then(|matches| matches.then_some(false)),
            false => self.compare_argon2(password, hash),
        };
        match is_current {
            None => Comparison::Differs,
            Some(true) => Comparison::Matches,
            Some(false) => Comparison::MatchesOutdated(self.hash(password)),
        }
    }

    /// Whether the hash is of the cost that is now set; `None` if it is of another password, or none of ours.
    fn compare_argon2(&mut self, password: &Password, hash: &str) -> Option<bool> {
        let PasswordHash { algorithm, version, params, salt: Some(salt), hash: Some(expected) } =
            PasswordHash::new(hash).ok()?
        else {
            return None;
        };
        let algorithm = Algorithm::try_from(algorithm.as_str()).ok()?;
        let version = version.map_or(Ok(Version::default()), Version::try_from).ok()?;
        let argon2 = Argon2::new(algorithm, version, Params::try_from(&params).ok()?);
        let output = self.digest(&argon2, password, &salt, expected.len())?;
        // `Output` compares in constant time.
        (output == expected).then(|| algorithm == Algorithm::Argon2id && self.has_cost_of(argon2.params()))
    }

    /// Hashes in memory that is kept: to get 19 MiB from the kernel, page by page, takes as long as the hash itself.
    fn digest(&mut self, argon2: &Argon2<'_>, password: &Password, salt: &[u8], length: usize) -> Option<Output> {
        let blocks = argon2.params().block_count();
        if self.memory.len() < blocks {
            self.memory.resize(blocks, Block::default());
        }
        let mut output = [0; Output::MAX_LENGTH];
        let output = output.get_mut(..length)?;
        let memory = &mut self.memory[..blocks];
        argon2.hash_password_into_with_memory(password.expose().as_bytes(), salt, output, memory).ok()?;
        Output::new(output).ok()
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
