/** Open facts of Microsoft Graph and Entra. */
import type { OpenFact } from "./open.ts";

export const GRAPH_FACTS = {} as const satisfies Record<string, OpenFact>;
