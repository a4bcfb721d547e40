import { describe, expect, test } from 'vitest';

import { pageSuite, stages } from './suite.ts';

const suite = pageSuite();

/** Serves a page whose `main` shows `view.html`. */
const open = async (view: string, script = ''): Promise<void> => {
  const { world } = suite;
  world.html = `<!doctype html><title>app</title><body><main data-cd-template="/app/view.html">${view}</main></body>`;
  world.deploy({ 'main.ts': script, 'view.html': view });
  await world.open();
};
const push = async (view: string): Promise<void> => {
  expect(stages(await suite.world.push({ 'view.html': view }))).toEqual(['delivered', 'completed']);
};

describe('a template push', () => {
  test('keeps typed text, focus and selection, also where fields move', async () => {
    await open('<h1>one</h1><form><input id="a"><input name="b" value="given"><textarea></textarea></form>');
    const { page } = suite.world;
    await page.fill('[name=b]', 'typed in b');
    await page.fill('textarea', 'typed below');
    await page.fill('#a', 'typed in a');
    await page.evaluate(() => document.querySelector<HTMLInputElement>('#a')!.setSelectionRange(2, 5));
    await push(
      '<p>new</p><h1>two</h1><form class="wide"><label>A <input id="a" placeholder="new"></label><input name="b" value="other"><textarea></textarea></form>',
    );
    expect(
      await page.evaluate(() => {
        const a = document.querySelector<HTMLInputElement>('#a')!;
        return {
          title: document.querySelector('h1')!.textContent,
          a: a.value,
          placeholder: a.placeholder,
          focused: document.activeElement === a,
          selection: [a.selectionStart, a.selectionEnd],
          b: document.querySelector<HTMLInputElement>('[name=b]')!.value,
          text: document.querySelector('textarea')!.value,
        };
      }),
    ).toEqual({
      title: 'two',
      a: 'typed in a',
      placeholder: 'new',
      focused: true,
      selection: [2, 5],
      b: 'typed in b',
      text: 'typed below',
    });
    await page.keyboard.type('!');
    expect(await page.inputValue('#a')).toBe('ty! in a');
  });

  test('gives fields that nobody has touched their new values', async () => {
    await open(
      '<input id="a" value="one"><input id="b" type="checkbox"><select><option>x</option><option>y</option></select>',
    );
    await push(
      '<input id="a" value="two"><input id="b" type="checkbox" checked><select><option>x</option><option selected>y</option></select>',
    );
    const { page } = suite.world;
    expect(await page.inputValue('#a')).toBe('two');
    expect(await page.isChecked('#b')).toBe(true);
    expect(await page.inputValue('select')).toBe('y');
  });

  test('keeps what was ticked, chosen, opened and scrolled', async () => {
    const tall = '<div style="height: 1000px">tall</div>';
    const box = (text: string): string =>
      `<div id="box" style="height: 50px; overflow: auto"><i>${text}</i>${tall}</div>`;
    const rest =
      '<input type="checkbox" checked><input type="radio" name="r"><select><option>x</option><option>y</option></select><details><summary>more</summary>text</details>';
    await open(`<h1>one</h1>${rest}${box('one')}`);
    const { page } = suite.world;
    await page.uncheck('[type=checkbox]');
    await page.check('[type=radio]');
    await page.selectOption('select', 'y');
    await page.click('summary');
    await page.evaluate(() => document.querySelector('#box')!.scrollTo(0, 300));
    await push(
      `<h1>two</h1><hr>${rest.replace('>more<', '>less<').replace('type="radio"', 'type="radio" title="t"')}${box('two')}`,
    );
    expect(
      await page.evaluate(() => ({
        checkbox: document.querySelector<HTMLInputElement>('[type=checkbox]')!.checked,
        radio: document.querySelector<HTMLInputElement>('[type=radio]')!.checked,
        select: document.querySelector('select')!.value,
        details: document.querySelector('details')!.open,
        summary: document.querySelector('summary')!.textContent,
        scrolled: document.querySelector('#box')!.scrollTop,
      })),
    ).toEqual({ checkbox: false, radio: true, select: 'y', details: true, summary: 'less', scrolled: 300 });
  });

  test('leaves what the program made of the parts that it does not change', async () => {
    await open(
      '<h1 class="big">Count</h1><output>0</output><ul></ul><button>up</button>',
      `const up = () => { const out = document.querySelector('output')!; out.textContent = String(Number(out.textContent) + 1);
         document.querySelector('ul')!.append(Object.assign(document.createElement('li'), { textContent: 'row' }));
         document.querySelector('h1')!.classList.add('active'); document.querySelector('button')!.disabled = true; };
       document.querySelector('button')!.addEventListener('click', up);`,
    );
    const { page } = suite.world;
    await page.click('button');
    await push(
      '<h1 class="small">Counter</h1><p>new</p><output title="t">0</output><ul></ul><button>more</button>',
    );
    expect(await page.innerHTML('main')).toBe(
      '<h1 class="small active">Counter</h1><p>new</p><output title="t">1</output><ul><li>row</li></ul><button disabled="">more</button>',
    );
    // What the template itself changes wins.
    await push('<h1 class="small">Counter</h1><p>new</p><output>zero</output><ul></ul><button>more</button>');
    expect(await page.textContent('output')).toBe('zero');
    await page.evaluate(() => (document.querySelector('button')!.disabled = false));
    await page.click('button');
    expect(await page.locator('li').count()).toBe(2);
  });

  test('shows in every element that was given to the template, later ones included, and runs no script of it', async () => {
    await open('<b>one</b>', `import { runtime } from 'cd-push:runtime'; globalThis.rt = runtime;`);
    const { page, world } = { page: suite.world.page, world: suite.world };
    await push(
      '<b>two</b><script>document.title = "run"</script><img src="x" onerror="document.title = \'run\'">',
    );
    await page.evaluate(async () => {
      const host = document.createElement('section');
      document.body.append(host);
      await globalThis.cd.runtime?.template('/app/view.html', host);
    });
    expect(await page.textContent('section b')).toBe('two');
    expect(await page.title()).toBe('app');
    expect((await world.violations()).length).toBeGreaterThan(0);
    await page.evaluate(() => (globalThis.cd.violations as string[]).splice(0));
  });

  test('fills an empty element with the served version', async () => {
    suite.world.html = '<!doctype html><body><main data-cd-template="/app/view.html"></main></body>';
    suite.world.deploy({ 'main.ts': '', 'view.html': '<b>served</b>' });
    await suite.world.open();
    expect(await suite.world.page.innerHTML('main')).toBe('<b>served</b>');
  });

  test('tells modules, who may have to bind to what is new', async () => {
    await open(
      '<b>one</b>',
      `import.meta.hot!.on('cd-push:template', ({ resource }) => { document.title = resource + ' ' + document.querySelector('main')!.textContent; });`,
    );
    await push('<b>two</b>');
    expect(await suite.world.page.title()).toBe('/app/view.html two');
  });

  test('new markup refers to pushed assets and pushed styles', async () => {
    const { world } = suite;
    await open('<b>one</b>');
    await world.push({
      'logo.svg': new TextEncoder().encode(
        '<svg xmlns="http://www.w3.org/2000/svg" width="33" height="33"/>',
      ),
      'late.css': 'b { color: rgb(4, 4, 4); }',
    });
    await push('<link rel="stylesheet" href="/late.css"><b>two</b><img src="/logo.svg">');
    expect(
      await world.page.evaluate(async () => {
        const image = document.querySelector('img')!;
        await image.decode();
        return [image.naturalWidth, getComputedStyle(document.querySelector('b')!).color];
      }),
    ).toEqual([33, 'rgb(4, 4, 4)']);
  });
});
