//! A value serialized before the save and sent after it.
//!
//! It keeps the shape that serde was given: bytes stay bytes (a detour through JSON would turn them into arrays of
//! numbers), and tuples stay tuples (socketioxide spreads those over several arguments of an event).

use std::{borrow::Cow, fmt};

use serde::ser::{Serialize, SerializeMap, SerializeSeq, SerializeTuple, Serializer};
use serde_content::{Data, Number, Value};

use crate::error::Unserializable;

/// A serialized value, ready for any of Socket.IO's parsers.
#[derive(Clone)]
pub(crate) struct Payload(Value<'static>);

impl Payload {
    /// Serializes `value`.
    pub(crate) fn new<T: Serialize + ?Sized>(value: &T) -> Result<Self, Unserializable> {
        serde_content::Serializer::new()
            .human_readable()
            .serialize(value)
            .ok()
            .filter(has_plain_keys)
            .map(|content| Self(content.into_owned()))
            .ok_or_else(Unserializable::reply::<T>)
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Payload(…)")
    }
}

impl Serialize for Payload {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Content(&self.0).serialize(serializer)
    }
}

/// Whether all keys of maps are ones that JSON can write: the parser would refuse others only after the save.
fn has_plain_keys(value: &Value<'_>) -> bool {
    match value {
        Value::Map(entries) => entries.iter().all(|(key, value)| is_plain_key(key) && has_plain_keys(value)),
        Value::Seq(items) | Value::Tuple(items) => items.iter().all(has_plain_keys),
        Value::Option(Some(value)) => has_plain_keys(value),
        Value::Struct(value) => data_has_plain_keys(&value.data),
        Value::Enum(value) => data_has_plain_keys(&value.data),
        _ => true,
    }
}

fn data_has_plain_keys(data: &Data<'_>) -> bool {
    match data {
        Data::Unit => true,
        Data::NewType { value } => has_plain_keys(value),
        Data::Tuple { values } => values.iter().all(has_plain_keys),
        Data::Struct { fields } => fields.iter().all(|(_, value)| has_plain_keys(value)),
    }
}

fn is_plain_key(key: &Value<'_>) -> bool {
    match key {
        Value::String(_) | Value::Char(_) | Value::Bool(_) | Value::Number(_) => true,
        Value::Enum(value) => matches!(value.data, Data::Unit),
        Value::Struct(value) => matches!(&value.data, Data::NewType { value } if is_plain_key(value)),
        _ => false,
    }
}

struct Content<'a>(&'a Value<'static>);

impl Serialize for Content<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Unit => serializer.serialize_unit(),
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::Number(number) => match *number {
                Number::I8(value) => serializer.serialize_i8(value),
                Number::I16(value) => serializer.serialize_i16(value),
                Number::I32(value) => serializer.serialize_i32(value),
                Number::I64(value) => serializer.serialize_i64(value),
                Number::I128(value) => serializer.serialize_i128(value),
                Number::U8(value) => serializer.serialize_u8(value),
                Number::U16(value) => serializer.serialize_u16(value),
                Number::U32(value) => serializer.serialize_u32(value),
                Number::U64(value) => serializer.serialize_u64(value),
                Number::U128(value) => serializer.serialize_u128(value),
                Number::F32(value) => serializer.serialize_f32(value),
                Number::F64(value) => serializer.serialize_f64(value),
                _ => Err(serde::ser::Error::custom("a number of a kind that is not known")),
            },
            Value::Char(value) => serializer.serialize_char(*value),
            Value::String(value) => serializer.serialize_str(value),
            Value::Bytes(value) => serializer.serialize_bytes(value),
            Value::Seq(items) => seq(serializer, items),
            Value::Tuple(items) => tuple(serializer, items),
            Value::Map(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    map.serialize_entry(&Content(key), &Content(value))?;
                }
                map.end()
            }
            Value::Option(None) => serializer.serialize_none(),
            Value::Option(Some(value)) => serializer.serialize_some(&Content(value)),
            Value::Struct(value) => data(serializer, &value.data),
            // as serde does it by default: `"Name"`, or `{"Name": …}`
            Value::Enum(value) => match &value.data {
                Data::Unit => serializer.serialize_str(&value.variant),
                data => {
                    let mut map = serializer.serialize_map(Some(1))?;
                    map.serialize_entry(&value.variant, &Inner(data))?;
                    map.end()
                }
            },
        }
    }
}

struct Inner<'a>(&'a Data<'static>);

impl Serialize for Inner<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        data(serializer, self.0)
    }
}

fn data<S: Serializer>(serializer: S, data: &Data<'static>) -> Result<S::Ok, S::Error> {
    match data {
        Data::Unit => serializer.serialize_unit(),
        Data::NewType { value } => Content(value).serialize(serializer),
        Data::Tuple { values } => tuple(serializer, values),
        Data::Struct { fields } => fields_of(serializer, fields),
    }
}

fn seq<S: Serializer>(serializer: S, items: &[Value<'static>]) -> Result<S::Ok, S::Error> {
    let mut seq = serializer.serialize_seq(Some(items.len()))?;
    for item in items {
        seq.serialize_element(&Content(item))?;
    }
    seq.end()
}

fn tuple<S: Serializer>(serializer: S, items: &[Value<'static>]) -> Result<S::Ok, S::Error> {
    let mut tuple = serializer.serialize_tuple(items.len())?;
    for item in items {
        tuple.serialize_element(&Content(item))?;
    }
    tuple.end()
}

fn fields_of<S: Serializer>(serializer: S, fields: &[(Cow<'static, str>, Value<'static>)]) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(fields.len()))?;
    for (key, value) in fields {
        map.serialize_entry(key, &Content(value))?;
    }
    map.end()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Serialize;
    use serde_json::{json, to_value};

    use super::*;

    #[derive(Serialize)]
    enum Shape {
        Unit,
        New(u8),
        Tuple(u8, u8),
        Struct { a: u8 },
    }

    #[derive(Serialize)]
    struct All<'a> {
        text: &'a str,
        none: Option<u8>,
        some: Option<u8>,
        float: f32,
        tuple: (u8, &'a str),
        shapes: Vec<Shape>,
        map: BTreeMap<u32, bool>,
        unit: (),
        big: u64,
        letter: char,
    }

    #[test]
    fn it_serializes_as_the_value_itself() {
        let all = All {
            text: "a",
            none: None,
            some: Some(1),
            float: 0.1,
            tuple: (1, "b"),
            shapes: vec![Shape::Unit, Shape::New(1), Shape::Tuple(1, 2), Shape::Struct { a: 1 }],
            map: [(7, true)].into(),
            unit: (),
            big: u64::MAX,
            letter: 'x',
        };
        let payload = Payload::new(&all).unwrap();
        assert_eq!(serde_json::to_string(&payload).unwrap(), serde_json::to_string(&all).unwrap());
        assert_eq!(to_value(Payload::new(&5_u32).unwrap()).unwrap(), json!(5));
    }

    #[test]
    fn bytes_stay_bytes() {
        struct Raw;
        impl Serialize for Raw {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_bytes(&[1, 2])
            }
        }
        assert!(matches!(Payload::new(&Raw).unwrap().0, Value::Bytes(_)));
    }

    #[test]
    fn a_map_whose_keys_json_cannot_write_is_an_error() {
        assert!(Payload::new(&BTreeMap::from([((1, 2), 3)])).is_err());
        assert!(Payload::new(&[Some(BTreeMap::from([(vec![1], 3)]))]).is_err());
        assert!(Payload::new(&BTreeMap::from([(Some(1), 3)])).is_err());
    }

    #[test]
    fn what_serde_refuses_is_an_error() {
        struct Bad;
        impl Serialize for Bad {
            fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
                Err(serde::ser::Error::custom("no"))
            }
        }
        assert!(Payload::new(&Bad).is_err());
    }
}
