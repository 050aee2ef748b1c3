//! A word into a term: which field, which operator, which value. What stands in quotes is never an operator.

use super::error::{FilterError, example};
use super::lex::{Letter, Word, plain};
use super::pattern::{Needle, Pattern};
use super::quantity::{Quantity, noun};
use super::schema::{ADDRESS, Field, FieldType, STATE, STATES, Schema};
use super::term::{Operator, Term, Test};
use crate::model::{Address, quoted};

/// Operators, those that others begin with last.
const OPERATORS: [(&str, Operator); 8] = [
    ("==", Operator::Equal),
    ("!=", Operator::NotEqual),
    ("<=", Operator::AtMost),
    (">=", Operator::AtLeast),
    (":", Operator::Has),
    ("=", Operator::Equal),
    ("<", Operator::Less),
    (">", Operator::Greater),
];

/// Parses one term.
pub(super) fn term(word: &Word, schema: &dyn Schema) -> Result<Term, FilterError> {
    let mut letters = &word.letters[..];
    let mut inverted = false;
    while let [first, rest @ ..] = letters
        && (first.is('!') || first.is_blank())
    {
        inverted ^= first.is('!');
        letters = rest;
    }
    Ok(Term { inverted, test: test(word, letters, schema)? })
}

fn test(word: &Word, letters: &[Letter], schema: &dyn Schema) -> Result<Test, FilterError> {
    if letters.is_empty() {
        return Err(FilterError::Empty(quoted(word.source.as_bytes())));
    }
    // A lone `>` comes from `size > 1M`, which as three words to look for would match nothing or, inverted, all.
    if letters.iter().all(|letter| ":=<>!".chars().any(|c| letter.is(c))) {
        return Err(FilterError::NoField(quoted(word.source.as_bytes())));
    }
    let Some((name, operator, value)) = split(letters, schema) else {
        return Ok(flag(letters, schema).unwrap_or_else(|| Test::Word(Needle::new(&plain(letters)))));
    };
    let text = plain(letters);
    if operator == Operator::Has && name != "pid" && Address::is_kind(&name) {
        return address(word, &name, &text, value, schema);
    }
    let unknown = || FilterError::unknown_field(&name, &text, schema);
    let field = schema.field(&name.to_lowercase()).ok_or_else(unknown)?;
    if value.is_empty() {
        return Err(no_value(word, field));
    }
    match field.kind {
        FieldType::Text | FieldType::FreeText => text_test(word, field, operator, value),
        _ => number_test(word, field, operator, value),
    }
}

/// A field's name, the operator and the value; `None` for a bare word. A name is a letter and then letters, digits,
/// `_` and `-`, so that neither a path nor `127.0.0.1:80` has one. Blanks may follow the name of a field.
fn split<'a>(letters: &'a [Letter], schema: &dyn Schema) -> Option<(String, Operator, &'a [Letter])> {
    let in_name = |l: &Letter| !l.quoted && (l.c.is_ascii_alphanumeric() || matches!(l.c, '_' | '-'));
    let end = letters.iter().position(|letter| !in_name(letter))?;
    let (name, rest) = letters.split_at(end);
    if !name.first()?.c.is_ascii_alphabetic() {
        return None;
    }
    let name = plain(name);
    let blanks = rest.iter().take_while(|letter| letter.is_blank()).count();
    if blanks > 0 && schema.field(&name.to_lowercase()).is_none() {
        return None;
    }
    let rest = &rest[blanks..];
    let begins = |sign: &str| sign.chars().enumerate().all(|(at, c)| rest.get(at).is_some_and(|l| l.is(c)));
    let (sign, operator) = OPERATORS.iter().find(|(sign, _)| begins(sign))?;
    let value = &rest[sign.len()..];
    let blanks = value.iter().take_while(|letter| letter.is_blank()).count();
    Some((name, *operator, &value[blanks..]))
}

/// A bare state, unless it stands in quotes or the table has none.
fn flag(letters: &[Letter], schema: &dyn Schema) -> Option<Test> {
    let unquoted = letters.iter().all(|letter| !letter.quoted);
    let is_state = STATES.iter().any(|state| plain(letters).eq_ignore_ascii_case(state));
    let field = schema.field(STATE).filter(|_| unquoted && is_state)?;
    Some(Test::Text { field, operator: Operator::Equal, any: vec![Pattern::new(letters, false)] })
}

/// An address is looked for as it was written and as it is printed (`semaphore:3` is `sem:3`).
fn address(word: &Word, kind: &str, text: &str, value: &[Letter], schema: &dyn Schema) -> Result<Test, FilterError> {
    let field = schema.field(ADDRESS).ok_or_else(|| FilterError::unknown_field(kind, text, schema))?;
    if value.is_empty() {
        let example = format!("{kind}:which, e.g. queue:32769, pipe:[411970], unix:/run/x.sock");
        return Err(FilterError::NoValue { term: quoted(word.source.as_bytes()), example });
    }
    let mut any = vec![text.to_owned()];
    if let Ok(address) = Address::parse(text) {
        any.push(address.to_string());
        any.dedup();
    }
    Ok(Test::Address { field, any })
}

fn no_value(word: &Word, field: Field) -> FilterError {
    let example = format!("{}:{}", field.name, example(field.kind));
    FilterError::NoValue { term: quoted(word.source.as_bytes()), example }
}

/// The values between commas outside quotes.
fn list<'a>(word: &Word, field: Field, value: &'a [Letter]) -> Result<Vec<&'a [Letter]>, FilterError> {
    let values: Vec<_> = value.split(|letter| letter.is(',')).collect();
    if values.iter().any(|value| value.is_empty()) { Err(no_value(word, field)) } else { Ok(values) }
}

fn text_test(word: &Word, field: Field, operator: Operator, value: &[Letter]) -> Result<Test, FilterError> {
    if operator.is_order() {
        return Err(FilterError::NoOrder { term: quoted(word.source.as_bytes()), field: field.name });
    }
    let part = operator == Operator::Has && field.kind == FieldType::FreeText;
    let mut any = Vec::new();
    for value in list(word, field, value)? {
        let pattern = Pattern::new(value, part);
        if !field.choices.is_empty() && !field.choices.iter().any(|choice| pattern.matches(choice)) {
            return Err(FilterError::no_choice(&plain(value), field.name, field.choices));
        }
        any.push(pattern);
    }
    Ok(Test::Text { field, operator, any })
}

fn number_test(word: &Word, field: Field, operator: Operator, value: &[Letter]) -> Result<Test, FilterError> {
    if operator.is_order() && matches!(field.kind, FieldType::Pid | FieldType::Key) {
        return Err(FilterError::NoOrder { term: quoted(word.source.as_bytes()), field: field.name });
    }
    // "more than 1 or 2" is no question: with an order, a comma belongs to the (bad) number.
    let values = if operator.is_order() { vec![value] } else { list(word, field, value)? };
    let mut any = Vec::new();
    for value in values {
        let text = plain(value);
        any.push(Quantity::parse(&text, field.kind).ok_or_else(|| bad_value(field, &text))?);
    }
    Ok(Test::Number { field, operator, any })
}

fn bad_value(field: Field, text: &str) -> FilterError {
    let (name, value) = (field.name, example(field.kind));
    let example = match field.kind {
        FieldType::Pid | FieldType::Key => format!("{name}:{value}"),
        FieldType::Age => format!("{name}>2d, {name}<{value}"),
        _ => format!("{name}:{value}, {name}>{value}"),
    };
    FilterError::BadValue { value: quoted(text.as_bytes()), what: noun(field.kind), field: name, example }
}
