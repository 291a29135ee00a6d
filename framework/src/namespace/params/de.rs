//! A text as a value of the type that is asked for.

use serde::{
    Deserializer,
    de::{Error as _, IntoDeserializer, Visitor, value::Error},
    forward_to_deserialize_any,
};

#[derive(Clone, Copy)]
pub(super) struct Text<'a>(pub(super) &'a str);

impl<'de> IntoDeserializer<'de> for Text<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

macro_rules! parsed {
    ($($type:ident $method:ident $visit:ident,)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            let value = self.0.parse().map_err(|_| {
                Error::custom(format_args!(concat!("`{}` is no ", stringify!($type)), self.0))
            })?;
            visitor.$visit(value)
        }
    )*};
}

impl<'de> Deserializer<'de> for Text<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_borrowed_str(self.0)
    }

    parsed! {
        bool deserialize_bool visit_bool,
        i8 deserialize_i8 visit_i8,
        i16 deserialize_i16 visit_i16,
        i32 deserialize_i32 visit_i32,
        i64 deserialize_i64 visit_i64,
        i128 deserialize_i128 visit_i128,
        u8 deserialize_u8 visit_u8,
        u16 deserialize_u16 visit_u16,
        u32 deserialize_u32 visit_u32,
        u64 deserialize_u64 visit_u64,
        u128 deserialize_u128 visit_u128,
        f32 deserialize_f32 visit_f32,
        f64 deserialize_f64 visit_f64,
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_enum(self.0.into_deserializer())
    }

    forward_to_deserialize_any! {
        char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct
        identifier ignored_any
    }
}
