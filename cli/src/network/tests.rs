//! The client against TLS servers of our own. The product trusts the roots that browsers have; that these servers' root
//! is known here is a thing of this test alone, and shows what else is checked.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use countersign_core::push::model::{HttpRequest, Method};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use super::{Network, configuration};

/// Answers one request at `localhost` with a certificate for `name`: the port, the certificate, and what was asked.
fn server(name: &str) -> (u16, Vec<u8>, JoinHandle<Vec<u8>>) {
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    let root = made.cert.der().to_vec();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let mut stream = StreamOwned::new(ServerConnection::new(Arc::new(config)).unwrap(), stream);
        let mut piece = [0; 1024];
        let read = stream.read(&mut piece).unwrap_or(0);
        if read > 0 {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi").unwrap();
            stream.conn.send_close_notify();
            stream.flush().unwrap();
        }
        piece[..read].to_vec()
    });
    (port, root, asked)
}

fn request(port: u16) -> HttpRequest {
    let (url, headers) = (format!("https://localhost:{port}/metadata"), vec![("Proof", "secret".to_owned())]);
    HttpRequest { method: Method::Get, url, headers, body: Vec::new(), longest_answer: 1024 }
}

fn trusting(root: &[u8]) -> Network {
    let roots = RootCerts::new_with_certs(&[Certificate::from_der(root).to_owned()]);
    let tls = TlsConfig::builder().root_certs(roots).build();
    Network(configuration().tls_config(tls).build().into())
}

#[test]
fn a_certificate_counts_for_its_own_host_and_under_a_known_root_alone() {
    let (port, root, asked) = server("localhost");
    let exchange = trusting(&root).send(&request(port));
    assert_eq!(exchange.arrival.response.unwrap().body(), b"hi", "the right host under a known root");
    assert!(!asked.join().unwrap().is_empty());

    let (port, root, asked) = server("other.example");
    let exchange = trusting(&root).send(&request(port));
    assert!(exchange.arrival.response.is_none(), "another host under a known root");
    assert_eq!(exchange.trouble.unwrap(), "the server can't prove that it is that server");
    assert!(asked.join().unwrap().is_empty(), "something was sent");

    let (port, _, asked) = server("localhost");
    let exchange = Network::new().send(&request(port));
    assert!(exchange.arrival.response.is_none(), "self-signed");
    assert_eq!(exchange.trouble.unwrap(), "the server can't prove that it is that server");
    assert!(asked.join().unwrap().is_empty(), "something was sent");
}
