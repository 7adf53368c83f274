import { Agent, request } from 'node:https';
import { serve } from '../engines/child';
import { cpuMs } from '../report';

/** POSTs to make: one body to all URLs, round robin. */
export interface BareRound {
  readonly urls: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly posts: number;
  readonly concurrency: number;
}

export interface BareUsage {
  readonly cpuMs: number;
  readonly ms: number;
}

const agent = new Agent({ keepAlive: true });

/** Makes one POST and ignores the response. */
const post = (url: string, headers: BareRound['headers'], body: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const call = request(url, {
      method: 'POST',
      agent,
      headers: { ...headers, 'content-length': Buffer.byteLength(body) },
    });
    call.on('error', reject);
    call.on('response', (response) => response.resume().on('end', resolve).on('error', reject));
    call.end(body);
  });

/** A loop around `https.request` without records, retries or results. */
async function round({ urls, headers, body, posts, concurrency }: BareRound): Promise<BareUsage> {
  const [cpu, start] = [cpuMs(), performance.now()];
  let next = 0;
  const worker = async () => {
    for (let n = next++; n < posts; n = next++) await post(urls[n % urls.length] as string, headers, body);
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return { cpuMs: cpuMs() - cpu, ms: performance.now() - start };
}

serve(undefined, round);
