import type { References } from './references.ts';

/** Attributes that hold one address each. Links to pages (`a`, `form`) lead elsewhere and are left alone. */
const addressAttributes: readonly (readonly [selector: string, attribute: string])[] = [
  ['img[src],source[src],video[src],audio[src],track[src],embed[src],input[src]', 'src'],
  ['video[poster]', 'poster'],
  ['object[data]', 'data'],
  ['link[rel~="icon"][href],link[rel~="apple-touch-icon"][href],link[rel~="mask-icon"][href]', 'href'],
  ['image[href],use[href],feImage[href]', 'href'],
  ['image[*|href],use[*|href]', 'xlink:href'],
];

const cssUrl = /url\(\s*(?:"([^"]*)"|'([^']*)'|([^"')\s]+))\s*\)/gu;

export type Undo = () => void;

/** CSS text whose addresses stand for what is in place now. */
export const renewCss = (text: string, references: References, relativeTo?: string): string =>
  text.replace(cssUrl, (whole, double?: string, single?: string, bare?: string) => {
    const renewed = references.renewed(double ?? single ?? bare ?? '', relativeTo);
    return renewed === undefined ? whole : `url("${renewed}")`;
  });

/** Renews every reference below a root, in shadow roots and style sheets too; what comes back undoes it. */
export const renewReferences = (root: Document | ShadowRoot, references: References): Undo[] => {
  const undos = renewMarkup(root, references);
  for (const sheet of [...root.styleSheets, ...root.adoptedStyleSheets]) renewSheet(sheet, references, undos);
  for (const { shadowRoot } of root.querySelectorAll('*')) {
    if (shadowRoot !== null) undos.push(...renewReferences(shadowRoot, references));
  }
  return undos;
};

/** Renews the references that elements hold themselves. */
export const renewMarkup = (root: ParentNode, references: References): Undo[] => {
  const undos: Undo[] = [];
  for (const [selector, attribute] of addressAttributes) {
    for (const element of root.querySelectorAll(selector)) {
      const former = element.getAttribute(attribute);
      const renewed = former === null ? undefined : references.renewed(former);
      if (former === null || renewed === undefined) continue;
      element.setAttribute(attribute, renewed);
      undos.push(() => element.setAttribute(attribute, former));
    }
  }
  for (const element of root.querySelectorAll('img[srcset],source[srcset]')) {
    const former = element.getAttribute('srcset') ?? '';
    const renewed = renewSrcset(former, references);
    if (renewed === former) continue;
    element.setAttribute('srcset', renewed);
    undos.push(() => element.setAttribute('srcset', former));
  }
  for (const element of root.querySelectorAll<HTMLElement | SVGElement>('[style*="url("]')) {
    renewDeclarations(element.style, references, document.baseURI, undos);
  }
  return undos;
};

/** Candidates are parted by commas that a space follows or precedes; an address itself may hold commas. */
const renewSrcset = (srcset: string, references: References): string =>
  srcset.replace(
    /(^|,\s+|\s,)(\s*)([^\s,]\S*[^\s,]|[^\s,])/gu,
    (whole, comma: string, space: string, address: string) => {
      const renewed = references.renewed(address);
      return renewed === undefined ? whole : comma + space + renewed;
    },
  );

const renewSheet = (sheet: CSSStyleSheet, references: References, undos: Undo[]): void => {
  let rules: CSSRuleList;
  try {
    rules = sheet.cssRules;
  } catch {
    // Of another origin, so none of the program's.
    return;
  }
  renewRules(rules, references, sheet.href ?? document.baseURI, undos);
};

const renewRules = (rules: CSSRuleList, references: References, relativeTo: string, undos: Undo[]): void => {
  for (const rule of rules) {
    if (rule instanceof CSSImportRule) {
      if (rule.styleSheet !== null) renewSheet(rule.styleSheet, references, undos);
      continue;
    }
    if ('style' in rule && rule.style instanceof CSSStyleDeclaration) {
      renewDeclarations(rule.style, references, relativeTo, undos);
    }
    if ('cssRules' in rule && rule.cssRules instanceof CSSRuleList)
      renewRules(rule.cssRules, references, relativeTo, undos);
  }
};

const renewDeclarations = (
  style: CSSStyleDeclaration,
  references: References,
  relativeTo: string,
  undos: Undo[],
): void => {
  for (const property of Array.from(style)) {
    const former = style.getPropertyValue(property);
    if (!former.includes('url(')) continue;
    const renewed = renewCss(former, references, relativeTo);
    if (renewed === former) continue;
    const priority = style.getPropertyPriority(property);
    style.setProperty(property, renewed, priority);
    undos.push(() => style.setProperty(property, former, priority));
  }
};
