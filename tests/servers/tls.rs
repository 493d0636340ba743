//! Servers that prove who they are by certificates of the test's own.

use std::fs;

use redis::{AsyncCommands as _, TlsCertificates};
use reqwest::{Certificate, Client};

use crate::harness::servers::{Nginx, Redis, certificate};

#[tokio::test]
async fn a_certificate_is_trusted_through_its_authority_and_for_its_names_only() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let made = certificate(folder.path(), &["localhost", "127.0.0.1"]);
    let nginx = Nginx::start(&format!(
        "events {{}} http {{ server {{ listen 127.0.0.1:@PORT@; listen 127.0.0.1:@TLS_PORT@ ssl; \
         ssl_certificate {}; ssl_certificate_key {}; location / {{ return 204; }} }} }}",
        made.chain.display(),
        made.key.display(),
    ));
    let authority = fs::read(made.authority).expect("it was made");
    let authority = Certificate::from_pem(&authority).expect("it is PEM");
    let address = nginx.tls_address();
    let client = Client::builder().no_proxy().tls_certs_only([authority]).resolve("elsewhere.test", address);
    let client = client.build().expect("a client can be made");
    for host in ["localhost", "127.0.0.1"] {
        let answer = client.get(format!("https://{host}:{}/", address.port())).send().await.expect("it is trusted");
        assert_eq!(answer.status(), 204);
    }
    let elsewhere = client.get(format!("https://elsewhere.test:{}/", address.port())).send().await;
    let refused = format!("{:?}", elsewhere.expect_err("it has another name"));
    assert!(refused.contains("NotValidForName"), "{refused}");
    let stranger = Client::builder().no_proxy().build().expect("a client can be made");
    let refused = stranger.get(format!("https://{address}/")).send().await;
    let refused = format!("{:?}", refused.expect_err("nobody knows its authority"));
    assert!(refused.contains("UnknownIssuer"), "{refused}");
}

#[tokio::test]
async fn a_redis_with_tls_answers_those_who_trust_its_authority() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let redis = Redis::start_tls();
    let trusting = |root_cert| {
        let client = redis::Client::build_with_tls(redis.url(), TlsCertificates { client_tls: None, root_cert });
        async move { client?.get_multiplexed_async_connection().await?.ping::<String>().await }
    };
    let authority = fs::read(redis.certificate().authority).expect("it was made");
    assert_eq!(trusting(Some(authority)).await.expect("it answers"), "PONG");
    let refused = trusting(None).await.expect_err("nobody knows its authority");
    assert!(refused.to_string().contains("certificate"), "{refused}");
}
