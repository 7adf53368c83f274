/**
 * Evaluates the part of Microsoft's workflow definition language that the ready-made flows use: `@{…}` in texts,
 * `triggerBody()?['x']`, `workflow()`, `if`, `empty`, `concat`, `replace` ("Reference guide to functions in expressions").
 * `@@` stands for @. Throws for everything else.
 */
type Body = Readonly<Record<string, unknown>>;

/** The run of the expression `workflow()`. */
export const RUN_ID = '08586385375608413077338220563CU84';

/** The value of a string in a definition: an expression, a text with expressions, or a text. */
export function evaluate(text: string, body: Body): unknown {
  if (/^@(?![@{])/.test(text)) return expression(text.slice(1), body);
  const isEscaped = text.startsWith('@@');
  let result = isEscaped ? '@' : '';
  for (let at = isEscaped ? 2 : 0; at < text.length; ) {
    const open = text.indexOf('@{', at);
    if (open === -1) return result + text.slice(at);
    if (open > at && text[open - 1] === '@') {
      result += `${text.slice(at, open - 1)}@{`;
      at = open + 2;
      continue;
    }
    const close = endOf(text, open + 2);
    result += text.slice(at, open) + String(expression(text.slice(open + 2, close), body) ?? '');
    at = close + 1;
  }
  return result;
}

/** The end of an expression. Braces in quoted texts do not count. */
function endOf(text: string, from: number): number {
  let quoted = false;
  for (let at = from; at < text.length; at++) {
    if (text[at] === "'") quoted = !quoted;
    if (text[at] === '}' && !quoted) return at;
  }
  throw new Error(`no end: ${text.slice(from)}`);
}

function expression(source: string, body: Body): unknown {
  let at = 0;
  const value = parse();
  if (at < source.length) throw new Error(`not understood: ${source.slice(at)}`);
  return value;

  function parse(): unknown {
    if (source[at] === "'") return quoted();
    const [name = ''] = /^[a-zA-Z]+(?=\()/.exec(source.slice(at)) ?? [];
    at += name.length + 1;
    const args: unknown[] = [];
    while (source[at] !== ')') {
      args.push(parse());
      if (source[at] === ',') at++;
      else if (source[at] !== ')') throw new Error(`not understood: ${source.slice(at)}`);
    }
    at++;
    let result = call(name, args);
    while (source.startsWith("?['", at)) {
      at += 2;
      result = (result as Body | undefined)?.[quoted()];
      if (source[at++] !== ']') throw new Error(`no ]: ${source.slice(at)}`);
    }
    return result;
  }

  function quoted(): string {
    const [found] = /^'(?:[^']|'')*'/.exec(source.slice(at)) ?? [];
    if (found === undefined) throw new Error(`no text: ${source.slice(at)}`);
    at += found.length;
    return found.slice(1, -1).replaceAll("''", "'");
  }

  function call(name: string, args: unknown[]): unknown {
    switch (name) {
      case 'triggerBody':
        return body;
      case 'workflow':
        return { run: { name: RUN_ID } };
      case 'if':
        return args[0] ? args[1] : args[2];
      case 'empty':
        return args[0] === undefined || args[0] === null || args[0] === '';
      case 'concat':
        return args.map(String).join('');
      case 'replace':
        if (typeof args[0] !== 'string') throw new Error('replace expects a text');
        return args[0].replaceAll(String(args[1]), String(args[2]));
      default:
        throw new Error(`${name}() is not supported`);
    }
  }
}
