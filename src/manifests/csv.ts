/** Connect's bulk-upload file to ConnectUsers: every row becomes a manifest or a problem that names its line. Pure. */
import { type CsvError, parse } from "csv-parse/sync";
import { API_VERSION, type ConnectSsoPersona, type ConnectUser, USER } from "../api/resources.ts";
import { shorten } from "../domain/names.ts";
import { checkUsername } from "../domain/usernames.ts";
import { COLUMNS, type Column, columnOf, type Draft, E164, isEntraOnly } from "./csv-columns.ts";
import { decodeCsv } from "./encoding.ts";
import { problemsOf } from "./schema.ts";

interface CsvOptions {
  persona: string;
  namespace: string;
  /** Completes a login that is no e-mail address: `jdoe` becomes `jdoe@<domain>`. */
  domain?: string;
  /** When known: its defaults are left out of the manifests, and its allow-list of security profiles is held. */
  declared?: ConnectSsoPersona;
  /** Users that are declared already; the same person twice is a problem. */
  existing?: ConnectUser[];
  /** Users whose manifests the file updates: they keep their names. */
  updated?: ConnectUser[];
}

interface CsvProblem {
  /** Counted from 1. */
  line: number;
  message: string;
}

/** What a person must add by hand or know of; printed as a comment. */
interface CsvUser {
  line: number;
  object: Omit<ConnectUser, "metadata"> & { metadata: { name: string; namespace: string } };
  comments: string[];
}

interface CsvResult {
  users: CsvUser[];
  problems: CsvProblem[];
  /** Titles of columns that have cells and no counterpart, with the reason. */
  dropped: { title: string; why: string }[];
}

interface Row {
  line: number;
  cells: string[];
}

const MAX_BYTES = 16 * 1024 * 1024;

/** `file` is the bytes of a file, or text. */
export function usersFromCsv(file: string | Uint8Array, options: CsvOptions): CsvResult {
  const result: CsvResult = { users: [], problems: [], dropped: [] };
  if (Buffer.byteLength(file) > MAX_BYTES) {
    result.problems.push({ line: 1, message: "the file is larger than 16 MiB" });
    return result;
  }
  const { text, problems } = typeof file === "string" ? { text: file, problems: [] } : decodeCsv(file);
  result.problems.push(...problems);
  const rows = readRows(text, result);
  const header = rows.shift();
  if (!header) {
    if (result.problems.length === 0) result.problems.push({ line: 1, message: "the file is empty" });
    return result;
  }
  const columns = readHeader(header, result);
  if (!columns) return result;
  const people = rows.map((row) => readPerson(row, columns, result, options)).filter((person) => person !== undefined);
  const named = nameUsers(refuseDuplicates(people, result, options), options.updated ?? []).filter(
    ({ broken }) => !broken,
  );
  for (const { line, draft, upn, name, comments } of named) {
    const object = manifest(draft, upn, name, options);
    const wrong = problemsOf({ object });
    for (const message of wrong) result.problems.push({ line, message });
    if (wrong.length === 0) result.users.push({ line, object, comments });
  }
  result.problems.sort((a, b) => a.line - b.line);
  return result;
}

/** What Excel (`sep=;`) and PowerShell (`#TYPE …`) write above the heading. */
const PREAMBLE = /^\uFEFF?(?:"?sep=([^\r\n])"?[ \t]*|#TYPE [^\r\n]*)\r?\n/i;

/** As `sep=` says; else commas, semicolons (spreadsheets of half of Europe) or tabs, whichever the heading has most of. */
function delimiterOf(text: string, declared: string | undefined): string {
  if (declared !== undefined) return declared;
  const first = (text.replace(/^\uFEFF/, "").split(/\r?\n/, 1)[0] ?? "").replace(/"[^"]*"/g, "");
  const count = (one: string) => first.split(one).length;
  return [",", ";", "\t"].reduce((best, one) => (count(one) > count(best) ? one : best));
}

function readRows(given: string, result: CsvResult): Row[] {
  const preamble = PREAMBLE.exec(given);
  const text = given.slice(preamble?.[0].length ?? 0);
  const above = preamble ? 1 : 0;
  try {
    const records = parse(text, {
      bom: true,
      delimiter: delimiterOf(text, preamble?.[1]),
      info: true,
      relax_column_count: true,
      skip_empty_lines: true,
      skip_records_with_empty_values: true,
      trim: true,
    }) as unknown as { record: string[]; info: { lines: number } }[];
    // A quoted cell may hold line breaks: `lines` is where the record ends.
    return records.map(({ record, info }) => ({
      line: above + info.lines - record.join("").split("\n").length + 1,
      cells: record,
    }));
  } catch (error) {
    const { lines, message } = error as CsvError & { lines?: number };
    result.problems.push({ line: above + (lines ?? 1), message: message.replace(/ at line \d+.*$/s, "") });
    return [];
  }
}

function readHeader(header: Row, result: CsvResult): (Column | undefined)[] | undefined {
  const complain = (message: string) => result.problems.push({ line: header.line, message });
  const columns = header.cells.map(columnOf);
  const fromEntra = columns.includes(columnOf("userPrincipalName"));
  const strange = header.cells.filter((title, index) => !columns[index] && title !== "");
  const ignored = fromEntra ? strange.filter(isEntraOnly) : [];
  if (ignored.length > 0) result.dropped.push({ title: ignored.join(", "), why: "Connect has nothing of the kind" });
  const unknown = strange.filter((title) => !ignored.includes(title));
  for (const [index, title] of unknown.entries())
    complain(`unknown column "${title}"${index < unknown.length - 1 ? "" : `; understood are ${known()}`}`);
  for (const column of new Set(columns)) {
    if (column && columns.filter((other) => other === column).length > 1)
      complain(`column "${column.title}" appears twice`);
  }
  for (const title of ["first name", "last name", ...(fromEntra ? [] : ["user login"])])
    if (!columns.includes(columnOf(title))) complain(`there is no column "${title}"`);
  return fromEntra || columns.includes(columnOf("user login")) ? columns : undefined;
}

const known = () => COLUMNS.map(({ title }) => title).join(", ");

interface Person {
  line: number;
  draft: Draft;
  upn: string;
  comments: string[];
  /** Something in its line was reported. */
  broken: boolean;
}

/** Undefined for a line without a person. */
function readPerson(
  row: Row,
  columns: (Column | undefined)[],
  result: CsvResult,
  options: CsvOptions,
): Person | undefined {
  const before = result.problems.length;
  const complain = (message: string) => result.problems.push({ line: row.line, message });
  const draft: Draft = {};
  if (row.cells.length > columns.length) complain(`${row.cells.length} cells under ${columns.length} columns`);
  for (const [index, column] of columns.entries()) {
    const cell = row.cells[index] ?? "";
    if (!column || cell === "") continue;
    const wrong = column.read(cell, draft);
    if (wrong) complain(wrong);
    if (column.dropped && !result.dropped.some(({ title }) => title === column.title))
      result.dropped.push({ title: column.title, why: column.dropped });
  }
  const missing = (["firstName", "lastName"] as const).filter((field) => !draft[field]);
  if (missing.length > 0)
    complain(
      `no ${missing.map((field) => (field === "firstName" ? "first name" : "last name")).join(" and no ")}; users of a SAML instance need both`,
    );
  for (const name of [draft.firstName, draft.lastName])
    if (name && /\ufffd|[^\s?]\?|\?[^\s?]/.test(name))
      complain(
        `"${name}" lost letters when the file was written; export it again as UTF-8 (PowerShell: -Encoding utf8)`,
      );
  if (draft.agentHierarchy) {
    draft.hierarchyGroup ??= draft.agentHierarchy as Draft["hierarchyGroup"];
    if (draft.hierarchyGroup?.join("|") !== draft.agentHierarchy.join("|"))
      complain("agent hierarchy and user_hierarchy name different groups");
  }
  const upn = principalName(draft, options, complain);
  checkProfiles(draft, options, complain);
  const comments = [...tidyPhone(draft, complain), ...(draft.left ?? [])];
  return upn === undefined
    ? undefined
    : { line: row.line, draft, upn, comments, broken: result.problems.length > before };
}

/** The login of a SAML instance is the RoleSessionName, and so the user principal name (or the mail) of the person. */
function principalName(
  { login, email, principal }: Draft,
  { domain }: CsvOptions,
  complain: (text: string) => void,
): string | undefined {
  if (principal !== undefined && login === undefined) {
    // Another attribute than the user principal name may become the RoleSessionName: whether Connect accepts it is checked in Entra.
    if (/^[^\s@]+@[^\s@]+$/.test(principal)) return principal;
    complain(`userPrincipalName "${principal}" is not a user principal name`);
    return undefined;
  }
  if (!login) {
    complain("no user login");
    return undefined;
  }
  const upn = login.includes("@") || !domain ? login : `${login}@${domain}`;
  const wrong = checkUsername(upn);
  if (wrong) {
    complain(`user login: ${wrong.message}`);
    return undefined;
  }
  if (!upn.includes("@")) {
    const hint = email?.includes("@") ? `--domain ${email.split("@")[1]}` : "--domain example.com";
    complain(
      `user login "${login}" is not a user principal name, so no one in Entra has it; ${hint} would complete it`,
    );
    return undefined;
  }
  return upn;
}

function checkProfiles(draft: Draft, { declared }: CsvOptions, complain: (text: string) => void): void {
  if (!declared) return;
  const { securityProfiles: allowed, routingProfile } = declared.spec.connectUsers;
  const forbidden = (draft.securityProfiles ?? []).filter((name) => !allowed.includes(name));
  if (forbidden.length > 0)
    complain(
      `persona ${declared.metadata.name} does not allow the security profile ${forbidden.join(", ")}; it allows ${allowed.join(", ")}`,
    );
  const same =
    draft.securityProfiles?.length === allowed.length && draft.securityProfiles.every((name) => allowed.includes(name));
  if (same) delete draft.securityProfiles;
  if (draft.routingProfile === routingProfile) delete draft.routingProfile;
}

/** The template fills cells that Connect ignores: auto accept of a desk phone, the number of a soft phone. */
function tidyPhone({ phone, contactHandling: { voice } = {} }: Draft, complain: (text: string) => void): string[] {
  const comments: string[] = [];
  if (!phone) return comments;
  if (phone.type !== "DeskPhone") {
    if (phone.deskPhoneNumber !== undefined) comments.push("the phone number is left out: only a desk phone has one");
    delete phone.deskPhoneNumber;
    return comments;
  }
  if (voice?.autoAccept) comments.push("soft phone auto accept is left out: the phone is a desk phone");
  if (voice?.persistentConnection) comments.push("persistent connection is left out: the phone is a desk phone");
  delete voice?.autoAccept;
  delete voice?.persistentConnection;
  if (phone.deskPhoneNumber === undefined) complain("phone type desk, but no phone number");
  else if (!E164.test(phone.deskPhoneNumber))
    complain(`phone number "${phone.deskPhoneNumber}" is not in E.164 (for example +35315550100)`);
  return comments;
}

function refuseDuplicates(people: Person[], result: CsvResult, options: CsvOptions): Person[] {
  const first = new Map<string, Person>();
  const declared = byPerson(options.existing ?? []);
  const updated = byPerson(options.updated ?? []);
  return people.filter((person) => {
    const key = person.upn.toLowerCase();
    const complain = (message: string) => result.problems.push({ line: person.line, message });
    const earlier = first.get(key);
    if (earlier) {
      const same = earlier.upn === person.upn ? "" : `, which differs in case alone (${earlier.upn})`;
      complain(`user login ${person.upn} is in line ${earlier.line} already${same}`);
      return false;
    }
    first.set(key, person);
    const known = updated.get(key);
    const other = known ? undefined : declared.get(key);
    if (known && known.spec.personaRef.name !== options.persona) {
      complain(
        `user login ${person.upn} is ConnectUser ${known.metadata.name} of persona ${known.spec.personaRef.name}; move it by hand`,
      );
      return false;
    }
    if (other)
      complain(
        `user login ${person.upn} is ConnectUser ${other.metadata.namespace}/${other.metadata.name} of persona ${other.spec.personaRef.name} already`,
      );
    return !other;
  });
}

function byPerson(users: ConnectUser[]): Map<string, ConnectUser> {
  const found = new Map<string, ConnectUser>();
  for (const user of users)
    for (const name of [user.spec.entraUser.userPrincipalName, user.spec.username, user.status?.username])
      if (name) found.set(name.toLowerCase(), user);
  return found;
}

/** The part before the "@" where that is unambiguous in the file, the whole login elsewhere: the same file gives the same names. */
function nameUsers(people: Person[], updated: ConnectUser[]): (Person & { name: string })[] {
  const known = byPerson(updated);
  const short = ({ upn }: Person) => objectName(upn.split("@")[0]!);
  const counts = new Map<string, number>();
  for (const person of people) counts.set(short(person), (counts.get(short(person)) ?? 0) + 1);
  const used = new Set(updated.map(({ metadata }) => metadata.name));
  return people.map((person) => {
    const own = known.get(person.upn.toLowerCase());
    if (own) return { ...person, name: own.metadata.name };
    const wanted = counts.get(short(person)) === 1 ? short(person) : objectName(person.upn);
    let name = wanted;
    for (let number = 2; used.has(name); number++) name = `${wanted}-${number}`;
    used.add(name);
    return { ...person, name };
  });
}

function objectName(text: string): string {
  const name = text
    .toLowerCase()
    .replace(/[^a-z0-9.-]+/g, "-")
    .replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, "");
  return shorten(name || "user", 63);
}

function manifest(draft: Draft, upn: string, name: string, options: CsvOptions): CsvUser["object"] {
  const {
    login: _login,
    email: _email,
    principal: _principal,
    agentHierarchy: _hierarchy,
    left: _left,
    ...spec
  } = draft;
  if (spec.phone && Object.keys(spec.phone).length === 0) delete spec.phone;
  if (spec.contactHandling && Object.keys(spec.contactHandling.voice ?? {}).length === 0) delete spec.contactHandling;
  return {
    apiVersion: API_VERSION,
    kind: USER,
    metadata: { name, namespace: options.namespace },
    spec: {
      personaRef: { name: options.persona },
      entraUser: { userPrincipalName: upn },
      ...spec,
    } as ConnectUser["spec"],
  };
}
