import type { Trigger } from './model';

/** What a callback URL identifies: a version of a flow's trigger. */
export interface CallbackTarget {
  /** The workflow's id, 32 hexadecimal digits. */
  readonly workflow: string;
  readonly trigger: string;
  /** 20 digits. */
  readonly version: string;
  /** A credential: with it, anyone can start the flow. */
  readonly signature: string;
}

const PATH = /^\/workflows\/([0-9a-f]{32})\/triggers\/([^/]+)\/versions\/(\d{20})\/run$/;

/** Whether a path is that of a callback URL. */
export const isCallbackPath = (pathname: string): boolean => PATH.test(pathname);

/** The form of the URLs that Power Automate sends. Only the version and the signature change when a flow is saved. */
export function formatCallbackUrl({ workflow, trigger, version, signature }: CallbackTarget, base: string): string {
  const url = new URL(`/workflows/${workflow}/triggers/${trigger}/versions/${version}/run`, base);
  url.search = new URLSearchParams({
    'api-version': '1',
    sp: `/triggers/${trigger}/run,/triggers/${trigger}/read`,
    sv: '1.0',
    sig: signature,
  }).toString();
  return url.href;
}

/** @param target path with query. Undefined: it is not that of a callback URL. */
export function readCallbackUrl(target: string): CallbackTarget | undefined {
  const url = URL.parse(target, 'http://localhost');
  const [, workflow, trigger, version] = PATH.exec(url?.pathname ?? '') ?? [];
  if (!url || !workflow || !trigger || !version) return undefined;
  return { workflow, trigger, version, signature: url.searchParams.get('sig') ?? '' };
}

/** Name of a flow's step. The designer makes it from the trigger's title. */
export const stepName = ({ summary }: Trigger): string => encodeURIComponent(summary.replaceAll(/\s+/g, '_'));
