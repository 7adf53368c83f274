import type { CommandGroup } from '../../frame/command';
import { end } from './end';
import { flows } from './flows';

export const customConnector: CommandGroup = {
  meta: {
    name: 'connector',
    description: 'manage the custom connector: the flows that registered themselves, and keys',
  },
  commands: [flows, end],
};
