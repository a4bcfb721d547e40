/** Types without which a browser does not show a blob; it finds out those of raster images, audio and video by itself. */
const types: Readonly<Record<string, string>> = {
  svg: 'image/svg+xml',
  ico: 'image/x-icon',
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  avif: 'image/avif',
  mp3: 'audio/mpeg',
  ogg: 'audio/ogg',
  wav: 'audio/wav',
  mp4: 'video/mp4',
  webm: 'video/webm',
  vtt: 'text/vtt',
  woff: 'font/woff',
  woff2: 'font/woff2',
  ttf: 'font/ttf',
  otf: 'font/otf',
  pdf: 'application/pdf',
  txt: 'text/plain',
  md: 'text/markdown',
  xml: 'application/xml',
  wasm: 'application/wasm',
};

export const mediaTypeOf = (resource: string): string =>
  types[resource.slice(resource.lastIndexOf('.') + 1).toLowerCase()] ?? 'application/octet-stream';
