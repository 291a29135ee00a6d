//! HMAC with SHA-256 for `jsonwebtoken`, by `ring`. Its own features bring all algorithms, and take a minute to build:
//! choose one of them, `aws_lc_rs` or `rust_crypto`, when tokens of others are to be verified by a public key.

use jsonwebtoken::{
    Algorithm, AlgorithmFamily, DecodingKey, EncodingKey,
    crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils},
    errors::{self, ErrorKind, new_error},
    signature::{Error, Signer, Verifier},
};
use ring::hmac;

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |algorithm, key| {
        Hs256::check(*algorithm, key.family())?;
        Ok(Box::new(Hs256::of(EncodingKey::as_bytes(key))))
    },
    verifier_factory: |algorithm, key| {
        Hs256::check(*algorithm, key.family())?;
        Ok(Box::new(Hs256::of(DecodingKey::try_get_as_bytes(key)?)))
    },
    key_utils: KeyUtils::new_unimplemented(),
};

/// Before the first token is signed or verified.
pub(crate) fn install() {
    // There is one already if it was called before: the same.
    let _ = PROVIDER.install_default();
}

struct Hs256(hmac::Key);

impl Hs256 {
    fn check(algorithm: Algorithm, family: AlgorithmFamily) -> errors::Result<()> {
        match (algorithm, family) {
            (Algorithm::HS256, AlgorithmFamily::Hmac) => Ok(()),
            _ => Err(new_error(ErrorKind::InvalidAlgorithm)),
        }
    }

    fn of(secret: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }
}

impl Signer<Vec<u8>> for Hs256 {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(hmac::sign(&self.0, message).as_ref().to_vec())
    }
}

impl Verifier<Vec<u8>> for Hs256 {
    /// In constant time.
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), Error> {
        hmac::verify(&self.0, message, signature).map_err(|_| Error::new())
    }
}

impl JwtSigner for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

impl JwtVerifier for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}
