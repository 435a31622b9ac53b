//! A real nginx as a backend: one ordinary process on a loopback address, started, stopped and killed by a test.

use std::net::{IpAddr, SocketAddr, TcpStream};
use std::process::Command;

use super::client::{PATIENCE, eventually};
use super::daemon::Daemon;
use super::place::Folder;
use super::server::send_signal;

pub struct Nginx {
    /// Where it answers `/healthz` with 200 and `ok`.
    pub address: SocketAddr,
    folder: Folder,
    process: Option<Daemon>,
}

impl Nginx {
    /// Starts it and waits until it accepts.
    pub fn start(name: &str, address: IpAddr, port: u16) -> Nginx {
        let address = SocketAddr::new(address, port);
        let folder = Folder::new(name);
        folder.write("nginx.conf", configuration(address));
        let mut nginx = Nginx { address, folder, process: None };
        nginx.start_again();
        nginx
    }

    pub fn start_again(&mut self) {
        let mut command = Command::new("nginx");
        command.arg("-p").arg(self.folder.path()).args(["-e", "error.log", "-c", "nginx.conf"]);
        self.process = Some(Daemon::start(command, &self.folder));
        let address = self.address;
        eventually("nginx to accept", PATIENCE * 2, || TcpStream::connect(address).ok());
    }

    /// kill -9.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// The process stands still: the kernel goes on accepting for it, and nobody answers.
    pub fn freeze(&self) {
        send_signal(self.process_id(), "STOP");
    }

    /// Ends [`Nginx::freeze`].
    pub fn thaw(&self) {
        send_signal(self.process_id(), "CONT");
    }

    fn process_id(&self) -> u32 {
        self.process.as_ref().expect("nginx was started").id()
    }
}

/// One process, so that a signal reaches all of it.
fn configuration(address: SocketAddr) -> String {
    format!(
        "daemon off;\nmaster_process off;\npid nginx.pid;\nerror_log error.log;\n\
         events {{ worker_connections 64; }}\n\
         http {{\n  access_log off;\n  client_body_temp_path body;\n  proxy_temp_path proxy;\n  \
         fastcgi_temp_path fastcgi;\n  uwsgi_temp_path uwsgi;\n  scgi_temp_path scgi;\n  \
         server {{\n    listen {address};\n    location = /healthz {{ default_type text/plain; return 200 \"ok\\n\"; }}\n  }}\n}}\n"
    )
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::IpAddr;
    use std::time::Duration;

    use super::super::place::{free_port, loopback};
    use super::*;

    fn status_line(address: SocketAddr) -> Option<String> {
        let mut stream = TcpStream::connect(address).ok()?;
        stream.set_read_timeout(Some(Duration::from_millis(500))).ok()?;
        stream.write_all(b"GET /healthz HTTP/1.0\r\n\r\n").ok()?;
        let mut text = String::new();
        stream.read_to_string(&mut text).ok()?;
        text.lines().next().map(String::from)
    }

    #[test]
    fn nginx_answers_until_it_is_frozen_or_killed() {
        let address = IpAddr::V4(loopback(60));
        let mut nginx = Nginx::start("nginx-itself", address, free_port(&[address]));
        assert_eq!(status_line(nginx.address).as_deref(), Some("HTTP/1.1 200 OK"));
        nginx.freeze();
        assert_eq!(status_line(nginx.address), None);
        nginx.thaw();
        assert_eq!(status_line(nginx.address).as_deref(), Some("HTTP/1.1 200 OK"));
        nginx.kill();
        assert_eq!(status_line(nginx.address), None);
        nginx.start_again();
        assert_eq!(status_line(nginx.address).as_deref(), Some("HTTP/1.1 200 OK"));
    }
}
