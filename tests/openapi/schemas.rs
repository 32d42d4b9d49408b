//! The part of JSON Schema that the document uses, enough to hold a value against it.

use serde_json::{Map, Value};

/// The schema behind references.
pub(crate) fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        None => schema,
        Some(reference) => {
            let pointer = reference.strip_prefix('#').expect("a reference within the document");
            document.pointer(pointer).unwrap_or_else(|| panic!("{reference} leads nowhere"))
        }
    }
}

/// What of `value` breaks the schema; `at` is where it stands.
pub(crate) fn faults(document: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let schema = resolve(document, schema);
    let mut faults = Vec::new();
    let types = types(schema);
    let is = |name: &str| name == kind(value) || (name == "number" && value.is_i64());
    if !types.is_empty() && !types.iter().any(|name| is(name)) {
        faults.push(format!("{at}: {value} is none of {types:?}"));
    }
    if let Some(alternatives) = schema["oneOf"].as_array() {
        let fits = |one: &&Value| self::faults(document, one, value, at).is_empty();
        let fitting = alternatives.iter().filter(fits).count();
        if fitting != 1 {
            faults.push(format!("{at}: {value} fits {fitting} of {}", schema["oneOf"]));
        }
    }
    if schema["enum"].as_array().is_some_and(|words| !words.contains(value)) {
        faults.push(format!("{at}: {value} is none of {}", schema["enum"]));
    }
    let number = |name: &str| schema[name].as_i64();
    if let Some(integer) = value.as_i64()
        && (number("minimum").is_some_and(|min| integer < min)
            || number("maximum").is_some_and(|max| integer > max))
    {
        faults.push(format!("{at}: {value} is out of range"));
    }
    if let Some(text) = value.as_str() {
        let length = i64::try_from(text.chars().count()).expect("a short text");
        if number("minLength").is_some_and(|min| length < min)
            || number("maxLength").is_some_and(|max| length > max)
        {
            faults.push(format!("{at}: {value} is too short or too long"));
        }
    }
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        faults.extend(self::faults(document, &schema["items"], item, &format!("{at}/{index}")));
    }
    let none = (schema["additionalProperties"] == false).then(Map::new);
    let properties = schema["properties"].as_object().or(none.as_ref());
    if let (Some(members), Some(properties)) = (value.as_object(), properties) {
        faults.extend(member_faults(document, schema, members, properties, at));
    }
    faults
}

fn member_faults(
    document: &Value,
    schema: &Value,
    members: &Map<String, Value>,
    properties: &Map<String, Value>,
    at: &str,
) -> Vec<String> {
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let missing = required.filter(|name| !members.contains_key(*name));
    let mut faults: Vec<_> = missing.map(|name| format!("{at}: {name} is missing")).collect();
    for (name, member) in members {
        let place = format!("{at}/{name}");
        match properties.get(name) {
            Some(schema) => faults.extend(self::faults(document, schema, member, &place)),
            None => faults.push(format!("{place} is not in the document")),
        }
    }
    faults
}

/// The types that a schema names; none is any.
pub(crate) fn types(schema: &Value) -> Vec<&str> {
    match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
