//! Typed accessors: one field of a session, read or written, on `Session<V>` and on a plain
//! `tower_sessions::Session`. What `#[socket_session]` generates calls these.

use std::convert::Infallible;

use crate::{
    error::{SessionError, Unserializable},
    field::Key,
    record::{Fields, Patch},
    requests::plain_error,
    session::Session,
    view::View,
};

/// A typed accessor's read.
pub async fn get_field<V: View, T>(session: &Session<V>, key: Key<T>) -> Result<T, SessionError> {
    Ok(key.load(&session.fields().await?)?)
}

/// A typed accessor's write.
#[expect(clippy::needless_pass_by_value, reason = "a reference would have to live as long as the future")]
pub fn set_field<V: View, T>(
    session: &Session<V>,
    key: Key<T>,
    value: T,
) -> impl Future<Output = Result<(), SessionError>> + Send {
    // before the first await, so that the future need not hold a `T`
    let value = storable(key, &value);
    async move {
        let value = value?;
        let set = |fields: &Fields| {
            let mut patch = Patch::new();
            patch.remove.extend(key.left_behind(fields).map(Into::into));
            if fields.get(key.name()) != Some(&value) {
                patch.set.push((key.name().into(), value.clone()));
            }
            Ok(Ok((patch, ())))
        };
        session.transact::<(), Infallible>(set).await.map(|done| done.unwrap_or_else(|never| match never {}))
    }
}

/// A typed accessor's read, on a plain session.
pub async fn plain_get_field<T>(session: &tower_sessions::Session, key: Key<T>) -> Result<T, SessionError> {
    let mut fields = Vec::new();
    for name in key.names() {
        let value = session.get_value(name).await.map_err(plain_error)?;
        fields.extend(value.map(|value| (name.into(), value)));
    }
    Ok(key.load(&fields.into_iter().collect())?)
}

/// A typed accessor's write, on a plain session: saved with the rest of what the request changed.
#[expect(clippy::needless_pass_by_value, reason = "a reference would have to live as long as the future")]
pub fn plain_set_field<T>(
    session: &tower_sessions::Session,
    key: Key<T>,
    value: T,
) -> impl Future<Output = Result<(), SessionError>> + Send {
    let value = storable(key, &value);
    async move {
        session.insert_value(key.name(), value?).await.map_err(plain_error)?;
        for alias in key.aliased() {
            session.remove_value(alias).await.map_err(plain_error)?;
        }
        Ok(())
    }
}

fn storable<T>(key: Key<T>, value: &T) -> Result<serde_json::Value, Unserializable> {
    let value = key.value(value)?;
    key.readable(&value)?;
    Ok(value)
}
