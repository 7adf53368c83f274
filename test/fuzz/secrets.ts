/** Credentials that the fuzz tests plant in inputs, and the check that no output contains them. */

const SIGNATURE = 'pQ7dZk2mXv9sLw4nBt6yHc1rJf8gKa3eUo5iNxEqTzM';
const HOST = 'default0123.45.environment.api.powerplatform.com';

interface Secret {
  readonly text: string;
  /** Parts that must not appear. A part is long enough to appear nowhere by chance. */
  readonly parts: readonly string[];
}

/** URL of a flow's trigger, in Power Automate's form. Its workflow and its signature are secret. */
const flowUrl = (workflow: string, signature: string): Secret => ({
  text:
    `https://${HOST}:443/powerautomate/automations/direct/workflows/${workflow}/triggers/manual/paths/invoke` +
    `?api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=${signature}`,
  parts: [workflow, signature.slice(0, 12), signature.slice(-12)],
});

export const SECRETS = {
  'flow URL': flowUrl('5eed5eed5eed4bad8bad5eed5eed5eed', SIGNATURE),
  'own flow URL': flowUrl('0ddba11c0ffee4de8d0d0ca7f00d1e55', 'Wm3Rt8Yp1Ls6Kd9Gh2Fj5Qa7Zx4Cv0Bn-Eu_IoTrXyP'),
  token: {
    text: 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJwbGFudGVkLXRva2VuIn0.Vt5Rk8Np2Wq7Xc4Bm9Ld3Hs6Jf1Gz0Ya',
    parts: ['eyJzdWIiOiJwbGFudGVkLX', 'Vt5Rk8Np2Wq7'],
  },
  'API key': {
    text: 'cdpac_fuzz_Zk4Rm9Tq2Wx7Lp1Bv6Nc3Hd8Js5Fg0YaEiUoKtQrXw1',
    parts: ['Zk4Rm9Tq2Wx7', '8Js5Fg0YaEiU'],
  },
  'client secret': { text: 'abC8Q~dR5kVn2Wm9Xt4Lp7Zs1Hj6Gf3Bq0YcEuTi', parts: ['dR5kVn2Wm9Xt', '7Zs1Hj6Gf3Bq'] },
  'outcome link': {
    text: `https://abc123.execute-api.us-east-1.amazonaws.com/v1/outcomes/s1_${'0123456789abcdef'.repeat(2)}.Hq3Zr7Vw1Xk5Nt9Lm2Bp6C`,
    parts: ['Hq3Zr7Vw1Xk5'],
  },
} as const satisfies Record<string, Secret>;
export type SecretName = keyof typeof SECRETS;
const ALL = Object.entries(SECRETS) as [SecretName, Secret][];

/** Credentials that a stranger can put in an input. The connector itself keeps `own flow URL`. */
export const PLANTED = ALL.filter(([name]) => name !== 'own flow URL').map(([, { text }]) => text);
export const OWN_FLOW_URL = SECRETS['own flow URL'].text;

const textOf = (output: unknown): string =>
  typeof output === 'string' ? output : (JSON.stringify(output, (_, value) => shown(value)) ?? '');

function shown(value: unknown): unknown {
  if (value instanceof Error) return { name: value.name, message: value.message, stack: value.stack };
  return typeof value === 'bigint' ? String(value) : value;
}

/** Names of the secrets of which an output contains a part. */
export function secretsIn(output: unknown): SecretName[] {
  const text = textOf(output).toLowerCase();
  return ALL.filter(([, { parts }]) => parts.some((part) => text.includes(part.toLowerCase()))).map(([name]) => name);
}

/** The text of a failure, with the names of secrets in their places. */
export function hidden(output: unknown): string {
  let text = textOf(output);
  for (const [name, { text: secret, parts }] of ALL) {
    for (const one of [secret, encodeURIComponent(secret), ...parts]) text = text.replaceAll(one, `<${name}>`);
  }
  return text;
}
