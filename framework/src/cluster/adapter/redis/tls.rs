//! Whom TLS trusts, and as whom this node presents itself.

use std::sync::Arc;

use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};

use crate::cluster::adapter::AdapterError;

/// In PEM form, as they were given.
#[derive(Clone, Default)]
pub(super) struct Certificates {
    /// Instead of those of the system.
    pub(super) root: Option<Vec<u8>>,
    /// Certificate chain and key.
    pub(super) client: Option<(Vec<u8>, Vec<u8>)>,
}

/// Without the key.
impl std::fmt::Debug for Certificates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Certificates")
            .field("root", &self.root.is_some())
            .field("client", &self.client.is_some())
            .finish()
    }
}

pub(super) fn config(certificates: &Certificates) -> Result<ClientConfig, AdapterError> {
    // The provider is named, since an application may have linked another one beside it.
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(AdapterError::new)?
        .with_root_certificates(roots(certificates.root.as_deref())?);
    let Some((chain, key)) = &certificates.client else {
        return Ok(builder.with_no_client_auth());
    };
    let chain = CertificateDer::pem_slice_iter(chain)
        .collect::<Result<_, _>>()
        .map_err(|error| AdapterError::new(format!("the client's certificate: {error}")))?;
    let key = PrivateKeyDer::from_pem_slice(key)
        .map_err(|error| AdapterError::new(format!("the client's key: {error}")))?;
    builder
        .with_client_auth_cert(chain, key)
        .map_err(AdapterError::new)
}

fn roots(pem: Option<&[u8]>) -> Result<RootCertStore, AdapterError> {
    let mut store = RootCertStore::empty();
    match pem {
        Some(pem) => {
            for certificate in CertificateDer::pem_slice_iter(pem) {
                let certificate = certificate
                    .map_err(|error| AdapterError::new(format!("the root certificate: {error}")))?;
                store.add(certificate).map_err(AdapterError::new)?;
            }
        }
        // Single files of the system that cannot be read do not matter as long as some can.
        None => {
            store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    if store.is_empty() {
        return Err(AdapterError::new("there is no root certificate"));
    }
    Ok(store)
}
