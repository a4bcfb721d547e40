import { html, Parser, type DefaultTreeAdapterMap, type DefaultTreeAdapterTypes, type Token } from 'parse5';

import { isCss } from './css.ts';
import { isJson } from './json.ts';
import { isScript } from './script.ts';

/**
 * A page, or a part of one, without an error of HTML's own: its tags are closed in the order in which they were opened, but
 * where the standard lets an end tag out; what its scripts and styles say is right by itself.
 */
export const isHtml = (text: string): boolean => {
  let isWellFormed = true;
  const options = {
    sourceCodeLocationInfo: true,
    onParseError: ({ code }: { readonly code: string }) => {
      // A part of a page has none, and a page without one is shown all the same.
      if (code !== 'missing-doctype') isWellFormed = false;
    },
  };
  const isPage = /<(?:!doctype|html|head|body)[\s>]/i.test(text);
  const parser: Parser<DefaultTreeAdapterMap> = isPage
    ? new CountingParser(options)
    : CountingParser.getFragmentParser(null, options);
  parser.tokenizer.write(text, true);
  if (!isWellFormed || !(parser instanceof CountingParser)) return false;
  const root: DefaultTreeAdapterTypes.ParentNode = isPage ? parser.document : parser.getFragment();
  return closedElements(root, text) === parser.endTags;
};

/** Browsers pass over an end tag that closes nothing, and no error is told of it; so end tags are counted. */
class CountingParser extends Parser<DefaultTreeAdapterMap> {
  endTags = 0;

  override onEndTag(token: Token.TagToken): void {
    this.endTags += 1;
    super.onEndTag(token);
  }
}

/** How many elements an end tag closes; undefined where one lacks an end tag, or holds what is wrong. */
const closedElements = (root: DefaultTreeAdapterTypes.ParentNode, text: string): number | undefined => {
  let closed = 0;
  const left: DefaultTreeAdapterTypes.ParentNode[] = [root];
  for (let parent = left.pop(); parent !== undefined; parent = left.pop()) {
    for (const node of parent.childNodes) {
      if (!('tagName' in node)) continue;
      const location = node.sourceCodeLocation;
      // What the standard adds by itself (`tbody`, `head`) is nowhere in the text.
      const isWritten = location !== undefined && location !== null;
      if (isWritten && location.endTag !== undefined) closed += 1;
      else if (isWritten && !mayStayOpen(node, text.slice(0, location.startTag?.endOffset))) return undefined;
      if (!holdsWhatItSays(node)) return undefined;
      left.push('content' in node ? node.content : node);
    }
  }
  return closed;
};

const mayStayOpen = (
  { tagName, namespaceURI }: DefaultTreeAdapterTypes.Element,
  upToStartTag: string,
): boolean => (namespaceURI === html.NS.HTML ? endTagLess.has(tagName) : upToStartTag.endsWith('/>'));

/** Elements without an end tag, and those that may do without (HTML standard, 13.1.2 and 13.1.2.4). */
const endTagLess: ReadonlySet<string> = new Set(
  [
    'area base br col embed hr img input link meta param source track wbr',
    'html head body li dt dd p rt rp optgroup option colgroup caption thead tbody tfoot tr td th',
  ].flatMap((names) => names.split(' ')),
);

const holdsWhatItSays = ({ tagName, attrs, childNodes }: DefaultTreeAdapterTypes.Element): boolean => {
  if (tagName !== 'script' && tagName !== 'style') return true;
  const text = childNodes.map((node) => ('value' in node ? node.value : '')).join('');
  if (tagName === 'style') return isCss(text);
  const type =
    attrs
      .find(({ name }) => name === 'type')
      ?.value.trim()
      .toLowerCase() ?? '';
  if (['', 'module', 'text/javascript'].includes(type)) return isScript('jsx', text);
  // Anything else is data for somebody else.
  return !['application/json', 'importmap'].includes(type) || isJson(text);
};
