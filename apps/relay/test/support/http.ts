import { request } from 'node:http';

import type { Problem } from '@cd-push/protocol';

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  /** The body as a problem object. */
  readonly problem: Problem;
}

export interface HttpQuestion {
  readonly method?: string;
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** Asks over HTTP what no browser or client would let a test say. */
export const ask = (
  url: string,
  { method = 'GET', token, headers, body }: HttpQuestion = {},
): Promise<HttpAnswer> =>
  new Promise((resolve, reject) => {
    const sent = request(url, {
      method,
      agent: false,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined || headers?.['transfer-encoding'] !== undefined
          ? {}
          : { 'content-length': Buffer.byteLength(body) }),
        ...headers,
      },
    });
    sent.on('response', (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('error', reject);
      response.on('end', () => {
        const whole = Buffer.concat(parts);
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: whole,
          get problem() {
            return JSON.parse(whole.toString()) as Problem;
          },
        });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
