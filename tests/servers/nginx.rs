//! nginx with a configuration of the test's.

use crate::harness::servers::Nginx;
use crate::harness::status_of;

fn answering(status: u16) -> String {
    format!("events {{}} http {{ server {{ listen 127.0.0.1:@PORT@; location / {{ return {status}; }} }} }}")
}

#[test]
fn nginx_serves_and_reloads() {
    let nginx = Nginx::start(&answering(204));
    let url = format!("http://{}/", nginx.address());
    assert_eq!(status_of(&url), Some(204));
    nginx.configure(&answering(418));
    assert_eq!(status_of(&url), Some(204), "it has not read that yet");
    nginx.reload();
    crate::harness::poll_until(|| status_of(&url) == Some(418), "the new configuration serves");
}

#[test]
fn a_killed_nginx_serves_again_after_a_restart() {
    let nginx = Nginx::start(&answering(204));
    let url = format!("http://{}/", nginx.address());
    nginx.kill();
    assert_eq!(status_of(&url), None, "its workers are gone as well");
    nginx.restart();
    assert_eq!(status_of(&url), Some(204));
}

#[test]
fn nginx_says_what_is_wrong_with_a_configuration() {
    let nginx = Nginx::start(&answering(204));
    assert_eq!(nginx.test(), Ok(()));
    nginx.configure("events {} http { nonsense; }");
    let said = nginx.test().expect_err("it is wrong");
    assert!(said.contains("unknown directive \"nonsense\""), "{said}");
}
