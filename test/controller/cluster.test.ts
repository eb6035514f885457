import { afterAll, beforeAll } from "@jest/globals";
import { type ApiServer, startApiServer } from "../kube/apiserver.ts";
import { lives } from "./life.ts";
import { inCluster, installCrds } from "./wirings.ts";

let server: ApiServer;
beforeAll(async () => {
  server = await startApiServer();
  await installCrds(server);
});
afterAll(() => server?.stop());

lives((options) => inCluster(server, options));
