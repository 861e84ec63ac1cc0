//! Parses JMESPath expressions with the grammar and the precedence of `jmespath.py`, which the AWS CLI uses.

use serde_json::Value;

use super::compare::Comparator;
use super::functions::{self, Fault, Function};

/// An expression. Its input is the current value.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Current,
    Literal(Value),
    Field(String),
    Index(i64),
    Slice(Slice),
    /// Applies each node to the result of the one before.
    Chain(Vec<Node>),
    /// Applies `each` to the selected elements. Null results are dropped.
    Projection {
        source: Source,
        each: Box<Node>,
    },
    Or(Vec<Node>),
    And(Vec<Node>),
    Not(Box<Node>),
    /// Compares `first` with the first of `rest`, that result with the second, and so on.
    Comparison {
        first: Box<Node>,
        rest: Vec<Comparison>,
    },
    MultiSelectList(Vec<Node>),
    MultiSelectHash(Vec<(String, Node)>),
    Call {
        function: &'static Function,
        arguments: Vec<Argument>,
        offset: usize,
    },
}

/// The elements that a projection selects from the current value.
#[derive(Clone, Debug)]
pub(super) enum Source {
    /// `[*]`
    Elements,
    /// `[?condition]`
    Filter(Box<Node>),
    /// `[]`
    Flatten,
    /// `*`
    Values,
}

/// `[start:stop:step]`
#[derive(Clone, Copy, Debug)]
pub(super) struct Slice {
    pub(super) start: Option<i64>,
    pub(super) stop: Option<i64>,
    pub(super) step: Option<i64>,
    pub(super) offset: usize,
}

/// The operator and the right-hand side of a comparison.
#[derive(Clone, Debug)]
pub(super) struct Comparison {
    pub(super) comparator: Comparator,
    pub(super) right: Node,
    pub(super) offset: usize,
}

/// An argument of a function.
#[derive(Clone, Debug)]
pub(super) enum Argument {
    Value(Node),
    /// `&expression`, which the function evaluates for each element.
    Expression(Node),
}

impl Node {
    /// Applies `next` to the result of this node.
    fn then(self, next: Self) -> Self {
        match self {
            Self::Chain(mut nodes) => {
                nodes.push(next);
                Self::Chain(nodes)
            }
            first => Self::Chain(vec![first, next]),
        }
    }

    fn project(self, source: Source, each: Self) -> Self {
        self.then(Self::Projection {
            source,
            each: Box::new(each),
        })
    }

    fn compare(self, comparison: Comparison) -> Self {
        match self {
            Self::Comparison { first, mut rest } => {
                rest.push(comparison);
                Self::Comparison { first, rest }
            }
            first => Self::Comparison {
                first: Box::new(first),
                rest: vec![comparison],
            },
        }
    }

    /// Whether this is `expression[0]`. In `jmespath.py` a slice after it is not projected.
    fn ends_with_index(&self) -> bool {
        match self {
            Self::Chain(nodes) => matches!(nodes.last(), Some(Self::Index(_) | Self::Slice(_))),
            _ => false,
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Name(String),
    QuotedName(String),
    Number(i64),
    Literal(Value),
    Symbol(&'static str),
    End,
}

/// A symbol precedes its own prefixes.
const SYMBOLS: [&str; 25] = [
    "[?", "[]", "||", "&&", "==", "!=", "<=", ">=", ".", "*", "[", "]", ",", ":", "@", "(", ")",
    "{", "}", "|", "&", "<", ">", "!", "=",
];

/// The maximum nesting of an expression: parser and evaluation recurse.
const MAX_DEPTH: usize = 100;

/// A token with a lower power ends a projection.
const PROJECTION_STOP: u8 = 10;

/// The binding powers of Pratt parsing, as in `jmespath.py`.
fn binding_power(token: &Token) -> u8 {
    let Token::Symbol(symbol) = token else {
        return 0;
    };
    match *symbol {
        "|" => 1,
        "||" => 2,
        "&&" => 3,
        "==" | "!=" | "<" | "<=" | ">" | ">=" => 5,
        "[]" => 9,
        "*" => 20,
        "[?" => 21,
        "." => 40,
        "!" => 45,
        "{" => 50,
        "[" => 55,
        "(" => 60,
        _ => 0,
    }
}

fn comparator(symbol: &str) -> Option<Comparator> {
    Some(match symbol {
        "==" => Comparator::Equal,
        "!=" => Comparator::NotEqual,
        "<" => Comparator::Less,
        "<=" => Comparator::LessOrEqual,
        ">" => Comparator::Greater,
        ">=" => Comparator::GreaterOrEqual,
        _ => return None,
    })
}

/// The tokens of an expression, with their offsets in bytes.
fn tokenize(expression: &str) -> Result<Vec<(usize, Token)>, Fault> {
    let mut tokens = Vec::new();
    let mut offset = 0;
    while let Some(first) = expression[offset..].chars().next() {
        let rest = &expression[offset..];
        let span = |accepts: fn(char) -> bool| {
            let end = rest[1..].find(|character| !accepts(character));
            &rest[..end.map_or(rest.len(), |end| end + 1)]
        };
        let (length, token) = match first {
            ' ' | '\t' | '\n' | '\r' => {
                offset += 1;
                continue;
            }
            'a'..='z' | 'A'..='Z' | '_' => {
                let name = span(|character| character.is_ascii_alphanumeric() || character == '_');
                (name.len(), Token::Name(name.to_owned()))
            }
            '0'..='9' | '-' => {
                let digits = span(|character| character.is_ascii_digit());
                if digits == "-" {
                    return Err((offset, "expected a number after '-'".to_owned()));
                }
                let limit = if first == '-' { i64::MIN } else { i64::MAX };
                (digits.len(), Token::Number(digits.parse().unwrap_or(limit)))
            }
            '"' | '\'' | '`' => quoted(rest, first, offset)?,
            _ => match SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol)) {
                Some(&"=") => {
                    return Err((offset, "'=' is not an operator; use '=='".to_owned()));
                }
                Some(symbol) => (symbol.len(), Token::Symbol(symbol)),
                None => return Err((offset, format!("unexpected character '{first}'"))),
            },
        };
        tokens.push((offset, token));
        offset += length;
    }
    tokens.push((offset, Token::End));
    Ok(tokens)
}

/// The length and the token of the quoted text at the start of `text`.
fn quoted(text: &str, quote: char, offset: usize) -> Result<(usize, Token), Fault> {
    let mut is_escaped = false;
    let end = text[1..].find(|character| {
        let is_end = character == quote && !is_escaped;
        is_escaped = character == '\\' && !is_escaped;
        is_end
    });
    let Some(end) = end else {
        return Err((offset, format!("missing closing {quote}")));
    };
    let content = &text[1..=end];
    let token = match quote {
        '\'' => Ok(Token::Literal(content.replace("\\'", "'").into())),
        '"' => serde_json::from_str(&text[..end + 2]).map(Token::QuotedName),
        _ => {
            let content = content.replace("\\`", "`");
            // Text that is not JSON is a string, as in `State==`running``, which the AWS CLI's documentation uses.
            serde_json::from_str(&content)
                .or_else(|_| serde_json::from_str(&format!("\"{}\"", content.trim_start())))
                .map(Token::Literal)
        }
    };
    match token {
        Ok(token) => Ok((end + 2, token)),
        Err(_) => Err((offset, format!("invalid JSON between {quote} and {quote}"))),
    }
}

/// Parses a complete expression.
pub(super) fn parse(expression: &str) -> Result<Node, Fault> {
    let mut parser = Parser {
        expression,
        tokens: tokenize(expression)?,
        position: 0,
        depth: 0,
    };
    let node = parser.expression(0)?;
    match parser.peek() {
        Token::End => Ok(node),
        _ => Err(parser.unexpected("an operator")),
    }
}

struct Parser<'e> {
    expression: &'e str,
    /// The last one is [`Token::End`].
    tokens: Vec<(usize, Token)>,
    position: usize,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> &Token {
        &self.tokens[self.position].1
    }

    fn peek_second(&self) -> &Token {
        self.tokens
            .get(self.position + 1)
            .map_or(&Token::End, |(_, token)| token)
    }

    fn offset(&self) -> usize {
        self.tokens[self.position].0
    }

    fn is_at(&self, symbol: &str) -> bool {
        matches!(self.peek(), Token::Symbol(next) if *next == symbol)
    }

    /// Returns the next token, and moves past it unless it is the end.
    fn advance(&mut self) -> Token {
        let token = self.peek().clone();
        if token != Token::End {
            self.position += 1;
        }
        token
    }

    /// Moves past `symbol` if it is next.
    fn skip(&mut self, symbol: &str) -> bool {
        let is_next = self.is_at(symbol);
        self.position += usize::from(is_next);
        is_next
    }

    fn require(&mut self, symbol: &str) -> Result<(), Fault> {
        match self.skip(symbol) {
            true => Ok(()),
            false => Err(self.unexpected(&format!("'{symbol}'"))),
        }
    }

    /// The error for the next token.
    fn unexpected(&self, expected: &str) -> Fault {
        let offset = self.offset();
        let message = match self.tokens.get(self.position + 1) {
            None => format!("expected {expected}, but the expression ends here"),
            Some((end, _)) => {
                let found = self.expression[offset..*end].trim_end();
                format!("expected {expected}, found {found}")
            }
        };
        (offset, message)
    }

    /// Parses an expression up to a token whose power is not higher than `power`.
    fn expression(&mut self, power: u8) -> Result<Node, Fault> {
        if self.depth == MAX_DEPTH {
            let message = format!("the expression has more than {MAX_DEPTH} levels of nesting");
            return Err((self.offset(), message));
        }
        self.depth += 1;
        let mut left = self.prefix()?;
        while power < binding_power(self.peek()) {
            left = self.infix(left)?;
        }
        self.depth -= 1;
        Ok(left)
    }

    /// Parses the start of an expression.
    fn prefix(&mut self) -> Result<Node, Fault> {
        let start = self.position;
        let current = Node::Chain(Vec::new());
        match self.advance() {
            Token::Literal(value) => Ok(Node::Literal(value)),
            Token::QuotedName(_) if self.is_at("(") => {
                let message = "the name of a function cannot be in quotes";
                Err((self.tokens[start].0, message.to_owned()))
            }
            Token::Name(name) | Token::QuotedName(name) => Ok(Node::Field(name)),
            Token::Symbol("@") => Ok(Node::Current),
            Token::Symbol("*") => Ok(current.project(Source::Values, self.projected(20)?)),
            Token::Symbol("!") => Ok(Node::Not(Box::new(self.expression(45)?))),
            Token::Symbol("{") => self.multi_select_hash(),
            Token::Symbol("(") => {
                let inner = self.expression(0)?;
                self.require(")")?;
                Ok(inner)
            }
            Token::Symbol("[") => match (self.peek(), self.peek_second()) {
                (Token::Number(_) | Token::Symbol(":"), _)
                | (Token::Symbol("*"), Token::Symbol("]")) => self.bracket(current),
                _ => self.multi_select_list(),
            },
            Token::Symbol("[]") => Ok(current.project(Source::Flatten, self.projected(9)?)),
            Token::Symbol("[?") => self.filter(current),
            Token::Symbol("&") => {
                let message = "'&' is valid only before an argument of a function";
                Err((self.tokens[start].0, message.to_owned()))
            }
            _ => {
                self.position = start;
                Err(self.unexpected("an expression"))
            }
        }
    }

    /// Parses an operator after `left`, and its right-hand side.
    fn infix(&mut self, left: Node) -> Result<Node, Fault> {
        let (power, offset, start) = (binding_power(self.peek()), self.offset(), self.position);
        let Token::Symbol(symbol) = self.advance() else {
            return Err(self.unexpected("an operator"));
        };
        if let Some(comparator) = comparator(symbol) {
            let right = self.expression(power)?;
            return Ok(left.compare(Comparison {
                comparator,
                right,
                offset,
            }));
        }
        match symbol {
            "." if self.skip("*") => Ok(left.project(Source::Values, self.projected(power)?)),
            "." => Ok(left.then(self.after_dot(power)?)),
            "|" => Ok(left.then(self.expression(power)?)),
            "||" => {
                let mut nodes = match left {
                    Node::Or(nodes) => nodes,
                    left => vec![left],
                };
                nodes.push(self.expression(power)?);
                Ok(Node::Or(nodes))
            }
            "&&" => {
                let mut nodes = match left {
                    Node::And(nodes) => nodes,
                    left => vec![left],
                };
                nodes.push(self.expression(power)?);
                Ok(Node::And(nodes))
            }
            "(" => self.call(left),
            "[" => self.bracket(left),
            "[]" => Ok(left.project(Source::Flatten, self.projected(power)?)),
            "[?" => self.filter(left),
            _ => {
                self.position = start;
                Err(self.unexpected("an operator"))
            }
        }
    }

    fn filter(&mut self, left: Node) -> Result<Node, Fault> {
        let condition = self.expression(0)?;
        self.require("]")?;
        Ok(left.project(Source::Filter(Box::new(condition)), self.projected(21)?))
    }

    /// Parses what a projection applies to each element.
    fn projected(&mut self, power: u8) -> Result<Node, Fault> {
        if binding_power(self.peek()) < PROJECTION_STOP {
            Ok(Node::Current)
        } else if self.is_at("[") || self.is_at("[?") {
            self.expression(power)
        } else {
            self.require(".")?;
            self.after_dot(power)
        }
    }

    fn after_dot(&mut self, power: u8) -> Result<Node, Fault> {
        match self.peek() {
            Token::Name(_) | Token::QuotedName(_) | Token::Symbol("*") => self.expression(power),
            Token::Symbol("[") => {
                self.advance();
                self.multi_select_list()
            }
            Token::Symbol("{") => {
                self.advance();
                self.multi_select_hash()
            }
            _ => Err(self.unexpected("a name, '*', '[' or '{' after '.'")),
        }
    }

    /// Parses `0]`, `0:2:1]` or `*]`.
    fn bracket(&mut self, left: Node) -> Result<Node, Fault> {
        let offset = self.tokens[self.position - 1].0;
        match (self.peek(), self.peek_second()) {
            (Token::Symbol(":"), _) | (Token::Number(_), Token::Symbol(":")) => {
                let is_index = left.ends_with_index();
                let slice = left.then(Node::Slice(self.slice(offset)?));
                match is_index {
                    true => Ok(slice),
                    false => Ok(slice.project(Source::Elements, self.projected(20)?)),
                }
            }
            (&Token::Number(index), _) => {
                self.advance();
                self.require("]")?;
                Ok(left.then(Node::Index(index)))
            }
            (Token::Symbol("*"), _) => {
                self.advance();
                self.require("]")?;
                Ok(left.project(Source::Elements, self.projected(20)?))
            }
            _ => Err(self.unexpected("a number, ':' or '*' after '['")),
        }
    }

    fn slice(&mut self, offset: usize) -> Result<Slice, Fault> {
        let mut parts = [None; 3];
        let mut part = 0;
        while !self.skip("]") {
            match self.peek() {
                Token::Number(number) => parts[part] = Some(*number),
                Token::Symbol(":") if part < 2 => part += 1,
                _ => return Err(self.unexpected("a number or ']'")),
            }
            self.advance();
        }
        let [start, stop, step] = parts;
        Ok(Slice {
            start,
            stop,
            step,
            offset,
        })
    }

    fn multi_select_list(&mut self) -> Result<Node, Fault> {
        let mut nodes = vec![self.expression(0)?];
        while !self.skip("]") {
            if !self.skip(",") {
                return Err(self.unexpected("',' or ']'"));
            }
            nodes.push(self.expression(0)?);
        }
        Ok(Node::MultiSelectList(nodes))
    }

    fn multi_select_hash(&mut self) -> Result<Node, Fault> {
        let mut members = Vec::new();
        loop {
            let (Token::Name(key) | Token::QuotedName(key)) = self.peek().clone() else {
                return Err(self.unexpected("a key"));
            };
            self.advance();
            self.require(":")?;
            members.push((key, self.expression(0)?));
            // As in `jmespath.py`, the comma is optional.
            if self.skip(",") {
                continue;
            }
            if self.skip("}") {
                return Ok(Node::MultiSelectHash(members));
            }
            if *self.peek() == Token::End {
                return Err(self.unexpected("',' or '}'"));
            }
        }
    }

    /// Parses the arguments of a function and the closing parenthesis.
    fn call(&mut self, name: Node) -> Result<Node, Fault> {
        let offset = self.tokens[self.position.saturating_sub(2)].0;
        let Node::Field(name) = name else {
            return Err((
                offset,
                "expected the name of a function before '('".to_owned(),
            ));
        };
        let Some(function) = functions::find(&name) else {
            return Err((offset, format!("there is no function \"{name}\"")));
        };
        let mut arguments = Vec::new();
        while !self.skip(")") {
            arguments.push(match self.skip("&") {
                true => Argument::Expression(self.expression(0)?),
                false => Argument::Value(self.expression(0)?),
            });
            // As in `jmespath.py`, the comma is optional.
            if !self.skip(",") && *self.peek() == Token::End {
                return Err(self.unexpected("',' or ')'"));
            }
        }
        function
            .check_arity(arguments.len())
            .map_err(|message| (offset, message))?;
        Ok(Node::Call {
            function,
            arguments,
            offset,
        })
    }
}
