/** What the page and the service say to whoever is there. */
export const greet = (name: string): string => `Hello, ${name.trim() || 'stranger'}.`;
