//! What can be typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// An authenticator on the command line: accounts encrypted, codes offline.
#[derive(Debug, Parser)]
#[command(name = "countersign", version, about, max_term_width = 100)]
pub(crate) struct Arguments {
    /// The vault's file (else one in the user's data folder)
    #[arg(long, global = true, value_name = "PATH")]
    pub(crate) vault: Option<PathBuf>,
    /// Read the password from this file (one trailing newline is dropped); then nothing is ever asked
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
    /// Unlock with the recovery code in this file instead of the password
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) recovery_file: Option<PathBuf>,
    /// Answer with JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a new vault; shows its recovery code once
    Init,
    /// Add an account: from a picture of its QR code, a link, or a secret on standard input
    Add(Add),
    /// List the accounts
    List(List),
    /// Show an account's code
    Code {
        /// Id, issuer, name, issuer:name, or an unambiguous part
        name: String,
        /// The code of this moment (seconds since 1970) instead of now
        #[arg(long, value_name = "UNIX")]
        at: Option<i64>,
    },
    /// Say what QR codes pictures hold; needs no vault
    Scan {
        /// PNG, JPEG or WebP files
        #[arg(required = true)]
        pictures: Vec<PathBuf>,
        /// Also show the codes' texts, with the secrets in them
        #[arg(long)]
        show_secrets: bool,
    },
    /// Show an account's QR code, in the terminal or as a file
    ShowQr {
        /// Id, issuer, name, issuer:name, or an unambiguous part
        name: String,
        /// Write a .png or .svg instead
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Change an account's names, note, mark or clock offset
    Edit(Edit),
    /// Give an account tags, or take them away
    Tag {
        /// Id, issuer, name, issuer:name, or an unambiguous part
        name: String,
        /// The tags
        #[arg(required = true)]
        tags: Vec<String>,
        /// Take them away
        #[arg(long)]
        remove: bool,
    },
    /// Move an account to the trash
    Rm {
        /// Id, issuer, name, issuer:name, or an unambiguous part
        name: String,
    },
    /// List the trash, or empty it
    Trash {
        /// Remove what is in it for good
        #[arg(long)]
        empty: bool,
    },
    /// Take an account out of the trash, or make a new vault from a backup or from what is left of a damaged file
    Restore {
        /// The account in the trash
        name: Option<String>,
        /// The backup file; the password is that of its day, and becomes the new vault's; with --recovery-file, the password is a new one
        #[arg(long, value_name = "FILE", conflicts_with = "name")]
        backup: Option<PathBuf>,
        /// A vault's file that can't be opened any more; it is only read, and what is found becomes a new vault. Password
        /// and recovery code as with --backup
        #[arg(long, value_name = "FILE", conflicts_with_all = ["name", "backup"])]
        damaged: Option<PathBuf>,
    },
    /// Check the whole vault
    Verify {
        /// Accept what was found, so that the vault can be written again (a copy was kept)
        #[arg(long)]
        accept: bool,
        /// Delete the copies of damaged states that stand beside the vault
        #[arg(long)]
        delete_copies: bool,
    },
    /// Write an encrypted backup into a folder, check it, keep the newest few
    Backup {
        /// The folder
        folder: PathBuf,
    },
    /// Add the accounts of other files: backups, lists of links, pictures of an export
    Import(Import),
    /// Write accounts in the clear for another app; the vault's own encrypted form is `backup`
    Export(Export),
    /// Change the password
    Passwd {
        /// Read the new password from this file
        #[arg(long, value_name = "FILE")]
        new_password_file: Option<PathBuf>,
    },
    /// Give the vault a new key after a leak: everything sealed anew, a new recovery code
    Rotate {
        /// Read the new password from this file; without it the password stays
        #[arg(long, value_name = "FILE")]
        new_password_file: Option<PathBuf>,
        /// Delete the copies of damaged states, which the old key still opens
        #[arg(long)]
        delete_copies: bool,
    },
    /// The recovery code
    Recovery {
        #[command(subcommand)]
        action: Recovery,
    },
    /// Make this device one that approves sign-ins: from the QR code that the page shows
    Enroll(Enroll),
    /// List the servers where this device approves
    Enrollments(Enrollments),
    /// Stop approving somewhere: remove this device there, and forget it here
    Unenroll(Unenroll),
    /// Ask all servers, and show the requests that wait
    Approvals {
        /// Go on asking every few seconds
        #[arg(long)]
        watch: bool,
    },
    /// Approve a request
    Approve(Approve),
    /// Turn a request down
    Deny(Deny),
    /// Approve without a network: read a picture of the page's QR code, show the request, then eight digits
    Offline {
        /// A PNG, JPEG or WebP file
        picture: PathBuf,
        /// Show the digits without asking
        #[arg(long)]
        yes: bool,
    },
    /// What was decided
    History {
        /// Forget it
        #[arg(long)]
        clear: bool,
    },
    /// Show in a minute, with temporary files only, what this program does
    Demo {
        /// Instead: run the demo's sign-in service, to be used with a browser and a phone, until interrupted
        #[arg(long)]
        serve: bool,
        /// The service's port on 127.0.0.1 (else a free one)
        #[arg(long, requires = "serve", default_value_t = 0)]
        port: u16,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Enroll {
    /// A picture file, or a link (which then stands in the shell's history); nothing: go on with one that wasn't finished
    pub(crate) source: Option<String>,
    #[command(flatten)]
    pub(crate) invitation: Consent,
}

#[derive(Debug, Args)]
pub(crate) struct Enrollments {
    /// Give this one new keys
    #[arg(long, value_name = "NAME")]
    pub(crate) new_keys: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Unenroll {
    /// Id, or an unambiguous part of server, host or account
    pub(crate) name: String,
    /// Only forget it here; the server isn't told
    #[arg(long)]
    pub(crate) forget: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Approve {
    /// The request's id or its beginning; `-` is the only one that waits
    pub(crate) id: String,
    /// The digits that the page shows
    #[arg(long, value_name = "DIGITS")]
    pub(crate) code: Option<String>,
    /// Which of several numbers the page shows, for servers that offer a choice
    #[arg(long, value_name = "N", conflicts_with = "code")]
    pub(crate) choice: Option<usize>,
}

#[derive(Debug, Args)]
pub(crate) struct Deny {
    /// The request's id or its beginning; `-` is the only one that waits
    pub(crate) id: String,
    /// It wasn't me: the server blocks this device's requests until it has checked
    #[arg(long)]
    pub(crate) report: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Recovery {
    /// Replace the recovery code by a new one, shown once
    New,
    /// Check a recovery code, read from standard input; from then on it counts
    Check,
}

#[derive(Debug, Args)]
pub(crate) struct Add {
    /// Picture files (of one export: all of its parts), or a link (which then stands in the shell's history)
    #[arg(required_unless_present = "secret_stdin", conflicts_with = "secret_stdin")]
    pub(crate) sources: Vec<String>,
    /// Read a link or a base32 secret from standard input
    #[arg(long)]
    pub(crate) secret_stdin: bool,
    /// Who runs the service
    #[arg(long)]
    pub(crate) issuer: Option<String>,
    /// Which account there
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Add it even if it is already there
    #[arg(long)]
    pub(crate) duplicate: bool,
    /// Add what is there of an export although parts of it are missing
    #[arg(long)]
    pub(crate) incomplete: bool,
    /// Only show what would be added
    #[arg(long)]
    pub(crate) preview: bool,
    #[command(flatten)]
    pub(crate) invitation: Consent,
}

/// What is agreed to before an invitation is followed.
#[derive(Debug, Args)]
pub(crate) struct Consent {
    /// Of an invitation: enrol without being asked about the server
    #[arg(long)]
    pub(crate) yes: bool,
    /// Of an invitation: let plain HTTP to this machine itself pass (for the demo and tests)
    #[arg(long)]
    pub(crate) allow_loopback_http: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// The files of one import; `-` is standard input
    #[arg(required_unless_present = "undo", conflicts_with = "undo")]
    pub(crate) files: Vec<PathBuf>,
    /// Read an encrypted file's password from this file (else the vault's own is tried, or it is asked for)
    #[arg(long, value_name = "FILE")]
    pub(crate) source_password_file: Option<PathBuf>,
    /// Open a backup with the recovery code in this file
    #[arg(long, value_name = "FILE")]
    pub(crate) source_recovery_file: Option<PathBuf>,
    /// Only show what would be added
    #[arg(long)]
    pub(crate) preview: bool,
    /// Also add accounts that are there already with the same secret and names
    #[arg(long)]
    pub(crate) duplicate: bool,
    /// Add what is there of an export although parts of it are missing
    #[arg(long)]
    pub(crate) incomplete: bool,
    /// Take the last import back
    #[arg(long)]
    pub(crate) undo: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Export {
    /// The accounts (id, issuer, name, issuer:name or an unambiguous part); without any, all but the trash
    pub(crate) names: Vec<String>,
    /// What is written
    #[arg(long, value_enum)]
    pub(crate) format: ExportFormat,
    /// The new file; for several pictures, a number goes before the extension
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ExportFormat {
    /// A text with an otpauth:// link on each line
    Links,
    /// Google Authenticator's export, as pictures of QR codes (.png or .svg)
    Google,
}

#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only accounts with all of these words
    pub(crate) search: Vec<String>,
    /// Only accounts with this tag
    #[arg(long)]
    pub(crate) tag: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Edit {
    /// Id, issuer, name, issuer:name, or an unambiguous part
    pub(crate) name: String,
    /// Who runs the service
    #[arg(long)]
    pub(crate) issuer: Option<String>,
    /// The account's new name
    #[arg(long = "name", value_name = "NAME")]
    pub(crate) new_name: Option<String>,
    /// A note
    #[arg(long)]
    pub(crate) note: Option<String>,
    /// Show it first, or no longer
    #[arg(long)]
    pub(crate) favourite: Option<bool>,
    /// Seconds that the site's clock is ahead (negative: behind)
    #[arg(long, allow_hyphen_values = true)]
    pub(crate) clock_offset: Option<i32>,
    /// HOTP: find the counter again, from two codes in a row that the site took or another device shows
    #[arg(long, num_args = 2, value_names = ["FIRST", "SECOND"])]
    pub(crate) resync: Option<Vec<String>>,
}
