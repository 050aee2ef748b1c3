//! The language as people write it, over a small table of its own.

use super::*;
use proptest::prelude::*;

const fn field(id: usize, name: &'static str, kind: FieldType) -> Field {
    Field { id, name, kind, choices: &[] }
}

const FIELDS: [Field; 9] = [
    field(0, "address", FieldType::FreeText),
    Field { id: 1, name: "state", kind: FieldType::Text, choices: &STATES },
    field(2, "user", FieldType::Text),
    field(3, "name", FieldType::FreeText),
    field(4, "messages", FieldType::Number),
    field(5, "size", FieldType::Size),
    field(6, "age", FieldType::Age),
    field(7, "pid", FieldType::Pid),
    field(8, "key", FieldType::Key),
];

struct Table;

impl Schema for Table {
    fn field(&self, name: &str) -> Option<Field> {
        let name = if name == "owner" { "user" } else { name };
        FIELDS.into_iter().find(|field| field.name == name)
    }

    fn names(&self) -> Vec<&'static str> {
        FIELDS.iter().map(|field| field.name).collect()
    }
}

/// A row as columns of several values.
struct Cells(Vec<Vec<Value<'static>>>);

impl Row for Cells {
    fn any_value(&self, field: Field, test: &mut dyn FnMut(Value<'_>) -> bool) -> bool {
        self.0[field.id].iter().any(|value| test(*value))
    }

    fn any_text(&self, test: &mut dyn FnMut(&str) -> bool) -> bool {
        self.0.iter().flatten().any(|value| matches!(value, Value::Text(shown) if test(shown)))
    }
}

/// A queue with everything.
fn queue() -> Cells {
    Cells(vec![
        vec![Value::Text("queue:32769")],
        vec![Value::Text("leaked")],
        vec![Value::Text("Alice"), Value::Number(1000)],
        vec![Value::Text("/Orders two, words")],
        vec![Value::Number(10)],
        vec![Value::Number(1_572_864)],
        vec![Value::Seconds(5400.5)],
        vec![Value::Number(812), Value::Number(900)],
        vec![Value::Number(4660)],
    ])
}

/// A pipe of which little is known.
fn pipe() -> Cells {
    let mut cells: Vec<Vec<Value>> = (0..FIELDS.len()).map(|_| Vec::new()).collect();
    cells[0] = vec![Value::Text("pipe:[41]")];
    cells[1] = vec![Value::Text("in-use")];
    cells[5] = vec![Value::Absent];
    Cells(cells)
}

fn parse(word: &str) -> Filter {
    Filter::parse(&[word], &Table).unwrap_or_else(|error| panic!("{word}: {error}"))
}

fn error(word: &str) -> String {
    Filter::parse(&[word], &Table).expect_err(word).to_string()
}

#[test]
fn terms_that_match_a_queue() {
    for term in [
        "orders",
        "ORDERS",
        "two, words",
        "\"two, words\"",
        "32769",
        "alice",
        "!bob",
        "!!orders",
        "user:alice",
        "User:ALICE",
        "owner:alice",
        "user:1000",
        "user:al*",
        "user:*C*",
        "user:bob,alice",
        "user=alice",
        "user==alice",
        "user!=bob",
        "user!=bob,carol",
        "!user:al",
        "name:orders",
        "name:ORD",
        "name:/o*words",
        "name:\"two, w\"",
        "!name=orders",
        "name:nope,two",
        "messages:10",
        "messages=10",
        "messages==10",
        "messages>=10",
        "messages<=10",
        "messages>9",
        "messages<11",
        "messages!=9",
        "messages:9,10",
        "messages<10.5",
        "messages>9.5",
        "size:1.5M",
        "size=1.5MiB",
        "size>1M",
        "size>= 1.5m",
        "size<1.6M",
        "size>1000",
        "size:1572864B",
        "age:1h30m",
        "age>1h",
        "age<2d",
        "age<=90m",
        "age>=5400",
        "!age>90m",
        "pid:812",
        "pid:900",
        "pid:1,900",
        "pid!=1",
        "!pid!=812",
        "key:0x1234",
        "key:0x00001234",
        "key:0X1234",
        "key:4660",
        "key=0x1234",
        "key!=0x1",
        "leaked",
        "LEAKED",
        "!in-use",
        "state:leaked",
        "state:leaked,suspect",
        "state:LEAKED",
        "state:l*",
        "queue:32769",
        "!queue:3276",
        "!sem:3",
        "address:queue",
        "address:queue:32769",
        "!\"suspect\"",
        "!user:\"al*\"",
        "!127.0.0.1:80",
        "!/run/x:y",
        "!/run",
        "! bob",
        "   orders ",
        "size > 1M",
        "! user: bob",
        "user: alice",
        "![::1]:53",
        "!@x:y",
        "!\"a=b\"",
        "!32769>5",
    ] {
        assert!(parse(term).matches(&queue()), "{term}");
        assert!(!parse(&format!("!{term}")).matches(&queue()), "!{term}");
    }
    assert!(parse("\"> \"").needs_all() && parse("no field > 5").needs_all() && parse(":80").needs_all());
}

#[test]
fn absent_values_match_nothing_but_inversions() {
    for term in [
        "size>1M",
        "size<1M",
        "size:0",
        "size!=1M",
        "messages<5",
        "messages!=5",
        "age<1y",
        "pid:812",
        "pid!=812",
        "key:0",
        "key!=1",
        "user:*",
        "user!=alice",
        "name:a",
        "name:*",
        "name!=x",
    ] {
        assert!(!parse(term).matches(&pipe()), "{term}");
        assert!(parse(&format!("!{term}")).matches(&pipe()), "!{term}");
    }
}

#[test]
fn every_term_must_match() {
    let filter = Filter::parse(&["orders", "size>1M", "!pid:1"], &Table).expect("terms");
    assert!(filter.matches(&queue()) && !filter.matches(&pipe()));
    let filter = Filter::parse_text(r#"  orders name:"two, words"  messages>=10 "#, &Table).expect("a line");
    assert!(filter.matches(&queue()) && !filter.matches(&pipe()));
    let filter = Filter::parse_text("orders messages>10", &Table).expect("a line");
    assert!(!filter.matches(&queue()));
    assert!(Filter::default().matches(&pipe()) && Filter::default().is_empty());
    assert!(Filter::parse_text("  ", &Table).expect("nothing").is_empty());
}

#[test]
fn addresses_are_exact() {
    let address = |text| {
        let mut row = pipe();
        row.0[0] = vec![Value::Text(text)];
        row
    };
    assert!(parse("pipe:[41]").matches(&pipe()));
    assert!(!parse("pipe:[4").matches(&pipe()) && !parse("pipe:[4]").matches(&pipe()));
    assert!(parse("semaphore:3").matches(&address("sem:3")));
    assert!(parse("queue:0x4d2").matches(&address("queue:0x000004d2")));
    assert!(
        parse("unix:/run/X").matches(&address("unix:/run/X")) && !parse("unix:/run/x").matches(&address("unix:/run/X"))
    );
    assert!(parse(r"shm:/a\\b").matches(&address(r"shm:/a\\b")));
    assert!(parse("tcp:127.0.0.1:80,127.0.0.1:9").matches(&address("tcp:127.0.0.1:80,127.0.0.1:9")));
}

#[test]
fn quotes_take_the_meaning_away() {
    let mut row = pipe();
    row.0[3] = vec![Value::Text("state:leaked a*b \"q\" x,y")];
    for word in [
        "\"state:leaked\"",
        "state\":\"leaked",
        "name:\"a*b\"",
        "name:\"x,y\"",
        r#"name:"\"q\"""#,
        "\"a*b\"",
        "\"leaked\"",
    ] {
        assert!(parse(word).matches(&row), "{word}");
    }
    assert!(!parse("leaked").matches(&row));
    row.0[3] = vec![Value::Text("!x")];
    assert!(parse("\"!x\"").matches(&row));
}

#[test]
fn a_filter_says_what_it_needs() {
    let filter = Filter::parse(&["leaked", "size>1M", "!owner:bob", "queue:5"], &Table).expect("terms");
    assert_eq!(filter.fields().map(|field| field.name).collect::<Vec<_>>(), ["state", "size", "user", "address"]);
    assert!(!filter.needs_all() && filter.mentions("user") && !filter.mentions("owner"));
    assert!(parse("!orders").needs_all());

    let states = |word| parse(word).states();
    assert_eq!(states("orders"), None);
    assert_eq!(states("leaked"), Some(vec!["leaked"]));
    assert_eq!(states("state:leaked,suspect"), Some(vec!["leaked", "suspect"]));
    assert_eq!(states("!in-use"), Some(vec!["idle", "leaked", "suspect", "unknown"]));
    assert_eq!(states("state!=idle"), Some(vec!["in-use", "leaked", "suspect", "unknown"]));
}

#[test]
fn without_a_state_a_flag_is_a_word() {
    struct Names;
    impl Schema for Names {
        fn field(&self, name: &str) -> Option<Field> {
            Table.field(name).filter(|field| field.name == "name")
        }

        fn names(&self) -> Vec<&'static str> {
            vec!["name"]
        }
    }
    assert!(Filter::parse(&["leaked"], &Names).expect("a word").needs_all());
    assert!(Filter::parse(&["queue:5"], &Names).is_err());
}

#[test]
fn errors_name_the_text_and_the_way_out() {
    for (word, says) in [
        ("siez>1M", "`siez` is no field (did you mean size?): the fields are address, state, user"),
        ("foo:bar", "in quotes, `foo:bar` is a word"),
        ("Mesages:1", "did you mean messages?"),
        ("pid2:1", "did you mean pid?"),
        ("size>big", "`big` is no size for size: write size:1.5M, size>1.5M"),
        ("size>1X", "`1X`"),
        ("messages>1,2", "`1,2` is no number"),
        ("messages:-1", "`-1`"),
        ("age>2x", "`2x` is no age for age: write age>2d"),
        ("pid:0", "`0` is no process id for pid: write pid:812"),
        ("pid:self", "process id"),
        ("key:0xzz", "`0xzz` is no key for key: write key:0x4d2"),
        ("key:4294967296", "`4294967296`"),
        ("state:leakd", "`leakd` is no state (did you mean leaked?): it is one of in-use, idle"),
        ("state:leaked,foo", "`foo`"),
        ("user:", "`user:` lacks a value: write user:value"),
        ("!user:", "`!user:`"),
        ("user:a,,b", "lacks a value"),
        ("user:a,", "lacks a value"),
        ("size>", "size:1.5M"),
        ("user:\"\"", "lacks a value"),
        ("queue:", "`queue:` lacks a value"),
        ("", "empty filter word"),
        ("  ", "empty filter word"),
        ("!", "`!` is an empty"),
        ("!!", "`!!`"),
        ("\"\"", "empty filter word"),
        (">", "`>` lacks a field"),
        ("!:", "`!:` lacks a field"),
        ("size > ", "lacks a value"),
        ("\"abc", "not closed"),
        ("user:\"abc", "not closed"),
        ("user>alice", "`user>alice` compares what has no order: user takes only user:value"),
        ("name<=x", "no order"),
        ("pid>812", "no order"),
        ("key<0x5", "no order"),
        ("x\u{1b}[2J:5\"", r"\x1b"),
        ("size:\u{202e}1", r"\u{202e}1"),
    ] {
        let message = error(word);
        assert!(message.contains(says), "{word}: {message}");
        assert!(!message.contains(char::is_control) && !message.contains('\u{202e}'), "{message:?}");
    }
}

proptest! {
    #[test]
    fn never_panics(
        text: String,
        near in r#"!{0,2}(size|age|pid|key|user|name|state|queue|x)?[:=<>!]{0,2}"?[0-9a-z*,.\[\]\\ ]{0,8}"?"#,
    ) {
        for text in [text, near] {
            for filter in [Filter::parse(&[&text], &Table), Filter::parse_text(&text, &Table)] {
                match filter {
                    Ok(filter) => {
                        let _ = (filter.matches(&queue()), filter.matches(&pipe()), filter.states());
                    }
                    Err(error) => prop_assert!(!error.to_string().contains(char::is_control)),
                }
            }
        }
    }

    #[test]
    fn comparisons_agree_with_arithmetic(value: u32, limit: u32) {
        let mut row = pipe();
        row.0[4] = vec![Value::Number(value.into())];
        let is = |operator: &str| parse(&format!("messages{operator}{limit}")).matches(&row);
        prop_assert_eq!(is(">"), value > limit);
        prop_assert_eq!(is(">="), value >= limit);
        prop_assert_eq!(is("<"), value < limit);
        prop_assert_eq!(is("<="), value <= limit);
        prop_assert_eq!(is("="), value == limit);
        prop_assert_eq!(is("!="), value != limit);
    }

    #[test]
    fn quoted_text_is_found_literally(text in r#"[a-zA-Z0-9:=<>!*,"\\ é]{1,12}"#) {
        let escaped = text.replace('\\', r"\\").replace('"', "\\\"");
        let mut row = pipe();
        let shown: &'static str = Box::leak(text.into_boxed_str());
        row.0[3] = vec![Value::Text(shown)];
        let quoted = format!("\"{escaped}\"");
        prop_assert!(parse(&quoted).matches(&row));
        prop_assert!(Filter::parse_text(&quoted, &Table).expect("quoted").matches(&row));
        let exact = format!("name={quoted}");
        prop_assert!(parse(&exact).matches(&row));
    }
}
