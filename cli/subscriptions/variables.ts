type Environment = Readonly<Record<string, string | undefined>>;
type Filled = { readonly value: string } | { readonly reason: string };

/** Replaces `${NAME}` with environment variables; `$${` is an escaped `${`. A reason never contains a value. */
export function fillVariables(text: string, environment: Environment): Filled {
  const otherSyntax = /^\s*(?:\$(\w+)|%(\w+)%|\$?\{\{\s*(?:env\.)?(\w+)\s*\}\})\s*$/.exec(text);
  const meant = otherSyntax?.[1] ?? otherSyntax?.[2] ?? otherSyntax?.[3];
  if (meant) return { reason: `uses another syntax for a variable; write \${${meant}}` };
  let reason: string | undefined;
  const value = text.replaceAll(
    /\$\$\{|\$\{([^}]*)(\}?)/g,
    (whole, name: string | undefined, end: string | undefined) => {
      if (whole === '$${') return '${';
      const filled = variable(name ?? '', end === '}', environment);
      if ('reason' in filled) reason ??= filled.reason;
      return 'value' in filled ? filled.value : '';
    },
  );
  return reason === undefined ? { value } : { reason };
}

function variable(name: string, isClosed: boolean, environment: Environment): Filled {
  if (!isClosed) return { reason: `has a \${ without a }; write \${NAME}, or $\${ for a literal \${` };
  if (!/^[A-Za-z_]\w*$/.test(name)) {
    return { reason: `has an invalid name in \${…}; write \${NAME} with letters, digits and _ only` };
  }
  const value = environment[name]?.trim();
  if (value) return { value };
  const state = environment[name] === undefined ? 'not set' : 'empty';
  return { reason: `uses the environment variable ${name}, which is ${state}; set ${name} and try again` };
}
