/**
 * What a page does without of Socket.IO's client: it is made for every platform and option, and a runtime has one of each.
 * `packages/client/src/connection/connection.ts` is its only user here, and names every option that is given.
 */
import type { Plugin } from 'rolldown';

import { changed, replaced, settled, without, withoutMethods } from './cuts.ts';

const engine = (file: string): RegExp => new RegExp(`/engine\\.io-client/build/esm/${file}\\.js$`, 'u');
const client = (file: string): RegExp => new RegExp(`/socket\\.io-client/build/esm/${file}\\.js$`, 'u');

/** The client speaks WebSocket alone; Engine.IO would bring its other transports along all the same. */
const transports = changed(
  'only-websocket',
  engine('transports/index'),
  () => `import { WS } from './websocket.js';\nexport const transports = { websocket: WS };\n`,
);

/** Engine.IO takes addresses apart itself for platforms that have no URL; this needs its host, without the brackets of IPv6. */
const addresses = changed(
  'platform-url',
  engine('contrib/parseuri'),
  () => `export const parse = (text) => {
    const { protocol, hostname, port } = new URL(text);
    return { protocol: protocol.slice(0, -1), host: hostname.replace(/^\\[|\\]$/g, ''), port };
  };\n`,
);

const words = (text: string): readonly string[] => text.split(/\s+/u);

/** Events of Engine.IO that the manager does not hear. */
const unheard = [
  'this.emitReserved("packet", packet);',
  'this.emitReserved("heartbeat");',
  'this.emitReserved("ping");',
  'this.emitReserved("pong");',
  'this.emitReserved("message", packet.data);',
  'this.emitReserved("handshake", data);',
  'this.emitReserved("packetCreate", packet);',
  'this.emitReserved("flush");',
];

const engineSocket = changed('one-transport', engine('socket'), (code) => {
  // The manager gives an address and names of transports, and no query.
  let cut = without(code, 'if (uri && "object" === typeof uri) {', 'if (uri) {');
  cut = without(cut, 'if (parsedUri.query)', 'installTimerFunctions(', '}\n');
  cut = without(
    cut,
    'this.secure =\n',
    'if (opts.transportImplementations && opts.transports) {',
    `this.secure = opts.secure;
    if (!opts.port) opts.port = opts.secure ? "443" : "80";
    this.hostname = opts.hostname;
    this.port = opts.port;\n`,
  );
  cut = without(
    cut,
    'if (opts.transportImplementations && opts.transports) {',
    'this.opts = Object.assign({',
    '',
  );
  // Options that nobody gives; their defaults are of other platforms and transports.
  cut = without(cut, 'this.opts = Object.assign({', 'if (withEventListeners) {', slashed);
  cut = settled(cut, {
    'this.opts.withCredentials': 'false',
    'this.opts.closeOnBeforeunload': 'false',
    'if (this._beforeunloadEventListener)': 'if (false)',
    'this.opts.autoUnref': 'false',
    'Object.assign({}, this.opts.query)': '{}',
    ', this.opts.transportOptions[name]': '',
    'new this._transportsByName[name](opts)': 'new DEFAULT_TRANSPORTS.websocket(opts)',
    ...timers,
    'installTimerFunctions(this, opts);': '',
    'Socket.protocol = protocol;': '',
    // Pages have events.
    'typeof addEventListener === "function" &&\n    typeof removeEventListener === "function"': 'true',
    // No callback waits until a packet is out, and compression is an option of Node's sockets.
    'if (fn)\n            this.once("flush", fn);': '',
    'const packets = this._getWritablePackets();': 'const packets = this.writeBuffer;',
    ...Object.fromEntries(unheard.map((event) => [event, ''])),
  });
  cut = without(cut, 'if ("function" === typeof data) {', 'if ("closing" === this.readyState');
  cut = without(
    cut,
    'options = options || {};',
    'this.writeBuffer.push(',
    'const packet = { type, data };\n',
  );
  // Where there is one transport, there is none to try instead and none to go over to.
  cut = without(cut, 'if (this.transports.length === 0) {', 'this.readyState = "opening";');
  cut = replaced(cut, 'this.createTransport(transportName)', 'this.createTransport("websocket")');
  cut = without(
    cut,
    'if (this.opts.tryAllTransports &&',
    'this.emitReserved("error", err);\n        this._onClose(',
  );
  cut = without(cut, 'if ("open" === this.readyState && this.opts.upgrade) {', '_onPacket(packet) {', '}\n');
  cut = withoutMethods(cut, ['_probe', '_filterUpgrades', '_getWritablePackets', 'send']);
  return settled(cut, {
    'this._upgrades = [];': '',
    'this._upgrades = this._filterUpgrades(data.upgrades);': '',
    'this._maxPayload = -1;': '',
    'this._maxPayload = data.maxPayload;': '',
    'this.upgrading': 'false',
    'Socket.priorWebsocketSuccess = "websocket" === this.transport.name;': '',
    'Socket.priorWebsocketSuccess = false;': '',
  });
});

const slashed = `this.opts = Object.assign({}, opts);
this.opts.path = this.opts.path.replace(/\\/?$/, "/");\n`;
/** Options may ask for the timers that a page had before its tests replaced them. */
const timers = {
  ', this.setTimeoutFn)': ')',
  'this.setTimeoutFn(': 'setTimeout(',
  'this.clearTimeoutFn(': 'clearTimeout(',
};

const engineParts: readonly Plugin[] = [
  changed('no-base64-sent', engine('transport'), (code) =>
    settled(
      // An address may name the port that it would have anyway.
      without(
        withoutMethods(code, ['pause']),
        'if (this.opts.port &&',
        '}\n    _query(',
        'return ":" + this.opts.port;\n',
      ),
      {
        'this.supportsBinary = !opts.forceBase64;': '',
        'installTimerFunctions(this, opts);': '',
        // Of what broke the client tells the reason.
        'new TransportError(reason, description, context)': 'new Error(reason)',
      },
    ),
  ),
  changed(
    'platform-query',
    engine('contrib/parseqs'),
    () => `export const encode = (query) => new URLSearchParams(query).toString();
export const decode = undefined;\n`,
  ),
  // The other constructors of sockets, and what they are given, are React Native's and Node's.
  changed('browser-socket', engine('transports/websocket'), (code) => {
    let cut = without(code, 'const isReactNative =', 'export class BaseWS');
    cut = without(cut, 'const protocols = this.opts.protocols;', 'try {\n');
    cut = without(cut, 'const WebSocketCtor =', 'export class WS');
    cut = without(cut, 'if (this.opts.timestampRequests) {', 'return this.createUri(');
    cut = withoutMethods(cut, ['createSocket']);
    return settled(cut, {
      'this.createSocket(uri, protocols, opts)': 'new WebSocket(uri)',
      'this.opts.autoUnref': 'false',
      'this.supportsBinary': 'true',
      ', this.setTimeoutFn)': ')',
    });
  }),
  changed('page-globals', engine('globals'), (code) => {
    const cut = without(code, 'export const nextTick = ', 'export const globalThisShim', microtask);
    return without(cut, 'export const globalThisShim', 'export const defaultBinaryType', shim);
  }),
  // A runtime sends text alone, and bytes come to it as the frames of a WebSocket, never as base64.
  changed('only-text-sent', /\/engine\.io-parser\/build\/esm\/encodePacket\.browser\.js$/u, (code) => {
    const cut = without(code, 'const withNativeBlob', 'const encodePacket = ');
    const text = without(
      cut,
      'if (withNativeBlob && data instanceof Blob) {',
      'return callback(PACKET_TYPES',
    );
    return without(text, 'const encodeBlobAsBase64', 'export { encodePacket };', streamed);
  }),
  changed('bytes-as-they-are', /\/engine\.io-parser\/build\/esm\/decodePacket\.browser\.js$/u, (code) => {
    const cut = without(code, 'const withNativeArrayBuffer', 'export const decodePacket');
    const whole = without(cut, 'if (type === "b") {', 'const packetType =');
    return settled(without(whole, 'const decodeBase64Packet', 'const mapBinary'), {
      'import { decode } from "./contrib/base64-arraybuffer.js";': '',
      'mapBinary(encodedPacket, binaryType)': 'encodedPacket',
    });
  }),
  // Of the names of a method one is used.
  changed('one-name-each', /\/component-emitter\/lib\/esm\/index\.js$/u, (code) => {
    const heard = code.indexOf('Emitter.prototype.listeners = ');
    if (heard === -1) throw new Error('The emitter tells of its listeners in another way by now.');
    return settled(code.slice(0, heard), {
      'if (obj) return mixin(obj);': '',
      'Emitter.prototype.addEventListener = ': '',
      'Emitter.prototype.removeListener =\n': '',
      'Emitter.prototype.removeEventListener = ': '',
    });
  }),
];

/** WebTransport's, which is not loaded. */
const streamed = 'export const encodePacketToBinary = undefined;\n';
const microtask = 'export const nextTick = (callback) => Promise.resolve().then(callback);\n';
const shim = 'export const globalThisShim = self;\n';

const parser = changed('text-out-bytes-in', /\/socket\.io-parser\/build\/esm\/index\.js$/u, (code) => {
  const cut = without(code, 'export var PacketType;', 'export class Encoder', packetTypes);
  const encoder = without(cut, 'if (obj.type === PacketType.EVENT ||', 'return [this.encodeAsString(obj)];');
  const text = without(encoder, 'if (obj.type === PacketType.BINARY_EVENT ||', 'if (obj.nsp &&');
  const decoder = without(text, 'constructor(opts) {', 'add(obj) {');
  // There is one namespace, which goes without saying.
  const encoded = without(decoder, 'if (obj.nsp && "/" !== obj.nsp) {', 'if (null != obj.id) {');
  const plain = without(encoded, 'if ("/" === str.charAt(i + 1)) {', 'const next = str.charAt(i + 1);');
  return settled(
    withoutMethods(without(plain, '    constructor(replacer) {', '    encode(obj) {'), ['encodeAsBinary']),
    {
      ', this.replacer': '',
      ', this.opts.reviver': '',
      'this.opts.maxAttachments': '10',
      'isBinary(obj) || obj.base64': 'obj instanceof ArrayBuffer',
      'PacketType[p.type] === undefined': '!(p.type <= 6)',
    },
  );
});

const packetTypes = `export const PacketType = {
  CONNECT: 0, DISCONNECT: 1, EVENT: 2, ACK: 3, CONNECT_ERROR: 4, BINARY_EVENT: 5, BINARY_ACK: 6,
};\n`;

/**
 * The client's own socket: it hears events by their names and asks with a time limit; what waits for a connection is kept by
 * the client, and the relay recovers no connection, sends nothing that is answered, and is of this version.
 */
const clientSocket = changed('plain-socket', client('socket'), (code) => {
  let cut = without(code, 'if (RESERVED_EVENTS.hasOwnProperty(ev)) {', 'args.unshift(ev);');
  cut = without(cut, 'if (this._opts.retries &&', 'const packet = {');
  cut = without(cut, 'packet.options = {};', '// event ack callback');
  cut = without(cut, 'const isTransportWritable =', 'const isConnected =');
  cut = without(cut, 'const discardPacket =', 'else if (isConnected) {', 'if (false) {}\n');
  cut = without(cut, 'if (this._anyListeners &&', 'super.emit.apply(this, args);');
  cut = without(cut, 'if (this._pid && args.length', 'ack(id) {', '}\n');
  cut = without(cut, 'if (null != packet.id) {', 'if (this.connected) {\n            this.emitEvent');
  cut = without(
    cut,
    'new Error("It seems you are',
    ');\n                }\n                break;',
    'new Error("no session")',
  );
  cut = without(cut, 'this._pid\n', '});\n    }\n', 'data,\n');
  cut = withoutMethods(
    cut,
    words(`send open close compress volatile disconnected ack emitWithAck _addToQueue _drainQueue
      notifyOutgoingListeners onAny prependAny offAny listenersAny onAnyOutgoing
      prependAnyOutgoing offAnyOutgoing listenersAnyOutgoing`),
  );
  return settled(cut, {
    'const sameNamespace = packet.nsp === this.nsp;': '',
    'if (!sameNamespace)\n            return;': '',
    'packet.nsp = this.nsp;': '',
    'this.nsp = nsp;': '',
    'this.recovered = pid && this._pid === pid;': '',
    'this._pid = pid;': '',
    'this._drainQueue(true);': '',
    'this.notifyOutgoingListeners(packet);': '',
    'this._queue = [];': '',
    'this._queueSeq = 0;': '',
    'this.recovered = false;': '',
    'if (this.io._autoConnect)\n            this.open();': '',
    'this._opts.ackTimeout': 'undefined',
    'this._opts = Object.assign({}, opts);': '',
    'this.io.setTimeoutFn(': 'setTimeout(',
    'this.io.clearTimeoutFn(': 'clearTimeout(',
  });
});

/** Its options are given once and never asked for. */
const manager = changed('given-options', client('manager'), (code) => {
  let cut = without(code, 'if (uri && "object" === typeof uri) {', 'opts.path =');
  cut = without(
    cut,
    'this.reconnection(opts.reconnection !== false);',
    'this._readyState = "closed";',
    given,
  );
  cut = without(cut, 'this._autoConnect = opts.autoConnect', 'reconnection(v) {', '}\n');
  cut = withoutMethods(
    cut,
    words(`reconnection reconnectionAttempts reconnectionDelay randomizationFactor
      reconnectionDelayMax timeout connect disconnect onping onreconnect`),
  );
  // It has one namespace, whose end is its own.
  cut = without(cut, 'const nsps = Object.keys(this.nsps);', 'this._close();');
  cut = without(
    cut,
    'let socket = this.nsps[nsp];',
    'return socket;',
    'const socket = new Socket(this, nsp, opts);\n',
  );
  return settled(cut, {
    ...timers,
    'installTimerFunctions(this, opts);': '',
    'this.nsps = {};': '',
    'const _parser = opts.parser || parser;': '',
    'new _parser.': 'new parser.',
    'this._timeout': '20000',
    'this._reconnection &&': '',
    'this.backoff.attempts >= this._reconnectionAttempts': 'false',
    'this.opts.autoUnref': 'false',
    ', packet.options': '',
    'on(socket, "ping", this.onping.bind(this)), ': '',
    'this.emitReserved("reconnect_attempt", self.backoff.attempts);': '',
    'this.emitReserved("reconnect_error", err);': '',
    'self.onreconnect();': 'self._reconnecting = false; self.backoff.reset();',
  });
});

const given = `this.backoff = new Backoff({
  min: opts.reconnectionDelay, max: opts.reconnectionDelayMax, jitter: opts.randomizationFactor,
});\n`;

const backoff = changed('given-backoff', client('contrib/backo2'), (code) => {
  const setters = code.indexOf('Backoff.prototype.setMin');
  if (setters === -1) throw new Error('The backoff is set in another way by now.');
  return code.slice(0, setters).replace(/\/\*\*(?:(?!\*\/)[^])*$/u, '');
});

/** Long polling registers itself with the page where it is loaded, and the client's entry adds to a function that nobody calls here. */
const noSideEffects: Plugin = {
  name: 'no-side-effects',
  transform: {
    filter: {
      id: /\/engine\.io-client\/build\/esm\/transports\/polling-xhr\.js$|\/socket\.io-client\/build\/esm\/index\.js$/u,
    },
    handler: (code) => ({ code, map: null, moduleSideEffects: false }),
  },
};

export const socketIoCuts: readonly Plugin[] = [
  transports,
  addresses,
  engineSocket,
  ...engineParts,
  parser,
  clientSocket,
  manager,
  backoff,
  noSideEffects,
];
