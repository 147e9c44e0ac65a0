/**
 * Event streams and WebSockets over the network.
 */
import { createHash, randomBytes } from 'node:crypto';
import { request as plainRequest } from 'node:http';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { request as tlsRequest } from 'node:https';
import type { Duplex } from 'node:stream';
import type { Socket } from 'node:net';
import { sqlError } from '../../../common/errors.ts';
import type { Feed, FeedConfig, Feeds } from '../../connectors/feed/feed-client.ts';
import { EventCutter } from './event-stream.ts';
import { FeedQueue } from './feed-queue.ts';
import { FrameReader, textFrame } from './socket-frames.ts';

const CONNECT_MS = 10_000;
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** Streams of other servers. */
export const networkFeeds: Feeds = {
  open: (config) => config.kind === 'sse' ? openEvents(config) : openSocket(config),
};

/** Sends a GET request; `ready` is told what it leads to. */
function ask(
  config: FeedConfig, headers: Readonly<Record<string, string>>,
  ready: (sent: ClientRequest, resolve: (feed: Feed) => void) => void,
): Promise<Feed> {
  const url = new URL(config.url.replace(/^ws/, 'http'));
  return new Promise((resolve, reject) => {
    const fail = (reason: string): void => reject(sqlError('08006', `${url.host}: ${reason}`));
    const send = url.protocol === 'https:' ? tlsRequest : plainRequest;
    const sent = send(url, { headers: { ...config.headers, ...headers }, agent: false });
    const timer = setTimeout(() => sent.destroy(new Error('no answer')), CONNECT_MS);
    sent.on('error', (error) => fail(error.message));
    sent.on('close', () => clearTimeout(timer));
    ready(sent, (feed) => {
      clearTimeout(timer);
      resolve(feed);
    });
    sent.on('response', (answer: IncomingMessage) => {
      const type = answer.headers['content-type'] ?? '';
      if (answer.statusCode === 200 && config.kind === 'sse'
        && type.startsWith('text/event-stream')) return;
      fail(`answered with status ${answer.statusCode}${type === '' ? '' : ` and ${type}`}`);
      sent.destroy();
    });
    sent.end();
  });
}

function openEvents(config: FeedConfig): Promise<Feed> {
  const { lastEventId } = config;
  return ask(config, {
    accept: 'text/event-stream',
    ...lastEventId === null ? {} : { 'last-event-id': lastEventId },
  }, (sent, resolve) => {
    sent.on('response', (answer: IncomingMessage) => {
      if (answer.statusCode !== 200) return;
      const queue = new FeedQueue(answer.socket, config.url);
      const cutter = new EventCutter((event) => queue.push(event));
      answer.on('data', (chunk: Buffer) => {
        try {
          cutter.push(chunk);
        } catch (error) {
          queue.fail(String(error));
          answer.destroy();
        }
      });
      answer.on('end', () => queue.fail(`${config.url} ended the stream`));
      answer.on('error', (error) => queue.fail(error.message));
      resolve(queue);
    });
  });
}

function openSocket(config: FeedConfig): Promise<Feed> {
  const key = randomBytes(16).toString('base64');
  const accepted = createHash('sha1').update(key + GUID).digest('base64');
  return ask(config, {
    connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13',
    'sec-websocket-key': key,
  }, (sent, resolve) => {
    sent.on('upgrade', (answer: IncomingMessage, duplex: Duplex, head: Buffer) => {
      if (answer.headers['sec-websocket-accept'] !== accepted) {
        duplex.destroy(new Error('the answer is not one to this request'));
        return;
      }
      resolve(attach(config, duplex as Socket, head));
    });
  });
}

function attach(config: FeedConfig, socket: Socket, head: Buffer): Feed {
  const queue = new FeedQueue(socket, config.url);
  const frames = new FrameReader({
    message: (text) => queue.push({ text, id: null }),
    answer: (bytes) => { socket.write(bytes); },
    closed: () => {
      queue.fail(`${config.url} closed the stream`);
      socket.end();
    },
  });
  const take = (chunk: Buffer): void => {
    try {
      frames.push(chunk);
    } catch (error) {
      queue.fail(String(error));
      socket.destroy();
    }
  };
  if (head.length > 0) take(head);
  socket.on('data', take);
  if (config.hello !== null) socket.write(textFrame(config.hello));
  return queue;
}
