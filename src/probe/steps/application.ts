/** Applications from Amazon's gallery template, each with a service principal. */
import { must, type StepContext } from "../types.ts";

/** Amazon Web Services in the Entra gallery; the same id in every tenant. */
const TEMPLATE = "8b1025e4-1dd2-430b-a150-2ef79cd700f5";

export interface Application {
  id: string;
  appId: string;
  principalId: string;
  displayName: string;
}

/** Never repeated: a second call makes a second application. */
export async function instantiate(context: StepContext, label: string): Promise<Application> {
  const displayName = `${context.name}-${label}`;
  const answer = await context.graph.call<{
    application: { id: string; appId: string };
    servicePrincipal: { id: string };
  }>("POST", `/applicationTemplates/${TEMPLATE}/instantiate`, { displayName });
  const { application, servicePrincipal } = must(answer);
  context.made({ kind: "application", id: application.id, principalId: servicePrincipal.id });
  return { ...application, principalId: servicePrincipal.id, displayName };
}

/** Waits until both objects are there, and marks the application as the run's. */
export async function mark(context: StepContext, { id, principalId }: Application): Promise<void> {
  must(await context.graph.settled("GET", `/servicePrincipals/${principalId}?$select=id`));
  must(await context.graph.settled("PATCH", `/applications/${id}`, { tags: [`connect-sso-probe:${context.run}`] }));
}

export async function application(context: StepContext, label: string): Promise<Application> {
  const made = await instantiate(context, label);
  await mark(context, made);
  return made;
}

/** SAML mode, which exempts an application from the rules about identifiers. */
export async function samlMode({ graph }: StepContext, { principalId }: Application): Promise<void> {
  must(await graph.settled("PATCH", `/servicePrincipals/${principalId}`, { preferredSingleSignOnMode: "saml" }));
}
