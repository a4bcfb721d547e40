// Ends with 0 where the process of this container answers a path with 2xx: `node healthcheck.mjs /readyz`.
const { ok } = await fetch(`http://127.0.0.1:${process.env.PORT}${process.argv[2]}`);
process.exitCode = ok ? 0 : 1;
