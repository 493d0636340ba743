//! nginx with a configuration of the test's.

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::Command;

use super::child::{Place, Server};
use crate::harness::poll_until;

/// Where nginx would keep bodies outside its folder.
const BODIES: &str = "client_body_temp_path bodies; proxy_temp_path proxied; fastcgi_temp_path fastcgi; \
    uwsgi_temp_path uwsgi; scgi_temp_path scgi;";

/// An nginx of the test's own.
pub struct Nginx {
    server: Server,
}

impl Nginx {
    /// Starts nginx by the text of a whole configuration. In it `@PORT@` stands for the port of [`Nginx::address`],
    /// `@TLS_PORT@` for that of [`Nginx::tls_address`], `@FOLDER@` for its folder, which is where relative paths begin.
    ///
    /// It must listen at `@PORT@`. `daemon`, `pid` and `user` are set here.
    pub fn start(configuration: &str) -> Self {
        let prepare = |place: &Place| {
            write(place, configuration);
            command(place)
        };
        Self { server: Server::start(2, prepare, |address| TcpStream::connect(address).is_ok()) }
    }

    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    pub fn tls_address(&self) -> SocketAddr {
        self.server.place().address(1)
    }

    /// Writes another configuration, for the next `reload` or `restart`.
    pub fn configure(&self, configuration: &str) {
        write(self.server.place(), configuration);
    }

    /// Has the configuration checked (`nginx -t`).
    ///
    /// # Errors
    ///
    /// What nginx says against it.
    pub fn test(&self) -> Result<(), String> {
        let checked = command(self.server.place()).arg("-t").output().expect("nginx runs");
        if checked.status.success() {
            return Ok(());
        }
        Err(String::from_utf8_lossy(&checked.stderr).into_owned())
    }

    /// Has the configuration read again (HUP), and waits until a worker with it is there. Fails if it is wrong.
    pub fn reload(&self) {
        self.test().expect("the configuration is right");
        let before = self.workers();
        self.server.signal("HUP");
        poll_until(|| self.workers().iter().any(|worker| !before.contains(worker)), "nginx has a new worker");
    }

    /// The numbers of its processes beside the main one.
    fn workers(&self) -> Vec<String> {
        let id = self.server.id().to_string();
        let processes = fs::read_dir("/proc").expect("processes are listed");
        let children = processes.filter_map(|entry| {
            let process = entry.ok()?.path();
            let state = fs::read_to_string(process.join("stat")).ok()?;
            // Behind the name, which is in parentheses, come the state and the parent.
            let parent = state.rsplit_once(") ")?.1.split(' ').nth(1)?;
            (parent == id).then(|| process.file_name().map(|name| name.to_string_lossy().into_owned()))?
        });
        children.collect()
    }

    fn server(&self) -> &Server {
        &self.server
    }
}

super::stoppable!(Nginx);

fn configuration_file(place: &Place) -> PathBuf {
    place.folder().join("nginx.conf")
}

fn write(place: &Place, configuration: &str) {
    let text = configuration
        .replace("@PORT@", &place.port(0).to_string())
        .replace("@TLS_PORT@", &place.port(1).to_string())
        .replace("@FOLDER@", &place.folder().to_string_lossy());
    let text = match text.contains("client_body_temp_path") {
        true => text,
        false => text.replacen("http {", &format!("http {{ {BODIES}"), 1),
    };
    fs::write(configuration_file(place), text).expect("a file can be written");
}

fn command(place: &Place) -> Command {
    let mut command = Command::new("/usr/sbin/nginx");
    command.arg("-p").arg(place.folder()).arg("-c").arg(configuration_file(place));
    command.arg("-e").arg(place.folder().join("error.log"));
    // Its folder is closed to other users; to one who is not root the user means nothing.
    command.args(["-g", "daemon off; pid nginx.pid; user root;"]);
    command
}
