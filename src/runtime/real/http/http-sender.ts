/**
 * HTTP requests of sinks: the address is looked up once, checked, and used as it was checked.
 *
 * Redirects are answers like any other. Addresses of this machine and of private networks are
 * refused unless the request allows them.
 */
import { lookup } from 'node:dns/promises';
import { request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { BlockList, isIP } from 'node:net';
import { sqlError } from '../../../common/errors.ts';
import type { HttpAnswer, HttpClient, HttpRequest } from '../../sinks/http-client.ts';

const TEXT_MAX = 2000;

const PRIVATE = new BlockList();
for (const [net, bits] of [
  ['0.0.0.0', 8], ['10.0.0.0', 8], ['100.64.0.0', 10], ['127.0.0.0', 8], ['169.254.0.0', 16],
  ['172.16.0.0', 12], ['192.0.0.0', 24], ['192.168.0.0', 16], ['198.18.0.0', 15],
  ['224.0.0.0', 3],
] as const) PRIVATE.addSubnet(net, bits, 'ipv4');
for (const [net, bits] of [
  ['::', 128], ['::1', 128], ['fc00::', 7], ['fe80::', 10], ['ff00::', 8], ['64:ff9b::', 96],
] as const) PRIVATE.addSubnet(net, bits, 'ipv6');

/** HTTP over the network. */
export const httpSender: HttpClient = {
  async send(wanted: HttpRequest): Promise<HttpAnswer> {
    const url = new URL(wanted.url);
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const found = await lookup(host).catch((error: unknown) => {
      throw failed(url, error);
    });
    if (!wanted.allowPrivate && isPrivate(found.address)) {
      throw sqlError('08001', `${url.host} is an address of a private network`, {
        hint: "Set allow.private = 'true'.",
      });
    }
    return await exchange(url, wanted, found.address);
  },
};

function isPrivate(address: string): boolean {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
  return PRIVATE.check(mapped, isIP(mapped) === 6 ? 'ipv6' : 'ipv4');
}

function exchange(url: URL, wanted: HttpRequest, address: string): Promise<HttpAnswer> {
  const secure = url.protocol === 'https:';
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => reject(failed(url, error));
    const sent = (secure ? tlsRequest : plainRequest)({
      host: address, port: url.port === '' ? (secure ? 443 : 80) : Number(url.port),
      path: `${url.pathname}${url.search}`, method: wanted.method, timeout: wanted.timeoutMs,
      headers: {
        ...wanted.headers, host: url.host, 'content-length': String(wanted.body.length),
      },
      ...secure && isIP(url.hostname) === 0 ? { servername: url.hostname } : {},
    }, (answer) => {
      const parts: Buffer[] = [];
      answer.on('data', (part: Buffer) => { if (parts.length < 4) parts.push(part); });
      answer.on('error', fail);
      answer.on('end', () => {
        const after = Number(answer.headers['retry-after'] ?? Number.NaN);
        resolve({
          status: answer.statusCode ?? 0, retryAfter: Number.isFinite(after) ? after : null,
          text: Buffer.concat(parts).toString('utf8').slice(0, TEXT_MAX),
        });
      });
    });
    const timer = setTimeout(() => sent.destroy(new Error('no answer')), wanted.timeoutMs);
    sent.on('close', () => clearTimeout(timer));
    sent.on('error', fail);
    sent.end(wanted.body);
  });
}

function failed(url: URL, error: unknown): Error {
  const reason = error instanceof Error ? error.message : String(error);
  return sqlError('08006', `${url.host}: ${reason}`);
}
