/** Reads a variable that the construct always sets. Throws with its name, so that a wrong deployment says what is missing. */
export function required(name: string): string {
  const value = process.env[name];
  if (!value)
    throw new Error(`the environment variable ${name} is not set: deploy the function by the connector's construct`);
  return value;
}

/** Reads a variable that may be left out. */
export const optional = (name: string): string | undefined => process.env[name] || undefined;
