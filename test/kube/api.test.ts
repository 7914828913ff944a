import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { KubeApi } from '../../src/kube/api.js';
import { readBody, Turns } from '../../src/kube/body.js';
import { ApiError } from '../../src/kube/errors.js';
import { Garbage } from '../../src/kube/garbage.js';

interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** An API client of a server that records each request and answers it with `answer`. */
async function start(
  t: ExecutionContext,
  answer: (response: ServerResponse) => void,
  { path = '', openMs = 5_000 }: { readonly path?: string; readonly openMs?: number } = {},
) {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    received.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body });
    answer(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const api = new KubeApi(
    {
      server: new URL(`${origin}${path}`),
      source: 'the test',
      fingerprint: '',
      options: async () => ({ headers: { authorization: 'Bearer secret' } }),
    },
    { openMs },
  );
  t.teardown(() => {
    api.close();
    server.closeAllConnections();
    server.close();
  });
  return { api, received, origin };
}

const refuse = (code: number, body: string) => (response: ServerResponse) =>
  void response.writeHead(code).end(body);

async function errorOf(t: ExecutionContext, promise: Promise<unknown>): Promise<ApiError> {
  const error = await t.throwsAsync(promise);
  if (!(error instanceof ApiError)) throw t.fail(`not an ApiError: ${error}`);
  return error;
}

test('a request has the credentials and the defined parameters of the query', async (t) => {
  const { api, received } = await start(t, (response) => response.end('{"kind":"List"}'));
  t.deepEqual(await api.get('/api/v1/pods', { limit: 5, watch: undefined, fieldSelector: 'a=b c' }), {
    kind: 'List',
  });
  t.is(received[0]?.method, 'GET');
  t.is(received[0]?.url, '/api/v1/pods?limit=5&fieldSelector=a%3Db+c');
  t.is(received[0]?.headers.authorization, 'Bearer secret');
});

test('a server under a path of a proxy is asked under that path', async (t) => {
  const { api, received } = await start(t, (response) => response.end('{}'), { path: '/k8s/clusters/one/' });
  await api.get('/api/v1/pods');
  t.is(received[0]?.url, '/k8s/clusters/one/api/v1/pods');
});

test('a patch is a merge patch that asks for metadata only', async (t) => {
  const { api, received } = await start(t, (response) => response.end('{}'));
  await api.patch('/api/v1/namespaces/ns/pods/p', { metadata: { annotations: { ovn: 'x' } } });
  t.like(received[0], {
    method: 'PATCH',
    url: '/api/v1/namespaces/ns/pods/p',
    body: '{"metadata":{"annotations":{"ovn":"x"}}}',
  });
  t.is(received[0]?.headers['content-type'], 'application/merge-patch+json');
  t.regex(received[0]?.headers.accept ?? '', /^application\/json;as=PartialObjectMetadata;/);
});

test('an object is created where its collection is; only 201 is a success', async (t) => {
  const { api, received } = await start(t, (response) => response.writeHead(201).end('{}'));
  await api.create('/api/v1/namespaces/ns/events', { kind: 'Event' });
  t.like(received[0], { method: 'POST', url: '/api/v1/namespaces/ns/events', body: '{"kind":"Event"}' });
  t.is(received[0]?.headers['content-type'], 'application/json');
  const refused = await start(t, refuse(409, '{"message":"exists"}'));
  t.is((await errorOf(t, refused.api.create('/api/v1/namespaces/ns/events', {}))).status, 409);
});

test('a refusal carries the message of the Status object', async (t) => {
  const message = 'pods "p\\q" is forbidden';
  const { api, origin } = await start(t, refuse(409, JSON.stringify({ kind: 'Status', message })));
  const error = await errorOf(t, api.get('/api/v1/pods'));
  t.is(error.status, 409);
  t.is(error.code, 'ERR_API_409');
  t.is(error.message, `GET ${origin}/api/v1/pods: 409 ${message}`);
});

for (const code of [401, 403])
  test(`a refusal with ${code} names where the credentials come from`, async (t) => {
    const { api } = await start(t, refuse(code, '{"message":"no"}'));
    const { message } = await errorOf(t, api.get('/api/v1/pods'));
    t.true(message.endsWith(`${code} no; the credentials are those of the test`), message);
  });

for (const body of ['<html>\n  <b>bad gateway</b>\n</html>', '{"message":7}', '[]', '"text"'])
  test(`a refusal without a Status object carries the start of the answer: ${JSON.stringify(body)}`, async (t) => {
    const { api } = await start(t, refuse(502, body));
    const { message } = await errorOf(t, api.get('/api/v1/pods'));
    t.true(message.endsWith(`502 ${body.replaceAll(/\s+/g, ' ')}`), message);
  });

test('an answer that is not JSON is an error with its cause', async (t) => {
  const { api } = await start(t, (response) => response.end('garbage'));
  const error = await errorOf(t, api.get('/api/v1/pods'));
  t.regex(error.message, /the answer is not JSON/);
  t.true(error.cause instanceof SyntaxError);
});

test('no answer at all is ERR_API_UNREACHABLE with status 0', async (t) => {
  const { api } = await start(t, (response) => response.destroy());
  const error = await errorOf(t, api.get('/api/v1/pods'));
  t.is(error.status, 0);
  t.is(error.code, 'ERR_API_UNREACHABLE');
});

test('a watch that is not opened in time is given up', async (t) => {
  const { api } = await start(t, () => undefined, { openMs: 50 });
  const error = await errorOf(t, api.open('/api/v1/pods', {}, new AbortController().signal));
  t.is(error.status, 0);
  t.regex(String(error.cause), /nothing received for 50 ms/);
});

test('the body of an open watch continues beyond the time to open it', async (t) => {
  const { api } = await start(
    t,
    (response) => {
      response.writeHead(200).flushHeaders();
      setTimeout(() => response.end('late'), 700);
    },
    { openMs: 500 },
  );
  const watch = await api.open('/api/v1/pods', {}, new AbortController().signal);
  let body = '';
  for await (const chunk of watch) body += String(chunk);
  t.is(body, 'late');
});

for (const code of [301, 302, 307, 308])
  test(`the token does not follow a redirect with ${code}`, async (t) => {
    const other = await start(t, (response) => response.end('{}'));
    const { api, origin } = await start(t, (response) =>
      response.writeHead(code, { location: `${other.origin}/api/v1/pods` }).end(),
    );
    const { message } = await errorOf(t, api.get('/api/v1/pods'));
    t.is(
      message,
      `GET ${origin}/api/v1/pods: ${code} ; redirects are not followed: give the server itself in the test`,
    );
    await errorOf(t, api.open('/api/v1/pods', {}, new AbortController().signal));
    t.deepEqual(other.received, []);
  });

test('a token that the server shows in its answer is not in the error', async (t) => {
  for (const body of [JSON.stringify({ message: 'Bearer secret is bad' }), `${'x'.repeat(290)} secret`]) {
    const { api } = await start(t, refuse(500, body));
    const error = await errorOf(t, api.get('/api/v1/pods'));
    t.notRegex(inspect(error), /secre/);
  }
});

test('an answer is given up when it stops, and when it never ends', async (t) => {
  const { api } = await start(t, (response) => response.writeHead(200).write('{'));
  const response = await api.open('/', {}, new AbortController().signal);
  await t.throwsAsync(readBody(response, new Turns(), new Garbage(), 50), {
    message: 'nothing received for 50 ms',
  });
  t.true(response.destroyed);
});
