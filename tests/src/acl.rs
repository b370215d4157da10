//! Grants rights on a broker with SASL/PLAIN, as its super user: the three requests of Kafka's protocol that it takes.
//!
//! The broker's jars here have no tool for it, and the client library has no call. Layouts:
//! <https://kafka.apache.org/protocol>, SaslHandshake v1, SaslAuthenticate v0, CreateAcls v1.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Result, ensure};

#[derive(Clone, Copy, Debug)]
pub enum Resource<'a> {
    Topic(&'a str),
    Group(&'a str),
}

/// The protocol's numbers of operations.
#[derive(Clone, Copy, Debug)]
pub enum Operation {
    Read = 3,
    Write = 4,
}

/// Who may grant: the super user's name and password.
pub struct Admin<'a> {
    pub bootstrap: &'a str,
    pub user: &'a str,
    pub password: &'a str,
}

impl Admin<'_> {
    /// Allows `user` an operation on a resource, from any host.
    pub fn grant(&self, user: &str, operation: Operation, resource: Resource<'_>) -> Result<()> {
        let mut socket = TcpStream::connect(self.bootstrap)?;
        socket.set_read_timeout(Some(Duration::from_secs(20)))?;
        let handshake = ask(&mut socket, 17, 1, &string("PLAIN"))?;
        ensure!(handshake.starts_with(&[0, 0]), "SaslHandshake: {handshake:?}");
        let token = format!("\0{}\0{}", self.user, self.password);
        let mut body = i32::try_from(token.len())?.to_be_bytes().to_vec();
        body.extend(token.as_bytes());
        let authenticated = ask(&mut socket, 36, 0, &body)?;
        ensure!(authenticated.starts_with(&[0, 0]), "SaslAuthenticate: {authenticated:?}");
        let created = ask(&mut socket, 30, 1, &creation(user, operation, resource))?;
        // Throttle time, one result, its error code.
        ensure!(created.get(4..10) == Some(&[0, 0, 0, 1, 0, 0]), "CreateAcls: {created:?}");
        Ok(())
    }
}

fn creation(user: &str, operation: Operation, resource: Resource<'_>) -> Vec<u8> {
    const LITERAL: u8 = 3;
    const ALLOW: u8 = 3;
    let (kind, name) = match resource {
        Resource::Topic(name) => (2, name),
        Resource::Group(name) => (3, name),
    };
    let mut body = vec![0, 0, 0, 1, kind];
    body.extend(string(name));
    body.push(LITERAL);
    body.extend(string(&format!("User:{user}")));
    body.extend(string("*"));
    body.extend([operation as u8, ALLOW]);
    body
}

fn string(text: &str) -> Vec<u8> {
    let mut bytes = (text.len() as u16).to_be_bytes().to_vec();
    bytes.extend(text.as_bytes());
    bytes
}

/// The body of the answer.
fn ask(socket: &mut TcpStream, key: u16, version: u16, body: &[u8]) -> Result<Vec<u8>> {
    let mut request = [key.to_be_bytes(), version.to_be_bytes()].concat();
    request.extend([0, 0, 0, 7]);
    request.extend(string("test"));
    request.extend(body);
    socket.write_all(&i32::try_from(request.len())?.to_be_bytes())?;
    socket.write_all(&request)?;
    let mut length = [0; 4];
    socket.read_exact(&mut length)?;
    let mut answer = vec![0; u32::from_be_bytes(length) as usize];
    socket.read_exact(&mut answer)?;
    Ok(answer.split_off(4))
}
