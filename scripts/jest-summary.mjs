// A reporter of jest: writes one line, `N passed, N failed`, to build/test-summary; .ci/run ends with it.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";

const folder = new URL("../build/", import.meta.url);
const file = new URL("test-summary", folder);

export default class Summary {
  onRunStart() {
    rmSync(file, { force: true });
  }

  /** A file that cannot be loaded counts as one failure: its tests are unknown. */
  onRunComplete(_, { numPassedTests, numFailedTests, numRuntimeErrorTestSuites }) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, `${numPassedTests} passed, ${numFailedTests + numRuntimeErrorTestSuites} failed\n`);
  }
}
