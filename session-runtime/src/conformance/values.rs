//! What goes in comes out.

use serde_json::{Map, Number, Value, json};

use super::probe::{Outcome, Probe, applied, brief, failed, fields, remove, same, set};
use crate::{record::Record, store::Created};

/// Stores the fields by `create` in one session and by a patch in another, and compares each.
async fn comes_back(probe: &Probe, expected: &[(String, Value)]) -> Outcome {
    let created = probe.nobody();
    let record = Record { fields: fields(expected.iter().cloned()), ..created.record(300, Value::Null) };
    same(created.create(record).await?, Created::Done, "creating under a new key")?;
    let patched = probe.session(Value::Null).await?;
    let patch = set(Value::Object(expected.iter().cloned().collect()));
    applied(patched.patch(&patch).await?, "a patch that sets the values")?;
    for (session, how) in [(created, "created"), (patched, "patched")] {
        let found = session.live(how).await?.fields;
        for (key, expected) in expected {
            let Some(found) = found.get(key) else {
                return failed(format!("{how}: nothing under the key {}", brief(key)));
            };
            if !exactly(found, expected) {
                let (key, found, expected) = (brief(key), brief(found), brief(expected));
                return failed(format!("{how}, under the key {key}: expected {expected}, found {found}"));
            }
        }
        same(found.len(), expected.len(), &format!("{how}: the number of keys"))?;
    }
    Ok(())
}

/// To the last bit: for `PartialEq`, -0.0 is 0.0.
fn exactly(found: &Value, expected: &Value) -> bool {
    match (found, expected) {
        (Value::Number(found), Value::Number(expected)) => {
            found.is_f64() == expected.is_f64() && found.to_string() == expected.to_string()
        }
        (Value::Array(found), Value::Array(expected)) => {
            found.len() == expected.len()
                && found.iter().zip(expected).all(|(found, expected)| exactly(found, expected))
        }
        (Value::Object(found), Value::Object(expected)) => {
            found.len() == expected.len()
                && expected.iter().all(|(key, expected)| found.get(key).is_some_and(|found| exactly(found, expected)))
        }
        (found, expected) => found == expected,
    }
}

fn numbered(values: impl IntoIterator<Item = Value>) -> Vec<(String, Value)> {
    values.into_iter().zip(0..).map(|(value, number)| (format!("value {number}"), value)).collect()
}

pub(super) async fn values_are_exact(probe: Probe) -> Outcome {
    let values = [
        Value::Null,
        json!(true),
        json!(false),
        json!(""),
        json!(" \t\r\n "),
        json!("null"),
        json!("\"quoted\\\" and 'quoted'"),
        json!("\u{0}"),
        json!("in the \u{0} middle"),
        json!("\u{1}\u{7f}\u{85}\u{2028}\u{feff}"),
        json!("ä, a\u{308}, 漢字, 🦀, \u{10ffff}"),
        json!([]),
        json!({}),
        json!([[], {}, [[]], null, [null]]),
        json!({ "": { "": null }, "@t": [], "a.b": { "$ref": "c" }, "\u{0}": "\u{0}" }),
        json!({ "list": [1, "1", 1.0, true, null, { "deeper": [{ "down": [] }] }] }),
        (0..100).fold(json!("bottom"), |inner, _| json!([inner])),
    ];
    comes_back(&probe, &numbered(values)).await
}

pub(super) async fn numbers_are_exact(probe: Probe) -> Outcome {
    let whole = [0, 1, -1, i64::MIN, i64::MAX, (1 << 53) + 1, -(1 << 53) - 1].map(|number| json!(number));
    let large = [u64::MAX, u64::MAX - 1, 1 << 63].map(|number| json!(number));
    let floats = [0.0, -0.0, 1.0, 0.1, 1e15, 1e16, 1e300, f64::MAX, f64::MIN, f64::MIN_POSITIVE, 5e-324, f64::EPSILON];
    // floats of all magnitudes: those that are parsed carelessly are wrong in the last bit only
    let mut bits = 0x9e37_79b9_7f4a_7c15_u64;
    let many = std::iter::repeat_with(|| {
        bits = bits.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        f64::from_bits(bits)
    });
    let many = many.filter(|float| float.is_finite()).take(500);
    let floats = floats.into_iter().chain(many).filter_map(Number::from_f64).map(Value::Number);
    comes_back(&probe, &numbered(whole.into_iter().chain(large).chain(floats))).await
}

pub(super) async fn keys_are_exact(probe: Probe) -> Outcome {
    let bookkeeping =
        ["", "@", "@t", "@d", "@deadline", "@@", "=", "=x", "=@d", "==", "_id", "id", "key", "data", "version"];
    let awkward = [" ", "a b", "a\nb", "\u{0}", "a\u{0}b", "a.b", "a:b", "{a}", "$a", "%a", "*", "'", "\"", "\\", "--"];
    let alike = ["a", "A", "a ", " a", "ä", "a\u{308}", "1", "01", "1.0", "null", "漢字", "🦀"];
    let long = ["x".repeat(10_000), format!("{}y", "x".repeat(9_999))];
    let keys = bookkeeping.iter().chain(&awkward).chain(&alike).map(ToString::to_string).chain(long);
    let expected: Vec<_> = keys.zip(0..).map(|(key, number)| (key, json!(number))).collect();
    comes_back(&probe, &expected).await?;

    let session = probe.session(Value::Object(expected.iter().cloned().collect())).await?;
    for (key, number) in &expected {
        applied(session.patch(&remove(&[key])).await?, &format!("removing the key {}", brief(key)))?;
        let left = session.live("after a key was removed").await?.fields;
        same(left.get(key), None, &format!("the key {}, removed", brief(key)))?;
        let kept = expected.iter().filter(|(_, other)| other.as_i64() > number.as_i64());
        let lost = kept.map(|(key, _)| key).find(|key| left.get(key).is_none());
        same(lost, None, &format!("a key that is lost when {} is removed", brief(key)))?;
    }
    Ok(())
}

pub(super) async fn large_values_are_kept(probe: Probe) -> Outcome {
    let text: String = "a\u{0}\"ä漢🦀".chars().cycle().take(1 << 16).collect();
    let list = (0..1 << 15).map(|number| json!(number)).collect();
    comes_back(&probe, &numbered([Value::String("x".repeat(1 << 20))])).await?;
    comes_back(&probe, &numbered([Value::String(text)])).await?;
    comes_back(&probe, &numbered([Value::Array(list)])).await
}

pub(super) async fn many_keys_are_kept(probe: Probe) -> Outcome {
    let many: Map<_, _> = (0..5_000).map(|number| (format!("key {number}"), json!(number))).collect();
    let expected: Vec<_> = many.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    comes_back(&probe, &expected).await?;

    let session = probe.session(Value::Object(many)).await?;
    let (last, others) = expected.split_last().map_or((None, &[][..]), |(last, others)| (Some(last), others));
    let others: Vec<_> = others.iter().map(|(key, _)| key.as_str()).collect();
    applied(session.patch(&remove(&others)).await?, "a patch that removes all keys but one")?;
    session.has(last.cloned().into_iter().collect::<Map<_, _>>().into(), "after all keys but one were removed").await
}
