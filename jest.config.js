import { availableParallelism } from "node:os";
import { findChromium } from "./scripts/chromium.mjs";

/** ES modules throughout: the tests run the sources as Node would, transpiled one file at a time. */
export default {
  testEnvironment: "node",
  roots: ["<rootDir>/test"],
  testMatch: ["**/*.test.ts"],
  // scripts/chromium.mjs, which `make test` runs first, has said so.
  testPathIgnorePatterns: ["/node_modules/", ...(findChromium() ? [] : ["/page/browser\\.test"])],
  extensionsToTreatAsEsm: [".ts"],
  transform: {
    "^.+\\.ts$": [
      "@swc/jest",
      { jsc: { parser: { syntax: "typescript" }, target: "es2024" }, module: { type: "es6" }, sourceMaps: "inline" },
    ],
  },
  // Generous, since machines differ: what waits for something says so itself, and sooner.
  testTimeout: 120_000,
  // More than there are cores: the long ones wait for processes of their own most of the time.
  maxWorkers: availableParallelism() + 1,
  reporters: ["default", "<rootDir>/scripts/jest-summary.mjs"],
};
