import type { RegisteredFlows } from '../../../registration/core/flow-registration';
import { oneLine } from '../../../shared/core/text';
import { filterText } from '../../../subscriptions/core/condition-text';
import type { SubscriptionReader } from '../../../subscriptions/core/ports';
import type { SubscriptionDefinition } from '../../../subscriptions/core/subscription';
import type { ResponseBody } from '../definition/responses';
import { TRIGGER_DEFINITIONS } from '../definition/triggers';
import type { ApiRequest, ApiResponse, Caller } from '../http';
import { listPage } from '../subjects';
import { isOwn, type OwnFlow } from './own-flow';

type Flow = ResponseBody<'Flows'>['value'][number];

/** Responds with the flows that the caller registered. */
export async function listFlows(
  request: ApiRequest,
  caller: Caller,
  {
    flows,
    subscriptions,
  }: { readonly flows: Pick<RegisteredFlows, 'names'>; readonly subscriptions: SubscriptionReader },
): Promise<ApiResponse> {
  const names = await flows.names(caller.id);
  const read = await Promise.all(names.map((name) => subscriptions.read(name)));
  const items = read.filter((one) => isOwn(one, caller)).map(flowItem);
  const titles = Map.groupBy(items, ({ title }) => title);
  const isUnique = ({ title }: Flow) => titles.get(title)?.length === 1;
  return listPage(
    items.map((item) => (isUnique(item) ? item : { ...item, title: `${item.title} (${item.name})` })),
    request,
  );
}

function flowItem({ definition, health, registration }: OwnFlow): Flow {
  const { name, trigger, flowLink } = definition;
  return {
    name,
    title: titleOf(definition),
    trigger,
    state: health?.endsAt === undefined ? (health?.state ?? 'active') : 'unregistered',
    ...(health?.reason !== undefined && { reason: health.reason }),
    registeredAt: new Date(registration.at).toISOString(),
    ...(flowLink !== undefined && { flowLink }),
  };
}

function titleOf(definition: SubscriptionDefinition): string {
  const { trigger, instanceId } = definition;
  const instance = instanceId === 'default' ? '' : ` (${instanceId})`;
  return oneLine(`${TRIGGER_DEFINITIONS[trigger].summary}: ${filterText(definition)}${instance}`);
}
