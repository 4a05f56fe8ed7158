//! What the story says, told of this verifier's keys (see the head of the test). In Ed25519 nothing is retold.

use std::collections::BTreeSet;

use countersign_core::otp::{Algorithm, Digits, Period, Secret, Totp};
use countersign_core::push::jose::{Jws, MessageHash, PublicKey, SoftwareKey, decode, encode};
use countersign_core::push::native::formulas::{ExchangeKey, OfflineSecrets, confirmation, offline_digits};
use countersign_core::secret::SecretBytes;
use countersign_core::time::UnixTime;
use p256::ecdsa::signature::{Signer, Verifier};
use serde_json::{Value, json};

use super::script::{drawn, hex};

pub(crate) struct Told {
    es256: bool,
    /// What stands in the story, and what stands for it here.
    pairs: Vec<(String, String)>,
    /// The phone's keys, old ones and new ones.
    phone: Vec<p256::ecdsa::SigningKey>,
    exchange: ExchangeKey,
    ticket: SecretBytes,
    enroll: Option<MessageHash>,
    confirmation: String,
    secrets: Option<OfflineSecrets>,
    challenge: Option<MessageHash>,
    /// The story's messages that this half's were compared with.
    pub(crate) compared: BTreeSet<String>,
}

fn p256_public(key: &p256::ecdsa::SigningKey) -> PublicKey {
    PublicKey::p256(key.verifying_key().to_sec1_point(false).as_bytes()).unwrap()
}

fn p256_key(secret: &[u8; 32]) -> p256::ecdsa::SigningKey {
    p256::ecdsa::SigningKey::from_slice(secret).unwrap()
}

/// Header, payload, signature of a compact message, as bytes.
fn parts(jws: &str) -> Option<(Vec<u8>, String, Vec<u8>)> {
    let parts: Vec<_> = jws.split('.').collect();
    let [header, payload, signature] = parts[..] else { return None };
    Some((decode(header)?, String::from_utf8(decode(payload)?).ok()?, decode(signature)?))
}

impl Told {
    pub(crate) fn of(es256: bool, story: &Value) -> Self {
        let steps = || story["steps"].as_array().unwrap().iter().filter(|step| step["half"] == "phone");
        let keys = steps().flat_map(|step| drawn(step, "possession_key").chain(drawn(step, "uv_key")));
        let exchange = steps().flat_map(|step| drawn(step, "epk_key")).next().unwrap();
        Self {
            es256,
            pairs: Vec::new(),
            phone: keys.filter(|_| es256).map(|key| p256_key(&key)).collect(),
            exchange: ExchangeKey::from_secret(&exchange).unwrap(),
            ticket: SecretBytes::new(hex(&story["values"]["ticket"])),
            enroll: None,
            confirmation: String::new(),
            secrets: None,
            challenge: None,
            compared: BTreeSet::new(),
        }
    }

    fn pair(&mut self, there: &str, here: &str) {
        if there != here {
            assert!(self.es256, "{there} is {here}");
            self.pairs.push((there.to_owned(), here.to_owned()));
        }
    }

    fn retell(&self, text: &str) -> String {
        self.pairs.iter().fold(text.to_owned(), |text, (there, here)| text.replace(there, here))
    }

    /// The verifier's own keys: in the story P-256, here Ed25519 from the same bytes.
    pub(crate) fn keys(&mut self, step: &Value) -> Option<PublicKey> {
        let mut last = None;
        for secret in drawn(step, "identity_key").chain(drawn(step, "online_key")) {
            let here = SoftwareKey::from_secret(&secret).public();
            let there = if self.es256 { p256_public(&p256_key(&secret)) } else { here };
            self.pair(&there.to_jwk(), &here.to_jwk());
            self.pair(&there.thumbprint().to_string(), &here.thumbprint().to_string());
            last = Some(here);
        }
        last
    }

    /// A message of the phone; signed anew where it speaks of what is another here.
    fn message(&mut self, jws: &str) -> String {
        let Some((header, payload, signature)) = parts(jws) else { return jws.to_owned() };
        let retold = self.retell(&payload);
        if retold == payload {
            return jws.to_owned();
        }
        let (input, signature_text) = jws.rsplit_once('.').unwrap();
        let new = format!("{}.{}", encode(&header), encode(retold.as_bytes()));
        // Whatever was signed by nobody stays so.
        let signer = p256::ecdsa::Signature::from_slice(&signature).ok().and_then(|signature| {
            self.phone.iter().find(|key| key.verifying_key().verify(input.as_bytes(), &signature).is_ok())
        });
        let signature: Option<p256::ecdsa::Signature> = signer.map(|key| key.sign(new.as_bytes()));
        let new = match signature {
            Some(signature) => format!("{new}.{}", encode(&signature.to_bytes())),
            None => format!("{new}.{signature_text}"),
        };
        if let (Ok(there), Ok(here)) = (Jws::parse(jws), Jws::parse(&new)) {
            self.pair(&there.hash().to_string(), &here.hash().to_string());
        }
        new
    }

    /// A command of the story, or the request of a refusal.
    pub(crate) fn command(&mut self, command: &Value) -> Value {
        let mut here = command.clone();
        for name in ["body", "proof"] {
            if let Some(jws) = command[name].as_str() {
                here[name] = json!(self.message(jws));
            }
        }
        if command["path"] == "/enrollments" {
            self.enroll = command["body"].as_str().and_then(|body| Jws::parse(body).ok()).map(|jws| jws.hash());
        }
        let digits = match command["do"].as_str() {
            Some("confirm") => self.confirmation.clone(),
            Some("offline") => {
                offline_digits(&self.secrets.as_ref().unwrap().offline, self.challenge.unwrap()).unwrap().to_string()
            }
            Some("totp") => {
                let secret = Secret::new(self.secrets.as_ref().unwrap().totp.clone()).unwrap();
                let totp = Totp::new(secret, Algorithm::Sha256, Digits::new(6).unwrap(), Period::new(30).unwrap());
                let now = UnixTime::from_seconds(command["now"].as_i64().unwrap());
                totp.code(now).unwrap().code.as_str().to_owned()
            }
            _ => return here,
        };
        // What the phone computes is what the story has, where nothing is retold.
        assert_eq!(command["digits"] == json!(digits), !self.es256, "{}", command["do"]);
        here["digits"] = json!(digits);
        here
    }

    /// Compares an answer with the story's.
    pub(crate) fn compare(&mut self, step: &Value, here: &Value) {
        let there = &step["answer"];
        if let (Some(there), Some(here)) = (there["body"].as_str(), here["body"].as_str()) {
            self.compare_message(there, here);
        }
        if let (Some(there), Some(here)) = (there["challenges"].as_array(), here["challenges"].as_array()) {
            for (there, here) in there.iter().zip(here) {
                let here = here["challenge"].as_str().unwrap();
                self.compare_message(there["challenge"].as_str().unwrap(), here);
                self.challenge = Some(Jws::parse(here).unwrap().hash());
            }
        }
        let retold: Value = serde_json::from_str(&self.retell(&there.to_string())).unwrap();
        assert_eq!(*here, retold, "step {}", step["step"]);
        if !self.es256 {
            assert_eq!(here, there, "step {}", step["step"]);
        }
    }

    fn compare_message(&mut self, there: &str, here: &str) {
        let ((header_there, payload_there, _), (header_here, payload_here, _)) =
            (parts(there).unwrap(), parts(here).unwrap());
        assert_eq!(payload_here, self.retell(&payload_there));
        let header = self.retell(&String::from_utf8(header_there).unwrap());
        let header_here = String::from_utf8(header_here).unwrap();
        assert_eq!(header_here, header.replace(r#""alg":"ES256""#, r#""alg":"Ed25519""#));
        let (hash_there, hash_here) = (Jws::parse(there).unwrap().hash(), Jws::parse(here).unwrap().hash());
        self.pair(there, here);
        self.pair(&hash_there.to_string(), &hash_here.to_string());
        self.compared.insert(there.to_owned());
        let payload: Value = serde_json::from_str(&payload_here).unwrap();
        if header_here.contains("countersign-enrolled+jwt") {
            let epk: [u8; 65] = decode(payload["epk"].as_str().unwrap()).unwrap().try_into().unwrap();
            let enroll = self.enroll.unwrap();
            self.confirmation = confirmation(enroll, hash_here);
            self.secrets = Some(self.exchange.agree(&epk, &self.ticket, enroll, hash_here).unwrap());
        }
    }
}
