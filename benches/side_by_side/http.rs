//! A minimal HTTP client for the emulator: POST with a form, over a persistent connection.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};

use anyhow::{Context, ensure};
use form_urlencoded::Serializer;

/// A connection to the emulator.
pub struct Connection {
    stream: BufReader<TcpStream>,
    address: SocketAddr,
}

impl Connection {
    pub fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream: BufReader::new(stream),
            address,
        })
    }

    /// Sends a request for `action`, and reads the response into `body`.
    ///
    /// # Errors
    /// Includes any status other than 200.
    pub fn post<'p>(
        &mut self,
        action: &str,
        parameters: impl IntoIterator<Item = (String, &'p str)>,
        body: &mut String,
    ) -> anyhow::Result<()> {
        let form = Serializer::new(String::new())
            .append_pair("Action", action)
            .append_pair("Version", "2016-11-15")
            .extend_pairs(parameters)
            .finish();
        // A single write, so that it is a single packet.
        let request = format!(
            "POST / HTTP/1.1\r\nHost: {}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {}\r\n\r\n{form}",
            self.address,
            form.len(),
        );
        self.stream.get_mut().write_all(request.as_bytes())?;

        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        let status = line.trim_end().to_owned();
        let mut length = None;
        loop {
            line.clear();
            self.stream.read_line(&mut line)?;
            match line.trim_end().split_once(':') {
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    length = Some(value.trim().parse()?);
                }
                Some(_) => {}
                None => break,
            }
        }
        let mut bytes = std::mem::take(body).into_bytes();
        bytes.resize(length.context("the response has no Content-Length")?, 0);
        self.stream.read_exact(&mut bytes)?;
        *body = String::from_utf8(bytes)?;
        ensure!(status.starts_with("HTTP/1.1 200 "), "{status}: {body}");
        Ok(())
    }
}
