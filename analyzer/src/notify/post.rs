//! One POST, and what its failure means.

use super::notifier::{Fault, SendError};
use super::retry_after::retry_after;
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url};
use std::net::IpAddr;
use std::time::{Duration, SystemTime};

/// Of a refusal's text this many bytes are read, however long it is; the log shows the first [`SHOWN`] characters.
const READ_BYTES: usize = 4096;
const SHOWN: usize = 200;
/// The text of a refusal is waited for this long: its status alone says what to do.
const READING: Duration = Duration::from_secs(1);

/// For one receiver. Redirects are not followed: they would carry the body and its token elsewhere. A proxy that the
/// environment names (`HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY`, with `NO_PROXY`) is asked for what is elsewhere only: of a
/// receiver on this machine it knows nothing.
pub fn http_client(receiver: &Url) -> anyhow::Result<Client> {
    let client = Client::builder()
        .user_agent(concat!("weft/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(Duration::from_secs(5));
    let client = if is_this_machine(receiver) { client.no_proxy() } else { client };
    Ok(client.build()?)
}

fn is_this_machine(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    match host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    }
}

/// Any 2xx means that the receiver has heard. The body of the answer says nothing more, so it is not read.
pub async fn post(request: RequestBuilder, timeout: Duration) -> Result<(), SendError> {
    let response = request.timeout(timeout).send().await.map_err(|error| SendError {
        // Names that do not resolve, refused connections, TLS, timeouts: all of them may be mended meanwhile.
        fault: Fault::Passing,
        retry_after: None,
        message: chain(&error.without_url()),
    })?;
    let status = response.status();
    if status.is_success() {
        return Ok(());
    }
    let retry_after = retry_after(response.headers(), SystemTime::now());
    let text = beginning(response).await;
    let wait = retry_after.map_or_else(String::new, |wait| format!(", asks for {} s of rest", wait.as_secs_f64()));
    let message = format!("answered {status}{wait}{}{text}", if text.is_empty() { "" } else { ": " });
    Err(SendError { fault: fault(status, retry_after), retry_after, message })
}

/// What is wrong with the body stays wrong. Everything else may pass while the incident lasts: a 404 is also what an
/// ingress says of a receiver that is just being rolled out, a 401 what its login page says. A receiver that asks to be
/// tried again later says itself that its refusal is not final.
fn fault(status: StatusCode, retry_after: Option<Duration>) -> Fault {
    let of_the_body =
        [StatusCode::BAD_REQUEST, StatusCode::PAYLOAD_TOO_LARGE, StatusCode::UNPROCESSABLE_ENTITY].contains(&status);
    if of_the_body && retry_after.is_none() { Fault::Body } else { Fault::Passing }
}

/// The first characters of a refusal's text, on one line; empty when it does not come.
async fn beginning(mut response: Response) -> String {
    let mut bytes = Vec::new();
    let read = async {
        while bytes.len() < READ_BYTES {
            let Ok(Some(chunk)) = response.chunk().await else { break };
            bytes.extend_from_slice(&chunk[..chunk.len().min(READ_BYTES - bytes.len())]);
        }
    };
    // What has come until then is shown.
    let _ = tokio::time::timeout(READING, read).await;
    let text = String::from_utf8_lossy(&bytes);
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(SHOWN).collect();
    line.trim().to_owned()
}

/// An error and its causes on one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    const PATIENCE: Duration = Duration::from_secs(20);

    /// Whom one request is sent to.
    enum Server {
        /// Answers with this text and closes.
        Says(String),
        /// Begins with this text and then writes for ever.
        NeverEnds(&'static str),
        HangsUp,
        NeverAnswers,
        IsNotThere,
    }

    async fn serve(server: Server, mut stream: TcpStream) -> std::io::Result<()> {
        let mut request = Vec::new();
        while !request.ends_with(b"{}") {
            stream.read_buf(&mut request).await?;
        }
        match server {
            Server::Says(text) => stream.write_all(text.as_bytes()).await,
            Server::NeverEnds(text) => {
                stream.write_all(text.as_bytes()).await?;
                loop {
                    stream.write_all(&[b'x'; 65536]).await?;
                }
            }
            Server::NeverAnswers => std::future::pending().await,
            Server::HangsUp | Server::IsNotThere => Ok(()),
        }
    }

    async fn ask(server: Server, timeout: Duration) -> Result<(), SendError> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        if matches!(server, Server::IsNotThere) {
            drop(listener);
        } else {
            tokio::spawn(async move {
                let (stream, _) = listener.accept().await?;
                serve(server, stream).await
            });
        }
        let url = Url::parse(&url).unwrap();
        post(http_client(&url).unwrap().post(url).body("{}"), timeout).await
    }

    async fn says(status: u16, headers: &str, body: &str) -> Result<(), SendError> {
        let text = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n{headers}\r\n{body}", body.len());
        ask(Server::Says(text), PATIENCE).await
    }

    #[test]
    fn no_proxy_is_asked_for_a_receiver_on_this_machine() {
        for (url, here) in [
            ("http://127.0.0.1:9093/hook", true),
            ("http://127.8.9.10/", true),
            ("https://[::1]:9093/", true),
            ("http://localhost/", true),
            ("http://LOCALHOST:1/", true),
            ("http://pager.localhost/", true),
            ("http://10.0.0.5/", false),
            ("http://[fe80::1]/", false),
            ("https://hooks.example/127.0.0.1", false),
            ("http://localhost.example/", false),
            ("http://notlocalhost/", false),
        ] {
            assert_eq!(is_this_machine(&Url::parse(url).unwrap()), here, "{url}");
        }
    }

    #[tokio::test]
    async fn a_status_says_whether_the_body_is_at_fault() {
        for status in [200, 201, 202, 299] {
            assert_eq!(says(status, "", "<html>\0").await, Ok(()), "{status}");
        }
        let passing = [301, 302, 307, 308, 401, 402, 403, 404, 405, 408, 409, 410, 415, 418, 425, 429, 451];
        for status in passing.into_iter().chain([500, 501, 502, 503, 504, 529]) {
            let error = says(status, "location: /login\r\n", "no").await.unwrap_err();
            assert_eq!((error.fault, error.retry_after), (Fault::Passing, None), "{status}");
            assert!(error.message.contains(&status.to_string()) && error.message.ends_with(": no"), "{error}");
        }
        for status in [400, 413, 422] {
            assert_eq!(says(status, "", "").await.unwrap_err().fault, Fault::Body, "{status}");
            let later = says(status, "Retry-After: 7\r\n", "").await.unwrap_err();
            assert_eq!((later.fault, later.retry_after), (Fault::Passing, Some(Duration::from_secs(7))), "{status}");
        }
        for status in [302, 404, 429, 503] {
            let rest = says(status, "Retry-After: 12\r\n", "").await.unwrap_err();
            assert_eq!(rest.retry_after, Some(Duration::from_secs(12)), "{status}");
            assert!(rest.message.contains("12 s of rest"), "{rest}");
        }
    }

    #[tokio::test]
    async fn what_does_not_answer_may_answer_later() {
        let short = Duration::from_millis(100);
        for (server, timeout) in
            [(Server::HangsUp, PATIENCE), (Server::NeverAnswers, short), (Server::IsNotThere, PATIENCE)]
        {
            let error = ask(server, timeout).await.unwrap_err();
            assert_eq!((error.fault, error.retry_after), (Fault::Passing, None), "{error}");
            assert!(!error.message.contains("127.0.0.1"), "the address may hold a secret: {error}");
        }
        let garbage = ask(Server::Says("\0\u{1}garbage\r\n\r\n".into()), PATIENCE).await.unwrap_err();
        assert_eq!(garbage.fault, Fault::Passing);
    }

    #[tokio::test]
    async fn however_much_is_answered_little_is_read() {
        let endless = "HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n";
        assert_eq!(ask(Server::NeverEnds(endless), PATIENCE).await, Ok(()));
        let endless = "HTTP/1.1 404 X\r\ntransfer-encoding: identity\r\nconnection: close\r\n\r\nno\nroute\u{7}";
        let error = ask(Server::NeverEnds(endless), PATIENCE).await.unwrap_err();
        assert!(error.message.contains(": no route xxx") && error.message.len() < 300, "{error}");
    }
}
