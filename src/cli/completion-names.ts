/** Names for completion: of the manifests that -f names, else of the cluster. Quick or nothing. */
import { type ConnectUser, USER } from "../api/resources.ts";
import type { Names } from "./commands/complete.ts";
import { openDeclared } from "./declared-objects.ts";

export const nameSource: Names = async (kind, typed) => {
  const options = {
    filename: typed["--filename"],
    kubeconfig: typed["--kubeconfig"],
    context: typed["--context"],
    namespace: typed["--namespace"],
    allNamespaces: typed["--all-namespaces"] !== undefined || kind === "namespace",
  };
  if (kind === "context") {
    const { kubeconfigContexts } = await import("../runtime/kubeconfig.ts");
    return kubeconfigContexts(options.kubeconfig).map((value) => ({ value }));
  }
  const declared = await openDeclared(options);
  await declared.close();
  const personas = declared.personas();
  const users = declared.users();
  // Namespaces that hold something of ours: listing all needs a right that few have.
  if (kind === "namespace")
    return unique([...personas, ...users].map(({ metadata }) => metadata.namespace)).map((value) => ({ value }));
  const named = kind === "persona" ? personas : kind === "user" ? users : [...personas, ...users];
  return named.map((one) => ({
    value: options.allNamespaces ? `${one.metadata.namespace}/${one.metadata.name}` : one.metadata.name,
    what: one.kind === USER ? whoIs(one as ConnectUser) : one.kind,
  }));
};

const whoIs = ({ spec, status }: ConnectUser) =>
  status?.username ?? spec.entraUser.userPrincipalName ?? spec.entraUser.objectId ?? USER;
const unique = (all: string[]) => [...new Set(all)].sort();
