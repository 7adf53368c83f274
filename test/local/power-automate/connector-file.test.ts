import { describe, expect, it } from 'vitest';
import { readConnectorFile } from '../../../local/power-automate/connector-file';
import { ConnectorFileError } from '../../../local/power-automate/swagger';
import { connectorDocument } from '../../support/power-automate/connector-document';

describe('a connector file', () => {
  const file = readConnectorFile(connectorDocument());
  const [measure, refresh] = file.triggers;
  const field = (name: string) => measure?.fields.find((one) => one.name === name);

  it('has a title, an address, the triggers, and the operations that Power Automate calls by itself', () => {
    expect(file).toMatchObject({
      ...{ title: 'Customer data', baseUrl: 'https://api.example.com/v1' },
      unregister: { operationId: 'Unregister', method: 'DELETE', path: '/registrations/{id}' },
      testConnection: { operation: { operationId: 'WhoAmI', method: 'GET', path: '/me' }, values: {} },
    });
    expect(file.triggers.map(({ operationId }) => operationId)).toEqual(['WhenMeasureCrosses', 'WhenRefreshEnds']);
  });

  it('has the texts of a trigger', () => {
    expect(measure).toMatchObject({
      ...{ method: 'POST', path: '/triggers/measure', summary: 'When a measure crosses a threshold' },
      ...{
        description: 'Runs when the value rises above a level or falls below it.',
        hint: 'Put an event to see it work.',
      },
    });
    expect(refresh).toMatchObject({ description: '' });
    expect(refresh).not.toHaveProperty('hint');
  });

  it('has the fields of a trigger in their order', () => {
    const rows = measure?.fields.map(({ name, title, type, required, visibility }) => [
      name,
      title,
      type,
      required,
      visibility,
    ]);
    expect(rows).toEqual([
      ['measure', 'Measure', 'string', true, 'normal'],
      ['direction', 'Direction', 'string', true, 'normal'],
      ['level', 'Level', 'number', true, 'important'],
      ['members', 'Members', 'string', false, 'normal'],
      ['once', 'Run once', 'boolean', false, 'advanced'],
      ['callbackUrl', 'callbackUrl', 'string', true, 'internal'],
    ]);
    expect(measure?.fields.filter(({ isCallback }) => isCallback)).toEqual([field('callbackUrl')]);
    expect(field('once')?.default).toBe(false);
  });

  it('has the choices of a field with their titles, also of a list', () => {
    expect(field('direction')).toMatchObject({
      ...{ isList: false, default: 'above' },
      choices: [
        { value: 'above', title: 'Rises above the level' },
        { value: 'below', title: 'Falls below the level' },
      ],
    });
    expect(refresh?.fields[0]).toMatchObject({
      ...{ name: 'status', type: 'string', isList: true },
      choices: [
        { value: 'Successful', title: 'Successful' },
        { value: 'TimedOut', title: 'Timed out' },
      ],
    });
  });

  it('has the dropdown of a field: from the newer extension if there are both', () => {
    expect(field('measure')?.dropdown).toMatchObject({
      ...{ itemsPath: 'value', valuePath: 'name', titlePath: 'title', arguments: {} },
      operation: { operationId: 'ListMeasures', path: '/measures', nextLinkName: '@odata.nextLink' },
    });
    expect(field('members')?.dropdown).toMatchObject({
      ...{ itemsPath: 'value', valuePath: 'name', titlePath: 'title' },
      arguments: { measure: { field: 'measure' }, search: { value: '' } },
    });
  });

  it('has the output fields of a trigger, also those within objects', () => {
    expect(measure?.outputs).toEqual([
      { path: ['title'], title: 'Title', visibility: 'normal' },
      { path: ['value'], title: 'Value', description: 'The new value.', visibility: 'normal' },
      { path: ['subject', 'name'], title: 'Name of the measure', visibility: 'normal' },
      { path: ['eventId'], title: 'eventId', visibility: 'advanced' },
      { path: ['deliveryId'], title: 'Delivery', visibility: 'normal' },
    ]);
  });
});

describe('the actions of a connector file', () => {
  const { actions } = readConnectorFile(connectorDocument());
  const action = (operationId: string) => actions.find((one) => one.operationId === operationId);

  it('are the operations that are no trigger and not hidden', () => {
    const ids = ['ListMeasures', 'GetMeasure', 'AddNote', 'GetStatus', 'ReportOutcome', 'ListMembers'];
    expect(actions.map(({ operationId }) => operationId)).toEqual(ids);
    expect(action('GetMeasure')).toMatchObject({
      ...{ method: 'GET', path: '/measures/{measure}' },
      ...{ summary: 'Get a measure', description: 'Reads the value of a measure.' },
    });
  });

  it('have inputs in the path, the query and the body', () => {
    const rows = action('GetMeasure')?.fields.map(({ name, in: place, type, required, visibility }) => [
      ...[name, place, type, required, visibility],
    ]);
    expect(rows).toEqual([
      ['measure', 'path', 'string', true, 'normal'],
      ['view', 'query', 'string', false, 'advanced'],
      ['limit', 'query', 'integer', false, 'normal'],
      ['format', 'query', 'string', false, 'internal'],
    ]);
    expect(action('AddNote')?.fields.map(({ name, in: place, format }) => [name, place, format])).toEqual([
      ['measure', 'path', undefined],
      ['text', 'body', undefined],
      ['kind', 'body', undefined],
      ['at', 'body', 'date-time'],
      ['tags', 'body', undefined],
      ['rank', 'body', undefined],
    ]);
  });

  it('have dropdowns, whose arguments can be parameters', () => {
    expect(action('GetMeasure')?.fields[0]?.dropdown).toMatchObject({
      ...{ operation: { operationId: 'ListMeasures' }, arguments: { view: { field: 'view' } } },
    });
  });

  it('have outputs, also of the items of a list and of an object', () => {
    const rows = action('GetMeasure')?.outputs.map(({ path, title, items }) => [
      ...[path.join('/'), title, items?.map((item) => item.title)],
    ]);
    expect(rows).toEqual([
      ['name', 'Name', undefined],
      ['value', 'Value', undefined],
      ['trend', 'Trend', undefined],
      ['observedAt', 'Observed at', undefined],
      ['owner/mail', 'Mail of the owner', undefined],
      ['history', 'History', ['Time', 'Earlier value']],
      ['members', 'Members', undefined],
    ]);
    expect(action('AddNote')?.outputs).toEqual([]);
  });
});

describe('a wrong connector file', () => {
  // biome-ignore lint/suspicious/noExplicitAny: each case breaks a document in its own way.
  type Breakable = any;
  const trigger = (document: Breakable) => document.paths['/triggers/measure'];
  const schema = (document: Breakable) => document.parameters.MeasureRequest.schema;
  const list = (document: Breakable) => schema(document).properties.members['x-ms-dynamic-list'];

  it.each<[string, (document: Breakable) => void, string]>([
    [
      'another version',
      (d) => {
        d.swagger = '3.0';
      },
      'the file is not a Swagger 2.0 document: it needs "swagger": "2.0"',
    ],
    [
      'no title',
      (d) => {
        delete d.info.title;
      },
      'info: "title" is missing',
    ],
    [
      'no host',
      (d) => {
        delete d.host;
      },
      'the file: "host" is missing',
    ],
    [
      'a path that is no object',
      (d) => {
        d.paths['/me'] = [];
      },
      'paths > /me: this is not an object',
    ],
    [
      'no DELETE',
      (d) => {
        delete d.paths['/registrations/{id}'];
      },
      'the file: no operation unregisters a flow: DELETE is missing',
    ],
    [
      'an operation without an id',
      (d) => {
        delete d.paths['/me'].get.operationId;
      },
      'paths > /me > get: "operationId" is missing',
    ],
    [
      'two operations with one id',
      (d) => {
        d.paths['/me'].get.operationId = 'ListMeasures';
      },
      'paths > /me > get: another operation is also called ListMeasures',
    ],
    [
      'a missing parameter',
      (d) => {
        delete d.parameters;
      },
      'paths > /triggers/measure > post > parameters > 0: the reference #/parameters/MeasureRequest does not exist',
    ],
    [
      'a missing definition',
      (d) => {
        delete d.definitions.Subject;
      },
      'paths > /triggers/measure > x-ms-notification-content > schema > properties > subject: the reference #/definitions/Subject does not exist',
    ],
    [
      'a reference to a reference',
      (d) => {
        d.definitions.MeasureCrossed = { $ref: '#/definitions/Subject' };
      },
      'paths > /triggers/measure > x-ms-notification-content > schema: the reference #/definitions/MeasureCrossed leads to another reference',
    ],
    [
      'a reference to another file',
      (d) => {
        trigger(d).post.parameters[0].$ref = 'other.json#/a';
      },
      'paths > /triggers/measure > post > parameters > 0: the reference other.json#/a is not within the file',
    ],
    [
      'a schema without an end',
      (d) => {
        d.definitions.Subject.properties.of = { $ref: '#/definitions/Subject' };
      },
      'the body has more than 8 levels',
    ],
    [
      'no outputs',
      (d) => {
        delete trigger(d)['x-ms-notification-content'];
      },
      'paths > /triggers/measure: "x-ms-notification-content" is missing',
    ],
    [
      'a batch trigger',
      (d) => {
        trigger(d).post['x-ms-trigger'] = 'batch';
      },
      'paths > /triggers/measure > post: triggers that register themselves have "x-ms-trigger": "single", not "batch"',
    ],
    [
      'no body',
      (d) => {
        trigger(d).post.parameters = [];
      },
      'paths > /triggers/measure > post: the trigger has no body with fields',
    ],
    [
      'a field in the query',
      (d) => {
        trigger(d).post.parameters.push({ name: 'a', in: 'query' });
      },
      'paths > /triggers/measure > post > parameters > 1: a trigger has its fields in the body, not in "query"',
    ],
    [
      'no callback',
      (d) => {
        delete schema(d).properties.callbackUrl['x-ms-notification-url'];
        delete d.paths['/triggers/refresh'];
      },
      'paths > /triggers/measure > post: no field has "x-ms-notification-url": true, so the trigger would not receive the callback URL',
    ],
    [
      'a required field that does not exist',
      (d) => {
        schema(d).required.push('other');
      },
      '"other" is required but not one of the properties',
    ],
    [
      'an unknown type',
      (d) => {
        schema(d).properties.level.type = 'object';
      },
      'a field has one of the types string, number, integer, boolean, not object',
    ],
    [
      'an unknown visibility',
      (d) => {
        schema(d).properties.level['x-ms-visibility'] = 'hidden';
      },
      '"x-ms-visibility" is "hidden"',
    ],
    [
      'a flag as a text',
      (d) => {
        schema(d).properties.callbackUrl['x-ms-notification-url'] = 'true';
      },
      '"x-ms-notification-url" is not true or false',
    ],
    [
      'choices that are no list',
      (d) => {
        schema(d).properties.direction.enum = 'above';
      },
      '"enum" is not a list',
    ],
    [
      'a dropdown of an unknown operation',
      (d) => {
        list(d).operationId = 'ListAll';
      },
      'the file has no operation ListAll',
    ],
    [
      'a dropdown with an unknown parameter',
      (d) => {
        list(d).parameters.region = { value: 'EU' };
      },
      'the operation ListMembers has no parameter region',
    ],
    [
      'a dropdown that needs an unknown field',
      (d) => {
        list(d).parameters.measure = { parameterReference: 'body/metric' };
      },
      'the operation has no field body/metric',
    ],
    [
      'a dropdown without values',
      (d) => {
        delete list(d).itemValuePath;
      },
      '"itemValuePath" is missing',
    ],
    [
      'a parameter of a path that does not exist',
      (d) => {
        d.paths['/measures/{measure}'].get.parameters.shift();
      },
      'paths > /measures/{measure} > get: the path needs a parameter measure',
    ],
    [
      'a parameter of a path that is not required',
      (d) => {
        d.paths['/measures/{measure}'].get.parameters[0].required = false;
      },
      '"measure" is in the path, so it needs "required": true',
    ],
    [
      'two inputs with one name',
      (d) => {
        d.paths['/measures/{measure}'].get.parameters[1].name = 'measure';
      },
      'paths > /measures/{measure} > get > parameters > 1: another input is also called measure',
    ],
    [
      'an input in a header',
      (d) => {
        d.paths['/measures/{measure}'].get.parameters[1].in = 'header';
      },
      'an input is in the path, the query or the body, not in "header"',
    ],
    [
      'an action without a summary',
      (d) => {
        delete d.paths['/status'].get.summary;
      },
      'paths > /status > get: "summary" is missing',
    ],
    [
      'a dropdown that names a parameter as a field of the body',
      (d) => {
        const [measure] = d.paths['/measures/{measure}'].get.parameters;
        measure['x-ms-dynamic-list'].parameters.view.parameterReference = 'body/view';
      },
      'the operation has no field body/view',
    ],
    [
      'a connection test of an unknown operation',
      (d) => {
        d['x-ms-capabilities'].testConnection.operationId = 'Ping';
      },
      'x-ms-capabilities > testConnection: the file has no operation Ping',
    ],
  ])('with %s is reported', (_, breakIt, message) => {
    const document = structuredClone(connectorDocument());
    breakIt(document);
    expect(() => readConnectorFile(document)).toThrow(ConnectorFileError);
    expect(() => readConnectorFile(document)).toThrow(message);
  });

  it.each([undefined, null, 7, 'text', [], {}])('is reported if it is %j', (document) => {
    expect(() => readConnectorFile(document)).toThrow('the file is not a Swagger 2.0 document');
  });
});
