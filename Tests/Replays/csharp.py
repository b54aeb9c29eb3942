# SPDX-License-Identifier: Apache-2.0
"""Runs the part of C# that Http11Probe's test cases are written in: object initialisers, lambdas, patterns, strings.

Nothing of the language beyond that; an unknown construct stops with the place. Values are Python's: `null` is None,
`byte[]` is bytearray, objects are `Thing`s with attributes, methods of strings and lists are in `members`.
"""
import re

TOKEN = re.compile(r'''
    (?P<space>\s+|//[^\n]*|/\*.*?\*/)
  | (?P<interpolated>\$"(?:[^"\\{]|\\.|\{\{|\{(?:[^{}"]|"(?:[^"\\]|\\.)*")*\})*")
  | (?P<string>"(?:[^"\\]|\\.)*"(?:u8)?)
  | (?P<char>'(?:[^'\\]|\\[^x']|\\x[0-9a-fA-F]+|\\')')
  | (?P<number>0[xX][0-9a-fA-F_]+|0b[01_]+|\d[\d_]*)
  | (?P<name>@?[A-Za-z_]\w*)
  | (?P<op>=>|\?\?=|\?\?|\?\.|\.\.|&&|\|\||==|!=|<=|>=|\+\+|--|\+=|-=|[-+*/%<>=!?:;,.(){}\[\]^&|])
''', re.X | re.S)
ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "0": "\0", "\\": "\\", '"': '"', "'": "'", "f": "\f", "v": "\v", "a": "\a"}


class Unsupported(Exception):
    pass


class Returned(Exception):
    def __init__(self, value):
        self.value = value


class Broken(Exception):
    pass


class Continued(Exception):
    pass


class Thing:
    """An object made by an initialiser, or a plain bag of attributes."""

    def __init__(self, kind, **fields):
        self.kind = kind
        self.__dict__.update(fields)

    def __getattr__(self, name):
        return None


def unescape(text):
    def one(match):
        body = match.group(1)
        if body[0] in "xu":
            return chr(int(body[1:], 16))
        return ESCAPES[body]
    return re.sub(r'\\(x[0-9a-fA-F]{1,4}|u[0-9a-fA-F]{4}|.)', one, text)


def tokenize(source):
    tokens, position = [], 0
    while position < len(source):
        match = TOKEN.match(source, position)
        if not match:
            raise Unsupported(f"no token at {source[position:position + 40]!r}")
        position = match.end()
        kind, text = match.lastgroup, match.group()
        if kind == "string":
            value = unescape(text[1:text.rindex('"')])
            tokens.append(("literal", value.encode("utf-8") if text.endswith("u8") else value))
        elif kind == "char":
            tokens.append(("literal", unescape(text[1:-1])))
        elif kind == "number":
            tokens.append(("literal", int(text.replace("_", ""), 0)))
        elif kind == "interpolated":
            tokens.append(("interpolated", text[2:-1]))
        elif kind == "name":
            tokens.append(("name", text.lstrip("@")))
        elif kind == "op":
            tokens.append(("op", text))
    return tokens + [("end", "")]


class Parser:
    def __init__(self, tokens):
        self.tokens, self.at = tokens, 0

    def peek(self, ahead=0):
        return self.tokens[min(self.at + ahead, len(self.tokens) - 1)]

    def next(self):
        token = self.tokens[self.at]
        self.at += 1
        return token

    def has(self, text, ahead=0):
        kind, value = self.peek(ahead)
        return kind in ("op", "name") and value == text

    def take(self, text):
        if self.has(text):
            self.at += 1
            return True
        return False

    def expect(self, text):
        if not self.take(text):
            near = " ".join(str(t[1]) for t in self.tokens[max(0, self.at - 8):self.at + 8])
            raise Unsupported(f"expected {text!r} near: {near}")

    # Statements

    def block(self):
        self.expect("{")
        body = []
        while not self.take("}"):
            body.append(self.statement())
        return ("block", body)

    def body(self):
        return self.block() if self.has("{") else self.statement()

    def statement(self):
        if self.has("{"):
            return self.block()
        if self.take("if"):
            self.expect("(")
            test = self.expression()
            self.expect(")")
            then = self.body()
            return ("if", test, then, self.body() if self.take("else") else None)
        if self.take("while"):
            self.expect("(")
            test = self.expression()
            self.expect(")")
            return ("while", test, self.body())
        if self.take("for"):
            self.expect("(")
            first = self.statement()
            test = self.expression()
            self.expect(";")
            step = self.expression()
            self.expect(")")
            return ("block", [first, ("while", test, ("block", [self.body(), ("expression", step)]))])
        if self.take("foreach"):
            self.expect("(")
            self.expect("var")
            names = self.names()
            self.expect("in")
            source = self.expression()
            self.expect(")")
            return ("foreach", names, source, self.body())
        if self.take("yield"):
            self.expect("return")
            value = self.expression()
            self.expect(";")
            return ("yield", value)
        if self.take("return"):
            value = None if self.has(";") else self.expression()
            self.expect(";")
            return ("return", value)
        for word in ("break", "continue"):
            if self.take(word):
                self.expect(";")
                return (word,)
        self.take("const")
        if self.is_declaration():
            names = self.names() if self.take("var") else (self.type(), [self.next()[1]])[1]
            value = self.expression() if self.take("=") else ("literal", None)
            self.expect(";")
            return ("declare", names, value)
        value = self.expression()
        self.expect(";")
        return ("expression", value)

    def names(self):
        if self.take("("):
            names = []
            while not self.take(")"):
                names.append(self.next()[1])
                self.take(",")
            return names
        return [self.next()[1]]

    def is_declaration(self):
        if self.has("var"):
            return True
        start, self_at = self.at, self.at
        try:
            if self.peek()[0] != "name" or self.peek()[1] in ("new", "await"):
                return False
            self.type()
            return self.peek()[0] == "name" and self.has("=", 1)
        except Unsupported:
            return False
        finally:
            self.at = self_at if self_at == start else start

    def type(self):
        name = self.next()[1]
        while self.take("."):
            name = self.next()[1]
        if self.take("<"):
            depth = 1
            while depth:
                kind, text = self.next()
                if kind == "end":
                    raise Unsupported("an open type")
                depth += (text == "<") - (text == ">")
        self.take("?")
        while self.has("[") and self.has("]", 1):
            self.at += 2
            self.take("?")
        return name

    # Expressions, loosest first

    def expression(self):
        if self.is_lambda():
            return self.lambda_()
        left = self.conditional()
        for op in ("=", "+=", "-=", "??="):
            if self.take(op):
                return ("assign", op, left, self.expression())
        return left

    def is_lambda(self):
        if self.peek()[0] == "name" and self.has("=>", 1):
            return True
        if not self.has("("):
            return False
        depth, ahead = 0, 0
        while True:
            kind, text = self.peek(ahead)
            if kind == "end":
                return False
            if kind == "op":
                depth += (text == "(") - (text == ")")
            ahead += 1
            if depth == 0:
                return self.has("=>", ahead)

    def lambda_(self):
        names = self.names()
        self.expect("=>")
        body = self.block() if self.has("{") else ("return", self.expression())
        return ("lambda", names, body)

    def conditional(self):
        test = self.coalesce()
        if self.take("?"):
            then = self.expression()
            self.expect(":")
            return ("if-else", test, then, self.expression())
        return test

    def coalesce(self):
        left = self.either()
        if self.take("??"):
            return ("coalesce", left, self.coalesce())
        return left

    def either(self):
        left = self.both()
        while self.take("||"):
            left = ("or", left, self.both())
        return left

    def both(self):
        left = self.equality()
        while self.take("&&"):
            left = ("and", left, self.equality())
        return left

    def equality(self):
        left = self.comparison()
        while self.has("==") or self.has("!="):
            op = self.next()[1]
            left = ("binary", op, left, self.comparison())
        return left

    def comparison(self):
        left = self.sum()
        while True:
            if self.take("is"):
                left = ("is", left, self.pattern())
            elif self.has("<") or self.has(">") or self.has("<=") or self.has(">="):
                left = ("binary", self.next()[1], left, self.sum())
            else:
                return left

    def pattern(self):
        left = self.pattern_both()
        while self.take("or"):
            left = ("or", left, self.pattern_both())
        return left

    def pattern_both(self):
        left = self.pattern_one()
        while self.take("and"):
            left = ("and", left, self.pattern_one())
        return left

    def pattern_one(self):
        if self.take("not"):
            return ("not", self.pattern_one())
        if self.take("("):
            inner = self.pattern()
            self.expect(")")
            return inner
        for op in ("<=", ">=", "<", ">"):
            if self.take(op):
                return ("compare", op, self.sum())
        if self.take("{"):
            fields = []
            while not self.take("}"):
                name = self.next()[1]
                while self.take("."):
                    name += "." + self.next()[1]
                self.expect(":")
                fields.append((name, self.pattern()))
                self.take(",")
            return ("fields", fields)
        return ("equal", self.sum())

    def sum(self):
        left = self.product()
        while self.has("+") or self.has("-"):
            left = ("binary", self.next()[1], left, self.product())
        return left

    def product(self):
        left = self.unary()
        while self.has("*") or self.has("/") or self.has("%"):
            left = ("binary", self.next()[1], left, self.unary())
        return left

    def unary(self):
        for op in ("!", "-", "^"):
            if self.take(op):
                return ("unary", op, self.unary())
        if self.has("(") and self.peek(1)[1] in ("byte", "int", "char") and self.has(")", 2):
            self.at += 3
            return self.unary()
        return self.postfix()

    def postfix(self):
        value = self.primary()
        while True:
            if self.take("?."):
                value = ("safe-member", value, self.next()[1])
            elif self.take("."):
                value = ("member", value, self.next()[1])
            elif self.take("("):
                value = ("call", value, self.arguments(")"))
            elif self.has("["):
                self.next()
                value = ("index", value, self.index())
            elif self.has("++") or self.has("--"):
                value = ("step", self.next()[1], value)
            elif self.has("!") and self.peek(1)[1] in (".", ")", ",", ";", "["):
                self.next()
            else:
                return value

    def index(self):
        low = None if self.has("..") else self.expression()
        if self.take(".."):
            high = None if self.has("]") else self.expression()
            self.expect("]")
            return ("range", low, high)
        self.expect("]")
        return low

    def arguments(self, close):
        values = []
        while not self.take(close):
            if self.peek()[0] == "name" and self.has(":", 1) and not self.has("?", 2):
                self.at += 2
            if self.take("out"):
                self.take("var")
                values.append(("out", self.next()[1]))
            else:
                values.append(self.expression())
            self.take(",")
        return values

    def primary(self):
        kind, text = self.next()
        if kind == "literal":
            return ("literal", text)
        if kind == "interpolated":
            return ("interpolated", interpolation(text))
        if text == "(":
            inner = self.expression()
            if self.has(","):
                items = [inner]
                while self.take(","):
                    items.append(self.expression())
                self.expect(")")
                return ("list", items)
            self.expect(")")
            return inner
        if text == "[":
            return ("list", self.arguments("]"))
        if kind == "name":
            if text in ("true", "false", "null"):
                return ("literal", {"true": True, "false": False, "null": None}[text])
            if text == "new":
                return self.creation()
            if text == "int" or text == "string":
                return ("name", text)
            return ("name", text)
        near = " ".join(str(t[1]) for t in self.tokens[max(0, self.at - 8):self.at + 8])
        raise Unsupported(f"no expression near: {near}")

    def creation(self):
        if self.has("[") and self.has("]", 1):
            self.at += 2
            self.expect("{")
            return ("list", self.arguments("}"))
        kind = ""
        if not self.has("("):
            kind = self.next()[1]
            while self.take("."):
                kind = self.next()[1]
            if self.take("<"):
                depth = 1
                while depth:
                    text = self.next()[1]
                    depth += (text == "<") - (text == ">")
            if self.take("["):
                if self.take("]"):
                    self.expect("{")
                    return ("list", self.arguments("}"))
                size = self.expression()
                self.expect("]")
                return ("array", size)
        arguments = self.arguments(")") if self.take("(") else []
        fields = []
        if self.take("{"):
            while not self.take("}"):
                name = self.next()[1]
                self.expect("=")
                fields.append((name, self.expression()))
                self.take(",")
        return ("new", kind, arguments, fields)


def interpolation(text):
    """Literal texts and (expression, format) in turn."""
    parts, position, literal = [], 0, ""
    while position < len(text):
        if text.startswith("{{", position) or text.startswith("}}", position):
            literal += text[position]
            position += 2
        elif text[position] == "{":
            depth, end, quoted = 1, position + 1, False
            while depth:
                if text[end] == '"' and text[end - 1] != "\\":
                    quoted = not quoted
                if not quoted:
                    depth += (text[end] == "{") - (text[end] == "}")
                end += 1
            inner = text[position + 1:end - 1]
            style = re.search(r":([A-Za-z]\d*)$", inner)
            if style:
                inner = inner[:style.start()]
            parts += [literal, (Parser(tokenize(inner)).expression(), style.group(1) if style else "")]
            literal, position = "", end
        elif text[position] == "\\":
            match = re.match(r"\\(x[0-9a-fA-F]{1,4}|u[0-9a-fA-F]{4}|.)", text[position:])
            literal += unescape(match.group())
            position += match.end()
        else:
            literal += text[position]
            position += 1
    return parts + [literal]
