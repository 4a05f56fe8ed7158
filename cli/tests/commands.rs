//! The command line as a person or a script uses it: the real program, real files.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

struct Desk {
    folder: tempfile::TempDir,
}

impl Desk {
    /// A new vault, whose password stands in a file.
    fn new() -> Self {
        let desk = Self { folder: tempfile::tempdir().unwrap() };
        std::fs::write(desk.path("password"), "correct horse\n").unwrap();
        let made = desk.run(&["init", "--json"], "");
        assert_eq!(made.status.code(), Some(0), "{}", text(&made.stderr));
        assert_eq!(json(&made)["recovery_code"].as_str().unwrap().len(), 41);
        desk
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn run_with(&self, vault: &str, password: &str, arguments: &[&str], input: &str) -> Output {
        let mut child = Command::new(env!("CARGO_BIN_EXE_countersign"))
            .args(["--vault", &self.path(vault), "--password-file", &self.path(password)])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    fn run(&self, arguments: &[&str], input: &str) -> Output {
        self.run_with("vault", "password", arguments, input)
    }

    fn code(&self, arguments: &[&str], input: &str) -> Option<i32> {
        self.run(arguments, input).status.code()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("no JSON: {}", text(&output.stderr)))
}

const SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

#[test]
fn an_account_goes_in_shows_its_code_and_comes_back_from_its_picture() {
    let desk = Desk::new();
    let link = format!("otpauth://totp/ACME:bob?secret={SECRET}&issuer=ACME&digits=8");
    let added = desk.run(&["add", "--secret-stdin", "--json"], &link);
    assert_eq!(json(&added)["name"], "bob");
    assert!(!text(&added.stderr).contains(SECRET) && !text(&added.stdout).contains(SECRET));
    // RFC 6238, appendix B.
    let code = json(&desk.run(&["code", "acme", "--at", "59", "--json"], ""));
    assert_eq!(
        (code["code"].as_str(), code["valid_from"].as_i64(), code["valid_until"].as_i64()),
        (Some("94287082"), Some(30), Some(60))
    );

    let picture = desk.path("code.png");
    assert_eq!(desk.code(&["show-qr", "acme", "--out", &picture], ""), Some(0));
    let scanned = desk.run(&["scan", &picture], "");
    assert_eq!(json(&scanned)["codes"][0]["issuer"], "ACME");
    assert!(!text(&scanned.stdout).contains(SECRET));
    assert_eq!(json(&desk.run(&["scan", "--show-secrets", &picture], ""))["codes"][0]["kind"], "otp");

    // The same again is refused, then asked for.
    assert_eq!(desk.code(&["add", &picture], ""), Some(6));
    assert_eq!(desk.code(&["add", &picture, "--duplicate"], ""), Some(0));
    assert_eq!(desk.code(&["code", "acme"], ""), Some(4));
    assert!(text(&desk.run(&["code", "acme"], "").stderr).contains("ACME:bob"));
}

#[test]
fn a_bare_secret_needs_names() {
    let desk = Desk::new();
    assert_eq!(desk.code(&["add", "--secret-stdin"], SECRET), Some(2));
    let named = ["add", "--secret-stdin", "--issuer", "Bank", "--name", "me"];
    assert_eq!(desk.code(&named, SECRET), Some(0));
    assert_eq!(desk.code(&["add", "--secret-stdin"], "0189, not base32"), Some(6));
    assert_eq!(desk.code(&["add", "--secret-stdin"], "WIFI:S:cafe;T:WPA;P:guest;;"), Some(6));
    assert_eq!(text(&desk.run(&["code", "bank:ME", "--at", "59"], "").stdout), "287082\n");
}

#[test]
fn hotp_counts_on_and_what_is_removed_can_be_restored() {
    let desk = Desk::new();
    let link = format!("otpauth://hotp/Door:me?secret={SECRET}&issuer=Door&counter=0");
    assert_eq!(desk.code(&["add", "--secret-stdin"], &link), Some(0));
    let codes: Vec<_> = (0..3).map(|_| text(&desk.run(&["code", "door"], "").stdout)).collect();
    assert_eq!(codes, ["755224\n", "287082\n", "359152\n"]);

    // RFC 4226, appendix D: counters 7 and 8, then the next one.
    assert_eq!(desk.code(&["edit", "door", "--resync", "162583", "162583"], ""), Some(6));
    assert_eq!(desk.code(&["edit", "door", "--resync", "162583", "399871"], ""), Some(0));
    assert_eq!(text(&desk.run(&["code", "door"], "").stdout), "520489\n");
    assert_eq!(desk.code(&["tag", "door", "home", "metal"], ""), Some(0));
    assert_eq!(desk.code(&["edit", "door", "--favourite", "true", "--note", "front"], ""), Some(0));
    let list = json(&desk.run(&["list", "front", "--tag", "home", "--json"], ""));
    assert_eq!((list[0]["type"].as_str(), &list[0]["favourite"]), (Some("hotp"), &Value::Bool(true)));
    assert_eq!(desk.code(&["rm", "door"], ""), Some(0));
    assert_eq!(desk.code(&["code", "door"], ""), Some(4));
    assert_eq!(desk.code(&["restore", "door"], ""), Some(0));
    assert_eq!(text(&desk.run(&["code", "door"], "").stdout), "403154\n");
    assert_eq!(desk.code(&["rm", "door"], ""), Some(0));
    assert_eq!(desk.code(&["trash", "--empty"], ""), Some(0));
    assert_eq!(desk.code(&["restore", "door"], ""), Some(4));
}

#[test]
fn a_backup_opens_with_the_password_of_its_day() {
    let desk = Desk::new();
    let link = format!("otpauth://totp/ACME:bob?secret={SECRET}");
    assert_eq!(desk.code(&["add", "--secret-stdin"], &link), Some(0));
    let made = json(&desk.run(&["backup", &desk.path(""), "--json"], ""));
    let file = made["backup"].as_str().unwrap();
    std::fs::write(desk.path("other"), "another horse").unwrap();
    assert_eq!(desk.code(&["passwd", "--new-password-file", &desk.path("other")], ""), Some(0));
    assert_eq!(desk.code(&["list"], ""), Some(3));
    let restore = |vault, password| desk.run_with(vault, password, &["restore", "--backup", file], "").status.code();
    assert_eq!(restore("copy", "other"), Some(3));
    assert!(!Path::new(&desk.path("copy")).exists());
    assert_eq!(restore("copy", "password"), Some(0));
    let code = desk.run_with("copy", "password", &["code", "acme", "--at", "59"], "");
    assert_eq!(text(&code.stdout), "287082\n");
    assert_eq!(restore("copy", "password"), Some(1));
}

#[test]
fn the_recovery_code_replaces_a_forgotten_password() {
    let desk = Desk::new();
    let link = format!("otpauth://totp/ACME:bob?secret={SECRET}");
    assert_eq!(desk.code(&["add", "--secret-stdin"], &link), Some(0));
    let code = json(&desk.run(&["recovery", "new", "--json"], ""))["recovery_code"].as_str().unwrap().to_owned();
    let file = json(&desk.run(&["backup", &desk.path(""), "--json"], ""))["backup"].as_str().unwrap().to_owned();
    let (recovery, other) = (desk.path("recovery"), desk.path("other"));
    std::fs::write(&recovery, format!("{}\n", code.to_lowercase())).unwrap();
    std::fs::write(&other, "another horse").unwrap();
    assert_eq!(desk.code(&["passwd", "--recovery-file", &recovery, "--new-password-file", &other], ""), Some(0));
    assert_eq!(desk.code(&["list"], ""), Some(3));
    assert_eq!(desk.run_with("vault", "other", &["verify"], "").status.code(), Some(0));
    let restored = desk.run_with("copy", "other", &["restore", "--backup", &file, "--recovery-file", &recovery], "");
    assert_eq!(restored.status.code(), Some(0), "{}", text(&restored.stderr));
    assert_eq!(text(&desk.run_with("copy", "other", &["code", "acme", "--at", "59"], "").stdout), "287082\n");
    std::fs::write(&recovery, "0000-0000-0000-0000-0000-0000-0000-0001-1").unwrap();
    assert_eq!(desk.code(&["list", "--recovery-file", &recovery], ""), Some(3));
}

#[test]
fn an_import_is_previewed_applied_and_taken_back() {
    let desk = Desk::new();
    let list = desk.path("list.txt");
    let links = format!(
        "otpauth://totp/ACME:bob?secret={SECRET}\notpauth://hotp/Door:me?secret={SECRET}&counter=3\nmotp://Old:me?secret=00\n"
    );
    std::fs::write(&list, &links).unwrap();
    let preview = desk.run(&["import", "--preview", "--json", &list], "");
    let shown = json(&preview);
    assert_eq!((shown["items"][1]["issuer"].as_str(), shown["refused"].as_array().unwrap().len()), (Some("Door"), 1));
    assert!(!text(&preview.stdout).contains(SECRET) && !text(&preview.stderr).contains(SECRET));
    assert_eq!(json(&desk.run(&["list", "--json"], "")), Value::Array(Vec::new()));
    // From a file or from standard input; the second time everything is known.
    let first = json(&desk.run(&["import", "--json", "-"], &links));
    assert_eq!((first["added"].as_array().unwrap().len(), first["refused"].as_u64()), (2, Some(1)));
    let second = json(&desk.run(&["import", "--json", &list], ""));
    assert_eq!((second["added"].as_array().unwrap().len(), second["known"].as_u64()), (0, Some(2)));
    assert_eq!(json(&desk.run(&["import", "--undo", "--json"], ""))["removed"], 2);
    assert_eq!(desk.code(&["import", "--undo"], ""), Some(4));
    assert_eq!(desk.code(&["import", &desk.path("password")], ""), Some(6));
    assert_eq!(desk.code(&["import", &desk.path("none")], ""), Some(1));
}

#[test]
fn what_is_exported_can_be_imported() {
    let desk = Desk::new();
    let links: String = (0..12).map(|n| format!("otpauth://totp/Site:{n}?secret={SECRET}&issuer=Site\n")).collect();
    let mixed = format!("{links}otpauth://steam/Steam:me?secret={SECRET}\n");
    assert_eq!(desk.code(&["import", "-"], &mixed), Some(0));
    let out = desk.path("export.txt");
    assert_eq!(desk.code(&["export", "--format", "links", "--out", &out], ""), Some(0));
    // Never over a file that is there.
    assert_eq!(desk.code(&["export", "--format", "links", "--out", &out], ""), Some(1));
    let pictures = desk.run(&["export", "--format", "google", "--out", &desk.path("codes.png"), "--json"], "");
    assert!(text(&pictures.stderr).contains("left out: Steam:me"));
    assert_eq!(json(&pictures)["left_out"], 1);
    let backup = json(&desk.run(&["backup", &desk.path(""), "--json"], ""))["backup"].as_str().unwrap().to_owned();

    for (vault, expected) in [("of-links", 13), ("of-google", 12), ("of-backup", 13)] {
        assert_eq!(desk.run_with(vault, "password", &["init"], "").status.code(), Some(0));
        let (one, two) = (desk.path("codes-1.png"), desk.path("codes-2.png"));
        let files = match vault {
            "of-links" => vec!["import", &out, "--json"],
            "of-google" => vec!["import", &two, &one, "--json"],
            _ => vec!["import", &backup, "--json"],
        };
        let imported = desk.run_with(vault, "password", &files, "");
        assert_eq!(json(&imported)["added"].as_array().unwrap().len(), expected, "{}", text(&imported.stderr));
        let code = desk.run_with(vault, "password", &["code", "Site:11", "--at", "59"], "");
        assert_eq!(text(&code.stdout), "287082\n");
    }
    // One account of an export that is there keeps no other out; the whole export again adds nothing.
    assert_eq!(desk.run_with("of-google", "password", &["rm", "Site:3"], "").status.code(), Some(0));
    assert_eq!(desk.run_with("of-google", "password", &["trash", "--empty"], "").status.code(), Some(0));
    let again = ["add", &desk.path("codes-1.png"), &desk.path("codes-2.png")];
    let added = desk.run_with("of-google", "password", &again, "");
    assert_eq!((added.status.code(), text(&added.stdout).lines().count()), (Some(0), 1));
    assert_eq!(desk.run_with("of-google", "password", &again, "").status.code(), Some(6));
    let alone = desk.run_with("of-google", "password", &["import", &desk.path("codes-1.png")], "");
    assert_eq!(alone.status.code(), Some(6));
    assert!(text(&alone.stderr).contains("missing: [2]"));
    // A backup whose password is another one.
    std::fs::write(desk.path("other"), "another horse").unwrap();
    assert_eq!(desk.run_with("fourth", "other", &["init"], "").status.code(), Some(0));
    assert_eq!(desk.run_with("fourth", "other", &["import", &backup], "").status.code(), Some(3));
    let told = ["import", &backup, "--source-password-file", &desk.path("password")];
    assert_eq!(desk.run_with("fourth", "other", &told, "").status.code(), Some(0));
}

#[test]
fn a_rotation_gives_a_new_recovery_code_and_takes_a_new_password() {
    let desk = Desk::new();
    let link = format!("otpauth://totp/ACME:bob?secret={SECRET}");
    assert_eq!(desk.code(&["add", "--secret-stdin"], &link), Some(0));
    let old = json(&desk.run(&["recovery", "new", "--json"], ""))["recovery_code"].as_str().unwrap().to_owned();
    assert_eq!(desk.code(&["recovery", "check"], &old), Some(0));
    let rotated = json(&desk.run(&["rotate", "--json"], ""));
    let new = rotated["recovery_code"].as_str().unwrap();
    assert_eq!(desk.code(&["recovery", "check"], &old), Some(3));
    assert_eq!(desk.code(&["recovery", "check"], new), Some(0));

    let other = desk.path("other");
    std::fs::write(&other, "another horse").unwrap();
    std::fs::write(desk.path("vault.quarantine-1"), "an old state").unwrap();
    let kept = desk.run(&["rotate", "--new-password-file", &other], "");
    assert!(text(&kept.stderr).contains("vault.quarantine-1") && Path::new(&desk.path("vault.quarantine-1")).exists());
    assert_eq!(desk.code(&["verify"], ""), Some(3));
    let code = desk.run_with("vault", "other", &["code", "acme", "--at", "59"], "");
    assert_eq!(text(&code.stdout), "287082\n");
    assert_eq!(desk.run_with("vault", "other", &["verify", "--delete-copies"], "").status.code(), Some(0));
    assert!(!Path::new(&desk.path("vault.quarantine-1")).exists());
}

#[test]
fn a_vault_whose_structure_is_destroyed_is_salvaged_into_a_new_one() {
    let desk = Desk::new();
    let link = format!("otpauth://totp/ACME:bob?secret={SECRET}");
    assert_eq!(desk.code(&["add", "--secret-stdin"], &link), Some(0));
    let path = desk.path("vault");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[..4096].fill(0);
    std::fs::write(&path, &bytes).unwrap();
    let refused = desk.run(&["list"], "");
    assert_eq!(refused.status.code(), Some(5));
    assert!(text(&refused.stderr).contains("restore --damaged"));
    let salvaged = desk.run_with("new", "password", &["restore", "--damaged", &path], "");
    assert_eq!(salvaged.status.code(), Some(0), "{}", text(&salvaged.stderr));
    let code = desk.run_with("new", "password", &["code", "acme", "--at", "59"], "");
    assert_eq!(text(&code.stdout), "287082\n");
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
    std::fs::write(desk.path("other"), "another horse").unwrap();
    assert_eq!(desk.run_with("third", "other", &["restore", "--damaged", &path], "").status.code(), Some(3));
}

#[test]
fn exit_codes_say_what_went_wrong() {
    let desk = Desk::new();
    assert_eq!(desk.run_with("none", "password", &["list"], "").status.code(), Some(4));
    assert_eq!(desk.code(&["init"], ""), Some(1));
    assert_eq!(desk.code(&["nonsense"], ""), Some(2));
    assert_eq!(desk.code(&["verify"], ""), Some(0));
    assert_eq!(desk.code(&["recovery", "check"], "0000-0000"), Some(3));
    let other = "0000-0000-0000-0000-0000-0000-0000-0001-1";
    assert_eq!(desk.code(&["recovery", "check"], other), Some(3));
    let new = json(&desk.run(&["recovery", "new", "--json"], ""));
    assert_eq!(desk.code(&["recovery", "check"], new["recovery_code"].as_str().unwrap()), Some(0));

    // A byte in the last page, which holds a slot or a record.
    let path = desk.path("vault");
    let mut bytes = std::fs::read(&path).unwrap();
    let at = bytes.len() - 40;
    bytes[at] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let found = desk.run(&["verify"], "");
    assert_eq!(found.status.code(), Some(5), "{}", text(&found.stdout));
    assert_eq!(desk.code(&["verify", "--accept"], ""), Some(0));
    assert_eq!(desk.code(&["verify"], ""), Some(0));
    std::fs::write(&path, "something else entirely").unwrap();
    assert_eq!(desk.code(&["verify"], ""), Some(5));
}
