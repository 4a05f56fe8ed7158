//! From metadata to one stable text: items by name, their members by name, fields and variants in their own order.

use std::collections::BTreeMap;

use uniffi_meta::{
    EnumMetadata, FieldMetadata, FnParamMetadata, Metadata, ObjectImpl, TraitKind, Type, UniffiTraitMetadata,
    VariantMetadata,
};

use crate::types::{default_text, literal_text, type_text};

/// An item, and what stands below it.
#[derive(Default)]
struct Item {
    head: String,
    docs: Option<String>,
    /// Fields and variants, in order.
    parts: Vec<String>,
    /// Constructors and methods, by name.
    members: BTreeMap<String, String>,
}

/// Every exported item, by kind and name.
pub(crate) fn surface(metadata: &[Metadata]) -> Result<String, String> {
    let mut items = BTreeMap::<String, Item>::new();
    for one in metadata {
        item(&mut items, one)?;
    }
    let mut text = String::new();
    for (name, item) in items {
        if item.head.is_empty() {
            return Err(format!("{name} has methods, and is nothing itself"));
        }
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&docs("", item.docs.as_deref()));
        text.push_str(&item.head);
        text.push('\n');
        item.parts.iter().chain(item.members.values()).for_each(|part| text.push_str(part));
    }
    Ok(text)
}

fn item(items: &mut BTreeMap<String, Item>, metadata: &Metadata) -> Result<(), String> {
    match metadata {
        // They say where a crate's items are, and are none.
        Metadata::Namespace(_) | Metadata::UdlFile(_) => {}
        Metadata::Func(f) => {
            let head = function("function", &f.name, f.is_async, &f.inputs, f.return_type.as_ref(), f.throws.as_ref());
            set(items, &f.name, head, &f.docstring);
        }
        Metadata::Object(object) => {
            let kind = match object.imp {
                ObjectImpl::Struct => "object",
                ObjectImpl::Trait(TraitKind::ForeignOnly) => "foreign trait",
                ObjectImpl::Trait(TraitKind::Both) => "trait",
                ObjectImpl::Trait(TraitKind::RustOnly) => "own trait",
            };
            set(items, &object.name, format!("{kind} {}", object.name), &object.docstring);
        }
        Metadata::CallbackInterface(callback) => {
            set(items, &callback.name, format!("foreign trait {}", callback.name), &callback.docstring);
        }
        Metadata::Record(record) => {
            set(items, &record.name, format!("record {}", record.name), &record.docstring);
            part(items, &record.name).parts = record.fields.iter().map(|one| field("    ", one)).collect();
        }
        Metadata::Enum(one) => enumeration(items, one),
        Metadata::Constructor(c) => {
            let me = Type::Object { module_path: String::new(), name: c.self_name.clone(), imp: ObjectImpl::Struct };
            let head = function("constructor", &c.name, c.is_async, &c.inputs, Some(&me), c.throws.as_ref());
            member(items, &c.self_name, &format!("0 {}", c.name), &head, c.docstring.as_deref());
        }
        Metadata::Method(m) => {
            let head = function("method", &m.name, m.is_async, &m.inputs, m.return_type.as_ref(), m.throws.as_ref());
            member(items, &m.self_name, &format!("1 {}", m.name), &head, m.docstring.as_deref());
        }
        Metadata::TraitMethod(m) => {
            let head = function("method", &m.name, m.is_async, &m.inputs, m.return_type.as_ref(), m.throws.as_ref());
            member(items, &m.trait_name, &format!("1 {}", m.name), &head, m.docstring.as_deref());
        }
        Metadata::CustomType(custom) => {
            let head = format!("custom type {} = {}", custom.name, type_text(&custom.builtin));
            set(items, &custom.name, head, &custom.docstring);
        }
        Metadata::UniffiTrait(implemented) => {
            let name = match implemented {
                UniffiTraitMetadata::Debug { .. } => "Debug",
                UniffiTraitMetadata::Display { .. } => "Display",
                UniffiTraitMetadata::Eq { .. } => "Eq",
                UniffiTraitMetadata::Hash { .. } => "Hash",
                UniffiTraitMetadata::Ord { .. } => "Ord",
            };
            member(items, implemented.self_name(), &format!("2 {name}"), &format!("implements {name}"), None);
        }
        Metadata::ObjectTraitImpl(implemented) => {
            let name = implemented.ty.name().ok_or("a trait is implemented for a type without a name")?;
            let trait_name = type_text(&implemented.trait_ty);
            member(items, name, &format!("2 {trait_name}"), &format!("implements {trait_name}"), None);
        }
    }
    Ok(())
}

fn part<'a>(items: &'a mut BTreeMap<String, Item>, name: &str) -> &'a mut Item {
    items.entry(name.to_owned()).or_default()
}

fn set(items: &mut BTreeMap<String, Item>, name: &str, head: String, docs: &Option<String>) {
    let item = part(items, name);
    item.head = head;
    item.docs.clone_from(docs);
}

fn member(items: &mut BTreeMap<String, Item>, owner: &str, place: &str, head: &str, about: Option<&str>) {
    let text = format!("{}    {head}\n", docs("    ", about));
    part(items, owner).members.insert(place.to_owned(), text);
}

fn enumeration(items: &mut BTreeMap<String, Item>, one: &EnumMetadata) {
    let kind = if one.shape.is_error() { "error" } else { "enum" };
    set(items, &one.name, format!("{kind} {}", one.name), &one.docstring);
    part(items, &one.name).parts = one.variants.iter().map(variant).collect();
}

fn variant(variant: &VariantMetadata) -> String {
    let value = variant.discr.as_ref().map_or_else(String::new, |value| format!(" = {}", literal_text(value)));
    let mut text = format!("{}    {}{value}\n", docs("    ", variant.docstring.as_deref()), variant.name);
    variant.fields.iter().for_each(|one| text.push_str(&field("        ", one)));
    text
}

fn field(indent: &str, field: &FieldMetadata) -> String {
    let (about, ty) = (docs(indent, field.docstring.as_deref()), type_text(&field.ty));
    format!("{about}{indent}{}: {ty}{}\n", field.name, default_text(field.default.as_ref()))
}

fn function(
    kind: &str,
    name: &str,
    is_async: bool,
    inputs: &[FnParamMetadata],
    output: Option<&Type>,
    throws: Option<&Type>,
) -> String {
    let inputs = inputs.iter().map(|input| {
        let borrowed = if input.by_ref { "&" } else { "" };
        format!("{}: {borrowed}{}{}", input.name, type_text(&input.ty), default_text(input.default.as_ref()))
    });
    let inputs = inputs.collect::<Vec<_>>().join(", ");
    let before = if is_async { "async " } else { "" };
    let output = output.map_or_else(String::new, |ty| format!(" -> {}", type_text(ty)));
    let throws = throws.map_or_else(String::new, |ty| format!(" throws {}", type_text(ty)));
    format!("{before}{kind} {name}({inputs}){output}{throws}")
}

fn docs(indent: &str, text: Option<&str>) -> String {
    let lines = text.unwrap_or_default().trim().lines();
    lines.map(|line| format!("{indent}/// {}", line.trim()).trim_end().to_owned() + "\n").collect()
}

#[cfg(test)]
mod tests {
    use uniffi_meta::{FnMetadata, FnParamMetadata, Metadata, Type};

    use super::surface;

    fn function(name: &str, is_async: bool) -> Metadata {
        let list = Type::Sequence { inner_type: Box::new(Type::Optional { inner_type: Box::new(Type::String) }) };
        Metadata::Func(FnMetadata {
            module_path: "a".into(),
            name: name.into(),
            orig_name: None,
            is_async,
            inputs: vec![FnParamMetadata::simple("words", list)],
            return_type: Some(Type::UInt64),
            throws: Some(Type::Enum { module_path: "a".into(), name: "E".into() }),
            checksum: None,
            docstring: Some("\n What it does.\n\n More.\n".into()),
        })
    }

    #[test]
    fn items_are_sorted_and_say_all_that_matters() {
        let expected = "/// What it does.\n///\n/// More.\nasync function a(words: [string?]) -> u64 throws E\n\n\
            /// What it does.\n///\n/// More.\nfunction b(words: [string?]) -> u64 throws E\n";
        assert_eq!(surface(&[function("b", false), function("a", true)]).unwrap(), expected);
        assert_eq!(surface(&[function("a", true), function("b", false)]).unwrap(), expected);
    }
}
