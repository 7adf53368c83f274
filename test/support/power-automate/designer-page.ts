import { type Endpoint, startEndpoint } from '../../../local/engines/protocol/endpoint';
import { apiClient } from '../../../local/page/designer/api-client';
import { type Designer, startDesigner } from '../../../local/page/designer/designer';
import { flowIds } from '../../../local/page/designer/flow-ids';
import { PageServer } from '../../../local/page/server';
import { NOW, snapshot } from '../../local/page/examples';
import { API_KEY, ApiStub } from './api-stub';
import { connectorDocument } from './connector-document';

export type Fields = Readonly<Record<string, string>> | [string, string][];

/** The page with a designer for an `ApiStub`. */
export class DesignerPage {
  readonly api = new ApiStub();
  /** Changes that the designer reported. */
  changes = 0;
  private waiting: (() => void)[] = [];
  private host = '';
  private endpoint: Endpoint | undefined;
  private server: PageServer | undefined;
  private current: Designer | undefined;

  async start(): Promise<this> {
    this.host = await this.api.start();
    this.endpoint = await startEndpoint({ port: 0, routes: (req, res) => this.server?.handle(req, res) ?? false });
    const designer = await this.connect();
    this.current = designer;
    const shown = async () => ({ ...snapshot([], { flows: designer.list() }), now: NOW });
    this.server = new PageServer({ snapshot: shown, put: async () => ({ id: 'event-1' }) }, designer);
    return this;
  }

  async stop(): Promise<void> {
    this.server?.stop();
    await this.endpoint?.stop();
    await this.api.stop();
  }

  get designer(): Designer {
    if (!this.current) throw new Error('start the page first');
    return this.current;
  }

  get url(): string {
    return this.endpoint?.url ?? '';
  }

  /** Host of the API. */
  get apiHost(): string {
    return this.host;
  }

  /** Starts another designer for the same API. */
  connect(key = API_KEY): Promise<Designer> {
    return startDesigner({
      ...{ document: connectorDocument(this.host, 'http'), createKey: async () => key, keyHeader: 'x-api-key' },
      ...{ send: apiClient, callbackBase: this.url, ids: flowIds, onChange: () => this.changed() },
    });
  }

  /** Waits until the designer has reported a change after which the condition holds. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  post(path: string, fields: Fields, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    return fetch(`${this.url}${path}`, {
      ...{ method: 'POST', redirect: 'manual', body: new URLSearchParams(fields as Record<string, string>) },
      headers: { origin: this.url, ...headers },
    });
  }

  async show(query = ''): Promise<string> {
    return (await fetch(`${this.url}/${query}`)).text();
  }

  private changed(): void {
    this.changes++;
    this.server?.changed();
    for (const resolve of this.waiting.splice(0)) resolve();
  }
}

/** Values of a form that saves a flow. */
export const FLOW_FORM = {
  ...{ trigger: 'WhenMeasureCrosses', name: 'My flow' },
  ...{ 'field.measure': 'Revenue', 'field.direction': 'below', 'field.level': '5' },
};

/** The texts of markup as a reader sees them. */
export const textOf = (markup: string): string =>
  markup
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .replaceAll('&#39;', "'");

export const section = (markup: string, id: string): string =>
  new RegExp(`<section id="${id}".*?</section>`, 's').exec(markup)?.[0] ?? '';
