/** Reads a variable that the construct always sets. Throws an error that names the missing variable. */
export function required(name: string, env: NodeJS.Dict<string> = process.env): string {
  const value = env[name];
  if (!value) throw new Error(`environment variable ${name} is not set: deploy the function with its construct`);
  return value;
}

/** Reads an optional variable. */
export const optional = (name: string, env: NodeJS.Dict<string> = process.env): string | undefined =>
  env[name] || undefined;
