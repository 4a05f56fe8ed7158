//! Countersign on the desktop: the core's authenticator on the command line.
//!
//! - `arguments`: what can be typed. `failure`: what can go wrong, exit codes, what to do next.
//! - `terminal`: prompts, files with passwords, the clock: all that touches the world.
//! - `network`: one request, one answer. `enrollments`, `approvals`: push.
//! - `vaults`: opening a vault; `accounts`: commands for accounts; `transfer`: import and export; `scan`: pictures;
//!   `demo`: the whole in a minute.

mod accounts;
mod approvals;
mod arguments;
mod demo;
mod enrollments;
mod failure;
mod network;
mod scan;
mod terminal;
mod transfer;
mod vaults;

use std::process::ExitCode;

use clap::Parser;

use arguments::{Arguments, Command, Recovery};
use failure::Failure;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            terminal::say(&format!("countersign: {failure}"));
            if let Some(advice) = failure.advice() {
                terminal::say(&format!("  {advice}"));
            }
            ExitCode::from(failure.exit_code())
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    match &arguments.command {
        Command::Init => vaults::init(arguments),
        Command::Add(add) => accounts::add(arguments, add),
        Command::List(list) => accounts::list(arguments, list),
        Command::Code { name, at } => accounts::code(arguments, name, *at),
        Command::Scan { pictures, show_secrets } => scan::scan(pictures, *show_secrets),
        Command::ShowQr { name, out } => accounts::show_qr(arguments, name, out.as_deref()),
        Command::Edit(edit) => accounts::edit(arguments, edit),
        Command::Tag { name, tags, remove } => accounts::tag(arguments, name, tags, *remove),
        Command::Rm { name } => accounts::rm(arguments, name),
        Command::Trash { empty } => accounts::trash(arguments, *empty),
        Command::Restore { name, backup, damaged } => match (name, backup, damaged) {
            (Some(name), ..) => accounts::untrash(arguments, name),
            (None, Some(file), _) => vaults::restore(arguments, file),
            (None, None, Some(file)) => vaults::salvage(arguments, file),
            (None, None, None) => Err(Failure::Usage("say which account, or --backup FILE, or --damaged FILE")),
        },
        Command::Verify { accept, delete_copies } => vaults::verify(arguments, *accept, *delete_copies),
        Command::Backup { folder } => vaults::backup(arguments, folder),
        Command::Import(import) => transfer::import(arguments, import),
        Command::Export(export) => transfer::export(arguments, export),
        Command::Passwd { new_password_file } => vaults::passwd(arguments, new_password_file.as_deref()),
        Command::Rotate { new_password_file, delete_copies } => {
            vaults::rotate(arguments, new_password_file.as_deref(), *delete_copies)
        }
        Command::Recovery { action } => match action {
            Recovery::New => vaults::recovery_new(arguments),
            Recovery::Check => vaults::recovery_check(arguments),
        },
        Command::Enroll(enroll) => enrollments::enroll(arguments, enroll),
        Command::Enrollments(options) => enrollments::list(arguments, options),
        Command::Unenroll(unenroll) => enrollments::unenroll(arguments, unenroll),
        Command::Approvals { watch } => approvals::list(arguments, *watch),
        Command::Approve(approve) => approvals::approve(arguments, approve),
        Command::Deny(deny) => approvals::deny(arguments, deny),
        Command::Offline { picture, yes } => approvals::offline(arguments, picture, *yes),
        Command::History { clear } => approvals::history(arguments, *clear),
        Command::Demo { serve: true, port } => demo::serve::run(*port),
        Command::Demo { serve: false, .. } => demo::run(),
    }
}
