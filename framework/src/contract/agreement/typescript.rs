//! Reads types as ts-rs writes them.

use std::collections::BTreeMap;

use serde_json::Value;

use super::shape::{Field, Object, Shape};

/// What a name stands for.
#[derive(Debug, PartialEq)]
pub(super) struct Declaration {
    pub(super) parameters: Vec<String>,
    pub(super) shape: Shape,
}

/// A type. What is not understood, as it may be where a type was written by hand, is `Any`.
pub(super) fn read(text: &str) -> Shape {
    let mut reader = Reader { rest: text };
    let shape = reader.one_of();
    shape.filter(|_| reader.is_at_end()).unwrap_or(Shape::Any)
}

/// `type Name<A, B> = ..;`
pub(super) fn read_declaration(text: &str) -> Option<Declaration> {
    let mut reader = Reader { rest: text };
    reader.keyword("type")?;
    reader.word()?;
    let parameters = match reader.eat("<") {
        true => reader.parameters()?,
        false => Vec::new(),
    };
    reader.expect("=")?;
    let shape = reader.one_of()?;
    reader.eat(";");
    reader
        .is_at_end()
        .then_some(Declaration { parameters, shape })
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    /// Goes past blanks and comments.
    fn skip(&mut self) {
        loop {
            self.rest = self.rest.trim_start();
            match self.rest.strip_prefix("/*") {
                Some(comment) => {
                    self.rest = comment.split_once("*/").map_or("", |(_, rest)| rest);
                }
                None => return,
            }
        }
    }

    fn is_at_end(&mut self) -> bool {
        self.skip();
        self.rest.is_empty()
    }

    fn eat(&mut self, token: &str) -> bool {
        self.skip();
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, token: &str) -> Option<()> {
        self.eat(token).then_some(())
    }

    fn word(&mut self) -> Option<&'a str> {
        self.skip();
        let is_part = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '$' | '.');
        let end = self.rest.find(|letter| !is_part(letter));
        let (word, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        // Such as the `...` of a rest.
        if word.is_empty() || word.starts_with('.') {
            return None;
        }
        self.rest = rest;
        Some(word)
    }

    fn keyword(&mut self, keyword: &str) -> Option<()> {
        self.word().filter(|word| *word == keyword).map(drop)
    }

    /// A literal as JSON has it.
    fn literal(&mut self) -> Option<Value> {
        self.skip();
        let mut values = serde_json::Deserializer::from_str(self.rest).into_iter();
        let value = values.next()?.ok()?;
        self.rest = self.rest.get(values.byte_offset()..)?;
        Some(value)
    }

    fn parameters(&mut self) -> Option<Vec<String>> {
        let mut parameters = Vec::new();
        while !self.eat(">") {
            let parameter = self.word()?;
            parameters.push(parameter.to_owned());
            if self.rest.trim_start().starts_with("extends") {
                self.keyword("extends")?;
                self.one_of()?;
            }
            if self.eat("=") {
                self.one_of()?;
            }
            self.eat(",");
        }
        Some(parameters)
    }

    fn one_of(&mut self) -> Option<Shape> {
        self.eat("|");
        let mut all = vec![self.all_of()?];
        while self.eat("|") {
            all.push(self.all_of()?);
        }
        Some(Shape::one_of(all))
    }

    fn all_of(&mut self) -> Option<Shape> {
        self.eat("&");
        let mut all = vec![self.single()?];
        while self.eat("&") {
            all.push(self.single()?);
        }
        Some(Shape::all_of(all))
    }

    fn single(&mut self) -> Option<Shape> {
        let mut shape = self.primary()?;
        while self.eat("[") {
            self.expect("]")?;
            shape = Shape::List(Box::new(shape));
        }
        Some(shape)
    }

    fn primary(&mut self) -> Option<Shape> {
        self.skip();
        match self.rest.chars().next()? {
            '{' => self.object(),
            '[' => self.tuple(),
            '(' => {
                self.expect("(")?;
                let inner = self.one_of()?;
                self.expect(")")?;
                // A function is no value that goes over the wire.
                (!self.eat("=>")).then_some(inner)
            }
            '"' | '-' | '0'..='9' => self.literal().map(Shape::Literal),
            _ => {
                let word = self.word()?;
                self.named(word)
            }
        }
    }

    fn named(&mut self, word: &str) -> Option<Shape> {
        let mut arguments = Vec::new();
        if self.eat("<") {
            while !self.eat(">") {
                arguments.push(self.one_of()?);
                self.eat(",");
            }
        }
        Some(match (word, arguments.as_slice()) {
            ("string", []) => Shape::String,
            ("number", []) => Shape::Number,
            ("boolean", []) => Shape::Boolean,
            ("null", []) => Shape::Null,
            ("true", []) => Shape::Literal(true.into()),
            ("false", []) => Shape::Literal(false.into()),
            ("never", []) => Shape::OneOf(Vec::new()),
            ("Array", [of]) => Shape::List(Box::new(of.clone())),
            _ => Shape::Named(word.to_owned(), arguments),
        })
    }

    fn tuple(&mut self) -> Option<Shape> {
        self.expect("[")?;
        let mut elements = Vec::new();
        while !self.eat("]") {
            self.label();
            elements.push(self.one_of()?);
            self.eat("?");
            self.eat(",");
        }
        Some(Shape::Tuple(elements))
    }

    /// `name: ` before an element.
    fn label(&mut self) {
        let start = self.rest;
        let found = self.word().is_some() && {
            self.eat("?");
            self.eat(":")
        };
        if !found {
            self.rest = start;
        }
    }

    fn object(&mut self) -> Option<Shape> {
        self.expect("{")?;
        let (mut fields, mut rest) = (BTreeMap::new(), None);
        while !self.eat("}") {
            if self.eat("[") {
                // `[key in K]` or `[key: K]`
                self.word()?;
                if !self.eat(":") {
                    self.keyword("in")?;
                }
                self.one_of()?;
                self.expect("]")?;
                self.eat("?");
                self.expect(":")?;
                rest = Some(Box::new(self.one_of()?));
            } else {
                let name = self.field_name()?;
                let optional = self.eat("?");
                self.expect(":")?;
                let shape = self.one_of()?;
                fields.insert(name, Field { shape, optional });
            }
            if !self.eat(",") {
                self.eat(";");
            }
        }
        Some(Shape::Object(Object { fields, rest }))
    }

    fn field_name(&mut self) -> Option<String> {
        self.skip();
        match self.rest.starts_with('"') {
            true => match self.literal()? {
                Value::String(name) => Some(name),
                _ => None,
            },
            false => self.word().map(ToOwned::to_owned),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn named(name: &str) -> Shape {
        Shape::Named(name.to_owned(), Vec::new())
    }

    fn object<const N: usize>(fields: [(&str, Shape, bool); N]) -> Object {
        let fields =
            fields.map(|(name, shape, optional)| (name.to_owned(), Field { shape, optional }));
        Object {
            fields: fields.into(),
            rest: None,
        }
    }

    #[test]
    fn types_are_read_as_ts_rs_writes_them() {
        let tagged = |tag: &str| Shape::Object(object([("in", Shape::Literal(json!(tag)), false)]));
        for (text, expected) in [
            ("Array<Line>", Shape::List(Box::new(named("Line")))),
            (
                "[from: number, (string)?]",
                Shape::Tuple(vec![Shape::Number, Shape::String]),
            ),
            (
                "{ \n/**\n * Ann's, and (not\n */\n\"a b\": number, c?: string | null, }",
                Shape::Object(object([
                    ("a b", Shape::Number, false),
                    ("c", Shape::OneOf(vec![Shape::String, Shape::Null]), true),
                ])),
            ),
            (
                r#"{ "in": "x", } & ({ "in": "y" } | B<C>)"#,
                Shape::AllOf(vec![
                    tagged("x"),
                    Shape::OneOf(vec![
                        tagged("y"),
                        Shape::Named("B".to_owned(), vec![named("C")]),
                    ]),
                ]),
            ),
            (
                "{ [key in Kind]?: boolean[] }",
                Shape::Object(Object {
                    rest: Some(Box::new(Shape::List(Box::new(Shape::Boolean)))),
                    ..Object::default()
                }),
            ),
            ("{  }", Shape::Object(Object::default())),
            ("never", Shape::OneOf(Vec::new())),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_not_understood_is_anything() {
        for text in [
            "(a: number) => void",
            "`a${string}`",
            "keyof A",
            "[a, b]]",
            "[...A]",
            "{ a: b",
            "",
        ] {
            assert_eq!(read(text), Shape::Any, "{text}");
        }
    }

    #[test]
    fn a_declaration_has_its_parameters() {
        let declaration = read_declaration("type Changed<T, U = string> = { to: T, };");
        let Some(Declaration { parameters, shape }) = declaration else {
            panic!("not read");
        };
        assert_eq!(parameters, ["T", "U"]);
        assert_eq!(shape, Shape::Object(object([("to", named("T"), false)])));
        assert_eq!(read_declaration("enum Level { \"Low\" = 0 }"), None);
    }
}
