// Sends one request to an API server and prints {"status", "object"}. Standard input has {"url", "token", "method",
// "contentType", "body"}; NODE_EXTRA_CA_CERTS names the file of the CA.
import { text } from 'node:stream/consumers';

const { url, token, method, contentType, body } = JSON.parse(await text(process.stdin));
const response = await fetch(url, {
  method,
  headers: { authorization: `Bearer ${token}`, 'content-type': contentType },
  body: JSON.stringify(body),
});
process.stdout.write(JSON.stringify({ status: response.status, object: await response.json() }));
