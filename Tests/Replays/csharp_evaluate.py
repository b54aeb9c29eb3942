# SPDX-License-Identifier: Apache-2.0
"""Evaluates what `csharp.Parser` has read."""
import email.utils
import random
import re

from csharp import Broken, Continued, Parser, Returned, Thing, Unsupported, tokenize


class Enumeration:
    """`TestVerdict.Pass` and the like are their own names."""

    def __init__(self, name):
        self.name = name

    def __getattr__(self, member):
        return member


class StatusRange(Thing):
    def contains(self, code):
        return self.low <= code <= self.high


def status_range(low, high):
    return StatusRange("StatusCodeRange", low=low, high=high)


class Members:
    """The methods and properties of .NET that the cases use, on Python's values."""

    @staticmethod
    def encode(name, text):
        if name in ("ASCII", "Latin1"):
            return bytearray(ord(c) if ord(c) < (128 if name == "ASCII" else 256) else 63 for c in text)
        return bytearray(text.encode("utf-8"))

    @staticmethod
    def folded(a, b, options):
        if any(o in ("OrdinalIgnoreCase", "InvariantCultureIgnoreCase") for o in options if isinstance(o, str)):
            return a.lower(), b.lower()
        return a, b

    @staticmethod
    def string(value, name, args):
        if name == "Length":
            return len(value)
        rest = args[1:]
        if name in ("Contains", "StartsWith", "EndsWith", "Equals"):
            a, b = Members.folded(value, args[0], rest)
            return {"Contains": b in a, "StartsWith": a.startswith(b), "EndsWith": a.endswith(b),
                    "Equals": a == b}[name]
        if name == "IndexOf":
            start = next((x for x in rest if isinstance(x, int)), 0)
            a, b = Members.folded(value, args[0], rest)
            return a.find(b, start)
        if name in ("Trim", "TrimEnd", "TrimStart"):
            characters = "".join(args) or None
            return {"Trim": value.strip, "TrimEnd": value.rstrip, "TrimStart": value.lstrip}[name](characters)
        if name == "Split":
            parts = value.split(args[0])
            return [p for p in parts if p] if "RemoveEmptyEntries" in rest else parts
        if name == "Any":
            return any(args[0](c) for c in value)
        if name == "ToString":
            return value
        if name in ("ToLowerInvariant", "ToLower"):
            return value.lower()
        if name == "Replace":
            return value.replace(args[0], args[1])
        raise Unsupported(f"string.{name}")

    @staticmethod
    def sequence(value, name, args):
        if name in ("Length", "Count") and not args:
            return len(value)
        if name == "Count":
            return sum(1 for x in value if args[0](x))
        if name == "CopyTo":
            args[0][args[1]:args[1] + len(value)] = value
            return None
        if name == "Any":
            return any(args[0](x) for x in value) if args else bool(value)
        if name == "All":
            return all(args[0](x) for x in value)
        if name == "Add":
            return value.append(args[0])
        if name == "Select":
            return [args[0](x) for x in value]
        if name in ("ToArray", "ToList"):
            return type(value)(value)
        if name == "Concat":
            return bytearray(value) + bytearray(args[0])
        raise Unsupported(f"sequence.{name}")

    @staticmethod
    def dictionary(value, name, args):
        key = next((k for k in value if k.lower() == str(args[0]).lower()), None) if args else None
        if name == "ContainsKey":
            return key is not None
        if name == "TryGetValue":
            return (key is not None, value.get(key))
        if name == "Count":
            return len(value)
        raise Unsupported(f"dictionary.{name}")


def statics():
    """Static members by their written name."""
    table = {
        "StatusCodeRange.Exact": lambda code: status_range(code, code),
        "StatusCodeRange.Range": status_range,
        "StatusCodeRange.Range2xx": status_range(200, 299),
        "StatusCodeRange.Range4xx": status_range(400, 499),
        "StatusCodeRange.Range4xxOr5xx": status_range(400, 599),
        "string.IsNullOrEmpty": lambda text: not text,
        "string.IsNullOrWhiteSpace": lambda text: not text or not text.strip(),
        "string.Join": lambda separator, parts: separator.join(parts),
        "string.Equals": lambda a, b, *options: (lambda p: p[0] == p[1])(Members.folded(a, b, options)),
        "Enumerable.Range": lambda start, count: list(range(start, start + count)),
        "TimeSpan.FromMilliseconds": lambda ms: ms / 1000,
        "TimeSpan.FromSeconds": lambda s: s,
        "TimeSpan.Zero": 0,
        "int.TryParse": lambda text, *_: Members_try_int(text, 16 if "HexNumber" in _ else 10),
        "DateTime.TryParseExact": lambda text, *_: (email.utils.parsedate(text) is not None, None),
        "Array.Empty": lambda: bytearray(),
    }
    for encoding in ("ASCII", "UTF8", "Latin1"):
        table[f"Encoding.{encoding}.GetBytes"] = lambda text, e=encoding: Members.encode(e, text)
        table[f"Encoding.{encoding}.GetByteCount"] = lambda text, e=encoding: len(Members.encode(e, text))
    return table


def Members_try_int(text, base):
    return (bool(re.fullmatch(r"[0-9a-fA-F]+" if base == 16 else r"[+-]?\d+", text)),
            int(text, base) if re.fullmatch(r"[0-9a-fA-F]+", text) else 0)


ENUMERATIONS = ("TestVerdict", "TestCategory", "ConnectionState", "RfcLevel", "StringComparison", "StringSplitOptions",
                "StringComparer", "NumberStyles", "CultureInfo", "DateTimeStyles")


class Suite:
    """The static class of one file: constants and functions, callable from Python by name."""

    def __init__(self, source):
        self.statics = statics()
        self.members = {}
        parser = Parser(tokenize(source))
        while not parser.take("class"):
            parser.next()
        parser.next()
        parser.expect("{")
        while not parser.take("}"):
            self.member(parser)

    def member(self, parser):
        while parser.peek()[1] in ("private", "public", "internal", "static", "const", "readonly"):
            parser.next()
        if parser.has("("):
            depth = 0
            while True:
                text = parser.next()[1]
                depth += (text == "(") - (text == ")")
                if depth == 0:
                    break
        else:
            parser.type()
        name = parser.next()[1]
        if parser.take("="):
            self.members[name] = self.evaluate(parser.expression(), {})
            parser.expect(";")
            return
        parser.expect("(")
        names, variadic = [], False
        while not parser.take(")"):
            variadic |= parser.take("params")
            parser.type()
            names.append(parser.next()[1])
            parser.take(",")
        if parser.take("=>"):
            body = ("return", parser.expression())
            parser.expect(";")
        else:
            body = parser.block()
        self.members[name] = self.function(names, body, {}, variadic)

    def function(self, names, body, scope, variadic=False):
        def call(*arguments):
            local = dict(scope)
            if variadic:
                fixed = len(names) - 1
                arguments = list(arguments[:fixed]) + [list(arguments[fixed:])]
            # A lambda sees later changes of the variables around it only through lists, which is enough here.
            local.update(zip(names, arguments))
            local["yielded"] = []
            try:
                self.execute(body, local)
            except Returned as returned:
                return returned.value
            return local["yielded"]
        return call

    # Statements

    def execute(self, node, scope):
        kind = node[0]
        if kind == "block":
            for inner in node[1]:
                self.execute(inner, scope)
        elif kind == "if":
            if self.evaluate(node[1], scope):
                self.execute(node[2], scope)
            elif node[3]:
                self.execute(node[3], scope)
        elif kind == "while":
            while self.evaluate(node[1], scope):
                try:
                    self.execute(node[2], scope)
                except Broken:
                    break
                except Continued:
                    continue
        elif kind == "foreach":
            values = self.evaluate(node[2], scope)
            pairs = [Thing("pair", Key=k, Value=v) for k, v in values.items()] if isinstance(values, dict) else values
            for value in pairs:
                if len(node[1]) == 2:
                    scope.update(zip(node[1], (value.Key, value.Value)))
                else:
                    scope[node[1][0]] = value
                try:
                    self.execute(node[3], scope)
                except Broken:
                    break
                except Continued:
                    continue
        elif kind == "return":
            raise Returned(self.evaluate(node[1], scope) if node[1] else None)
        elif kind == "yield":
            scope["yielded"].append(self.evaluate(node[1], scope))
        elif kind == "break":
            raise Broken()
        elif kind == "continue":
            raise Continued()
        elif kind == "declare":
            value = self.evaluate(node[2], scope)
            if len(node[1]) == 1:
                scope[node[1][0]] = value
            else:
                scope.update(zip(node[1], value))
        else:
            self.evaluate(node[1], scope)

    # Expressions

    def evaluate(self, node, scope):
        return getattr(self, "on_" + node[0].replace("-", "_"))(node, scope)

    def on_literal(self, node, scope):
        return bytearray(node[1]) if isinstance(node[1], bytes) else node[1]

    def on_interpolated(self, node, scope):
        text = ""
        for part in node[1]:
            if isinstance(part, str):
                text += part
            else:
                value = self.evaluate(part[0], scope)
                if part[1][:1] in ("x", "X"):
                    value = format(value, "0" + part[1][1:] + part[1][0] if part[1][1:] else part[1])
                text += "" if value is None else str(value)
        return text

    def on_name(self, node, scope):
        name = node[1]
        if name in scope:
            return scope[name]
        if name in self.members:
            return self.members[name]
        if name in ENUMERATIONS:
            return Enumeration(name)
        raise Unsupported(f"the name {name}")

    def on_list(self, node, scope):
        values = [self.evaluate(item, scope) for item in node[1]]
        return bytearray(values) if values and all(isinstance(v, int) for v in values) else values

    def on_array(self, node, scope):
        return bytearray(self.evaluate(node[1], scope))

    def on_new(self, node, scope):
        _, kind, arguments, fields = node
        values = [self.evaluate(a, scope) for a in arguments]
        if kind == "string":
            return values[0] * values[1]
        if kind in ("Dictionary", "List"):
            return {} if kind == "Dictionary" else []
        if kind == "StringBuilder":
            return Thing(kind, text="")
        if kind == "Random":
            return random.Random(values[0])
        return Thing(kind, **{name: self.evaluate(value, scope) for name, value in fields})

    def on_lambda(self, node, scope):
        return self.function(node[1], node[2], scope)

    def on_if_else(self, node, scope):
        return self.evaluate(node[2] if self.evaluate(node[1], scope) else node[3], scope)

    def on_coalesce(self, node, scope):
        left = self.evaluate(node[1], scope)
        return self.evaluate(node[2], scope) if left is None else left

    def on_or(self, node, scope):
        return self.evaluate(node[1], scope) or self.evaluate(node[2], scope)

    def on_and(self, node, scope):
        return self.evaluate(node[1], scope) and self.evaluate(node[2], scope)

    def on_unary(self, node, scope):
        value = self.evaluate(node[2], scope)
        return {"!": lambda: not value, "-": lambda: -value, "^": lambda: ("from end", value)}[node[1]]()

    def on_binary(self, node, scope):
        left, right = self.evaluate(node[2], scope), self.evaluate(node[3], scope)
        op = node[1]
        if op == "+":
            if isinstance(left, str) or isinstance(right, str):
                return str("" if left is None else left) + str("" if right is None else right)
            return left + right
        return {"-": lambda: left - right, "*": lambda: left * right, "/": lambda: left // right,
                "%": lambda: left % right, "==": lambda: left == right, "!=": lambda: left != right,
                "<": lambda: left < right, ">": lambda: left > right, "<=": lambda: left <= right,
                ">=": lambda: left >= right}[op]()

    def on_assign(self, node, scope):
        _, op, target, source = node
        value = self.evaluate(source, scope)
        if op != "=":
            value = self.evaluate(("binary", op[0], target, ("literal", value)), scope)
        if target[0] == "name":
            scope[target[1]] = value
        else:
            self.evaluate(target[1], scope)[self.evaluate(target[2], scope)] = value
        return value

    def on_step(self, node, scope):
        before = scope[node[2][1]]
        scope[node[2][1]] = before + (1 if node[1] == "++" else -1)
        return before

    def on_index(self, node, scope):
        value = self.evaluate(node[1], scope)

        def place(part, otherwise):
            if part is None:
                return otherwise
            index = self.evaluate(part, scope)
            return len(value) - index[1] if isinstance(index, tuple) else index
        if node[2][0] == "range":
            return value[place(node[2][1], 0):place(node[2][2], len(value))]
        return value[place(node[2], 0)]

    def on_is(self, node, scope):
        return self.matches(self.evaluate(node[1], scope), node[2], scope)

    def matches(self, value, pattern, scope):
        kind = pattern[0]
        if kind == "or":
            return self.matches(value, pattern[1], scope) or self.matches(value, pattern[2], scope)
        if kind == "and":
            return self.matches(value, pattern[1], scope) and self.matches(value, pattern[2], scope)
        if kind == "not":
            return not self.matches(value, pattern[1], scope)
        if kind == "fields":
            return value is not None and all(self.matches(self.path(value, f), p, scope) for f, p in pattern[1])
        other = self.evaluate(pattern[1] if kind == "equal" else pattern[2], scope)
        if kind == "equal":
            return value == other
        if value is None:
            return False
        return {"<": value < other, ">": value > other, "<=": value <= other, ">=": value >= other}[pattern[1]]

    def path(self, value, names):
        for name in names.split("."):
            value = None if value is None else getattr(value, name)
        return value

    def on_safe_member(self, node, scope):
        value = self.evaluate(node[1], scope)
        return None if value is None else self.member_of(value, node[2])

    def on_member(self, node, scope):
        name = self.written(node)
        if name in self.statics:
            return self.statics[name]
        if name and name.split(".")[-2] in ENUMERATIONS:
            return node[2]
        return self.member_of(self.evaluate(node[1], scope), node[2])

    def written(self, node):
        if node[0] == "name":
            return node[1]
        if node[0] == "member":
            before = self.written(node[1])
            return before and before + "." + node[2]
        return None

    def member_of(self, value, name):
        if value is None:
            raise Unsupported(f"{name} of null")
        if isinstance(value, Thing):
            if value.kind == "StringBuilder" and name in ("Append", "ToString"):
                return self.builder(value, name)
            return getattr(value, name)
        if isinstance(value, Enumeration):
            return name
        if isinstance(value, random.Random):
            return lambda target: target.__setitem__(slice(None), value.randbytes(len(target)))
        if isinstance(value, int):
            return lambda style="": format(value, style.lower()[:1] or "d") if name == "ToString" else value
        family = {str: Members.string, dict: Members.dictionary}.get(type(value), Members.sequence)
        if name in ("Length", "Count"):
            return Counted(len(value), lambda *a: family(value, name, a))
        return lambda *arguments: family(value, name, arguments)

    @staticmethod
    def builder(value, name):
        if name == "ToString":
            return lambda: value.text

        def append(text):
            value.text += text
            return value
        return append

    def on_call(self, node, scope):
        out = [a[1] for a in node[2] if a[0] == "out"]
        arguments = [self.evaluate(a, scope) for a in node[2] if a[0] != "out"]
        callee = node[1]
        if callee[0] == "safe-member" and self.evaluate(callee[1], scope) is None:
            return None
        function = self.evaluate(callee, scope)
        result = function(*arguments)
        if out:
            scope[out[0]] = result[1]
            return result[0]
        return result


class Counted(int):
    """`Count` is a property of lists and a method of sequences."""

    def __new__(cls, number, method):
        counted = super().__new__(cls, number)
        counted.method = method
        return counted

    def __call__(self, *arguments):
        return self.method(*arguments)
