/** What stands in an element: texts are never taken for markup. */
export type Content = Node | string | undefined | readonly Content[];

interface Attributes {
  readonly [name: string]: string | boolean | undefined;
}

/** Makes an element. A member that is undefined or false is left out. */
export const element = <Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...content: readonly Content[]
): HTMLElementTagNameMap[Tag] => {
  const made = document.createElement(tag);
  fill(made, attributes, content);
  return made;
};

/** The same of a picture. */
export const shape = <Tag extends keyof SVGElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...content: readonly Content[]
): SVGElementTagNameMap[Tag] => {
  const made = document.createElementNS('http://www.w3.org/2000/svg', tag);
  fill(made, attributes, content);
  return made;
};

const fill = (made: Element, attributes: Attributes, content: Content): void => {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) made.setAttribute(name, value === true ? '' : value);
  }
  put(made, content);
};

const put = (into: Element, content: Content): void => {
  if (content === undefined) return;
  if (content instanceof Node || typeof content === 'string') into.append(content);
  else for (const part of content) put(into, part);
};
