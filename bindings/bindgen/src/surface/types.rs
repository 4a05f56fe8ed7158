//! Types and defaults, written as in Rust's own sources where there is such a way.

use uniffi_meta::{DefaultValueMetadata, LiteralMetadata, Type};

/// A type.
pub(crate) fn type_text(ty: &Type) -> String {
    match ty {
        Type::UInt8 => "u8".into(),
        Type::Int8 => "i8".into(),
        Type::UInt16 => "u16".into(),
        Type::Int16 => "i16".into(),
        Type::UInt32 => "u32".into(),
        Type::Int32 => "i32".into(),
        Type::UInt64 => "u64".into(),
        Type::Int64 => "i64".into(),
        Type::Float32 => "f32".into(),
        Type::Float64 => "f64".into(),
        Type::Boolean => "bool".into(),
        Type::String => "string".into(),
        Type::Bytes => "bytes".into(),
        Type::Timestamp => "timestamp".into(),
        Type::Duration => "duration".into(),
        Type::Object { name, .. }
        | Type::Record { name, .. }
        | Type::Enum { name, .. }
        | Type::CallbackInterface { name, .. }
        | Type::Custom { name, .. } => name.clone(),
        Type::Box { inner_type } => type_text(inner_type),
        Type::Optional { inner_type } => format!("{}?", type_text(inner_type)),
        Type::Sequence { inner_type } => format!("[{}]", type_text(inner_type)),
        Type::Set { inner_type } => format!("set<{}>", type_text(inner_type)),
        Type::Map { key_type, value_type } => format!("map<{}, {}>", type_text(key_type), type_text(value_type)),
    }
}

/// ` = …` where there is a default.
pub(crate) fn default_text(default: Option<&DefaultValueMetadata>) -> String {
    default.map_or_else(String::new, |default| format!(" = {}", value_text(default)))
}

fn value_text(value: &DefaultValueMetadata) -> String {
    match value {
        DefaultValueMetadata::Default => "default".into(),
        DefaultValueMetadata::Literal(literal) => literal_text(literal),
    }
}

/// A literal.
pub(crate) fn literal_text(literal: &LiteralMetadata) -> String {
    match literal {
        LiteralMetadata::Boolean(value) => value.to_string(),
        LiteralMetadata::String(value) => format!("{value:?}"),
        LiteralMetadata::UInt(value, _, _) => value.to_string(),
        LiteralMetadata::Int(value, _, _) => value.to_string(),
        LiteralMetadata::Float(value, _) => value.clone(),
        LiteralMetadata::Enum(value, _) => value.clone(),
        LiteralMetadata::EmptySequence => "[]".into(),
        LiteralMetadata::EmptyMap | LiteralMetadata::EmptySet => "{}".into(),
        LiteralMetadata::None => "none".into(),
        LiteralMetadata::Some { inner } => value_text(inner),
    }
}
