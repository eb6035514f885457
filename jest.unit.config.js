import base from "./jest.config.js";

/** What starts a cluster, a process of its own, a foreign tool or a controller that lives a life. All else is for the desk. */
const WHOLE = [
  "argocd",
  "container",
  "dist",
  "e2e",
  "faults",
  "helm",
  "judges",
  "kube",
  "policy",
  "property",
  "setup",
  "cli/(apply|cluster|completion|doctor|import|plan|policy|report|run|status-folder|terminal|users-from-csv|why)\\.",
  "controller/(cluster|folder)\\.",
  "page/(browser|cluster)\\.",
  "observability/(alerts|live|log)\\.",
  "scripts/",
  "security/(api-server|endpoints|fairness|isolation|memory|secrets|two-tenants)\\.",
];

/** `make test-unit`: a minute on two cores, without a cluster. */
export default {
  ...base,
  testPathIgnorePatterns: WHOLE.map((path) => `<rootDir>/test/${path}`),
  // No processes of their own to wait for: one worker a core.
  maxWorkers: "100%",
};
