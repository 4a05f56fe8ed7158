//! `countersign-surface`: lists what a built library exports.

fn main() {}
