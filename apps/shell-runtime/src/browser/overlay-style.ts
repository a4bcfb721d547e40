export const overlayStyle = `
:host { all: initial; position: fixed; inset: auto 0 0 auto; z-index: 2147483647; max-inline-size: min(26rem, 100vw); pointer-events: none; }
.notes { box-sizing: border-box; max-block-size: 100dvh; overflow-y: auto; display: flex; flex-direction: column; gap: .5rem; margin: 0; padding: .75rem; list-style: none; font: 13px/1.45 system-ui, sans-serif; }
li { pointer-events: auto; padding: .5rem .75rem; border-radius: .5rem; border-inline-start: 4px solid #2da44e; background: #1c2128; color: #f0f3f6; box-shadow: 0 4px 16px rgb(0 0 0 / .35); animation: in .18s ease-out; overflow-wrap: anywhere; }
li.notice { border-color: #58a6ff; }
li.failure { border-color: #ff6b61; }
.head { display: flex; align-items: start; gap: .5rem; }
.title { flex: 1; font-weight: 600; }
.times { color: #8b949e; }
.text { margin: .25rem 0 0; white-space: pre-wrap; }
.stack { margin: .5rem 0 0; padding: .5rem; max-block-size: 12rem; overflow: auto; border-radius: .25rem; background: #0d1117; font: 12px/1.4 ui-monospace, monospace; white-space: pre; }
button { font: inherit; color: inherit; background: none; border: 1px solid transparent; border-radius: .25rem; cursor: pointer; }
.dismiss { margin: -.15rem -.35rem 0 0; padding: 0 .4rem; font-size: 1.1rem; line-height: 1.3; }
.action { margin-block-start: .5rem; padding: .15rem .6rem; border-color: #8b949e; }
button:hover { border-color: #8b949e; }
button:focus-visible, .stack:focus-visible { outline: 2px solid #58a6ff; outline-offset: 1px; }
@keyframes in { from { opacity: 0; translate: 0 .5rem; } }
@media (prefers-reduced-motion: reduce) { li { animation: none; } }
@media print { :host { display: none; } }
`;
