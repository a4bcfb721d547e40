import { mergeConfig } from 'vitest/config';

import shared from '../../vitest.shared.ts';

export default mergeConfig(shared, {
  // As patient as the tests themselves: what is polled for comes when the machine gets to it.
  test: { expect: { poll: { timeout: 40_000 } } },
});
