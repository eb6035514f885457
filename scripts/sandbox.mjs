// docs/sandbox.md: how to use the sandbox, and every key of a world with its meaning and default, from the schema that checks worlds.
import { OPEN_FACTS } from "../src/sandbox/open.ts";
import { worldSchema } from "../src/sandbox/world-schema.ts";

const INTRO = `<!-- Generated from the schema of worlds by \`make generate\`. Do not edit. -->
# The sandbox

\`connect-sso sandbox\` emulates the services that the controller uses: IAM, STS, Amazon Connect, Microsoft Graph, Entra's sign-in and
provisioning. It stores nothing on disk, costs nothing, and refuses what the real services refuse. Use it to try manifests, to test a
pipeline, and to see what the controller does when a cloud fails.

\`\`\`sh
connect-sso sandbox --listen 127.0.0.1:4180 --write-env sandbox.env --config world.yaml
source sandbox.env
aws connect list-instances            # any client that reads the AWS variables: the AWS CLI, boto3, Terraform
connect-sso apply -f examples/blog    # the controller, without a cluster
\`\`\`

\`sandbox.env\` exports the endpoints, a region, and the credentials of an administrator of the sandbox. The AWS CLI and boto3 work with it
without changes.

## What it checks

- **Signatures**: every AWS request must be signed with an existing key, for the right service, with the current time, over the path as it
  was sent. IAM accepts any region, because clients know the region of IAM only for its own endpoint.
- **Rights**: the administrator may do everything. Users, access keys and role sessions may do what their attached, inline and group policies
  and their boundary allow.
- **Logins**: sts:AssumeRoleWithSAML checks the response against the provider's certificates, its time and audience, the pair of role and
  provider, and the role's trust. connect:GetFederationToken then opens a session for the user with the name of the role session.
- **Policy documents** are refused by the rules of the real IAM, and with its words where these are recorded.
- **Quotas and rates**: IAM's quotas for each account, users and quick connects for each instance, and the documented request rates.
- **Names, limits and formats** follow the service models. The sandbox refuses what it does not emulate; it ignores nothing.

## Time

Simulated time starts at real time and runs \`behaviour.timeScale\` times as fast. Access keys, certificates, role imports, sessions (12 hours)
and Entra's deleted items age in simulated time. Latency, \`consistencyDelay\` and request rates are in real time. Write durations as
\`20ms\`, \`3s\`, \`40m\`, \`2h\` or \`1d\`; a bare number means milliseconds.

## Faults

\`\`\`yaml
behaviour:
  faults:
    - {match: "connect:CreateUser", kind: lostAnswer, count: 1}   # the user is created, but the answer is lost
    - {match: "graph:*", kind: throttle, probability: 0.1}
    - {match: "iam:UpdateRole", kind: conflict, after: 2, count: 1}
\`\`\`

| kind | what the caller sees |
|---|---|
| throttle | 429, or IAM's Throttling |
| internal, unavailable | 500, 503 |
| denied | the right is missing |
| unauthorized | the credentials have expired |
| conflict | 409: ConcurrentModification of IAM, ResourceConflictException of Connect |
| timeout, cut | no answer and no effect |
| lostAnswer | no answer, but the write has happened |
| malformed, truncated | an answer that cannot be read |
| staleRead | the state before the last writes |
`;

const FACTS = `
## Open facts

Some things about the real services are neither documented nor recorded. Each is a key of \`behaviour.open\`; the first value is the default.
The controller must work with every value.

| key | values | what is open | why |
|---|---|---|---|
`;

const cell = (text) => String(text).replaceAll("\n", " ").replaceAll("|", "\\|");

function typeOf(schema) {
  if (schema.enum) return schema.enum.map((value) => `\`${value}\``).join(", ");
  if (schema.type === "array") return schema.items.properties ? "list" : "list of text";
  if (schema.type === "object") return schema.additionalProperties === false ? "" : "map of text";
  if (schema.anyOf?.some((one) => one.const === "unlimited")) return "`unlimited` or {rate, burst}";
  if (schema.anyOf) return "duration";
  return (
    { string: "text", boolean: "true or false", integer: "number", number: "number" }[[schema.type].flat()[0]] ?? "any"
  );
}

/** One row a key, nested keys by their dotted path; `open` has a table of its own. */
function rows(schema, path = "") {
  const required = new Set(schema.required ?? []);
  return Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    const here = path ? `${path}.${name}` : name;
    const notes = [
      required.has(name) ? "Required." : "",
      property.description ? `${cell(property.description)}.` : "",
      property.default === undefined ? "" : `Default \`${property.default}\`.`,
    ];
    const row = `| \`${here}\` | ${typeOf(property)} | ${notes.filter(Boolean).join(" ")} |`;
    if (here === "behaviour.open" || here === "tenants") return [row];
    const inner =
      property.type === "array"
        ? property.items
        : (property.anyOf?.find((one) => one.properties && !one.required) ?? property);
    return [row, ...rows(inner, property.type === "array" ? `${here}[]` : here)];
  });
}

export function sandboxReference() {
  const facts = Object.entries(OPEN_FACTS).map(
    ([name, { values, fact, source }]) =>
      `| \`${name}\` | ${values.map((value) => `\`${value}\``).join(", ")} | ${cell(fact)} | ${cell(source)} |`,
  );
  const keys = `\n## The world\n\nEvery key may be left out, but for those that are required within their list.\n\n| key | type | meaning |\n|---|---|---|\n${rows(worldSchema).join("\n")}\n`;
  return `${INTRO}${keys}${FACTS}${facts.join("\n")}\n`;
}
