const registration = 'lambda/registration/core/flow-registration.ts';
const register = 'lambda/registration/core/register.ts';
const connecting = 'lambda/custom-connector/adapters/connecting.ts';
const subscriptionTable = 'lambda/subscriptions/adapters/subscription-table.ts';

/** Faults in the registrations of flows (protocol R). */
const MUTANTS = [
  {
    name: 'DELETE that takes any id, in episodes',
    file: registration,
    changes: [
      [
        "  timingSafeEqual(Buffer.from(registration.idHash, 'hex'), Buffer.from(hashOf(id), 'hex'));",
        "  hashOf(id) !== '';",
      ],
    ],
  },
  {
    name: 'registration that retries a lost race',
    file: registration,
    changes: [
      [
        '    await register({ definition, flowUrl: callback.url, registration }, CONNECTOR_MANAGER, ports);',
        `    for (let tries = 0; ; tries++) {
      try {
        await register({ definition, flowUrl: callback.url, registration }, CONNECTOR_MANAGER, ports);
        break;
      } catch (error) {
        if (tries > 3 || !(error instanceof SubscriptionConflictError)) throw error;
      }
    }`,
      ],
    ],
  },
  {
    name: 'no grace: DELETE removes at once',
    file: connecting,
    changes: [['endGrace: Number(required(Env.END_GRACE_SECONDS, env)) * 1000', 'endGrace: 0']],
  },
  {
    name: 'new uid per save',
    file: register,
    changes: [
      [
        'uid: existing?.uid ?? ports.newId(),',
        'uid: contents.registration ? ports.newId() : (existing?.uid ?? ports.newId()),',
      ],
    ],
  },
  {
    name: 'same id for every registration',
    file: connecting,
    changes: [
      [
        "newRegistrationId: () => Buffer.from(newSecret(), 'base64url').toString('hex')",
        "newRegistrationId: () => '0'.repeat(32)",
      ],
    ],
  },
  {
    name: 'two flows share a subscription',
    file: 'lambda/registration/core/callback.ts',
    changes: [['? [hostname, workflow.toLowerCase(), trigger] : [url]', '? [hostname, trigger] : [url]']],
  },
  {
    name: 'each saved version has a subscription of its own',
    file: 'lambda/registration/core/callback.ts',
    changes: [['? [hostname, workflow.toLowerCase(), trigger] : [url]', '? [url] : [url]']],
  },
  {
    name: 'ended registration not kept by a new one, in episodes',
    file: 'lambda/delivery/core/health/health-transitions.ts',
    changes: [
      ['resumed(health && { ...health, endsAt: undefined }, ', 'resumed(health, '],
      [
        '    ...base(health),\n        drain: health?.endsAt',
        '    ...base(health),\n        endsAt: health?.endsAt,\n        drain: health?.endsAt',
      ],
    ],
  },
  {
    name: 'what was held during an edit not sent afterwards',
    file: 'lambda/delivery/core/health/health-transitions.ts',
    changes: [
      ['drain: health?.endsAt === undefined ? health?.drain : { emptyPasses: 0, due: now },', 'drain: health?.drain,'],
    ],
  },
  {
    name: 'threshold items written after the subscription',
    file: register,
    changes: [
      [
        '    await eachThreshold(next, (key, item) => ports.thresholds.putThreshold(key, item, due));\n    await putSeries',
        '    await putSeries',
      ],
      [
        '    await eachThreshold(next, (key, item) => settle(key, item, due, ports));\n',
        '    await eachThreshold(next, (key, item) => ports.thresholds.putThreshold(key, item, due));\n    await eachThreshold(next, (key, item) => settle(key, item, due, ports));\n',
      ],
    ],
  },
  {
    name: 'ended registrations never removed',
    file: registration,
    changes: [['if (!read?.registration || Math.min(endsAt, retireAt) > now) continue;', 'if (read) continue;']],
  },
  {
    name: 'a flow that unregistered is called',
    file: 'lambda/subscriptions/core/health.ts',
    changes: [["health?.state === 'paused' || health?.endsAt !== undefined;", "health?.state === 'paused';"]],
  },
] as const;

/** Faults in declared subscriptions and in the reading of secrets. */
const DECLARED_MUTANTS = [
  {
    name: 'deletion of a resource removes the subscription of another one',
    file: register,
    changes: [['if (existing?.managedBy !== managedBy) return false;', 'if (!existing) return false;']],
  },
  {
    name: 'subscription that was taken over not restored',
    file: register,
    changes: [['  if (existing.takenFrom) {', '  if (existing.takenFrom && existing.generation < 0) {']],
  },
  {
    name: 'data of a take-over kept for ever',
    file: register,
    changes: [['  if (existing?.takenFrom?.managedBy === managedBy) await forget(existing, ports);\n', '']],
  },
  {
    name: 'replacement that leaves the old name',
    file: 'lambda/registration/core/declare.ts',
    changes: [['    current = name;\n    } else {', '    } else {']],
  },
  {
    name: 'change of a declared subscription without its condition',
    file: subscriptionTable,
    changes: [
      [
        "const sameGeneration = 'generation = :generation';",
        "const sameGeneration = 'generation <> :generation OR attribute_exists(pk)';",
      ],
    ],
  },
  {
    name: 'rotated secret never read again',
    file: 'lambda/delivery/adapters/secret-reader.ts',
    changes: [
      ['export const SECRET_CACHE_MS = 5 * 60_000;', 'export const SECRET_CACHE_MS = 1e15;'],
      [
        'if (cached && clock() - cached.at >= SECRET_BELIEVED_MS) cache.delete(name);',
        'if (cached && clock() < 0) cache.delete(name);',
      ],
    ],
  },
  {
    name: 'failed rename that removes what a duplicate of the request has added',
    regression: 1,
    file: 'lambda/registration/core/declare.ts',
    changes: [
      ['if (isFirst) continue;', ''],
      ["made.has(added?.uid ?? '');", 'added !== undefined && made !== undefined;'],
    ],
  },
] as const;

/** Few other events, so that an episode is short. */
const FEW = { events: 100, subscriptions: 3, operations: 3, makers: 0, declared: 0 };

export const CONNECTOR_MUTANTS = [
  ...MUTANTS.map((mutant) => ({ ...mutant, scenario: { ...FEW, makers: 16 } })),
  ...DECLARED_MUTANTS.map((mutant) => ({ ...mutant, scenario: { ...FEW, declared: 8 } })),
];
